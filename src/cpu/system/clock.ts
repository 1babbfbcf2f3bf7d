/** Time as the guest reads it, and how it passes while the guest only waits for it. */
import { slot } from '../layout.ts'
import { type Term, add, and, c32, c64, eq, extendS, extendU, gtU, leU, ltU, select, shl, shrU, sub } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Parts } from './parts.ts'
import { get32, get64, put32, put64 } from './state.ts'

/** Ticks since power-on, the present instruction not counted. */
export const ticksNow = (): Term => sub(sub(get64(slot.limit), extendS(get32(slot.fuel))), c64(1))

/** Two looks at the same clock or register within so many instructions are polling; after so many of them time passes faster. */
const spinGap = 96
const spinPatience = 32

/**
 * A guest that polls a clock or a device register in a tight loop does nothing else until time has passed, so time may pass
 * without its instructions: a step of 1 to 16 µs a look, never beyond the next event. A delay loop then costs a hundredth of the
 * instructions, and ends late by at most one step. It depends on the guest's instructions and on virtual time alone: where the fuel ends
 * first, which is the affair of whoever runs us, the rest of the step is owed, and paid at the next entry unless an event has come (`Core.rouse`).
 */
export function buildClock(parts: Parts): void {
  const f: Func = parts.spin
  const address = f.param(0)
  const retired = f.let(sub(ticksNow(), get64(slot.skipped)))
  const soon = leU(sub(retired, get64(slot.spinAt)), c64(spinGap))
  const again = and(soon, eq(get64(slot.spinAddress), address))
  const count = f.let(select(again, add(get32(slot.spinCount), c32(1)), c32(0)))
  put64(f, slot.spinAt, retired)
  put64(f, slot.spinAddress, address)
  put32(f, slot.spinCount, count)
  f.if(gtU(count, c32(spinPatience)), () => {
    const doublings = f.let(shrU(sub(count, c32(spinPatience)), c32(4)))
    const step = f.let(shl(c32(1000), select(ltU(doublings, c32(4)), doublings, c32(4))))
    f.if(gtU(step, get32(slot.fuel)), () => {
      put32(f, slot.spinDebt, sub(step, get32(slot.fuel)))
      f.set(step, get32(slot.fuel))
    })
    put32(f, slot.fuel, sub(get32(slot.fuel), step))
    put64(f, slot.skipped, add(get64(slot.skipped), extendU(step)))
  })
}
