/** A bench for stack tests: a port whose far end is the test, and two hosts on one cable. */
import type { Frame, FrameSink, Offload, Port } from '../../src/link/port.ts'
import type { InterfaceConfig } from '../../src/stack/interface.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { seconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import { cable } from '../../src/link/cable.ts'
import type { Medium } from '../../src/link/port.ts'
import { Host } from '../../src/stack/host.ts'
import { parseIpv4, parseMac } from '../../src/wire/address.ts'
import * as arp from '../../src/wire/arp.ts'
import { line } from '../../src/wire/dissect.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'

export const ourMac = parseMac('02:00:00:00:00:01')
export const theirMac = parseMac('02:00:00:00:00:02')
export const ours = parseIpv4('10.0.0.1')
export const theirs = parseIpv4('10.0.0.2')
export const noMac = new Uint8Array(6)

/** What is sent here is kept; what the test hears here the other side sent. */
export class TestPort implements Port {
  readonly name = 'test'
  readonly medium: Medium
  readonly frameMax: number
  readonly sent: Uint8Array[] = []
  #sink: FrameSink | undefined

  constructor(medium: Medium = 'ethernet', frameMax = 1514) {
    this.medium = medium
    this.frameMax = frameMax
  }

  send(frame: Frame): void {
    this.sent.push(frame.bytes.slice())
  }

  listen(sink: FrameSink | undefined): void {
    this.#sink = sink
  }

  hear(bytes: Uint8Array, offload?: Offload): void {
    this.#sink?.receive({ bytes, offload })
  }

  /** All frames sent since the last call, one line each. */
  lines(): string[] {
    return this.sent.splice(0).map((bytes) => line(bytes, this.medium))
  }

  /** All frames sent since the last call. */
  take(): Uint8Array[] {
    return this.sent.splice(0)
  }
}

export interface Bench {
  readonly time: Timeline
  readonly port: TestPort
  readonly host: Host
  /** Moves time. */
  readonly wait: (span: number) => void
  /** Teaches the host `theirs` and clears what was sent. */
  readonly meet: () => void
}

/** A host 10.0.0.1/24 on a test port. */
export function bench(config: Partial<InterfaceConfig> = {}, port = new TestPort()): Bench {
  const time = new Timeline()
  const host = new Host({ name: 'h', scheduler: time, random: new SeededRandom(1) })
  host.addInterface({ name: 'eth0', port, mac: ourMac, addresses: [{ address: ours, prefix: 24 }], ...config })
  const meet = (): void => {
    port.hear(arpFrame(1, theirMac, theirs, noMac, ours))
    port.take()
  }
  return { time, port, host, wait: (span) => time.run((time.now + span) as Instant), meet }
}

export function arpFrame(operation: number, senderMac: Uint8Array, senderIp: number, targetMac: Uint8Array, targetIp: number, to: Uint8Array = ourMac): Uint8Array {
  const payload = arp.build({ operation, senderMac, senderIp, targetMac, targetIp })
  return ethernet.build({ destination: to, source: senderMac, type: 0x0806, payload })
}

export function ipFrame(packet: Partial<ipv4.Packet> & Pick<ipv4.Packet, 'protocol' | 'payload'>, to: Uint8Array = ourMac): Uint8Array {
  return ethernet.build({ destination: to, source: theirMac, type: 0x0800, payload: ipv4.build({ source: theirs, destination: ours, ...packet }) })
}

/** The IP packet in an Ethernet frame. */
export function packetIn(frame: Uint8Array): ipv4.Parsed {
  return ipv4.parse(ethernet.parse(frame).payload)
}

export interface Pair {
  readonly time: Timeline
  readonly a: Host
  readonly b: Host
  readonly run: (span?: number) => void
}

/** Two hosts, 10.0.0.1 and 10.0.0.2, on one cable. */
export function pair(frameMax = 1514): Pair {
  const time = new Timeline()
  const [near, far] = cable({ near: { name: 'a', scheduler: time }, far: { name: 'b', scheduler: time }, frameMax })
  const a = new Host({ name: 'a', scheduler: time, random: new SeededRandom('a') })
  const b = new Host({ name: 'b', scheduler: time, random: new SeededRandom('b') })
  a.addInterface({ name: 'eth0', port: near, mac: ourMac, mtu: frameMax - 14, addresses: [{ address: ours, prefix: 24 }] })
  b.addInterface({ name: 'eth0', port: far, mac: theirMac, mtu: frameMax - 14, addresses: [{ address: theirs, prefix: 24 }] })
  return { time, a, b, run: (span = seconds(10)) => time.run((time.now + span) as Instant) }
}
