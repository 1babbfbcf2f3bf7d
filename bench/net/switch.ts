/**
 * The switch by itself, in this process: frames from one port to another by reference, with VLANs and without, and through cables as a lab has them.
 *
 *   npx tsx bench/net/switch.ts
 *
 * Millions of frames a second; each figure is a median of five, with the least and the most.
 */
import type { Instant } from '../../src/base/time.ts'
import { nanoseconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { cable } from '../../src/link/cable.ts'
import type { Frame, FrameSink, Port } from '../../src/link/port.ts'
import { Switch } from '../../src/link/switch.ts'
import { summary } from '../summary.ts'

const rounds = 5
const count = 2_000_000
/** Stations on each side, so that more than one slot of the table is met. */
const stations = 256

class Plain implements Port {
  readonly medium = 'ethernet'
  readonly frameMax = 1518
  readonly name: string
  sink: FrameSink | undefined
  heard = 0

  constructor(name: string) {
    this.name = name
  }

  send(): void {
    this.heard++
  }

  listen(sink: FrameSink | undefined): void {
    this.sink = sink
  }
}

function frames(length: number, from: number, to: number): Frame[] {
  return Array.from({ length: stations }, (_, at) => {
    const bytes = new Uint8Array(length)
    bytes.set([2, 0, 0, 0, to, at, 2, 0, 0, 0, from, at, 8, 0])
    return { bytes, offload: undefined }
  })
}

/** @returns millions of frames a second. */
function direct(length: number, vlans: boolean): number {
  const [a, b] = [new Plain('a'), new Plain('b')]
  const made = new Switch({ name: 's', clock: { now: 0 as Instant }, vlans })
  made.plug(a)
  made.plug(b)
  for (const frame of frames(length, 2, 1)) b.sink?.receive(frame)
  const out = frames(length, 1, 2)
  b.heard = 0
  const began = performance.now()
  for (let at = 0; at < count; at++) a.sink?.receive(out[at & (stations - 1)])
  const rate = count / (performance.now() - began) / 1000
  if (b.heard !== count) throw new Error(`${b.heard} of ${count} frames came`)
  return rate
}

/** The same with one copy for each frame, as a flood or a capture makes. */
function copied(length: number): number {
  const [a, b] = [new Plain('a'), new Plain('b')]
  const made = new Switch({ name: 's', clock: { now: 0 as Instant } })
  made.plug(a)
  made.plug(b)
  for (const frame of frames(length, 2, 1)) b.sink?.receive(frame)
  const out = frames(length, 1, 2)
  const into = new Uint8Array(length)
  const began = performance.now()
  for (let at = 0; at < count; at++) {
    into.set(out[at & (stations - 1)].bytes)
    a.sink?.receive({ bytes: into, offload: undefined })
  }
  return count / (performance.now() - began) / 1000
}

/** Cable, switch, cable: as between two machines of a lab. */
function cabled(length: number): number {
  const time = new Timeline()
  const made = new Switch({ name: 's', clock: time })
  const ends = ['a', 'b'].map((name) => {
    const [near, far] = cable({ latency: nanoseconds(1000), near: { name, scheduler: time }, far: { name: `s:${name}`, scheduler: time } })
    made.plug(far)
    return near
  })
  let heard = 0
  ends[1].listen({ receive: () => void heard++ })
  for (const frame of frames(length, 2, 1)) ends[1].send(frame)
  time.run(1_000_000 as Instant)
  const out = frames(length, 1, 2)
  const most = count / 4
  const began = performance.now()
  for (let at = 0; at < most; ) {
    for (let burst = 0; burst < 64; burst++) ends[0].send(out[at++ & (stations - 1)])
    time.run((time.now + 10_000) as Instant)
  }
  const rate = heard / (performance.now() - began) / 1000
  return rate
}

function measure(name: string, once: () => number): void {
  const { least, median, most } = summary(Array.from({ length: rounds }, once))
  process.stdout.write(`${name.padEnd(36)} ${median.toFixed(2).padStart(6)} Mpps (${least.toFixed(2)} to ${most.toFixed(2)})\n`)
}

for (const length of [64, 1514]) {
  measure(`${length} B`, () => direct(length, false))
  measure(`${length} B, VLANs`, () => direct(length, true))
  measure(`${length} B, one copy`, () => copied(length))
  measure(`${length} B, cable, switch, cable`, () => cabled(length))
}
