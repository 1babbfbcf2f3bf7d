/**
 * Two cores that must be indistinguishable: both run the same guest with the same events, are stopped at the same random instants and
 * compared. The first difference comes with a trace that a third core, stepped, makes of the stretch before it.
 */
import type { Random } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { type Core, type Line, lines } from '../../../src/cpu/core.ts'
import type { CpuName } from '../../../src/cpu/isa/profile.ts'
import { slot } from '../../../src/cpu/layout.ts'
import { type Traced, tell } from '../../../src/cpu/oracle/trace.ts'
import { compareCores, statesOf } from './compare.ts'
import { MeddlingDevice } from './device.ts'
import { type Guest, places, ramBase, ramBytes } from './guest.ts'
import { machineOf } from './machine.ts'
import { meddlingHandler } from './meddling-handler.ts'

/** At `at`, a line moves. */
interface Event {
  readonly at: number
  readonly hart: number
  readonly line: Line
  readonly high: boolean
}

export interface Plan {
  readonly guest: Guest
  readonly harts: number
  readonly cpu: CpuName
  /** Somebody hears magic instructions. */
  readonly magic: boolean
  /** Ticks at which to compare, ascending. */
  readonly stops: readonly number[]
  readonly events: readonly Event[]
}

export function randomPlan(random: Random, guest: Guest, ticks: number, cpu: CpuName): Plan {
  const harts = random.below(4) === 0 ? 2 : 1
  const stops: number[] = []
  const longest = [40, 400, 4000][random.below(3)]
  for (let at = 0; at < ticks; ) stops.push(at += 1 + random.below(longest))
  const all: readonly Line[] = [lines.msip, lines.mtip, lines.seip, lines.meip]
  const events = Array.from({ length: random.below(3) * 20 }, () => ({ at: random.below(ticks), hart: random.below(harts), line: all[random.below(4)], high: random.below(2) === 0 }))
  return { guest, harts, cpu, magic: random.below(3) > 0, stops, events: events.sort((one, other) => one.at - other.at) }
}

/** @returns undefined when both did the same throughout, else what differed first, and where */
export function compareRuns(plan: Plan, thresholds: readonly [number, number]): string | undefined {
  const [one, other] = thresholds.map((threshold) => new Run(plan, threshold))
  for (const [index, stop] of plan.stops.entries()) {
    one.to(stop)
    other.to(stop)
    const differences = compareCores(one.core, other.core)
    if (differences.length > 0) {
      const trace = traceOf(plan, index)
      return `at tick ${stop}: ${differences.join('; ')}${tell(trace, differences.map((text) => text.split(' ')[0]))}`
    }
  }
  return undefined
}

class Run {
  readonly core: Core
  readonly #events: Event[]

  constructor({ guest, harts, events, cpu, magic }: Plan, threshold: number) {
    const device = new MeddlingDevice({ offset: places.code, length: guest.codeBytes, words: guest.words })
    this.core = machineOf({ harts, ramBytes, ramBase, threshold, cpu, ...(magic ? { magic: meddlingHandler(device) } : {}) }, device)
    device.core = this.core
    this.core.ram.set(guest.image)
    this.core.wrote(0, guest.image.length)
    this.core.reset(ramBase, 0, 0)
    this.#events = [...events]
  }

  /** Runs until `stop`, moving lines on the way. */
  to(stop: number): void {
    const { core } = this
    for (;;) {
      while (this.#events.length > 0 && this.#events[0].at <= core.now) {
        const { hart, line, high } = this.#events.shift() as Event
        core.line(hart, line, high)
      }
      if (core.now >= stop) return
      const until = Math.min(stop, this.#events[0]?.at ?? stop) as Instant
      if (core.idle) core.skip(Math.min(until, core.wake ?? until) as Instant)
      else core.run(until)
    }
  }
}

/** Replays on a third core up to the stop before this one, then step by step. */
function traceOf(plan: Plan, index: number): readonly Traced[] {
  const run = new Run(plan, 0)
  for (const stop of plan.stops.slice(0, index)) run.to(stop)
  const trace: Traced[] = []
  while (run.core.now < plan.stops[index] && trace.length < 20_000) {
    const [state] = statesOf(run.core)
    const pc = state.getBigUint64(slot.pc, true)
    trace.push({ pc, word: wordAt(run.core, pc) })
    run.to(run.core.now + 1)
  }
  return trace
}

/** By the guest's mapping: what lies below RAM is its alias. */
function wordAt({ ram }: Core, pc: bigint): number {
  const at = Number(BigInt.asUintN(20, pc))
  return at + 4 > ram.length ? 0 : new DataView(ram.buffer, ram.byteOffset).getUint32(at, true)
}
