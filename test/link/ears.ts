/** What the tests of this room hear with, and the frames they send. */
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { nanoseconds } from '../../src/base/time.ts'
import type { Clock, Instant } from '../../src/base/time.ts'
import { cable } from '../../src/link/cable.ts'
import type { CablePort, CableTraits } from '../../src/link/cable.ts'
import type { Frame, FrameSink, Medium, Port } from '../../src/link/port.ts'

export interface Heard {
  readonly time: number
  readonly bytes: string
  readonly frame: Frame
}

/** Listens at `port` and keeps what it hears. */
export function hear(port: Port, clock: Clock): Heard[] {
  const heard: Heard[] = []
  port.listen({ receive: (frame) => heard.push({ time: clock.now, bytes: hex(frame.bytes), frame }) })
  return heard
}

export const frameOf = (bytes: Uint8Array): Frame => ({ bytes, offload: undefined })

const mac = (last: string): string => (last === 'ff' ? 'ffffffffffff' : `0200000000${last}`)

/** An Ethernet frame whose addresses are told by their last byte (`ff`: broadcast), e.g. `ether('01', 'ff', '0800', 'aa')`. */
export function ether(source: string, destination: string, type = '0800', payload = '00'): Frame {
  return frameOf(concat(unhex(mac(destination)), unhex(mac(source)), unhex(type), unhex(payload)))
}

/** A cable on one timeline. */
export function patch(timeline: Timeline, name: string, traits: CableTraits & { medium?: Medium } = {}): readonly [CablePort, CablePort] {
  return cable({ near: { name: `${name}:near`, scheduler: timeline }, far: { name: `${name}:far`, scheduler: timeline }, latency: nanoseconds(1), ...traits })
}

export const until = (time: number): Instant => time as Instant

/** A port that keeps what is sent and can be spoken from. */
export class Mouth implements Port {
  readonly name: string
  readonly medium: Medium
  readonly frameMax = 1514
  readonly sent: Frame[] = []
  #sink: FrameSink | undefined

  constructor(name: string, medium: Medium = 'ethernet') {
    this.name = name
    this.medium = medium
  }

  send(frame: Frame): void {
    this.sent.push(frame)
  }

  listen(sink: FrameSink | undefined): void {
    this.#sink = sink
  }

  /** As if `frame` had arrived here. */
  speak(frame: Frame): void {
    this.#sink?.receive(frame)
  }

  /** What was sent since it was last asked, in hexadecimal. */
  take(): string[] {
    return this.sent.splice(0).map(({ bytes }) => hex(bytes))
  }
}
