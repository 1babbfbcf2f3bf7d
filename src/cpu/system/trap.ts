/** Traps and returns from them. RISC-V privileged architecture §3.1.6–3.1.8, §3.3.2, §4.1. */
import { slot } from '../layout.ts'
import { type Term, add, and, c32, c64, ctz, eq, eqz, extendU, ltU, ne, or, select, shl, shrU, wrap, xor } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Parts } from './parts.ts'
import { clear, field, get32, get64, machine, merge, mstatus, place, put32, put64, supervisor, user } from './state.ts'

const interruptBit = 1n << 63n

export function buildTrap(parts: Parts): void {
  raise(parts, parts.raise)
  interrupts(parts, parts.checkInterrupts)
  trapReturn(parts, parts.trapReturn)
}

function raise(parts: Parts, f: Func): void {
  const [code, value] = [f.param(0), f.param(1)]
  const isInterrupt = f.let(wrap(shrU(code, c64(63))))
  const delegation = select(isInterrupt, get64(slot.mideleg), get64(slot.medeleg))
  const delegated = and(wrap(shrU(delegation, and(code, c64(63)))), c32(1))
  const privilege = f.let(get32(slot.privilege))
  const status = f.let(get64(slot.mstatus))
  // An instruction that traps is not retired, but it takes a tick, so that a loop of traps uses up its budget.
  f.if(eqz(isInterrupt), () => put64(f, slot.skipped, add(get64(slot.skipped), c64(1))))
  put64(f, slot.reservation, c64(-1))
  f.if(and(delegated, ne(privilege, c32(machine))), () => {
    put64(f, slot.sepc, get64(slot.pc))
    put64(f, slot.scause, code)
    put64(f, slot.stval, value)
    const saved = or(place(field(status, 1, 1), 5), place(extendU(privilege), 8))
    put64(f, slot.mstatus, merge(status, saved, mstatus.SPIE | mstatus.SPP | mstatus.SIE))
    put32(f, slot.privilege, c32(supervisor))
    put64(f, slot.pc, vector(get64(slot.stvec), code, isInterrupt))
  }, () => {
    put64(f, slot.mepc, get64(slot.pc))
    put64(f, slot.mcause, code)
    put64(f, slot.mtval, value)
    const saved = or(place(field(status, 3, 1), 7), place(extendU(privilege), 11))
    put64(f, slot.mstatus, merge(status, saved, mstatus.MPIE | mstatus.MPP | mstatus.MIE))
    put32(f, slot.privilege, c32(machine))
    put64(f, slot.pc, vector(get64(slot.mtvec), code, isInterrupt))
  })
  f.call(parts.refreshContext)
}

/** Direct, or for interrupts in vectored mode base + 4 × cause (§3.1.7). */
function vector(tvec: Term, code: Term, isInterrupt: Term): Term {
  const vectored = and(isInterrupt, wrap(and(tvec, c64(1))))
  return add(and(tvec, c64(-4n)), select(vectored, shl(and(code, c64(63)), c64(2)), c64(0)))
}

function interrupts(parts: Parts, f: Func): void {
  const pending = f.let(and(or(get64(slot.mip), get64(slot.lines)), get64(slot.mie)))
  f.if(eqz(pending), () => f.return(c32(0)))
  const privilege = f.let(get32(slot.privilege))
  const status = f.let(get64(slot.mstatus))
  const mEnabled = or(ltU(privilege, c32(machine)), wrap(field(status, 3, 1)))
  const sEnabled = or(ltU(privilege, c32(supervisor)), and(eq(privilege, c32(supervisor)), wrap(field(status, 1, 1))))
  const ready = f.let(and(pending, xor(get64(slot.mideleg), c64(-1))))
  f.if(eqz(mEnabled), () => f.set(ready, c64(0)))
  f.if(eqz(ready), () => f.set(ready, select(sEnabled, and(pending, get64(slot.mideleg)), c64(0))))
  f.if(eqz(ready), () => f.return(c32(0)))
  // Priority: MEI, MSI, MTI, SEI, SSI, STI (§3.1.9): external before software before timer, machine before supervisor.
  const group = f.let(select(clear(ready, 0x888n), and(ready, c64(0x222)), and(ready, c64(0x888))))
  const external = and(group, c64(0xa00))
  const software = and(group, c64(0xa))
  const chosen = select(eqz(external), select(eqz(software), group, software), external)
  f.call(parts.raise, or(ctz(chosen), c64(interruptBit)), c64(0))
  f.return(c32(1))
  f.unreachable()
}

function trapReturn(parts: Parts, f: Func): void {
  const from = f.param(0)
  const privilege = get32(slot.privilege)
  const status = f.let(get64(slot.mstatus))
  const trapped = wrap(field(status, 22, 1))
  const illegal = or(ltU(privilege, from), and(and(eq(from, c32(supervisor)), eq(privilege, c32(supervisor))), trapped))
  f.if(illegal, () => f.return(c32(1)))
  put64(f, slot.reservation, c64(-1))
  f.if(eq(from, c32(machine)), () => {
    const previous = f.let(wrap(field(status, 11, 2)))
    const restored = or(place(field(status, 7, 1), 3), c64(mstatus.MPIE))
    // MPP becomes U, and leaving M-mode clears MPRV.
    f.set(status, merge(status, restored, mstatus.MIE | mstatus.MPIE | mstatus.MPP))
    f.if(ne(previous, c32(machine)), () => f.set(status, and(status, c64(~mstatus.MPRV))))
    put32(f, slot.privilege, previous)
    put64(f, slot.pc, get64(slot.mepc))
  }, () => {
    const restored = or(place(field(status, 5, 1), 1), c64(mstatus.SPIE))
    put32(f, slot.privilege, select(clear(status, mstatus.SPP), c32(user), c32(supervisor)))
    f.set(status, and(merge(status, restored, mstatus.SIE | mstatus.SPIE | mstatus.SPP), c64(~mstatus.MPRV)))
    put64(f, slot.pc, get64(slot.sepc))
  })
  put64(f, slot.mstatus, status)
  f.call(parts.refreshContext)
  f.call(parts.checkInterrupts)
  f.return(c32(0))
  f.unreachable()
}
