/**
 * The interpreter: one wasm function that runs decoded entries until the fuel is used up or the hart waits.
 *
 * Theory of operation. `p` points at the entry of the next instruction; pc is only worked out when something asks for it, as
 * delta + p/4. Every handler ends by moving p and going back to the top, which takes one unit of fuel and jumps through the table;
 * so retired instructions are counted one by one and interrupts land on exact counts. A jump off the page goes to *resolve*, which
 * looks pc up in the fetch TLB. Whatever may trap puts pc and fuel into the state first (*spill*) and, when it did trap, goes to
 * *again*, which takes everything from the state anew.
 *
 * Before you edit, read entry.ts (the entries), layout.ts (the state), handlers.ts (one handler a row).
 */
import { regionTable, scratchPage, slot, tlbExec } from '../layout.ts'
import { type FuncRef, type Term, add, and, c32, c64, eq, eqz, extendU, leU, load, ltU, ne, or, shl, shrU, sub, wrap } from '../term.ts'
import { has } from '../isa/profile.ts'
import { tlbIndex } from '../system/context.ts'
import type { Parts } from '../system/parts.ts'
import { get32, get64 } from '../system/state.ts'
import type { Func, Label, LocalTerm } from '../wasm/func.ts'
import type { Module } from '../wasm/module.ts'
import { own, variants, firstVariant } from './entry.ts'
import { handle } from './handlers.ts'

/** The dispatch loop as its handlers see it. */
export interface Dispatch {
  readonly f: Func
  readonly parts: Parts
  readonly fpu: (name: string) => FuncRef
  /** Type of a region's function. */
  readonly signature: number
  readonly p: LocalTerm
  /** Start of the present page's entries. */
  readonly page: LocalTerm
  readonly delta: LocalTerm
  readonly fuel: LocalTerm
  /** TLB context of loads and stores. */
  readonly context: LocalTerm
  readonly pc: LocalTerm
  readonly address: LocalTerm
  readonly value: LocalTerm
  readonly host: LocalTerm
  readonly index: LocalTerm
  readonly rm: LocalTerm
  /** The handler to jump to. */
  readonly handler: LocalTerm
  /** Next instruction at p. */
  readonly top: Label
  /** Next instruction at pc. */
  readonly resolve: Label
  /** Next instruction as the state says. */
  readonly again: Label
}

/** Adds `run()`: runs from the state until fuel is 0 or the hart waits. */
export function buildInterpreter(module: Module, parts: Parts, fpu: (name: string) => FuncRef): Func {
  const signature = module.signature([], [])
  return module.func('run', [], [], (f) => {
    const locals = {
      p: f.local('i32'), page: f.local('i32'), delta: f.local('i64'), fuel: f.local('i32'), context: f.local('i64'), pc: f.local('i64'),
      address: f.local('i64'), value: f.local('i64'), host: f.local('i32'), index: f.local('i32'), rm: f.local('i32'), handler: f.local('i32'),
    }
    f.call(parts.checkInterrupts)
    f.loop((again) => {
      f.set(locals.fuel, get32(slot.fuel))
      f.set(locals.context, get64(slot.contextData))
      f.set(locals.pc, get64(slot.pc))
      f.loop((resolve) => {
        findPage(f, parts, locals, again)
        warm(f, parts, locals)
        f.loop((top) => dispatch({ f, parts, fpu, signature, ...locals, top, resolve, again }))
      })
    })
  })
}

type Locals = Pick<Dispatch, 'p' | 'page' | 'delta' | 'fuel' | 'context' | 'pc' | 'index'>

/** From pc to page, p and delta. */
function findPage(f: Func, parts: Parts, { p, page, delta, fuel, pc, index }: Locals, again: Label): void {
  f.set(index, tlbIndex(pc))
  f.if(eq(load('i64', index, tlbExec), or(and(pc, c64(-4096n)), get64(slot.contextExec))), () => f.set(page, load('i32', index, tlbExec + 8)), () => {
    f.store('i64', c32(0), pc, slot.pc)
    // A fetch that traps is an instruction that didn't retire: it takes its tick here.
    f.if(eqz(fuel), () => {
      f.store('i32', c32(0), c32(0), slot.fuel)
      f.return()
    })
    f.store('i32', c32(0), sub(fuel, c32(1)), slot.fuel)
    f.set(page, { kind: 'call', type: 'i32', func: parts.fetchSlow, args: [pc] })
    f.brIf(again, eqz(page))
  })
  enterPage(f, p, page, delta, pc)
}

function enterPage(f: Func, p: LocalTerm, page: LocalTerm, delta: LocalTerm, pc: LocalTerm): void {
  f.set(p, add(page, shl(and(wrap(pc), c32(4095)), c32(2))))
  f.set(delta, sub(and(pc, c64(-4096n)), extendU(shrU(page, c32(2)))))
}

/** Address of the heat of the entry at p. */
const heatOf = (parts: Parts, p: Term): Term => add(shrU(p, c32(2)), c32(parts.layout.heat - parts.layout.poolBase / 4))

/** Counts a jump to p; the one that makes it hot tells TypeScript. The heat of a region's head and of a breakpoint is used for something else. */
export function warm(f: Func, parts: Parts, { p, index }: Pick<Dispatch, 'p' | 'index'>): void {
  if (parts.threshold === 0) return
  f.if(ne(or(load('i32.16u', p), c32(1)), c32(own.region | own.breakpoint)), () => {
    f.set(index, add(load('i32.16u', heatOf(parts, p)), c32(1)))
    f.if(leU(index, c32(parts.threshold)), () => {
      f.store('i32.16', heatOf(parts, p), index)
      f.if(eq(index, c32(parts.threshold)), () => f.call(parts.hot, p))
    })
  })
}

function dispatch(d: Dispatch): void {
  const { f, p, fuel, handler } = d
  f.if(eqz(fuel), () => {
    spill(d)
    f.return()
  })
  f.set(fuel, sub(fuel, c32(1)))
  const bodies: (() => void)[] = []
  bodies[own.undecoded] = () => {
    f.set(fuel, add(fuel, c32(1)))
    f.call(d.parts.decode, p)
    f.br(d.top)
  }
  bodies[own.resolve] = () => {
    f.set(fuel, add(fuel, c32(1)))
    f.set(d.pc, currentPc(d))
    f.br(d.resolve)
  }
  bodies[own.illegal] = () => {
    spill(d)
    f.call(d.parts.raise, c64(2), load('i64.32u', p, 4))
    f.br(d.again)
  }
  bodies[own.nop2] = () => next(d, 2)
  bodies[own.nop4] = () => next(d, 4)
  bodies[own.across] = () => across(d)
  // What the profile lacks is never decoded.
  for (const [at, variant] of variants.entries()) bodies[firstVariant + at] = has(d.parts.profile.extensions, variant.row) ? () => handle(d, variant) : () => f.unreachable()
  f.set(handler, load('i32.16u', p))
  f.loop((anew) => {
    bodies[own.region] = () => region(d, anew)
    bodies[own.breakpoint] = () => breakpoint(d, anew)
    nest(f, bodies, (labels) => f.brTable(handler, labels, labels[0]))
  })
}

/** Calls the region that begins at p; when the fuel may not last to its next look at it, goes on instruction by instruction. */
function region(d: Dispatch, anew: Label): void {
  const { f, fuel } = d
  const number = load('i32.16u', heatOf(d.parts, d.p))
  f.set(d.index, number)
  f.if(ltU(fuel, sub(load('i32', shl(d.index, c32(3)), regionTable + 4), c32(1))), () => {
    f.set(d.handler, load('i32.16u', shl(d.index, c32(3)), regionTable))
    f.br(anew)
  })
  f.store('i32', c32(0), add(fuel, c32(1)), slot.fuel)
  f.store('i64', c32(0), add(d.delta, extendU(shrU(d.page, c32(2)))), slot.regionPage)
  f.callTable(d.signature, d.index)
  f.br(d.again)
}

/** Ends the run in front of the instruction, which is none yet, or does it by its own handler. */
function breakpoint(d: Dispatch, anew: Label): void {
  const { f, fuel } = d
  f.set(fuel, add(fuel, c32(1)))
  spill(d)
  f.if({ kind: 'call', type: 'i32', func: d.parts.breakpoint, args: [] }, () => f.return())
  f.set(fuel, sub(fuel, c32(1)))
  f.set(d.handler, load('i32.16u', heatOf(d.parts, d.p)))
  f.br(anew)
}

/** Opens a block for every body, jumps, and writes each body where its block ends. */
function nest(f: Func, bodies: readonly (() => void)[], jump: (labels: readonly Label[]) => void): void {
  const labels: Label[] = []
  const open = (at: number): void => {
    if (at < 0) return jump(labels)
    f.block((label) => {
      labels[at] = label
      open(at - 1)
    })
    bodies[at]()
  }
  open(bodies.length - 1)
}

/** pc of the instruction at p. p may lie in front of the page after a backward jump, so the shift is a signed one. */
export const currentPc = (d: Dispatch): ReturnType<typeof add> => add(d.delta, extendU(shrU(d.p, c32(2))))

/** Puts pc and fuel into the state, for whoever may trap or ask for the time. */
export function spill(d: Dispatch): void {
  d.f.store('i64', c32(0), currentPc(d), slot.pc)
  d.f.store('i32', c32(0), d.fuel, slot.fuel)
}

export function next(d: Dispatch, length: 2 | 4): void {
  d.f.set(d.p, add(d.p, c32(length * 4)))
  d.f.br(d.top)
}

function across(d: Dispatch): void {
  const { f } = d
  spill(d)
  f.brIf(d.again, eqz({ kind: 'call', type: 'i32', func: d.parts.fetchAcross, args: [] }))
  f.set(d.fuel, add(d.fuel, c32(1)))
  f.set(d.pc, get64(slot.pc))
  f.set(d.page, c32(scratchPage))
  enterPage(f, d.p, d.page, d.delta, d.pc)
  f.br(d.top)
}
