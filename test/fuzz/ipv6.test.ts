/** Hostile IPv6 against a host that autoconfigures, and one that routes, with NAT: neither throws, each keeps within its bounds, and serves an honest peer afterwards. */
import { expect, it } from 'vitest'
import { concat, latin1, putU16be } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { Nat } from '../../src/nat/nat.ts'
import { multicastMac6, parseIpv6 } from '../../src/wire/address.ts'
import { addressSum6, checksum } from '../../src/wire/checksum.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import type { Message } from '../../src/wire/icmpv6.ts'
import * as icmpv6 from '../../src/wire/icmpv6.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import { allNodes, allRouters, solicitedNode } from '../../src/wire/ipv6-address.ts'
import * as tcp from '../../src/wire/tcp.ts'
import * as udp from '../../src/wire/udp.ts'
import { ourMac, theirMac } from '../stack/bench.ts'
import { advertisement, type Bench6, bench6, lan, ourLocal, ours6, theirLocal, theirs6 } from '../stack/ip6/bench.ts'

const rounds = Number(process.env['NETLOOM_FUZZ_ROUNDS'] ?? 6000)
const far = parseIpv6('2001:db8::5')
const nobody = new Uint8Array(16)
const macs = [{ kind: 'source mac', mac: theirMac }] as const

const messages: readonly Message[] = [
  { kind: 'neighbor solicitation', target: ours6, options: macs },
  { kind: 'neighbor advertisement', router: true, solicited: true, override: true, target: theirs6, options: [{ kind: 'target mac', mac: theirMac }] },
  { kind: 'router solicitation', options: macs },
  {
    kind: 'router advertisement', hopLimit: 64, managed: true, other: true, lifetimeSeconds: 100, reachableMilliseconds: 1000, retransmitMilliseconds: 1000,
    options: [...macs, { kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 100, preferredSeconds: 50, prefix: lan.network }, { kind: 'mtu', mtu: 1300 }, { kind: 'dns', lifetimeSeconds: 60, servers: [theirs6] }],
  },
  { kind: 'redirect', target: theirLocal, destination: far, options: [] },
  { kind: 'echo', identifier: 1, sequence: 1, payload: latin1('abc') },
  { kind: 'packet too big', mtu: 1280, quoted: ipv6.build({ source: ours6, destination: theirs6, protocol: 6, payload: new Uint8Array(20) }) },
  { kind: 'unreachable', code: 4, quoted: ipv6.build({ source: ours6, destination: theirs6, protocol: 17, payload: new Uint8Array(8) }) },
  { kind: 'listener query', version: 2, maxResponseMilliseconds: 1000, group: nobody, sources: [] },
  { kind: 'listener report', records: [{ change: 4, group: parseIpv6('ff02::5'), sources: [theirs6] }] },
]
const segment = (destination: Uint8Array): Uint8Array => tcp.build({ sourcePort: 4000, destinationPort: 80, sequence: 1, acknowledgment: 0, flags: tcp.flags.syn, window: 1000, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(0) }, addressSum6(theirs6, destination, 6))
const datagram = (destination: Uint8Array): Uint8Array => udp.build({ sourcePort: 4000, destinationPort: 53, payload: latin1('question') }, addressSum6(theirs6, destination, 17))
const extensions: readonly ipv6.Extension[] = [
  { kind: 0, body: Uint8Array.of(5, 2, 0, 0, 1, 0) }, { kind: 60, body: Uint8Array.of(0x9e, 4, 1, 2, 3, 4) }, { kind: 43, body: Uint8Array.of(0, 1, 0, 0, 0, 0) },
  ipv6.fragmentExtension({ offset: 0, more: true, identification: 1 }), ipv6.fragmentExtension({ offset: 8, more: false, identification: 1 }), ipv6.fragmentExtension({ offset: 65_528, more: true, identification: 1 }),
]

/** One packet, valid but for what is changed in it; the transport's sum right again, mostly. */
function packet(random: SeededRandom): Uint8Array {
  const pick = <Value>(of: readonly Value[]): Value => of[random.below(of.length)]
  const source = pick([theirLocal, theirs6, theirs6, nobody, ours6])
  const destination = pick([ourLocal, ours6, allNodes, allRouters, solicitedNode(ours6), far, far])
  const protocol = pick([58, 58, 58, 17, 6])
  const payload = (protocol === 58 ? icmpv6.build(pick(messages), 0) : protocol === 17 ? datagram(destination) : segment(destination)).slice()
  for (let times = random.below(4); times > 0; times--) payload[random.below(payload.length)] = random.below(256)
  const field = protocol === 58 ? 2 : protocol === 17 ? 6 : 16
  if (random.below(8) > 0) {
    putU16be(payload, field, 0)
    putU16be(payload, field, checksum(payload, 0, payload.length, addressSum6(source, destination, protocol) + payload.length))
  }
  const chain = random.below(3) === 0 ? Array.from({ length: random.below(4) }, () => pick(extensions)) : []
  const bytes = ipv6.build({ source, destination, protocol, payload, hopLimit: pick([255, 255, 1, 64]), extensions: chain })
  if (random.below(4) === 0) bytes[random.below(bytes.length)] = random.below(256)
  return random.below(16) === 0 ? bytes.slice(0, random.below(bytes.length)) : bytes
}

function flood(bench: Bench6, seed: string): void {
  const random = new SeededRandom(seed)
  const socket = bench.host.bind({ address: '::', port: 546 }, () => {})
  bench.host.listen({ address: '::', port: 80 }, () => {})
  for (let round = 0; round < rounds; round++) {
    const bytes = packet(random)
    const group = bytes.length >= 40 && bytes[24] === 0xff
    bench.port.hear(ethernet.build({ destination: group ? multicastMac6(bytes.subarray(24, 40)) : ourMac, source: theirMac, type: 0x86dd, payload: bytes }))
    if (round % 16 === 0) bench.wait(milliseconds(random.below(3000)))
    if (round % 64 === 0) socket.send(latin1('x'), { address: `fd00:1::${(round & 0xffff).toString(16)}`, port: 9 })
    bench.port.take()
  }
}

/** Whether an honest neighbour's echo is answered. */
function serves(bench: Bench6): boolean {
  bench.wait(seconds(5))
  bench.port.take()
  bench.hear({ source: theirs6, destination: ours6, protocol: 58, payload: icmpv6.build({ kind: 'echo', identifier: 7, sequence: 7, payload: latin1('honest') }, addressSum6(theirs6, ours6, 58)) })
  bench.say({ kind: 'neighbor advertisement', router: false, solicited: true, override: true, target: theirs6, options: [{ kind: 'target mac', mac: theirMac }] }, { source: theirs6, destination: ours6 })
  return bench.port.lines().some((line) => line.includes('echo reply id 7 seq 7'))
}

function bounds({ six, link }: Bench6): readonly boolean[] {
  return [link.neighbours.entries.length <= 1024, link.addresses.all.length <= 32, six.ip.routes.length <= 64, link.listeners.groups.length <= 64]
}

it('a host that listens to routers stands a flood of broken packets', () => {
  const bench = bench6({ addresses: [{ address: ours6, prefix: 64 }] })
  flood(bench, 'host')
  expect(bounds(bench)).toEqual([true, true, true, true])
  expect(serves(bench)).toBe(true)
})

it('a router with NAT stands it, too', () => {
  const bench = bench6({ addresses: [{ address: ours6, prefix: 64 }], advertise: advertisement })
  const nat = new Nat({ name: 'lan', host: bench.host, scheduler: bench.time, gateway: '10.0.0.1', gateway6: 'fd00:1::ff:fe00:1', hostLoopback: false })
  flood(bench, 'router')
  expect([...bounds(bench), nat.rows.length < 3000]).toEqual([true, true, true, true, true])
  expect(serves(bench)).toBe(true)
})

it('extension headers and options of any bytes throw nothing but Malformed', () => {
  const random = new SeededRandom('extensions')
  const bench = bench6()
  for (let round = 0; round < rounds / 4; round++) {
    const junk = random.bytes(8 * (1 + random.below(30)))
    const head = ipv6.build({ source: theirs6, destination: ours6, protocol: [0, 43, 44, 60, 58][random.below(5)], payload: new Uint8Array(0) })
    putU16be(head, 4, junk.length)
    bench.port.hear(ethernet.build({ destination: ourMac, source: theirMac, type: 0x86dd, payload: concat(head, junk) }))
  }
  expect(bounds(bench)).toEqual([true, true, true, true])
})
