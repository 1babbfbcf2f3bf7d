/** The DHCPv6 service on a host of our stack, asked by datagrams that a client or a relay would send. */
import { describe, expect, it } from 'vitest'
import { concat, unhex, utf8 } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { milliseconds, seconds } from '../../../src/base/time.ts'
import { probeOf } from '../../../src/lab/service-views.ts'
import type { ServiceRoom } from '../../../src/stack/service.ts'
import { formatIpv6, parseIpv6, parseMac } from '../../../src/wire/address.ts'
import * as wire from '../../../src/wire/dhcpv6.ts'
import { dhcp6 } from '../../../services/dhcpv6/dhcpv6.ts'
import { pair6 } from '../../stack/ip6/bench.ts'
import { MemoryJournals, TestLog } from '../bench.ts'

const { codes, types, statuses } = wire
const duid = wire.duidOf(parseMac('52:54:00:12:34:56'))
const range = { range: 'fd00:1::1000-fd00:1::100f' }

interface World {
  readonly log: TestLog
  readonly service: ReturnType<typeof dhcp6.create>
  readonly run: (span?: number) => void
  /** Sends options of a type, and gives what is answered. */
  readonly ask: (type: number, options?: readonly wire.Option[], client?: Uint8Array) => wire.Exchange | undefined
  readonly raw: (bytes: Uint8Array, to?: string) => Uint8Array | undefined
  /** Sends them, and forgets what is answered. */
  readonly burst: (messages: readonly Uint8Array[]) => void
}

function world(config: unknown = range, journals = new MemoryJournals()): World {
  const { time, a, b, run } = pair6()
  const log = new TestLog(time)
  const room: ServiceRoom = {
    name: 'b.dhcp6', sockets: b.sockets, interfaces: b.views, scheduler: time, random: new SeededRandom(1), files: () => { throw new Error('no files') }, journal: journals.open, log, probe: probeOf(b),
    nodes: [{ name: 'node1', macs: [parseMac('52:54:00:00:00:01')], addresses: [] }],
  }
  const service = dhcp6.create(dhcp6.parse(config), room)
  const answers: Uint8Array[] = []
  const socket = a.bind({ address: '::', port: wire.clientPort }, (payload) => void answers.push(payload.slice()))
  const relay = a.bind({ address: '::', port: wire.serverPort }, (payload) => void answers.push(payload.slice()))
  run()
  const raw = (bytes: Uint8Array, to = 'ff02::1:2%eth0'): Uint8Array | undefined => {
    ;(bytes[0] === types.relayForward ? relay : socket).send(bytes, { address: to, port: wire.serverPort })
    run(seconds(1))
    expect(answers.length).toBeLessThan(2)
    return answers.shift()
  }
  const ask: World['ask'] = (type, options = [], client = duid) => {
    const answer = raw(wire.build({ type, xid: 0x123456, options: [{ code: codes.clientId, data: client }, ...options] }))
    return answer === undefined ? undefined : (wire.parse(answer) as wire.Exchange)
  }
  const burst = (messages: readonly Uint8Array[]): void => {
    for (const bytes of messages) {
      socket.send(bytes, { address: 'ff02::1:2%eth0', port: wire.serverPort })
      run(milliseconds(1))
    }
    answers.length = 0
  }
  return { log, service, run, ask, raw, burst }
}

const ia = (address?: string, iaid = 1): wire.Option => ({ code: codes.iaNa, data: wire.buildIa({ iaid, t1: 0, t2: 0, options: address === undefined ? [] : [{ code: codes.iaAddress, data: wire.buildIaAddress({ address: parseIpv6(address), preferred: 0, valid: 0, options: [] }) }] }) })
const wishes = (...wanted: number[]): wire.Option => ({ code: codes.optionRequest, data: Uint8Array.from(wanted.flatMap((each) => [each >> 8, each & 255])) })
const server: wire.Option = { code: codes.serverId, data: wire.duidOf(parseMac('02:00:00:00:00:02')) }

/** Addresses with their lifetimes, or the status, of an answer's associations. */
function told(message: wire.Exchange | undefined): string[] {
  return (message?.options ?? []).filter(({ code }) => code === codes.iaNa || code === codes.iaPd).flatMap(({ code, data }) => wire.parseIa(data).options.map((each) => {
    if (each.code === codes.status) return `status ${each.data[1]}`
    if (code === codes.iaNa) {
      const { address, preferred, valid } = wire.parseIaAddress(each.data)
      return `${formatIpv6(address)} ${preferred}/${valid}`
    }
    const { prefix, length, valid } = wire.parseIaPrefix(each.data)
    return `${formatIpv6(prefix)}/${length} ${valid}`
  }))
}
const status = (message: wire.Exchange | undefined): number | undefined => wire.option(message?.options ?? [], codes.status)?.[1]
const addressOf = (message: wire.Exchange | undefined): string => told(message)[0].split(' ')[0]

describe('dhcp6', () => {
  it('offers, binds, renews, and gives the same again', () => {
    const { ask, service, log, run } = world()
    const offer = ask(types.solicit, [ia(), wishes(23, 24)])
    expect([offer?.type, offer?.xid, told(offer)]).toEqual([types.advertise, 0x123456, [expect.stringMatching(/^fd00:1::100[\da-f] 2250\/3600$/)]])
    expect(wire.option(offer?.options ?? [], codes.dns)).toEqual(parseIpv6('fd00:1::2'))
    const address = addressOf(offer)
    const bound = ask(types.request, [server, ia(address)])
    expect([bound?.type, told(bound)]).toEqual([types.reply, [`${address} 2250/3600`]])
    expect(wire.parseIa(wire.option(bound?.options ?? [], codes.iaNa) as Uint8Array)).toMatchObject({ iaid: 1, t1: 1125, t2: 1800 })
    expect(log.take()).toEqual([`info dhcp6.lease: 52:54:00:12:34:56 gets ${address} for 3600 s`])
    run(seconds(1000))
    expect(told(ask(types.renew, [server, ia(address)]))).toEqual([`${address} 2250/3600`])
    expect(told(ask(types.rebind, [ia(address)]))).toEqual([`${address} 2250/3600`])
    expect(service.inspect?.()['leases']).toEqual([expect.objectContaining({ address, status: 'bound', client: '00030001525400123456/na1' })])
    run(seconds(4000))
    expect(told(ask(types.renew, [server, ia('fd00:1::2000')]))).toEqual([`${address} 2250/3600`, 'fd00:1::2000 0/0'])
  })

  it('does it in two messages where both want that', () => {
    const rapid = { code: codes.rapidCommit, data: new Uint8Array(0) }
    expect(world().ask(types.solicit, [ia(), rapid])?.type).toBe(types.advertise)
    const reply = world({ ...range, rapid_commit: true }).ask(types.solicit, [ia(), rapid])
    expect([reply?.type, wire.option(reply?.options ?? [], codes.rapidCommit)?.length, told(reply)]).toEqual([types.reply, 0, [expect.stringContaining('fd00:1::100')]])
  })

  it('keeps addresses for whom they are for', () => {
    const hosts = { 'node1': 'fd00:1::10', '52:54:00:00:00:02': 'fd00:1::11', 'duid:0004aabb': 'fd00:1::1003' }
    const { ask } = world({ ...range, hosts })
    const get = (client: Uint8Array): string => addressOf(ask(types.solicit, [ia('fd00:1::1003')], client))
    expect(get(wire.duidOf(parseMac('52:54:00:00:00:01')))).toBe('fd00:1::10')
    expect(get(concat(unhex('0001 0001 00000000'), parseMac('52:54:00:00:00:02')))).toBe('fd00:1::11')
    expect(get(unhex('0004aabb'))).toBe('fd00:1::1003')
    expect(get(duid)).not.toBe('fd00:1::1003')
  })

  it('says when nothing is left, and what was given back is there again', () => {
    const { ask, log } = world({ range: 'fd00:1::1000-fd00:1::1001' })
    const clients = [1, 2, 3].map((last) => wire.duidOf(Uint8Array.of(0x52, 0x54, 0, 0, 0, last)))
    const got = clients.slice(0, 2).map((client) => addressOf(ask(types.request, [server, ia()], client)))
    expect(new Set(got)).toEqual(new Set(['fd00:1::1000', 'fd00:1::1001']))
    const full = ask(types.solicit, [ia()], clients[2])
    expect([told(full), status(full)]).toEqual([['status 2'], statuses.noAddrsAvail])
    expect(log.take().at(-1)).toContain('gets no address: all are taken')
    expect(status(ask(types.release, [server, ia(got[0])], clients[0]))).toBe(statuses.success)
    expect(addressOf(ask(types.solicit, [ia()], clients[2]))).toBe(got[0])
    expect(told(ask(types.release, [server, ia(got[0])], clients[0]))).toEqual([`status ${statuses.noBinding}`])
    expect(status(ask(types.decline, [server, ia(got[1])], clients[1]))).toBe(statuses.success)
    expect(told(ask(types.solicit, [ia()], clients[1]))).toEqual(['status 2'])
    expect(log.take().some((each) => each.includes('dhcp6.declined'))).toBe(true)
  })

  it('confirms what is of the link, and nothing else', () => {
    const { ask } = world()
    expect(status(ask(types.confirm, [ia('fd00:1::1003')]))).toBe(statuses.success)
    expect(status(ask(types.confirm, [ia('fd00:2::1003')]))).toBe(statuses.notOnLink)
    expect(ask(types.confirm, [ia()])).toBeUndefined()
    expect(told(ask(types.request, [server, ia('fd00:2::1')]))).toEqual([`status ${statuses.notOnLink}`])
  })

  it('tells settings to who asks for nothing else, and what to boot', () => {
    const boot = { url: 'tftp://[fd00:1::2]/boot.efi', parameters: ['a', 'b c'] }
    const { ask } = world({ range: 'none', dns: ['fd00:1::53'], domains: ['lab.example'], boot, match: [{ arch: 27, boot: 'http://[fd00:1::2]/riscv.efi' }] })
    const reply = ask(types.informationRequest, [wishes(23, 24, 32, 59, 60)])
    expect(reply?.options.map(({ code }) => code)).toEqual([1, 2, 23, 24, 32, 59, 60])
    expect(wire.option(reply?.options ?? [], 59)).toEqual(utf8(boot.url))
    expect(wire.option(reply?.options ?? [], 60)).toEqual(unhex('0001 61 0003 622063'))
    const http = { code: codes.vendorClass, data: concat(unhex('00000157 000a'), utf8('HTTPClient')) }
    const riscv = ask(types.solicit, [ia(), { code: codes.clientArch, data: unhex('001b') }, http])
    expect([told(riscv), wire.option(riscv?.options ?? [], 59), wire.option(riscv?.options ?? [], 16)]).toEqual([['status 2'], utf8('http://[fd00:1::2]/riscv.efi'), http.data])
    expect(ask(types.informationRequest, [wishes(23), ia()])).toBeUndefined()
  })

  it('gives prefixes to routers', () => {
    const { ask } = world({ ...range, delegate: { prefix: 'fd00:100::/48', length: 56 } })
    const pd = { code: codes.iaPd, data: wire.buildIa({ iaid: 9, t1: 0, t2: 0, options: [] }) }
    const offer = ask(types.solicit, [ia(), pd])
    expect(told(offer)[1]).toMatch(/^fd00:100:0:[\da-f]{1,2}00::\/56 3600$/)
    expect(told(ask(types.request, [server, pd]))).toEqual([told(offer)[1]])
    expect(told(world().ask(types.request, [server, pd]))).toEqual([`status ${statuses.noPrefixAvail}`])
  })

  it('answers through relays, for the link that they name', () => {
    const { raw, log } = world({ ...range, scopes: { 'fd00:9::/64': 'fd00:9::100-fd00:9::1ff' } })
    const inner = wire.build({ type: types.solicit, xid: 1, options: [{ code: codes.clientId, data: duid }, ia()] })
    const around = (link: string, message: Uint8Array, hops = 0): Uint8Array => wire.build({ type: types.relayForward, hops, link: parseIpv6(link), peer: parseIpv6('fe80::5'), options: [{ code: codes.interfaceId, data: utf8('eth7') }, { code: codes.relayMessage, data: message }] })
    const reply = wire.parse(raw(around('::', around('fd00:9::1', inner), 1)) as Uint8Array) as wire.Relayed
    expect([reply.type, reply.hops, formatIpv6(reply.peer), reply.options.map(({ code }) => code)]).toEqual([types.relayReply, 1, 'fe80::5', [codes.interfaceId, codes.relayMessage]])
    const second = wire.parse(wire.option(reply.options, codes.relayMessage) as Uint8Array) as wire.Relayed
    expect(formatIpv6(second.link)).toBe('fd00:9::1')
    expect(addressOf(wire.parse(wire.option(second.options, codes.relayMessage) as Uint8Array) as wire.Exchange)).toMatch(/^fd00:9::1[\da-f]{2}$/)
    expect(raw(around('fd00:77::1', inner))).toBeUndefined()
    expect(log.take().at(-1)).toContain('dhcp6.link')
    expect(raw(Array.from({ length: 9 }).reduce<Uint8Array>((message) => around('::', message), inner))).toBeUndefined()
  })

  it('is silent to what is not for it', () => {
    const { ask, raw, service } = world()
    const other = { code: codes.serverId, data: wire.duidOf(parseMac('02:00:00:00:00:99')) }
    for (const [type, options] of [[types.solicit, [server, ia()]], [types.request, [other, ia()]], [types.request, [ia()]], [types.rebind, [server, ia()]], [types.informationRequest, [other]], [types.advertise, []], [99, []]] as const) expect(ask(type, options)).toBeUndefined()
    expect(ask(types.solicit, [ia()], new Uint8Array(131))).toBeUndefined()
    expect(raw(unhex('01'))).toBeUndefined()
    expect(raw(concat(unhex('01 000001 0003 0004'), new Uint8Array(4)))).toBeUndefined()
    const request = (type: number): Uint8Array => wire.build({ type, xid: 5, options: [{ code: codes.clientId, data: duid }, server, ia()] })
    expect(status(wire.parse(raw(request(types.request), 'fd00:1::2') as Uint8Array) as wire.Exchange)).toBe(statuses.useMulticast)
    expect(raw(wire.build({ type: types.solicit, xid: 5, options: [{ code: codes.clientId, data: duid }, ia()] }), 'fd00:1::2')).toBeUndefined()
    expect(service.inspect?.()['counters']).toEqual([expect.objectContaining({ answered: 1, malformed: 3 })])
  })

  it('stands a flood of broken messages, and serves on', () => {
    const { ask, burst } = world({ range: 'fd00:1::1000-fd00:1::1fff' })
    const random = new SeededRandom('dhcpv6')
    const honest = [types.solicit, types.request, types.renew, types.decline, types.informationRequest].map((type) => wire.build({ type, xid: 1, options: [{ code: codes.clientId, data: duid }, ...(type < 3 && type > 1 ? [server] : []), ia('fd00:1::1003'), wishes(23, 59)] }))
    const relayed = wire.build({ type: types.relayForward, hops: 0, link: parseIpv6('fd00:1::9'), peer: parseIpv6('fe80::5'), options: [{ code: codes.relayMessage, data: honest[0] }] })
    burst(Array.from({ length: 1500 }, () => {
      const bytes = [...honest, relayed][random.below(6)].slice()
      for (let times = random.below(5); times > 0; times--) bytes[random.below(bytes.length)] = random.below(256)
      return bytes.subarray(0, random.below(4) === 0 ? random.below(bytes.length) : bytes.length)
    }))
    expect(addressOf(ask(types.solicit, [ia()], wire.duidOf(parseMac('52:54:00:00:00:99'))))).toMatch(/^fd00:1::1[\da-f]{3}$/)
  })

  it('remembers over a restart, and lines that are cut short do no harm', () => {
    const journals = new MemoryJournals()
    const first = world({ ...range, leases: 'leases6' }, journals)
    const address = addressOf(first.ask(types.request, [server, ia('fd00:1::1007')]))
    first.service.close()
    journals.kept.set('leases6', concat(journals.kept.get('leases6') as Uint8Array, utf8('{"what":"fd00:1::10\n')))
    const second = world({ ...range, leases: 'leases6' }, journals)
    expect(second.log.take()).toEqual(['warn dhcp6.journal: 1 lines of leases6 can\'t be read and are passed over'])
    const stranger = wire.duidOf(parseMac('52:54:00:00:00:77'))
    expect([address, addressOf(second.ask(types.solicit, [ia(address)], stranger)) === address]).toEqual(['fd00:1::1007', false])
    expect(addressOf(second.ask(types.rebind, [ia(address)]))).toBe(address)
  })

  it.each([
    [{ range: 'fd00::1' }, ['range']], [{ range: 'fd00::9-fd00::1' }, ['range']], [{ range: 'fd00::-fd00::1:0' }, ['range']], [{ boot: 'boot.efi' }, ['boot', 'url']], [{ hosts: { a: '10.0.0.1' } }, ['hosts', 'a']],
    [{ scopes: { 'fd00:9::/64': 'fd00:8::1-fd00:8::2' } }, ['scopes', 'fd00:9::/64']], [{ delegate: { prefix: 'fd00::/32', length: 64 } }, ['delegate', 'length']], [{ match: [{ boot: 'tftp://x/' }] }, ['match', 0]], [{ domains: ['a..b'] }, ['domains']], [{ leaes: 'x' }, ['leaes']],
  ])('refuses %j', (config, path) => {
    expect(() => dhcp6.parse(config)).toThrow(expect.objectContaining({ path }))
  })
})
