/** What a DHCP server has beside the usual exchange: probes, a journal, networks behind relays, PXE's boot service. */
import { describe, expect, it } from 'vitest'
import { concat, fromUtf8, hex, unhex, utf8 } from '../../../src/base/bytes.ts'
import { milliseconds, seconds } from '../../../src/base/time.ts'
import { broadcastMac, formatIpv4, parseIpv4, parseMac } from '../../../src/wire/address.ts'
import * as wire from '../../../src/wire/dhcp.ts'
import { dhcp } from '../../../services/dhcp/dhcp.ts'
import { arpFrame } from '../../stack/bench.ts'
import { clientMac, MemoryJournals, server, serverMac, serviceBench, type ServiceBench } from '../bench.ts'

const ip = (text: string): Uint8Array => Uint8Array.from(text.split('.'), Number)
const stranger = parseMac('02:00:00:00:00:99')

function message(type: number, options: Readonly<Record<number, Uint8Array | string>> = {}, more: Partial<wire.Message> = {}): wire.Message {
  const given = Object.entries(options).map(([code, data]) => ({ code: Number(code), data: typeof data === 'string' ? utf8(data) : data }))
  return { op: 'request', htype: 1, hops: 0, xid: 1, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: clientMac, sname: '', file: '', options: [{ code: 53, data: Uint8Array.of(type) }, ...given], ...more }
}

/** Says it, and gives the replies. */
function ask(lan: ServiceBench, request: wire.Message, from = { address: 0, port: 68 }, to = { port: 67 }): wire.Message[] {
  const broadcast = from.address === 0
  lan.say(wire.build(request), from, { ...to, ...(broadcast ? { address: 0xffff_ffff, mac: broadcastMac } : {}) })
  return lan.heard().map((each) => wire.parse(each.datagram.payload))
}

function acquire(lan: ServiceBench, more: Partial<wire.Message> = {}): wire.Message {
  const [offer] = ask(lan, message(1, {}, more))
  const [ack] = ask(lan, message(3, { 50: ip(formatIpv4(offer.yiaddr)), 54: wire.option(offer, 54) as Uint8Array }, more))
  return ack
}

const value = (reply: wire.Message | undefined, code: number): string => hex(wire.option(reply as wire.Message, code) ?? new Uint8Array(0))

describe('dhcp, a probe before the offer', () => {
  const config = { range: '10.0.0.100-10.0.0.101', probe: true }

  it('offers what nobody answers for, half a second later', () => {
    const lan = serviceBench(dhcp, config)
    lan.say(wire.build(message(1)), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    expect(lan.port.lines()).toEqual([expect.stringMatching(/arp/)])
    lan.wait(milliseconds(501))
    expect(lan.heard().map((each) => wire.typeOf(wire.parse(each.datagram.payload)))).toEqual([2])
  })

  it('takes another where somebody answers, and remembers that', () => {
    const lan = serviceBench(dhcp, config)
    expect(ask(lan, message(1))).toEqual([])
    for (const last of [100, 101]) lan.port.hear(arpFrame(2, stranger, parseIpv4(`10.0.0.${last}`), serverMac, server, serverMac))
    lan.wait(seconds(1))
    const offers = lan.heard()
    const taken = (lan.service.inspect?.()['leases'] ?? []).filter((lease) => lease['status'] === 'declined')
    expect([offers.length, taken.length]).toEqual([1, 1])
    expect(taken[0]).toMatchObject({ mac: '02:00:00:00:00:99' })
    expect(lan.log.take().filter((each) => each.startsWith('warn dhcp.conflict'))).toHaveLength(1)
  })

  it('does not ask again for whom the address is already', () => {
    const lan = serviceBench(dhcp, config)
    ask(lan, message(1))
    lan.wait(seconds(1))
    const [offer] = lan.heard().map((each) => wire.parse(each.datagram.payload))
    ask(lan, message(3, { 50: ip(formatIpv4(offer.yiaddr)) }))
    expect(ask(lan, message(1)).map(wire.typeOf)).toEqual([2])
  })
})

const leases = (lan: ServiceBench): readonly unknown[] => lan.service.inspect?.()['leases'] ?? []

describe('dhcp, leases kept', () => {
  const config = { range: '10.0.0.100-10.0.0.199', lease: '1h', leases: './leases' }

  it('are there after a restart, with what was left of their time', () => {
    const journals = new MemoryJournals()
    const first = serviceBench(dhcp, config, { journals })
    const { yiaddr } = acquire(first)
    first.wait(seconds(600))
    acquire(first, { chaddr: stranger })
    // Killed in the middle of a line.
    journals.kept.set('./leases', concat(journals.kept.get('./leases') as Uint8Array, utf8('{"address":1')))
    const second = serviceBench(dhcp, config, { journals })
    expect(leases(second)).toContainEqual(expect.objectContaining({ address: formatIpv4(yiaddr), status: 'bound', expires: '3000.000000s' }))
    second.wait(seconds(100))
    second.meet(yiaddr)
    expect(ask(second, message(3, {}, { ciaddr: yiaddr }), { address: yiaddr, port: 68 }).map(wire.typeOf)).toEqual([5])
    const third = serviceBench(dhcp, config, { journals })
    expect(leases(third)).toHaveLength(2)
    expect(third.log.take().join()).toMatch(/1 lines of the journal can't be read/)
  })

  it('come to few lines, however often they are renewed, and offers to none', () => {
    const journals = new MemoryJournals()
    const lan = serviceBench(dhcp, config, { journals })
    ask(lan, message(1))
    expect(journals.kept.get('./leases')).toBeUndefined()
    const { yiaddr } = acquire(lan)
    for (let time = 0; time < 1500; time++) ask(lan, message(3, {}, { ciaddr: yiaddr }), { address: yiaddr, port: 68 })
    expect(fromUtf8(journals.kept.get('./leases') as Uint8Array).split('\n').length).toBeLessThan(1002)
  })
})

const relayed = (lan: ServiceBench, giaddr: string, more: Partial<wire.Message> = {}, options = {}): wire.Message[] => {
  lan.meet(parseIpv4(giaddr), stranger)
  lan.host.ip.routes.add({ to: { network: parseIpv4('10.0.0.0'), prefix: 8 }, via: undefined, interface: lan.host.ip.interfaces[0], metric: 1 })
  return ask(lan, message(1, options, { giaddr: parseIpv4(giaddr), hops: 1, ...more }), { address: parseIpv4(giaddr), port: 67 })
}

describe('dhcp, networks behind relays', () => {
  const config = {
    range: '10.0.0.100-10.0.0.199', dns: '10.0.0.1', hosts: { '52:54:00:12:34:56': '10.1.0.7' },
    scopes: { '10.1.0.0/24': { range: '10.1.0.50-10.1.0.60', lease: '30m' }, '10.2.0.0/16': { range: '10.2.1.1-10.2.1.9', router: '10.2.0.1', domain: 'far.lab' } },
  }
  it('get addresses of their own, and the relay for a router', () => {
    const [offer] = relayed(serviceBench(dhcp, config), '10.1.0.1', { chaddr: stranger })
    expect(formatIpv4(offer.yiaddr)).toMatch(/^10\.1\.0\.(5\d|60)$/)
    expect([value(offer, 1), value(offer, 3), value(offer, 6), value(offer, 28), value(offer, 51), value(offer, 54)]).toEqual(['ffffff00', '0a010001', '0a000001', '0a0100ff', '00000708', '0a000001'])
    const [far] = relayed(serviceBench(dhcp, config), '10.2.0.9', { chaddr: stranger })
    expect([formatIpv4(far.yiaddr).slice(0, 7), value(far, 1), value(far, 3), value(far, 15)]).toEqual(['10.2.1.', 'ffff0000', '0a020001', hex(utf8('far.lab'))])
  })

  it('know reservations, and the link that option 82 names', () => {
    expect(formatIpv4(relayed(serviceBench(dhcp, config), '10.1.0.1')[0].yiaddr)).toBe('10.1.0.7')
    const [offer] = relayed(serviceBench(dhcp, config), '10.0.0.50', { chaddr: stranger }, { 82: unhex('0504 0a020000') })
    expect(formatIpv4(offer.yiaddr)).toMatch(/^10\.2\.1\./)
    expect(value(offer, 82)).toBe('05040a020000')
  })

  it('are renewed without the relay', () => {
    const lan = serviceBench(dhcp, config)
    const [offer] = relayed(lan, '10.1.0.1', { chaddr: stranger })
    lan.meet(offer.yiaddr, stranger)
    const replies = ask(lan, message(3, {}, { chaddr: stranger, ciaddr: offer.yiaddr }), { address: offer.yiaddr, port: 68 })
    expect(replies.map(wire.typeOf)).toEqual([5])
    expect(relayed(lan, '10.9.0.1')).toEqual([])
  })

  it.each([
    [{ scopes: { '10.1.0.0': {} } }, ['scopes', '10.1.0.0']], [{ scopes: { '10.1.0.0/24': {} } }, ['scopes', '10.1.0.0/24']],
    [{ scopes: { '10.1.0.0/24': { range: '10.2.0.1-10.2.0.9' } } }, ['scopes', '10.1.0.0/24', 'range']], [{ scopes: { '10.1.0.0/24': { hosts: {} } } }, ['scopes', '10.1.0.0/24', 'hosts']],
    [{ proxy: true, range: '10.0.0.1-10.0.0.2' }, ['range']], [{ probe: 1 }, ['probe']],
  ])('refuses %j', (given, path) => {
    expect(() => dhcp.parse(given)).toThrow(expect.objectContaining({ path }))
  })
})

describe('dhcp, by client id', () => {
  it('reserves for who calls itself so', () => {
    const lan = serviceBench(dhcp, { hosts: { 'id:ff:00:01': '10.0.0.42' } })
    expect(ask(lan, message(1, { 61: unhex('ff0001') })).map(({ yiaddr }) => formatIpv4(yiaddr))).toEqual(['10.0.0.42'])
    expect(ask(lan, message(1, { 61: unhex('ff0002') })).map(({ yiaddr }) => formatIpv4(yiaddr))).not.toEqual(['10.0.0.42'])
  })
})

describe('dhcp, options', () => {
  it('tells the routes of RFC 3442 by the number that a client asks for', () => {
    const lan = serviceBench(dhcp, { options: { 'classless-routes': ['10.1.0.0/16 via 10.0.0.2', 'default via 10.0.0.1'] } })
    const [offer] = ask(lan, message(1, { 55: unhex('79f9') }))
    expect([value(offer, 121), value(offer, 249)]).toEqual(['100a010a000002000a000001', '100a010a000002000a000001'])
  })

  it('cuts a long option into pieces and joins one that came so (RFC 3396)', () => {
    const long = Array.from({ length: 300 }, (_, at) => (at & 255).toString(16).padStart(2, '0')).join('')
    const lan = serviceBench(dhcp, { options: { 43: { value: `0x${long}`, force: true } } })
    lan.say(wire.build(message(1, { 57: unhex('05dc') })), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    const [sent] = lan.heard()
    expect(hex(sent.datagram.payload)).toContain(`2bff${long.slice(0, 510)}2b2d${long.slice(510)}`)
    expect(value(wire.parse(sent.datagram.payload), 43)).toBe(long)
  })
})

describe('dhcp, the boot service of PXE', () => {
  const pxe = { 60: 'PXEClient:Arch:00007:UNDI:003016', 93: unhex('0007'), 97: unhex('00 0102030405060708090a0b0c0d0e0f10') }
  const config = { proxy: true, boot: { file: 'pxelinux.0' }, match: [{ arch: 7, boot: { file: 'grub.efi' } }] }

  it('answers beside a foreign server, and gives no address', () => {
    const lan = serviceBench(dhcp, config)
    const [offer, ...more] = ask(lan, message(1, pxe))
    expect(more).toEqual([])
    expect(offer).toMatchObject({ yiaddr: 0, siaddr: server, file: 'grub.efi' })
    expect([value(offer, 53), value(offer, 54), value(offer, 60), value(offer, 43), value(offer, 97), value(offer, 51), value(offer, 3)]).toEqual(['02', '0a000001', hex(utf8('PXEClient')), '060108ff', '000102030405060708090a0b0c0d0e0f10', '', ''])
    expect(lan.service.inspect?.()['leases']).toEqual([])
  })

  it('leaves all others, and all the rest, to the foreign server', () => {
    const lan = serviceBench(dhcp, config)
    expect(ask(lan, message(1))).toEqual([])
    expect(ask(lan, message(3, { ...pxe, 50: ip('10.0.0.100'), 54: ip('10.0.0.9') }))).toEqual([])
  })

  it.each([[config], [{ range: '10.0.0.100-10.0.0.199', boot: { file: 'grub.efi' } }]])('answers who comes to port 4011: %j', (given) => {
    const lan = serviceBench(dhcp, given)
    lan.meet()
    lan.say(wire.build(message(3, pxe, { ciaddr: parseIpv4('10.0.0.100') })), { port: 68 }, { port: 4011 })
    const [sent] = lan.heard()
    expect([sent.datagram.sourcePort, sent.datagram.destinationPort]).toEqual([4011, 68])
    const ack = wire.parse(sent.datagram.payload)
    expect(ack).toMatchObject({ file: 'grub.efi', yiaddr: 0 })
    expect(value(ack, 53)).toBe('05')
    expect(ask(lan, message(3, {}, { ciaddr: parseIpv4('10.0.0.100') }), { address: parseIpv4('10.0.0.100'), port: 68 }, { port: 4011 })).toEqual([])
  })
})

