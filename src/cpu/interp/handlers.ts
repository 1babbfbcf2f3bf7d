/** One handler a row: its term lowered with operands taken from the decoded entry and registers kept in memory. */
import { fBase, slot, tlbRead, tlbWrite } from '../layout.ts'
import type { Effect } from '../isa/row.ts'
import { type OperandName, type Term, add, c32, c64, eq, eqz, extendS, extendU, gtU, leU, load, ltU, ne, or, shrS, sub } from '../term.ts'
import { tlbHit, tlbHost } from '../system/tlb.ts'
import { loadKind, storeKinds } from '../system/widths.ts'
import { clear, get32, get64, mstatus } from '../system/state.ts'
import { type Variant, isMemoryOfFloat, wideImmediate } from './entry.ts'
import { type Dispatch, currentPc, next, spill, warm } from './interpreter.ts'
import { system } from './system-handlers.ts'

/** Addresses of a register's home, from the entry's byte. */
const rdHome = (d: Dispatch): Term => load('i32.8u', d.p, 2)
const rs1Home = (d: Dispatch): Term => load('i32.8u', d.p, 3)
const rs2Home = (d: Dispatch): Term => load('i32.8u', d.p, 4)
const rs3Home = (d: Dispatch): Term => load('i32.16u', d.p, 6)

export const rs1Field = rs1Home
export const rs2Field = rs2Home
export const wideImmediateOf = (d: Dispatch): Term => load('i32', d.p, 4)

export function handle(d: Dispatch, variant: Variant): void {
  const { f } = d
  const { row, length } = variant
  const wide = isMemoryOfFloat(row) ? row.effect.kind === 'load' : wideImmediate(row)
  const operands: Record<OperandName, () => Term> = {
    rs1: () => load('i64', rs1Home(d)),
    rs2: () => load('i64', rs2Home(d)),
    rs3: () => load('i64', rs3Home(d)),
    frs1: () => load('i64', rs1Home(d), fBase),
    frs2: () => load('i64', rs2Home(d), fBase),
    frs3: () => load('i64', rs3Home(d), fBase),
    imm: () => extendS(wide ? wideImmediateOf(d) : load('i32.16s', d.p, 6)),
    pc: () => currentPc(d),
    next: () => add(currentPc(d), c64(length)),
    old: () => d.value,
    rm: () => d.rm,
  }
  f.resolver = { operand: (name) => operands[name](), fpu: d.fpu }
  if (row.float) floatGate(d)
  if (row.rounding) roundingGate(d)
  perform(d, variant, row.effect)
}

function perform(d: Dispatch, variant: Variant, effect: Effect): void {
  switch (effect.kind) {
    case 'compute':
      if (variant.discard) d.f.drop(effect.result)
      else d.f.store('i64', rdHome(d), effect.result, effect.file === 'f' ? fBase : 0)
      return next(d, variant.length)
    case 'load':
      return loading(d, variant, effect)
    case 'store':
      return storing(d, variant, effect)
    case 'branch':
      d.f.if(effect.taken, () => jumpNear(d, load('i32.16s', d.p, 6)))
      return next(d, variant.length)
    case 'jump':
      return jumping(d, variant, effect)
    case 'amo':
      return atomic(d, variant, effect)
    case 'load-reserved':
      return loadReserved(d, variant, effect.width)
    case 'store-conditional':
      return storeConditional(d, variant, effect.width)
    case 'csr':
    case 'system':
      return system(d, variant, effect)
  }
}

/** The instruction is illegal: raises it with its own bits. */
export function illegal(d: Dispatch): void {
  spill(d)
  d.f.call(d.parts.illegal)
  d.f.br(d.again)
}

/** Illegal while FS is off; dirty afterwards (privileged architecture §3.1.6.6). */
function floatGate(d: Dispatch): void {
  d.f.if(clear(get64(slot.mstatus), mstatus.FS), () => illegal(d))
  d.f.store('i64', c32(0), or(get64(slot.mstatus), c64(mstatus.FS)), slot.mstatus)
}

/** rm from the entry, or frm; values above 4 are illegal. */
function roundingGate(d: Dispatch): void {
  d.f.set(d.rm, load('i32.8u', d.p, 5))
  d.f.if(eq(d.rm, c32(7)), () => {
    d.f.set(d.rm, get32(slot.frm))
    d.f.if(gtU(d.rm, c32(4)), () => illegal(d))
  })
}

const hit = (d: Dispatch, table: number, width: number): Term => tlbHit(d.f, table, d.address, width, d.context, d.index)
const hostOf = (d: Dispatch, table: number): Term => tlbHost(table, d.address, d.index)

function loading(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'load' }>): void {
  const { f } = d
  f.set(d.address, effect.address)
  f.if(hit(d, tlbRead, effect.width), () => f.set(d.host, hostOf(d, tlbRead)), () => {
    spill(d)
    f.set(d.host, { kind: 'call', type: 'i32', func: d.parts.loadSlow, args: [d.address, c32(effect.width)] })
    f.brIf(d.again, eqz(d.host))
    f.set(d.fuel, get32(slot.fuel))
  })
  if (!variant.discard) {
    const boxed = effect.file === 'f' && effect.width === 4
    const value = load(loadKind(effect), d.host)
    f.store('i64', rdHome(d), boxed ? or(value, c64(-(1n << 32n))) : value, effect.file === 'f' ? fBase : 0)
  }
  next(d, variant.length)
}

function storing(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'store' }>): void {
  const { f } = d
  f.set(d.address, effect.address)
  f.if(hit(d, tlbWrite, effect.width), () => f.store(storeKinds[effect.width], hostOf(d, tlbWrite), effect.value), () => {
    spill(d)
    f.set(d.index, { kind: 'call', type: 'i32', func: d.parts.storeSlow, args: [d.address, effect.value, c32(effect.width)] })
    f.brIf(d.again, eq(d.index, c32(1)))
    f.set(d.fuel, get32(slot.fuel))
    resolveIf(d, variant, d.index)
  })
  next(d, variant.length)
}

/** When the present code page may have been given up, the next instruction is looked up anew. */
export function resolveIf(d: Dispatch, variant: Variant, condition: Term): void {
  d.f.if(condition, () => {
    d.f.set(d.pc, add(currentPc(d), c64(variant.length)))
    d.f.br(d.resolve)
  })
}

/** pc-relative: `offset` (i32) entries bytes from p. Stays on the page when it can. */
function jumpNear(d: Dispatch, offset: Term): void {
  const { f } = d
  f.set(d.index, add(d.p, offset))
  f.if(ltU(sub(d.index, d.page), c32(0x4000)), () => {
    // Loops close with a jump backward; forward jumps into hot code are counted where that code is entered.
    f.if(leU(d.index, d.p), () => {
      f.set(d.p, d.index)
      warm(f, d.parts, d)
      f.br(d.top)
    })
    f.set(d.p, d.index)
    f.br(d.top)
  })
  f.set(d.pc, add(d.delta, extendS(shrS(d.index, c32(2)))))
  f.br(d.resolve)
}

function jumping(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'jump' }>): void {
  const { f } = d
  const link = (): void => {
    if (!variant.discard) f.store('i64', rdHome(d), add(currentPc(d), c64(variant.length)))
  }
  if (variant.row.format === 'J') {
    link()
    return jumpNear(d, wideImmediateOf(d))
  }
  // rd may be rs1: the target is worked out first.
  f.set(d.pc, effect.target)
  link()
  f.br(d.resolve)
}

/** d.host = where rs1's atomic access goes, checked as a write (or a read). */
function atomicHost(d: Dispatch, width: 4 | 8, access: 'read' | 'write'): void {
  const { f } = d
  const table = access === 'read' ? tlbRead : tlbWrite
  f.set(d.address, load('i64', rs1Home(d)))
  f.if(hit(d, table, width), () => f.set(d.host, hostOf(d, table)), () => {
    spill(d)
    f.set(d.host, { kind: 'call', type: 'i32', func: d.parts.atomicAddress, args: [d.address, c32(width), c32(access === 'read' ? 0 : 1)] })
    f.brIf(d.again, eqz(d.host))
    f.set(d.fuel, get32(slot.fuel))
  })
}

/** After an atomic has written: drops what was decoded there. */
function atomicWritten(d: Dispatch, variant: Variant, width: 4 | 8): void {
  const { f } = d
  f.if(get32(slot.codeTouched), () => {
    f.store('i32', c32(0), c32(0), slot.codeTouched)
    resolveIf(d, variant, { kind: 'call', type: 'i32', func: d.parts.codeWritten, args: [d.host, c32(width)] })
  })
}

function atomic(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'amo' }>): void {
  const { f } = d
  atomicHost(d, effect.width, 'write')
  f.set(d.value, load(effect.width === 4 ? 'i64.32s' : 'i64', d.host))
  f.store(storeKinds[effect.width], d.host, effect.value)
  if (!variant.discard) f.store('i64', rdHome(d), d.value)
  atomicWritten(d, variant, effect.width)
  next(d, variant.length)
}

/** The reservation is the host address: one per word of RAM, whatever it is mapped as. */
function loadReserved(d: Dispatch, variant: Variant, width: 4 | 8): void {
  atomicHost(d, width, 'read')
  d.f.store('i64', c32(0), extendU(d.host), slot.reservation)
  if (!variant.discard) d.f.store('i64', rdHome(d), load(width === 4 ? 'i64.32s' : 'i64', d.host))
  next(d, variant.length)
}

function storeConditional(d: Dispatch, variant: Variant, width: 4 | 8): void {
  const { f } = d
  atomicHost(d, width, 'write')
  f.set(d.value, extendU(ne(get64(slot.reservation), extendU(d.host))))
  f.store('i64', c32(0), c64(-1), slot.reservation)
  f.if(eqz(d.value), () => f.store(storeKinds[width], d.host, load('i64', rs2Home(d))))
  if (!variant.discard) f.store('i64', rdHome(d), d.value)
  atomicWritten(d, variant, width)
  next(d, variant.length)
}
