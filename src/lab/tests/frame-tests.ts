/** Tests of what passes the ports: pings between nodes, packets counted by what they say. */
import { Trace } from '../../link/trace.ts'
import type { PortWay } from '../faults/places.ts'
import { fits, type Pattern } from '../faults/pattern.ts'
import { PingWatch } from '../ping-watch.ts'
import type { Decide, Watch, Witnesses } from './watch.ts'

export function watchPings({ from, to, count, loss }: { readonly from: string; readonly to: string; readonly count: number; readonly loss: number }, witnesses: Witnesses, decide: Decide): Watch {
  const pings = new PingWatch(new Set(witnesses.macs(to)))
  const enough = Math.ceil(count * (1 - loss))
  for (const tap of witnesses.taps(from)) {
    tap.hear((direction, time, frame) => {
      if (!pings.see(direction, frame.bytes)) return
      if (pings.sent >= count && pings.answered >= enough) decide('passed', time, `${to} answered ${pings.answered} of ${pings.sent} pings from ${from}`)
    })
  }
  return { missing: () => `${to} answered ${pings.answered} of ${pings.sent} pings from ${from}, ${count} wanted` }
}

export interface FrameCount {
  readonly pattern: Pattern
  readonly ports: readonly PortWay[]
  readonly least: number
  /** Undefined: any number from `least` on. */
  readonly most: number | undefined
}

export function watchFrames({ pattern, ports, least, most }: FrameCount, witnesses: Witnesses, decide: Decide): Watch {
  let seen = 0
  const sources = pattern.from !== undefined && pattern.to !== undefined ? new Set(witnesses.macs(pattern.from)) : undefined
  for (const name of new Set(ports.map(({ port }) => port))) {
    const ways = new Set(ports.filter(({ port }) => port === name).map(({ way }) => way))
    const trace = new Trace()
    const tap = witnesses.tap(name)
    tap?.hear((direction, time, frame) => {
      const layers = trace.layers(frame.bytes, tap.medium)
      if (!ways.has(direction) || !fits(pattern, layers)) return
      if (sources !== undefined && !sources.has(layers[0]?.fields.find((field) => field.name === 'source')?.value ?? '')) return
      seen++
      if (most === undefined && seen >= least) decide('passed', time, `${seen} × ${pattern.text}`)
      else if (most !== undefined && seen > most) decide('failed', time, `${seen} × ${pattern.text}, at most ${most} wanted`)
    })
  }
  const short = (): string => `${seen} × ${pattern.text}`
  return {
    get standing() {
      return most !== undefined && seen >= least && seen <= most
    },
    missing: () => (seen < least ? `${short()}, ${least} wanted` : short()),
  }
}
