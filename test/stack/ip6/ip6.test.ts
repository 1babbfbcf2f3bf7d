/** IPv6 and ICMPv6 as RFC 8200, 5722, 6946, 7112, 8201 and 4443 have them; which address a packet leaves from, RFC 6724. */
import { describe, expect, it } from 'vitest'
import { concat, latin1, putU16be } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import type { OwnAddress } from '../../../src/stack/ip6/addresses.ts'
import { selectSource } from '../../../src/stack/ip6/select.ts'
import { formatIpv6, parseIpv6 } from '../../../src/wire/address.ts'
import { addressSum6 } from '../../../src/wire/checksum.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as icmpv6 from '../../../src/wire/icmpv6.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import { allNodes } from '../../../src/wire/ipv6-address.ts'
import * as udp from '../../../src/wire/udp.ts'
import { theirMac } from '../bench.ts'
import { type Bench6, bench6, ours6, pair6, theirs6 } from './bench.ts'

/** Past the question for `theirs6`. */
function met(): Bench6 {
  const bench = bench6()
  bench.say({ kind: 'neighbor solicitation', target: ours6, options: [{ kind: 'source mac', mac: theirMac }] }, { source: theirs6, destination: ours6 })
  bench.port.take()
  return bench
}

const echo = (payload: Uint8Array): Uint8Array => icmpv6.build({ kind: 'echo', identifier: 1, sequence: 2, payload }, addressSum6(theirs6, ours6, 58))
const to = (packet: Partial<ipv6.Draft> = {}): ipv6.Draft => ({ source: theirs6, destination: ours6, protocol: 58, payload: echo(latin1('abc')), ...packet })
const answers = ({ port }: Bench6): string[] => port.take().map((frame) => {
  const packet = ipv6.parse(ethernet.parse(frame).payload)
  return icmpv6.format(icmpv6.parse(packet.payload, addressSum6(packet.source, packet.destination, 58))).replace('icmpv6 ', '')
})
const options = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)
const echoed = ['echo reply id 1 seq 2, 3 bytes']

describe('extension headers', () => {
  it.each<[string, Partial<ipv6.Draft>, string[]]>([
    ['none', {}, echoed],
    ['padding', { extensions: [{ kind: 0, body: options(1, 4, 0, 0, 0, 0) }, { kind: 60, body: options(0, 0, 0, 0, 0, 0) }] }, echoed],
    ['an option to be skipped', { extensions: [{ kind: 60, body: options(0x1e, 4, 1, 2, 3, 4) }] }, echoed],
    ['an option to be dropped for', { extensions: [{ kind: 60, body: options(0x5e, 4, 1, 2, 3, 4) }] }, []],
    ['an option to be told of', { extensions: [{ kind: 60, body: options(1, 0, 0x9e, 2, 3, 4) }] }, ['parameter problem at 44']],
    ['an option longer than its header', { extensions: [{ kind: 60, body: options(0x1e, 9, 1, 2, 3, 4) }] }, ['parameter problem at 42']],
    ['a routing header that is done with', { extensions: [{ kind: 43, body: options(0, 0, 0, 0, 0, 0) }] }, echoed],
    ['a routing header that is not (RFC 5095)', { extensions: [{ kind: 43, body: options(0, 1, 0, 0, 0, 0) }] }, ['parameter problem at 42']],
    ['nothing behind them', { extensions: [{ kind: 60, body: options(1, 4, 0, 0, 0, 0) }], protocol: 59 }, []],
    ['a protocol nobody speaks', { extensions: [{ kind: 60, body: options(1, 4, 0, 0, 0, 0) }], protocol: 132 }, ['parameter problem at 40']],
  ])('%s: a packet is answered as RFC 8200 §4 says', (_, packet, expected) => {
    const bench = met()
    bench.hear(to(packet))
    expect(answers(bench)).toEqual(expected)
  })

  it('are told of to a group’s sender only where the option’s type says so (RFC 4443 §2.4 e.3)', () => {
    const bench = met()
    for (const type of [0x9e, 0xde]) bench.hear({ ...to(), destination: allNodes, extensions: [{ kind: 60, body: options(type, 4, 0, 0, 0, 0) }] })
    expect(answers(bench)).toEqual(['parameter problem at 42'])
  })
})

describe('fragments (RFC 8200 §4.5)', () => {
  const whole = echo(new Uint8Array(3000))
  const piece = (offset: number, end: number, identification = 7): ipv6.Draft => to({ extensions: [ipv6.fragmentExtension({ offset, more: end < whole.length, identification })], payload: whole.subarray(offset, end) })

  it('in any order, some of them twice, become a packet', () => {
    const bench = met()
    for (const [from, end] of [[2000, whole.length], [0, 1000], [0, 1000], [1000, 2000]]) bench.hear(piece(from, end))
    // The answer is as large, and cut as well.
    expect(bench.port.take().map((frame) => ipv6.parse(ethernet.parse(frame).payload).fragment?.offset)).toEqual([0, 1448, 2896])
  })

  it('that overlap make the whole packet void (RFC 5722)', () => {
    const bench = met()
    for (const [from, end] of [[0, 1000], [992, 2000], [1000, 2000], [2000, whole.length]]) bench.hear(piece(from, end))
    expect(bench.port.take()).toEqual([])
  })

  it('of one piece are no fragments (RFC 6946)', () => {
    const bench = met()
    bench.hear(to({ extensions: [ipv6.fragmentExtension({ offset: 0, more: false, identification: 1 })] }))
    expect(answers(bench)).toEqual(echoed)
  })

  it('not a multiple of eight bytes long are told of; those that never come are told of after a minute', () => {
    const bench = met()
    bench.hear(piece(0, 1001, 8))
    expect(answers(bench)).toEqual(['parameter problem at 4'])
    bench.hear(piece(0, 1000, 9))
    bench.wait(seconds(59))
    bench.say({ kind: 'neighbor solicitation', target: ours6, options: [{ kind: 'source mac', mac: theirMac }] }, { source: theirs6, destination: ours6 })
    bench.wait(seconds(2))
    expect(answers(bench).filter((line) => line.startsWith('time'))).toEqual(['time exceeded in reassembly'])
  })
})

describe('errors (RFC 4443 §2.4)', () => {
  const datagram = (port: number): ipv6.Draft => to({ protocol: 17, payload: udp.build({ sourcePort: 9, destinationPort: port, payload: latin1('x') }, addressSum6(theirs6, ours6, 17)) })

  it('answer a closed port; not an error, not nobody, not a group; and only so many a second', () => {
    const bench = met()
    bench.hear(datagram(1))
    expect(answers(bench)).toEqual(['unreachable: port'])
    bench.hear({ ...datagram(1), protocol: 58, payload: icmpv6.build({ kind: 'other', type: 100, code: 0, payload: new Uint8Array(4) }, addressSum6(theirs6, ours6, 58)) })
    bench.hear({ ...datagram(1), source: new Uint8Array(16) })
    bench.hear({ ...datagram(1), destination: allNodes })
    expect(answers(bench)).toEqual([])
    for (let times = 0; times < 200; times++) bench.hear(datagram(1))
    expect(bench.port.take().length).toBeLessThanOrEqual(50)
  })

  it('quote no more than a packet of 1280 bytes holds', () => {
    const bench = met()
    bench.hear(to({ protocol: 132, payload: new Uint8Array(1400) }))
    expect(bench.port.take().map((frame) => frame.length)).toEqual([14 + 1280])
  })

  it.each([
    ['a datagram without a checksum', (payload: Uint8Array) => putU16be(payload, 6, 0)],
    ['a datagram with a wrong one', (payload: Uint8Array) => putU16be(payload, 6, 1)],
  ])('are not made of %s (RFC 8200 §8.1)', (_, spoil) => {
    const bench = met()
    const packet = datagram(1)
    spoil(packet.payload)
    bench.hear(packet)
    expect(bench.port.take()).toEqual([])
    expect(bench.host.udp.counters.malformed).toBe(1)
  })

  it.each(['ff02::1', '::1', '::ffff:10.0.0.1', 'fe80:5::1', 'fd00:1::ff:fe00:1'])('nor of what comes from %s', (source) => {
    const bench = met()
    bench.hear({ ...to(), source: parseIpv6(source) })
    expect([bench.port.take(), bench.host.ip.interfaces[0].counters.malformed]).toEqual([[], 1])
  })
})

describe('the path’s MTU (RFC 8201)', () => {
  it('is what a router says, never less than 1280, and tried again upwards after ten minutes', () => {
    const bench = met()
    const socket = bench.host.bind({ address: '::', port: 5 }, () => {})
    const sizes = (): number[] => {
      socket.send(new Uint8Array(1400), { address: 'fd00:1::2', port: 9 })
      return bench.port.take().map((frame) => frame.length - 14)
    }
    expect(sizes()).toEqual([1448])
    const quoted = ipv6.build({ source: ours6, destination: theirs6, protocol: 17, payload: new Uint8Array(100) })
    bench.say({ kind: 'packet too big', mtu: 600, quoted }, { source: parseIpv6('fd00:1::9'), destination: ours6, hopLimit: 60 })
    expect(sizes()).toEqual([1448])
    bench.say({ kind: 'packet too big', mtu: 1300, quoted }, { source: parseIpv6('fd00:1::9'), destination: ours6, hopLimit: 60 })
    expect(sizes()).toEqual([1296, 208])
    bench.wait(seconds(601))
    bench.say({ kind: 'neighbor solicitation', target: ours6, options: [{ kind: 'source mac', mac: theirMac }] }, { source: theirs6, destination: ours6 })
    bench.port.take()
    expect(sizes()).toEqual([1448])
  })

  it('cuts what TCP has under way', () => {
    const { a, b, run } = pair6()
    let heard = 0
    b.listen({ address: '::', port: 80 }, (socket) => void socket.on('data', (bytes) => (heard += bytes.length)))
    const client = a.connect({ address: 'fd00:1::2', port: 80 })
    client.on('connect', () => void client.write(new Uint8Array(200_000)))
    run(seconds(0.0005))
    a.six?.ip.pathMtu.lower(String.fromCharCode(0xfd00, 1, 0, 0, 0, 0, 0, 2), 1280, 1500)
    run(seconds(5))
    expect(heard).toBe(200_000)
  })
})

describe('the source of a packet (RFC 6724 §5)', () => {
  const own = (text: string, state: OwnAddress['state'] = 'preferred', prefix = 64): OwnAddress => ({ address: parseIpv6(text), prefix, origin: 'fixed', state, preferredUntil: 0, validUntil: 0 })
  it.each<[string, string, OwnAddress[], string]>([
    ['rule 1: the same address', 'fd00::1', [own('fd00::2'), own('fd00::1')], 'fd00::1'],
    ['rule 2: its scope', 'fe80::9', [own('2001:db8::1'), own('fe80::1')], 'fe80::1'],
    ['rule 2: a scope that is large enough', '2001:db8::9', [own('fe80::1'), own('2001:db8::1')], '2001:db8::1'],
    ['rule 3: one that is not deprecated', '2001:db8::9', [own('2001:db8::1', 'deprecated'), own('2001:db8:ffff::1')], '2001:db8:ffff::1'],
    ['rule 6: its label', 'fd00:1::9', [own('2001:db8::1'), own('fd99::1')], 'fd99::1'],
    ['rule 8: the longest prefix in common', '2001:db8:2::9', [own('2001:db8:1::1'), own('2001:db8:2::1')], '2001:db8:2::1'],
    ['a group of the link', 'ff02::1', [own('2001:db8::1'), own('fe80::1')], 'fe80::1'],
  ])('%s', (_, destination, candidates, expected) => {
    expect(formatIpv6(selectSource(parseIpv6(destination), candidates)?.address as Uint8Array)).toBe(expected)
  })
})

it('packets to ourselves come back by the loopback', () => {
  const { host, wait } = bench6()
  const heard: string[] = []
  host.bind({ address: '::', port: 7 }, (payload, { from }) => heard.push(`${payload.length} from ${from.address}`))
  const socket = host.bind({ address: '::', port: 8 }, () => {})
  for (const address of ['fd00:1::ff:fe00:1', '::1']) socket.send(concat(latin1('hi')), { address, port: 7 })
  wait(10)
  expect(heard).toEqual(['2 from fd00:1::ff:fe00:1', '2 from ::1'])
})
