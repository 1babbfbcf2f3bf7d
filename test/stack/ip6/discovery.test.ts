/** Neighbour discovery, addresses and routers: RFC 4861, RFC 4862, RFC 7217, RFC 3810. Every answer a line of the pretty-printer. */
import { describe, expect, it } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import { concat, latin1 } from '../../../src/base/bytes.ts'
import { formatIpv6, parseIpv6 } from '../../../src/wire/address.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import { allNodes, allRouters, solicitedNode } from '../../../src/wire/ipv6-address.ts'
import type { Message } from '../../../src/wire/icmpv6.ts'
import { ourMac, TestPort, theirMac } from '../bench.ts'
import { advertisement, bench6, lan, ourLocal, ours6, pair6, theirLocal, theirs6 } from './bench.ts'

const parsed = (frame: Uint8Array): ipv6.Parsed => ipv6.parse(ethernet.parse(frame).payload)
/** What was sent, without the layers below ICMPv6. */
const said = (port: TestPort): string[] => port.lines().map((line) => line.replace(/^.* icmpv6 /, ''))
const solicitation = (target: Uint8Array, mac?: Uint8Array): Message => ({ kind: 'neighbor solicitation', target, options: mac === undefined ? [] : [{ kind: 'source mac', mac }] })
const claim = (target: Uint8Array, solicited: boolean, override: boolean, mac = theirMac, router = false): Message => ({ kind: 'neighbor advertisement', router, solicited, override, target, options: [{ kind: 'target mac', mac }] })
const announced = (extra: Partial<Extract<Message, { kind: 'router advertisement' }>> = {}): Message => ({
  kind: 'router advertisement', hopLimit: 33, managed: false, other: false, lifetimeSeconds: 1800, reachableMilliseconds: 0, retransmitMilliseconds: 0,
  options: [{ kind: 'source mac', mac: theirMac }, { kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 86_400, preferredSeconds: 3600, prefix: lan.network }], ...extra,
})

describe('duplicate address detection (RFC 4862 §5.4)', () => {
  it('listens to the address’s group, asks from nobody, and has the address a second later', () => {
    const { port, link, wait } = bench6({ autoconfigure: false }, true)
    expect(link.addresses.all.map(({ state }) => state)).toEqual(['tentative'])
    expect(said(port)).toEqual(['listener report ff02::1:ff00:1 to exclude'])
    wait(seconds(1))
    expect(said(port).filter((line) => line.startsWith('who'))).toEqual(['who has fe80::ff:fe00:1'])
    wait(seconds(1))
    expect(link.addresses.all.map(({ address, state }) => `${formatIpv6(address)} ${state}`)).toEqual(['fe80:1::ff:fe00:1 preferred'])
  })

  it.each([
    ['somebody else asks for it, too', solicitation(ourLocal), { source: new Uint8Array(16), destination: solicitedNode(ourLocal) }],
    ['somebody says it is his', claim(ourLocal, false, true), { destination: allNodes }],
  ] as const)('gives it up where %s', (_, message, how) => {
    const { say, link, port, wait, six } = bench6({ autoconfigure: false }, true)
    say(message, how)
    wait(seconds(5))
    expect(link.addresses.all.map(({ state }) => state)).toEqual(['duplicated'])
    expect(six.ip.owns(link.addresses.all[0].address)).toBe(false)
    port.take()
    say(solicitation(ourLocal, theirMac))
    expect(port.take()).toEqual([])
  })

  it('tries another identifier where it isn’t the hardware’s (RFC 7217 §6)', () => {
    const { say, link, wait } = bench6({ autoconfigure: false, identifiers: 'stable' }, true)
    const [first] = link.addresses.all
    const bare = first.address.slice()
    bare.fill(0, 2, 4)
    say(claim(bare, false, true), { destination: allNodes })
    wait(seconds(5))
    expect(link.addresses.all.map(({ state }) => state)).toEqual(['preferred'])
    expect(formatIpv6(link.addresses.all[0].address)).not.toBe(formatIpv6(first.address))
  })

  it('answers nothing while it is not over, and nobody’s question from an address is a conflict', () => {
    const { say, link, port, wait } = bench6({ autoconfigure: false }, true)
    port.take()
    say(solicitation(ourLocal, theirMac), { destination: solicitedNode(ourLocal) })
    expect(port.take()).toEqual([])
    wait(seconds(3))
    expect(link.addresses.all.map(({ state }) => state)).toEqual(['preferred'])
  })
})

describe('neighbour solicitations (RFC 4861 §7.2)', () => {
  it('are answered to who asks, with our link address, and remembered', () => {
    const { say, port, link } = bench6()
    say(solicitation(ours6, theirMac), { destination: solicitedNode(ours6) })
    const [answer, ...rest] = port.take()
    expect(rest).toEqual([])
    expect(ethernet.parse(answer).destination).toEqual(theirMac)
    const { source, destination, hopLimit, payload } = parsed(answer)
    expect([formatIpv6(source), formatIpv6(destination), hopLimit]).toEqual(['fd00:1::ff:fe00:1', 'fe80::ff:fe00:2', 255])
    // Type 136, flags solicited and override, the target, option 2 with our MAC.
    expect(payload.subarray(4)).toEqual(concat(Uint8Array.of(0x60, 0, 0, 0), ours6, Uint8Array.of(2, 1), ourMac))
    expect(link.neighbours.entries.map(({ state, mac }) => [state, mac])).toEqual([['delay', theirMac]])
  })

  it('of who makes sure of the same address are answered to all', () => {
    const { say, port } = bench6()
    say(solicitation(ours6), { source: new Uint8Array(16), destination: solicitedNode(ours6) })
    const [answer] = port.take()
    expect(formatIpv6(parsed(answer).destination)).toBe('ff02::1')
    expect(parsed(answer).payload[4]).toBe(0x20)
  })

  it.each([
    ['a hop limit of less than 255', solicitation(ours6, theirMac), { hopLimit: 254 }],
    ['a group for a target', solicitation(allNodes, theirMac), {}],
    ['nobody’s link address', solicitation(ours6, theirMac), { source: new Uint8Array(16), destination: solicitedNode(ours6) }],
    ['nobody, to one of our addresses', solicitation(ours6), { source: new Uint8Array(16), destination: ours6 }],
    ['somebody else’s address', solicitation(theirs6, theirMac), { destination: solicitedNode(ours6) }],
  ] as const)('with %s are passed over', (_, message, how) => {
    const { say, port, link } = bench6()
    say(message, how)
    expect(port.take()).toEqual([])
    expect(link.neighbours.entries).toEqual([])
  })
})

describe('a neighbour', () => {
  const waiting = (bench: ReturnType<typeof bench6>, text = 'x'): void => bench.host.bind({ address: '::', port: 0 }, () => {}).send(latin1(text), { address: 'fd00:1::2', port: 9 })

  it('is asked for at its group, three times a second apart; then the sender hears that it is unreachable', () => {
    const bench = bench6()
    const errors: string[] = []
    bench.host.bind({ address: '::', port: 0 }, () => {}, ({ code }) => errors.push(code)).send(latin1('x'), { address: 'fd00:1::2', port: 9 })
    const [first] = bench.port.take()
    expect(formatIpv6(parsed(first).destination)).toBe('ff02::1:ff00:2')
    expect(ethernet.parse(first).destination).toEqual(Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 2))
    bench.wait(seconds(2.5))
    expect(said(bench.port)).toEqual(['who has fd00:1::2, source mac 02:00:00:00:00:01', 'who has fd00:1::2, source mac 02:00:00:00:00:01'])
    bench.wait(seconds(1))
    expect(errors).toEqual(['EHOSTUNREACH'])
    expect(bench.link.neighbours.entries).toEqual([])
  })

  it('gets what waited, is fresh for half a minute, is asked again 5 s after it is used then, and is forgotten when it doesn’t answer', () => {
    const bench = bench6()
    waiting(bench)
    bench.port.take()
    bench.say(claim(theirs6, true, true), { source: theirs6, destination: ours6 })
    expect(bench.port.take().map((frame) => ethernet.parse(frame).destination)).toEqual([theirMac])
    const state = (): string | undefined => bench.link.neighbours.entries[0]?.state
    expect(state()).toBe('reachable')
    bench.wait(seconds(31))
    expect(state()).toBe('stale')
    waiting(bench)
    expect([state(), bench.port.take().length]).toEqual(['delay', 1])
    bench.wait(seconds(5.5))
    expect(state()).toBe('probe')
    const [probe] = bench.port.take()
    expect([formatIpv6(parsed(probe).destination), ethernet.parse(probe).destination]).toEqual(['fd00:1::2', theirMac])
    bench.wait(seconds(3))
    expect(state()).toBeUndefined()
  })

  /** RFC 4861 §7.2.5, its table. */
  it.each([
    ['another address without override, while it is reachable', false, false, Uint8Array.of(2, 0, 0, 0, 0, 9), 'stale', theirMac],
    ['another address with override', false, true, Uint8Array.of(2, 0, 0, 0, 0, 9), 'stale', Uint8Array.of(2, 0, 0, 0, 0, 9)],
    ['another address, solicited, with override', true, true, Uint8Array.of(2, 0, 0, 0, 0, 9), 'reachable', Uint8Array.of(2, 0, 0, 0, 0, 9)],
    ['the same address, unasked', false, true, theirMac, 'reachable', theirMac],
  ] as const)('that tells %s is then as the table says', (_, solicited, override, mac, state, then) => {
    const bench = bench6()
    waiting(bench)
    bench.say(claim(theirs6, true, true), { source: theirs6, destination: ours6 })
    bench.say(claim(theirs6, solicited, override, mac), { source: theirs6, destination: solicited ? ours6 : allNodes })
    expect(bench.link.neighbours.entries.map((entry) => [entry.state, entry.mac])).toEqual([[state, then]])
  })

  it('is not made of an advertisement that nobody asked for', () => {
    const { say, link } = bench6()
    say(claim(theirs6, false, true), { destination: allNodes })
    expect(link.neighbours.entries).toEqual([])
  })

  it('stays known while a whole subnet is scanned behind it (RFC 6583)', () => {
    const bench = bench6()
    bench.say(solicitation(ours6, theirMac), { source: theirs6, destination: solicitedNode(ours6) })
    const socket = bench.host.bind({ address: '::', port: 0 }, () => {})
    for (let host = 16; host < 5000; host++) socket.send(latin1('x'), { address: `fd00:1::1:${host.toString(16)}`, port: 9 })
    const { entries } = bench.link.neighbours
    expect(entries.length).toBeLessThanOrEqual(257)
    expect(entries.filter(({ mac }) => mac !== undefined).map(({ address }) => formatIpv6(address))).toEqual(['fd00:1::2'])
  })
})

describe('a host that hears routers (RFC 4861 §6.3, RFC 4862 §5.5)', () => {
  it('asks for them three times, and stops when one has answered', () => {
    const { port, wait } = bench6({}, true)
    wait(seconds(20))
    expect(said(port).filter((line) => line.startsWith('router'))).toEqual(Array.from({ length: 3 }, () => 'router solicitation, source mac 02:00:00:00:00:01'))
    const answered = bench6({}, true)
    answered.wait(seconds(2.5))
    answered.say(announced(), { destination: allNodes })
    answered.port.take()
    answered.wait(seconds(20))
    expect(said(answered.port).filter((line) => line.startsWith('router'))).toEqual([])
  })

  it('makes an address, takes the router, its hop limit and what it says of the MTU; all of it ends with its lifetime', () => {
    const { say, link, wait, six } = bench6({}, false)
    const message = announced()
    say({ ...message, options: [...('options' in message ? message.options : []), { kind: 'mtu', mtu: 1400 }, { kind: 'dns', lifetimeSeconds: 600, servers: [theirs6] }] } as Message, { destination: allNodes })
    wait(seconds(3))
    expect(link.addresses.usable.map(({ address, state }) => `${formatIpv6(address)} ${state}`)).toEqual(['fe80:1::ff:fe00:1 preferred', 'fd00:1::ff:fe00:1 preferred'])
    expect([link.mtu, link.hopLimit, link.routing?.dnsServers.map(formatIpv6)]).toEqual([1400, 33, ['fd00:1::2']])
    expect(formatIpv6(six.ip.way({ destination: parseIpv6('2001:db8::1') })?.nextHop as Uint8Array)).toBe('fe80:1::ff:fe00:2')
    wait(seconds(1801))
    expect(six.ip.way({ destination: parseIpv6('2001:db8::1') })).toBeUndefined()
    wait(seconds(1800))
    expect(link.addresses.usable.map(({ state }) => state)).toEqual(['preferred', 'deprecated'])
    wait(seconds(86_400))
    expect(link.addresses.usable.map(({ origin }) => origin)).toEqual(['link-local'])
  })

  it('is not taken in by a forged lifetime: two hours are left to an address (§5.5.3 e)', () => {
    const { say, link, wait } = bench6({}, false)
    const prefix = (validSeconds: number): Message => announced({ options: [{ kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds, preferredSeconds: 0, prefix: lan.network }] })
    say(prefix(86_400), { destination: allNodes })
    wait(seconds(10))
    say(prefix(1), { destination: allNodes })
    wait(seconds(7100))
    expect(link.addresses.usable).toHaveLength(2)
    wait(seconds(200))
    expect(link.addresses.usable).toHaveLength(1)
  })

  it.each([
    ['from an address that is not link-local', announced(), { source: theirs6 }],
    ['with a hop limit of 64', announced(), { hopLimit: 64 }],
    ['that prefers for longer than is valid', announced({ lifetimeSeconds: 0, options: [{ kind: 'prefix', length: 64, onLink: false, autonomous: true, validSeconds: 10, preferredSeconds: 20, prefix: lan.network }] }), {}],
    ['with a prefix that isn’t 64 bits long', announced({ lifetimeSeconds: 0, options: [{ kind: 'prefix', length: 48, onLink: false, autonomous: true, validSeconds: 10, preferredSeconds: 5, prefix: lan.network }] }), {}],
    ['of the link-local prefix', announced({ lifetimeSeconds: 0, options: [{ kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 10, preferredSeconds: 5, prefix: parseIpv6('fe80::') }] }), {}],
  ] as const)('makes nothing of an advertisement %s', (_, message, how) => {
    const { say, link, six } = bench6({}, false)
    say(message, { destination: allNodes, ...how })
    expect([link.addresses.all.length, six.ip.routes.length]).toEqual([1, 0])
  })

  it('keeps few of the routers and prefixes that a hostile one makes up', () => {
    const { say, link, six } = bench6({}, false)
    for (let number = 1; number < 200; number++) {
      const prefix = lan.network.slice()
      prefix[7] = number
      say(announced({ options: [{ kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 1000, preferredSeconds: 1000, prefix }] }), { source: parseIpv6(`fe80::${number.toString(16)}`), destination: allNodes })
    }
    expect(link.addresses.all.length).toBeLessThanOrEqual(32)
    expect(six.ip.routes.length).toBeLessThanOrEqual(24)
  })
})

describe('a router', () => {
  it('answers a solicitation within half a second, no two answers closer than three seconds, and says what it was told to', () => {
    const { say, port, wait } = bench6({ addresses: [{ address: ours6, prefix: 64 }], advertise: { ...advertisement, managed: true, dns: [ours6], mtu: 1400 } }, false)
    wait(seconds(4))
    port.take()
    for (let times = 0; times < 5; times++) say({ kind: 'router solicitation', options: [{ kind: 'source mac', mac: theirMac }] }, { destination: allRouters })
    wait(seconds(1))
    expect(said(port)).toEqual(['router advertisement managed, lifetime 1800 s, source mac 02:00:00:00:00:01, mtu 1400, prefix fd00:1::/64 on-link autonomous, dns fd00:1::ff:fe00:1'])
    say({ kind: 'router solicitation', options: [] }, { destination: allRouters })
    wait(seconds(1.5))
    expect(said(port)).toEqual([])
    wait(seconds(2))
    expect(said(port)).toHaveLength(1)
  })

  it('is lost when it says that it is none any more', () => {
    const { a, b, run } = pair6()
    const [on] = b.ip.interfaces
    b.removeInterface(on)
    run(seconds(1))
    expect(a.six?.ip.links[0].routing?.routers).toEqual([])
  })
})

describe('multicast listeners (RFC 3810)', () => {
  it('answer a general query with all groups but that of all nodes, and a specific one of a group they have', () => {
    const { say, port, wait } = bench6()
    const query = (group: Uint8Array): Message => ({ kind: 'listener query', version: 2, maxResponseMilliseconds: 1000, group, sources: [] })
    say(query(new Uint8Array(16)), { destination: allNodes, hopLimit: 1 })
    wait(seconds(1))
    expect(said(port)).toEqual(['listener report ff02::1:ff00:1 excludes'])
    say(query(parseIpv6('ff02::5')), { destination: parseIpv6('ff02::5'), hopLimit: 1 })
    say(query(new Uint8Array(16)), { destination: allNodes, hopLimit: 64 })
    say(query(new Uint8Array(16)), { source: theirs6, destination: allNodes, hopLimit: 1 })
    wait(seconds(2))
    expect(said(port)).toEqual([])
  })

  it('report a group with a router alert, twice, and its end', () => {
    const { host, port, wait } = bench6()
    const socket = host.bind({ address: '::', port: 547 }, () => {})
    socket.join('ff02::1:2')
    const [report] = port.take()
    expect(parsed(report)).toMatchObject({ hopLimit: 1, source: ourLocal, destination: parseIpv6('ff02::16'), extensions: [{ kind: 0, body: Uint8Array.of(5, 2, 0, 0, 1, 0) }] })
    wait(seconds(1))
    expect(said(port)).toEqual(['listener report ff02::1:2 to exclude'])
    socket.close()
    expect(said(port)).toEqual(['listener report ff02::1:2 to include'])
  })
})

it('redirects are not followed', () => {
  const { say, link, six } = bench6()
  say({ kind: 'redirect', target: theirLocal, destination: parseIpv6('2001:db8::1'), options: [] })
  expect([link.counters.redirects, six.ip.routes.length, link.neighbours.entries]).toEqual([1, 1, []])
})
