/** Handlers of CSR and system instructions: what they touch lies in the state, so they go through it. */
import { slot } from '../layout.ts'
import type { Effect } from '../isa/row.ts'
import { type Term, add, and, c32, c64, eq, eqz, extendU, load, ltU, ne, or, shl, shrU, wrap } from '../term.ts'
import { cacheOperations } from '../system/cache-block.ts'
import { cause, clear, field, get32, get64, machine, mstatus, supervisor, user } from '../system/state.ts'
import type { Variant } from './entry.ts'
import { illegal, resolveIf, rs1Field, rs2Field, wideImmediateOf } from './handlers.ts'
import { type Dispatch, currentPc, next, spill } from './interpreter.ts'

export function system(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'csr' | 'system' }>): void {
  if (effect.kind === 'csr') return csr(d, variant, effect)
  const { f, parts } = d
  switch (effect.operation) {
    case 'fence':
    case 'fence.i':
      // One hart runs at a time, and stores drop decoded entries at once: order and code are always as these would make them.
      return next(d, variant.length)
    case 'ecall':
      spill(d)
      f.if(and(get32(slot.supervised), eq(get32(slot.privilege), c32(supervisor))), () => supervise(d))
      f.call(parts.raise, add(c64(cause.ecallU), extendU(get32(slot.privilege))), c64(0))
      return f.br(d.again)
    case 'magic':
      return handOver(d, 0)
    case 'ebreak':
      if (parts.profile.extensions.has('xmagic')) return handOver(d, 1)
      spill(d)
      f.call(parts.raise, c64(cause.breakpoint), currentPc(d))
      return f.br(d.again)
    case 'mret':
    case 'sret': {
      const level = effect.operation === 'mret' ? machine : supervisor
      spill(d)
      f.if({ kind: 'call', type: 'i32', func: parts.trapReturn, args: [c32(level)] }, () => illegal(d))
      return f.br(d.again)
    }
    case 'wfi':
      return waitForInterrupt(d, variant)
    case 'sfence.vma':
      return fence(d, variant)
    case 'sfence.inval':
      f.if(eqz(get32(slot.privilege)), () => illegal(d))
      return next(d, variant.length)
    case 'cbo.inval':
    case 'cbo.clean':
    case 'cbo.flush':
    case 'cbo.zero':
      return cacheBlock(d, variant, cacheOperations[effect.operation])
  }
}

/** A handler outside may have changed anything, so all is taken from the state anew. An EBREAK that means nothing to it is a breakpoint. */
function handOver(d: Dispatch, kind: 0 | 1): void {
  const { f, parts } = d
  spill(d)
  f.if({ kind: 'call', type: 'i32', func: parts.magic, args: [c32(kind)] }, () => f.call(parts.checkInterrupts), () => f.call(parts.raise, c64(cause.breakpoint), currentPc(d)))
  f.br(d.again)
}

/** Goes on behind the instruction with interrupts and contexts looked at anew. */
function afresh(d: Dispatch, variant: Variant): void {
  const { f } = d
  f.store('i64', c32(0), add(currentPc(d), c64(variant.length)), slot.pc)
  f.call(d.parts.checkInterrupts)
  f.br(d.again)
}

function csr(d: Dispatch, variant: Variant, effect: Extract<Effect, { kind: 'csr' }>): void {
  const { f } = d
  const source = effect.source === 'register' ? load('i64', rs1Field(d)) : extendU(shrU(rs1Field(d), c32(3)))
  const writes: Term = effect.operation === 'write' ? c32(1) : ne(rs1Field(d), c32(0))
  spill(d)
  f.set(d.index, {
    kind: 'call', type: 'i32', func: d.parts.csr,
    args: [wideImmediateOf(d), c32({ write: 0, set: 1, clear: 2 }[effect.operation]), source, writes],
  })
  f.if(eq(d.index, c32(1)), () => illegal(d))
  if (!variant.discard) f.store('i64', load('i32.8u', d.p, 2), get64(slot.scratch))
  f.if(eq(d.index, c32(2)), () => afresh(d, variant))
  f.set(d.fuel, get32(slot.fuel))
  next(d, variant.length)
}

/** Illegal in U-mode and, with TW, below M-mode (§3.1.6.5); otherwise stops the run until an interrupt is pending. */
function waitForInterrupt(d: Dispatch, variant: Variant): void {
  const { f } = d
  const below = and(ltU(get32(slot.privilege), c32(machine)), eqz(clear(get64(slot.mstatus), mstatus.TW)))
  f.if(or(eq(get32(slot.privilege), c32(user)), below), () => illegal(d))
  f.if(eqz(and(or(get64(slot.mip), get64(slot.lines)), get64(slot.mie))), () => {
    spill(d)
    f.store('i64', c32(0), add(currentPc(d), c64(variant.length)), slot.pc)
    f.store('i32', c32(0), c32(1), slot.waiting)
    f.return()
  })
  next(d, variant.length)
}

/** The board answers in the place of M-mode; the call may have made the hart wait. */
function supervise(d: Dispatch): void {
  const { f } = d
  f.call(d.parts.supervise)
  f.if(get32(slot.waiting), () => f.return())
  f.call(d.parts.checkInterrupts)
  f.br(d.again)
}

function cacheBlock(d: Dispatch, variant: Variant, operation: number): void {
  const { f } = d
  spill(d)
  f.set(d.index, { kind: 'call', type: 'i32', func: d.parts.cacheBlock, args: [load('i64', rs1Field(d)), c32(operation)] })
  f.if(eq(d.index, c32(3)), () => illegal(d))
  f.brIf(d.again, eq(d.index, c32(1)))
  resolveIf(d, variant, d.index)
  next(d, variant.length)
}

function fence(d: Dispatch, variant: Variant): void {
  const { f } = d
  const trapped = and(eq(get32(slot.privilege), c32(supervisor)), wrap(field(get64(slot.mstatus), 20, 1)))
  f.if(or(eq(get32(slot.privilege), c32(user)), trapped), () => illegal(d))
  spill(d)
  const flags = or(ne(rs1Field(d), c32(0)), shl(ne(rs2Field(d), c32(0)), c32(1)))
  f.call(d.parts.fence, load('i64', rs1Field(d)), load('i64', rs2Field(d)), flags)
  afresh(d, variant)
}
