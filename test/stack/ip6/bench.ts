/** A bench for IPv6: a host on a port whose far end is the test, and a router with a host on one cable. */
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { seconds } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { cable } from '../../../src/link/cable.ts'
import { Host } from '../../../src/stack/host.ts'
import type { Advertisement } from '../../../src/stack/ip6/advertiser.ts'
import { usualAdvertisement } from '../../../src/stack/ip6/advertiser.ts'
import type { Ipv6Config, Link6 } from '../../../src/stack/ip6/link6.ts'
import type { Stack6 } from '../../../src/stack/ip6/stack6.ts'
import { multicastMac6, parseIpv6 } from '../../../src/wire/address.ts'
import { addressSum6 } from '../../../src/wire/checksum.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import type { Message } from '../../../src/wire/icmpv6.ts'
import * as icmpv6 from '../../../src/wire/icmpv6.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import { parseSubnet6 } from '../../../src/wire/ipv6-address.ts'
import { ourMac, TestPort, theirMac } from '../bench.ts'

export const lan = parseSubnet6('fd00:1::/64')
/** EUI-64 of `ourMac` and of `theirMac`. */
export const ourLocal = parseIpv6('fe80::ff:fe00:1')
export const theirLocal = parseIpv6('fe80::ff:fe00:2')
export const ours6 = parseIpv6('fd00:1::ff:fe00:1')
export const theirs6 = parseIpv6('fd00:1::2')

export const advertisement: Advertisement = { ...usualAdvertisement, prefixes: [{ ...lan, onLink: true, autonomous: true, validSeconds: 86_400, preferredSeconds: 14_400 }] }

export interface Bench6 {
  readonly time: Timeline
  readonly port: TestPort
  readonly host: Host
  readonly six: Stack6
  readonly link: Link6
  readonly wait: (span: number) => void
  /** Hears an IPv6 packet in a frame to us, or to its group. */
  readonly hear: (packet: ipv6.Draft, to?: Uint8Array) => void
  /** Hears an ICMPv6 message from `theirLocal`, hop limit 255. */
  readonly say: (message: Message, how?: Partial<ipv6.Draft>) => void
}

/** A host with fd00:1::ff:fe00:1/64 on a test port, past duplicate address detection unless `fresh`. */
export function bench6(config: Ipv6Config = { addresses: [{ address: ours6, prefix: 64 }], autoconfigure: false }, fresh = false): Bench6 {
  const time = new Timeline()
  const port = new TestPort()
  const host = new Host({ name: 'h', scheduler: time, random: new SeededRandom(1) })
  const on = host.addInterface({ name: 'eth0', port, mac: ourMac, six: config })
  const wait = (span: number): void => void time.run((time.now + span) as Instant)
  const hear: Bench6['hear'] = (packet, to) => port.hear(ethernet.build({ destination: to ?? (packet.destination[0] === 0xff ? multicastMac6(packet.destination) : ourMac), source: theirMac, type: 0x86dd, payload: ipv6.build(packet) }))
  const say: Bench6['say'] = (message, how = {}) => {
    const draft = { source: theirLocal, destination: ourLocal, hopLimit: 255, ...how, protocol: 58 }
    hear({ ...draft, payload: icmpv6.build(message, addressSum6(draft.source, draft.destination, 58)) })
  }
  if (!fresh) {
    wait(seconds(5))
    port.take()
  }
  const six = host.six as Stack6
  return { time, port, host, six, link: six.ip.links.find((link) => link.interface === on) as Link6, wait, hear, say }
}

export interface Pair6 {
  readonly time: Timeline
  /** Autoconfigures. */
  readonly a: Host
  /** Advertises, and has fd00:1::2. */
  readonly b: Host
  readonly run: (span?: number) => void
}

/** Two hosts on one cable; run to where both have their addresses. */
export function pair6(says: Advertisement = advertisement, frameMax = 1514): Pair6 {
  const time = new Timeline()
  const [near, far] = cable({ near: { name: 'a', scheduler: time }, far: { name: 'b', scheduler: time }, frameMax })
  const a = new Host({ name: 'a', scheduler: time, random: new SeededRandom('a') })
  const b = new Host({ name: 'b', scheduler: time, random: new SeededRandom('b') })
  a.addInterface({ name: 'eth0', port: near, mac: ourMac, mtu: frameMax - 14, six: {} })
  b.addInterface({ name: 'eth0', port: far, mac: theirMac, mtu: frameMax - 14, six: { addresses: [{ address: theirs6, prefix: 64 }], advertise: says } })
  const run = (span: number = seconds(10)): void => void time.run((time.now + span) as Instant)
  run()
  return { time, a, b, run }
}
