/**
 * One instruction of a region as wasm: its row's term with registers in locals. What may trap puts pc and fuel into the state first;
 * when the slow path trapped, or something outside changed the fuel, control leaves through `cold`, which stores the registers.
 */
import { slot, tlbRead, tlbWrite } from '../layout.ts'
import type { Effect } from '../isa/row.ts'
import { type OperandName, type Term, add, and, c32, c64, eq, eqz, extendU, gtU, leU, load, ne, or, select, sub, wrap } from '../term.ts'
import { clear, get32, get64, mstatus } from '../system/state.ts'
import { tlbHit, tlbHost } from '../system/tlb.ts'
import { loadKind, storeKinds } from '../system/widths.ts'
import type { Func, Label, LocalTerm } from '../wasm/func.ts'
import type { FuncRef } from '../term.ts'
import type { Instruction } from './blocks.ts'
import { floatInLine, inLine } from './float.ts'
import type { Group } from './groups.ts'

/** Functions of the machine's module that regions call. */
export interface Slow {
  readonly loadSlow: FuncRef
  readonly storeSlow: FuncRef
  readonly atomicAddress: FuncRef
  readonly codeWritten: FuncRef
  readonly illegal: FuncRef
  readonly fpu: (name: string) => FuncRef
  /** The host's relaxed_madd rounds once. */
  readonly fused: boolean
}

/** A region's function while it is written. */
export interface Site {
  readonly f: Func
  readonly slow: Slow
  readonly x: ReadonlyMap<number, LocalTerm>
  readonly floats: ReadonlyMap<number, LocalTerm>
  /** Fuel at the start of the present block; taken off at its end. */
  readonly fuel: LocalTerm
  readonly context: LocalTerm
  /** Virtual address of the page. */
  readonly page: LocalTerm
  readonly address: LocalTerm
  readonly value: LocalTerm
  readonly index: LocalTerm
  readonly host: LocalTerm
  readonly rm: LocalTerm
  /** Stores the registers and returns; pc and fuel stand in the state. */
  readonly cold: Label
  /** Groups of the present block, and for each base register a local with the host address of what it points at, 0: look it up. */
  groups: ReadonlyMap<Instruction, Group>
  readonly bases: Map<number, LocalTerm>
  /** FS has been looked at in this block. */
  floatOpen: boolean
}

export const readX = (site: Site, register: number): Term => (register === 0 ? c64(0) : (site.x.get(register) as LocalTerm))

function writeX(site: Site, register: number, value: Term): void {
  if (register === 0) site.f.drop(value)
  else site.f.set(site.x.get(register) as LocalTerm, value)
}

function writeFile(site: Site, file: 'x' | 'f', register: number, value: Term): void {
  if (file === 'x') writeX(site, register, value)
  else site.f.set(site.floats.get(register) as LocalTerm, value)
}

export const pcOf = (site: Site, offset: number): Term => add(site.page, c64(offset))

/** Operands of `instruction` for the terms of its row. */
export function bind(site: Site, instruction: Instruction): void {
  const { rs1, rs2, rs3, imm, offset, length, rm } = instruction
  const float = (register: number): Term => site.floats.get(register) as LocalTerm
  const operands: Record<OperandName, () => Term> = {
    rs1: () => readX(site, rs1), rs2: () => readX(site, rs2), rs3: () => readX(site, rs3),
    frs1: () => float(rs1), frs2: () => float(rs2), frs3: () => float(rs3),
    imm: () => c64(imm), pc: () => pcOf(site, offset), next: () => pcOf(site, offset + length),
    old: () => site.value, rm: () => (rm === 7 ? site.rm : c32(rm)),
  }
  site.f.resolver = { operand: (name) => operands[name](), fpu: site.slow.fpu }
}

/** @param done instructions of the block that have retired once this one has. */
export function emit(site: Site, instruction: Instruction, done: number): void {
  const { effect } = instruction.row
  bind(site, instruction)
  if (instruction.row.float) floatGate(site, instruction, done)
  switch (effect.kind) {
    case 'compute':
      if (effect.file === 'x' && instruction.rd === 0 && !instruction.row.float) return
      return computing(site, instruction, effect)
    case 'load':
      return loading(site, instruction, done, effect)
    case 'store':
      return storing(site, instruction, done, effect)
    case 'amo':
    case 'load-reserved':
    case 'store-conditional':
      return atomic(site, instruction, done, effect)
    default:
      // Branches and jumps end their block, which writes them; a fence orders nothing that isn't in order.
  }
}

function computing(site: Site, { rd }: Instruction, { result, file }: Extract<Effect, { kind: 'compute' }>): void {
  const write = (value: Term): void => writeFile(site, file, rd, value)
  if (result.kind !== 'fpu' || !inLine(result.name, site.slow.fused)) return write(result)
  const operands = result.args.map((arg) => (arg.kind === 'operand' ? (site.f.resolver.operand as (name: OperandName) => Term)(arg.name) : arg))
  floatInLine(site.f, result.name, site.slow.fused, operands, result, write)
}

export const fuelAfter = (site: Site, done: number): Term => sub(site.fuel, c32(done))

function spill(site: Site, instruction: Instruction, done: number): void {
  site.f.store('i64', c32(0), pcOf(site, instruction.offset), slot.pc)
  site.f.store('i32', c32(0), fuelAfter(site, done), slot.fuel)
}

/** Leaves behind this instruction, with the fuel that stands in the state. */
function leave(site: Site, instruction: Instruction): void {
  site.f.store('i64', c32(0), pcOf(site, instruction.offset + instruction.length), slot.pc)
  site.f.br(site.cold)
}

/** Leaves behind this instruction when `condition` holds or the fuel in the state isn't what was put there. */
function leaveIfStirred(site: Site, instruction: Instruction, done: number, condition: Term): void {
  site.f.if(or(condition, ne(get32(slot.fuel), fuelAfter(site, done))), () => leave(site, instruction))
}

function floatGate(site: Site, instruction: Instruction, done: number): void {
  const { f } = site
  const illegal = (): void => {
    spill(site, instruction, done)
    f.call(site.slow.illegal)
    f.br(site.cold)
  }
  if (!site.floatOpen) {
    f.if(clear(get64(slot.mstatus), mstatus.FS), illegal)
    f.store('i64', c32(0), or(get64(slot.mstatus), c64(mstatus.FS)), slot.mstatus)
    site.floatOpen = true
  }
  if (instruction.row.rounding && instruction.rm === 7) {
    f.set(site.rm, get32(slot.frm))
    f.if(gtU(site.rm, c32(4)), illegal)
  }
}

/** The group's local; looked up by the first member. */
function baseOf(site: Site, group: Group, instruction: Instruction): LocalTerm {
  const { f, address, index } = site
  let base = site.bases.get(group.register)
  if (base === undefined) {
    base = f.local('i32')
    site.bases.set(group.register, base)
  }
  if (group.members[0] !== instruction) return base
  const table = group.writes ? tlbWrite : tlbRead
  const span = group.high - group.low
  f.set(address, add(readX(site, group.register), c64(group.low)))
  const fits = leU(and(wrap(address), c32(4095)), c32(4095 - span))
  const found = and(tlbHit(f, table, address, 1, site.context, index), fits)
  f.set(base, select(found, sub(tlbHost(table, address, index), c32(group.low)), c32(0)))
  return base
}

/** Does `direct` with a host address and an offset to add to it where the access is known to be good, and `slow` elsewhere. */
function access(site: Site, instruction: Instruction, table: number, width: number, direct: (host: Term, offset: number) => void, slow: () => void): void {
  const { f, address, index } = site
  const { imm } = instruction
  const group = site.groups.get(instruction)
  if (group === undefined) {
    f.set(address, add(readX(site, instruction.rs1), c64(imm)))
    f.if(tlbHit(f, table, address, width, site.context, index), () => direct(tlbHost(table, address, index), 0), slow)
    return
  }
  const base = baseOf(site, group, instruction)
  f.if(base, () => (imm < 0 ? direct(add(base, c32(imm)), 0) : direct(base, imm)), () => {
    f.set(address, add(readX(site, instruction.rs1), c64(imm)))
    slow()
  })
}

function loading(site: Site, instruction: Instruction, done: number, effect: Extract<Effect, { kind: 'load' }>): void {
  const { f, address, host } = site
  const boxed = effect.file === 'f' && effect.width === 4
  const kind = loadKind(effect)
  const take = (from: Term, offset: number): void => {
    const raw = load(kind, from, offset)
    writeFile(site, effect.file, instruction.rd, boxed ? or(raw, c64(-(1n << 32n))) : raw)
  }
  access(site, instruction, tlbRead, effect.width, take, () => {
    spill(site, instruction, done)
    f.set(host, { kind: 'call', type: 'i32', func: site.slow.loadSlow, args: [address, c32(effect.width)] })
    f.brIf(site.cold, eqz(host))
    take(host, 0)
    leaveIfStirred(site, instruction, done, c32(0))
  })
}

function storing(site: Site, instruction: Instruction, done: number, effect: Extract<Effect, { kind: 'store' }>): void {
  const { f, address, index } = site
  access(site, instruction, tlbWrite, effect.width, (to, offset) => f.store(storeKinds[effect.width], to, effect.value, offset), () => {
    spill(site, instruction, done)
    f.set(index, { kind: 'call', type: 'i32', func: site.slow.storeSlow, args: [address, effect.value, c32(effect.width)] })
    f.brIf(site.cold, eq(index, c32(1)))
    leaveIfStirred(site, instruction, done, index)
  })
}

type Atomic = Extract<Effect, { kind: 'amo' | 'load-reserved' | 'store-conditional' }>

function atomic(site: Site, instruction: Instruction, done: number, effect: Atomic): void {
  const { f, address, host } = site
  const reads = effect.kind === 'load-reserved'
  const table = reads ? tlbRead : tlbWrite
  f.set(address, readX(site, instruction.rs1))
  f.if(tlbHit(f, table, address, effect.width, site.context, site.index), () => f.set(host, tlbHost(table, address, site.index)), () => {
    spill(site, instruction, done)
    f.set(host, { kind: 'call', type: 'i32', func: site.slow.atomicAddress, args: [address, c32(effect.width), c32(reads ? 0 : 1)] })
    f.brIf(site.cold, eqz(host))
  })
  exchange(site, instruction, effect)
  if (reads) return
  f.if(get32(slot.codeTouched), () => {
    f.store('i32', c32(0), c32(0), slot.codeTouched)
    f.set(site.index, { kind: 'call', type: 'i32', func: site.slow.codeWritten, args: [host, c32(effect.width)] })
    spill(site, instruction, done)
    leaveIfStirred(site, instruction, done, site.index)
  })
}

/** The atomic's own doing at site.host. */
function exchange(site: Site, instruction: Instruction, effect: Atomic): void {
  const { f, host, value } = site
  const old = load(effect.width === 4 ? 'i64.32s' : 'i64', host)
  if (effect.kind === 'load-reserved') {
    f.store('i64', c32(0), extendU(host), slot.reservation)
    return writeX(site, instruction.rd, old)
  }
  if (effect.kind === 'amo') {
    f.set(value, old)
    f.store(storeKinds[effect.width], host, effect.value)
  } else {
    f.set(value, extendU(ne(get64(slot.reservation), extendU(host))))
    f.store('i64', c32(0), c64(-1), slot.reservation)
    f.if(eqz(value), () => f.store(storeKinds[effect.width], host, readX(site, instruction.rs2)))
  }
  writeX(site, instruction.rd, value)
}
