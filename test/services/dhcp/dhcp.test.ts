import { describe, expect, it } from 'vitest'
import { concat, hex, latin1, unhex, utf8 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { broadcastMac, formatIpv4, parseIpv4 } from '../../../src/wire/address.ts'
import * as wire from '../../../src/wire/dhcp.ts'
import { dhcp } from '../../../services/dhcp/dhcp.ts'
import type { ServiceBench, ServiceBenchOptions } from '../bench.ts'
import { clientMac, serviceBench } from '../bench.ts'

const mac = clientMac
const address = (text: string): Uint8Array => Uint8Array.from(text.split('.'), Number)
type Options = Readonly<Record<number, Uint8Array | string>>

/** A client's message as the guests build theirs: flags 0, secs 0. */
function message(type: number | undefined, options: Options = {}, more: Partial<wire.Message> = {}): wire.Message {
  const given = Object.entries(options).map(([code, data]) => ({ code: Number(code), data: typeof data === 'string' ? utf8(data) : data }))
  const first = type === undefined ? [] : [{ code: 53, data: Uint8Array.of(type) }]
  return { op: 'request', htype: 1, hops: 0, xid: 0x1234_5678, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: mac, sname: '', file: '', options: [...first, ...given], ...more }
}

const uboot: Options = { 57: unhex('0240'), 94: unhex('010000'), 60: 'U-Boot', 55: unhex('0103060c11') }
const pxe: Options = { 57: unhex('0240'), 94: unhex('010000'), 60: 'PXEClient:Arch:00027:UNDI:003000', 93: unhex('001b'), 55: unhex('0103060c11') }
const linux: Options = { 55: unhex('0103060c0f111a282a') }
const udhcpc: Options = { 57: unhex('0240'), 60: 'udhcp 1.37.0', 61: concat(unhex('01'), mac), 55: unhex('0103060c0f1c2a') }

const config = { range: '10.0.0.100-10.0.0.199', lease: '1h', boot: { file: 'boot.scr.uimg' } }

interface World extends ServiceBench {
  ask(request: wire.Message): wire.Message | undefined
  askFrom(request: wire.Message, from: string, to?: string): wire.Message | undefined
  acquire(options?: Options, more?: Partial<wire.Message>): wire.Message
}

function world(given: unknown = config, options: ServiceBenchOptions = {}): World {
  const bench = serviceBench(dhcp, given, options)
  const send = (request: wire.Message, from: string, to: string): wire.Message | undefined => {
    bench.say(wire.build(request), { address: parseIpv4(from), port: 68, mac: request.chaddr }, { address: parseIpv4(to), port: 67, mac: to === '255.255.255.255' ? broadcastMac : undefined as never })
    const [reply, ...more] = bench.heard()
    expect(more).toEqual([])
    return reply === undefined ? undefined : wire.parse(reply.datagram.payload)
  }
  const made: World = {
    ...bench,
    ask: (request) => send(request, '0.0.0.0', '255.255.255.255'),
    askFrom: (request, from, to = '10.0.0.1') => send(request, from, to),
    acquire: (given = uboot, more = {}) => {
      const offer = made.ask(message(1, given, more)) as wire.Message
      return made.ask(message(3, { ...given, 50: address(formatIpv4(offer.yiaddr)), 54: wire.option(offer, 54) as Uint8Array }, more)) as wire.Message
    },
  }
  return made
}

const codes = (reply: wire.Message | undefined): number[] => (reply?.options ?? []).map((option) => option.code)

describe('dhcp, the usual exchange', () => {
  it("answers U-Boot's DISCOVER byte for byte, to its MAC without asking ARP", () => {
    const lan = world()
    const discover = wire.build({ ...message(1, uboot), file: 'boot.scr.uimg' })
    lan.say(discover, { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    const frames = lan.port.take()
    expect(frames).toHaveLength(1)
    const [frame] = frames
    const given = frame.subarray(14 + 20 + 8 + 16, 14 + 20 + 8 + 20)
    expect(hex(frame.subarray(0, 14))).toBe('5254001234560200000000010800')
    expect(hex(frame.subarray(34, 38))).toBe('00430044')
    expect(frame.subarray(30, 34)).toEqual(given)
    expect(frame.subarray(42)).toEqual(concat(
      unhex('02 01 06 00'), // op, htype, hlen, hops
      unhex('12 34 56 78'), // xid
      unhex('00 00 00 00'), // secs, flags
      unhex('00 00 00 00'), // ciaddr
      given, // yiaddr
      unhex('0a 00 00 01'), // siaddr
      unhex('00 00 00 00'), // giaddr
      unhex('52 54 00 12 34 56 00 00 00 00 00 00 00 00 00 00'), // chaddr
      new Uint8Array(64), // sname
      latin1('boot.scr.uimg'),
      new Uint8Array(115), // file
      unhex('63 82 53 63'),
      unhex('35 01 02'), // OFFER
      unhex('36 04 0a 00 00 01'), // server
      unhex('33 04 00 00 0e 10'), // lease of an hour
      unhex('3a 04 00 00 07 08'), // T1
      unhex('3b 04 00 00 0c 4e'), // T2
      unhex('01 04 ff ff ff 00'), // as asked by option 55: mask,
      unhex('03 04 0a 00 00 01'), // router,
      unhex('06 04 0a 00 00 01'), // DNS
      unhex('ff'),
      new Uint8Array(300 - 240 - 46),
    ))
  })

  it('goes from DISCOVER to ACK and tells it', () => {
    const lan = world(config, { nodes: [{ name: 'node1', macs: [mac] }] })
    const ack = lan.acquire()
    const leased = formatIpv4(ack.yiaddr)
    expect(wire.typeOf(ack)).toBe(5)
    expect(ack.file).toBe('boot.scr.uimg')
    expect(wire.option(ack, 12)).toEqual(latin1('node1'))
    expect(lan.log.take()).toEqual([
      'info dhcp.discover: node1 (52:54:00:12:34:56) asks for an address',
      `info dhcp.offer: node1 (52:54:00:12:34:56) is offered ${leased}, boot file boot.scr.uimg`,
      `info dhcp.request: node1 (52:54:00:12:34:56) requests ${leased}`,
      `info dhcp.ack: node1 (52:54:00:12:34:56) has ${leased}, boot file boot.scr.uimg`,
    ])
    expect(lan.service.inspect?.()['leases']).toEqual([{ address: leased, mac: '52:54:00:12:34:56', name: 'node1', status: 'bound', expires: '3600.000000s' }])
  })

  it('gives firmware, kernel and udhcpc of one machine the same address', () => {
    const lan = world()
    const first = lan.acquire(uboot).yiaddr
    expect([pxe, linux, udhcpc].map((options) => lan.acquire(options).yiaddr)).toEqual([first, first, first])
    expect(lan.service.inspect?.()['leases']).toHaveLength(1)
  })

  it('gives the same client the same address in every run, whoever came before', () => {
    const alone = world().acquire().yiaddr
    const crowded = world()
    for (let at = 0; at < 20; at++) crowded.acquire(linux, { chaddr: unhex(`0200000001${at.toString(16).padStart(2, '0')}`) })
    expect(crowded.acquire().yiaddr).toBe(alone)
  })

  it('answers in the order of option 55, and all it has where there is none', () => {
    const lan = world({ ...config, options: { 42: '10.0.0.1', 'domain-name': 'lab' } })
    expect(codes(lan.ask(message(1, udhcpc)))).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 28, 42, 61])
    expect(codes(lan.ask(message(1, { 55: unhex('2a0f0601') })))).toEqual([53, 54, 51, 58, 59, 42, 15, 6, 1])
    expect(codes(lan.ask(message(1)))).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 28, 42, 66, 67])
  })

  it('broadcasts to who asks for it', () => {
    const lan = world()
    lan.say(wire.build(message(1, linux, { broadcast: true })), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    const [reply] = lan.heard()
    expect(reply.to).toEqual(broadcastMac)
    expect(reply.packet.destination).toBe(0xffff_ffff)
  })
})

describe('dhcp, keeping and ending a lease', () => {
  it('renews by unicast and rebinds by broadcast, to the address itself', () => {
    const lan = world()
    const { yiaddr } = lan.acquire()
    lan.meet(yiaddr)
    lan.wait(seconds(1800))
    lan.meet(yiaddr)
    const renewed = lan.askFrom(message(3, linux, { ciaddr: yiaddr }), formatIpv4(yiaddr))
    expect(renewed).toMatchObject({ yiaddr, ciaddr: yiaddr })
    expect(wire.typeOf(renewed as wire.Message)).toBe(5)
    expect(lan.service.inspect?.()['leases'][0]['expires']).toBe('5400.000000s')
    expect(wire.typeOf(lan.ask(message(3, linux, { ciaddr: yiaddr })) as wire.Message)).toBe(5)
  })

  it('confirms a rebooting client (INIT-REBOOT) what it had, and adopts one that it forgot', () => {
    const lan = world()
    const { yiaddr } = lan.acquire()
    expect(lan.ask(message(3, { ...linux, 50: address(formatIpv4(yiaddr)) }))?.yiaddr).toBe(yiaddr)
    const fresh = world()
    expect(fresh.ask(message(3, { ...linux, 50: address('10.0.0.150') }))?.yiaddr).toBe(parseIpv4('10.0.0.150'))
  })

  it('says NAK by broadcast to an address of another network, of another client, or out of the range', () => {
    const lan = world()
    const { yiaddr } = lan.acquire()
    lan.log.take()
    const other = { chaddr: unhex('020000000099') }
    for (const wanted of ['192.168.1.5', formatIpv4(yiaddr), '10.0.0.1', '10.0.0.5']) {
      lan.say(wire.build(message(3, { ...linux, 50: address(wanted) }, other)), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
      const [reply] = lan.heard()
      expect(reply.to).toEqual(broadcastMac)
      expect(codes(wire.parse(reply.datagram.payload))).toEqual([53, 54, 56])
      expect(wire.typeOf(wire.parse(reply.datagram.payload))).toBe(6)
    }
    expect(lan.log.take().filter((line) => line.includes('dhcp.nak'))).toHaveLength(4)
  })

  it('takes a REQUEST that forgot its address as one for what was offered', () => {
    const lan = world()
    expect(lan.ask(message(3, linux))).toBeUndefined()
    const offered = lan.ask(message(1, linux))?.yiaddr
    expect(lan.ask(message(3, linux))).toMatchObject({ yiaddr: offered })
  })

  it('takes its offer back when the client chooses another server', () => {
    const lan = world()
    lan.ask(message(1, linux))
    expect(lan.ask(message(3, { ...linux, 50: address('10.0.0.7'), 54: address('10.0.0.2') }))).toBeUndefined()
    expect(lan.service.inspect?.()['leases']).toEqual([])
  })

  it('takes a released address back and gives it to its client again', () => {
    const lan = world()
    const { yiaddr } = lan.acquire()
    lan.askFrom(message(7, {}, { ciaddr: yiaddr }), formatIpv4(yiaddr))
    expect(lan.service.inspect?.()['leases'][0]['status']).toBe('released')
    expect(lan.acquire().yiaddr).toBe(yiaddr)
  })

  it('gives another address after DECLINE and leaves the declined one alone', () => {
    const lan = world()
    const { yiaddr } = lan.acquire()
    lan.log.take()
    expect(lan.ask(message(4, { 50: address(formatIpv4(yiaddr)), 54: address('10.0.0.1') }))).toBeUndefined()
    expect(lan.log.take()[0]).toMatch(/^warn dhcp\.decline: /)
    expect(lan.acquire().yiaddr).not.toBe(yiaddr)
    expect(lan.service.inspect?.()['leases'].map((lease) => lease['status']).sort()).toEqual(['bound', 'declined'])
  })

  it('informs without a lease', () => {
    const lan = world()
    lan.meet(parseIpv4('10.0.0.5'))
    const ack = lan.askFrom(message(8, linux, { ciaddr: parseIpv4('10.0.0.5') }), '10.0.0.5')
    expect(ack).toMatchObject({ yiaddr: 0, ciaddr: parseIpv4('10.0.0.5') })
    expect(codes(ack)).toEqual([53, 54, 1, 3, 6])
    expect(lan.service.inspect?.()['leases']).toEqual([])
  })

  it('lets an offer lapse after a minute and a lease after its hour', () => {
    const lan = world({ ...config, range: '10.0.0.100-10.0.0.100' })
    lan.ask(message(1, linux))
    const other = { chaddr: unhex('020000000099') }
    lan.log.take()
    expect(lan.ask(message(1, linux, other))).toBeUndefined()
    expect(lan.log.take().at(-1)).toBe('warn dhcp.pool-exhausted: no address left for 02:00:00:00:00:99')
    lan.wait(seconds(60))
    expect(lan.acquire(linux, other).yiaddr).toBe(parseIpv4('10.0.0.100'))
    expect(lan.ask(message(1, linux))).toBeUndefined()
    lan.wait(seconds(3600))
    expect(lan.service.inspect?.()['leases'][0]['status']).toBe('expired')
    expect(lan.ask(message(1, linux))?.yiaddr).toBe(parseIpv4('10.0.0.100'))
  })

  it('serves BOOTP, with and without the magic cookie, for ever', () => {
    const lan = world()
    const reply = lan.ask(message(undefined, {}))
    expect(codes(reply)).toEqual([1, 3, 6, 28, 66, 67])
    expect(reply?.file).toBe('boot.scr.uimg')
    const plain = lan.ask({ ...message(undefined), options: undefined })
    expect(plain?.options).toBeUndefined()
    expect(plain?.yiaddr).toBe(reply?.yiaddr)
    expect(lan.service.inspect?.()['leases'][0]['expires']).toBe('never')
  })
})

describe('dhcp, what the lab file says', () => {
  it('gives a file by architecture, the first rule that matches', () => {
    const lan = world({ ...config, match: [{ arch: 27, boot: { file: 'grubriscv64.efi' } }, { vendor: 'PXEClient', boot: 'pxelinux.0', options: { 210: '/tftp/' } }] })
    expect(lan.ask(message(1, pxe))?.file).toBe('grubriscv64.efi')
    expect(lan.ask(message(1, { ...pxe, 93: unhex('0000') }))?.file).toBe('pxelinux.0')
    expect(codes(lan.ask(message(1, { ...pxe, 55: unhex('d201') })))).toContain(210)
    expect(lan.ask(message(1, uboot))?.file).toBe('boot.scr.uimg')
  })

  it('gives hosts their address, name and boot file, by node or by MAC', () => {
    const nodes = [{ name: 'node1', macs: [mac] }]
    const lan = world({ ...config, hosts: { node1: '10.0.0.10', '02:00:00:00:00:99': { address: '10.0.0.11', name: 'other', boot: 'other.img' } } }, { nodes })
    expect(lan.acquire().yiaddr).toBe(parseIpv4('10.0.0.10'))
    const other = lan.acquire(uboot, { chaddr: unhex('020000000099') })
    expect(other).toMatchObject({ yiaddr: parseIpv4('10.0.0.11'), file: 'other.img' })
    expect(wire.option(other, 12)).toEqual(latin1('other'))
    expect(lan.acquire({ ...linux, 61: unhex('ff00000001') }).yiaddr).toBe(parseIpv4('10.0.0.10'))
    expect(wire.typeOf(lan.ask(message(3, { ...linux, 50: address('10.0.0.120') })) as wire.Message)).toBe(6)
  })

  it('sends options of the file: own over made, forced unasked', () => {
    const lan = world({ ...config, router: 'none', dns: ['10.0.0.53', '9.9.9.9'], domain: 'lab', options: { 17: '10.0.0.1:/srv/root', 43: { value: 0x0104deadbeef, force: true }, 3: '10.0.0.254' } })
    const reply = lan.ask(message(1, uboot)) as wire.Message
    expect(codes(reply)).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 17, 43])
    expect(wire.option(reply, 3)).toEqual(address('10.0.0.254'))
    expect(wire.option(reply, 6)).toEqual(unhex('0a000035 09090909'))
    expect(wire.option(reply, 17)).toEqual(latin1('10.0.0.1:/srv/root'))
    expect(wire.option(reply, 43)).toEqual(unhex('0104deadbeef'))
    const bare = world({ ...config, router: 'none', dns: false })
    expect(codes(bare.ask(message(1, uboot)))).toEqual([53, 54, 51, 58, 59, 1])
  })

  it('names another boot server by address or by name', () => {
    const byAddress = world({ ...config, boot: { file: 'x', server: '10.0.0.7' } }).ask(message(1, { 55: unhex('4243') })) as wire.Message
    expect(byAddress).toMatchObject({ siaddr: parseIpv4('10.0.0.7'), sname: '', file: 'x' })
    expect(wire.option(byAddress, 66)).toEqual(latin1('10.0.0.7'))
    expect(wire.option(byAddress, 67)).toEqual(latin1('x'))
    expect(world({ ...config, boot: { file: 'x', server: 'files.lab' } }).ask(message(1))).toMatchObject({ siaddr: 0, sname: 'files.lab' })
  })

  it('sends a URL to who speaks HTTP and a file to all others', () => {
    const lan = world({ ...config, boot: { file: 'grub.efi', url: 'http://10.0.0.1/grub.efi' } })
    const http = lan.ask(message(1, { ...pxe, 60: 'HTTPClient:Arch:00027:UNDI:003000' })) as wire.Message
    expect(wire.option(http, 60)).toEqual(latin1('HTTPClient'))
    expect(wire.option(http, 67)).toEqual(latin1('http://10.0.0.1/grub.efi'))
    expect(lan.ask(message(1, { 77: 'iPXE' }))?.file).toBe('http://10.0.0.1/grub.efi')
    expect(lan.ask(message(1, pxe))?.file).toBe('grub.efi')
  })

  it('puts a long file name into option 67, and overloads sname before it leaves anything out', () => {
    const long = `${'d/'.repeat(80)}x`
    const reply = world({ ...config, boot: long }).ask(message(1, uboot)) as wire.Message
    expect(reply.file).toBe('')
    expect(wire.option(reply, 67)).toEqual(latin1(long))
    const full = world({ ...config, options: { 17: 'r'.repeat(200), 43: { value: '0x0102', force: true }, 210: { value: 'p'.repeat(60), force: true } } })
    const packed = full.ask(message(1, uboot)) as wire.Message
    expect(codes(packed).sort((a, b) => a - b)).toEqual([1, 3, 6, 17, 43, 51, 53, 54, 58, 59, 210])
    expect(packed.file).toBe('boot.scr.uimg')
    expect(full.log.take().some((line) => line.includes('options-left'))).toBe(false)
  })

  it('says so when options find no room', () => {
    const lan = world({ ...config, options: { 17: 'r'.repeat(250), 210: { value: 'p'.repeat(200), force: true } } })
    expect(codes(lan.ask(message(1, uboot)))).not.toContain(210)
    expect(lan.log.take().filter((line) => line.includes('dhcp.options-left'))).toHaveLength(1)
    expect(codes(lan.ask(message(1, { ...uboot, 57: unhex('05dc') })))).toContain(210)
  })
})

describe('dhcp, relays and noise', () => {
  it('answers to the relay, with its option 82 last', () => {
    const lan = world()
    const relay = parseIpv4('10.0.0.2')
    lan.meet(relay, unhex('020000000002'))
    lan.say(wire.build(message(1, { ...linux, 82: unhex('0102 6131'.replace(' ', '')) }, { giaddr: relay, hops: 1 })), { address: relay, port: 67, mac: unhex('020000000002') }, { port: 67 })
    const [reply] = lan.heard()
    expect(reply.packet.destination).toBe(relay)
    expect(reply.datagram.destinationPort).toBe(67)
    expect(codes(wire.parse(reply.datagram.payload)).at(-1)).toBe(82)
  })

  it('is silent to relays of unknown networks, and says so', () => {
    const lan = world()
    expect(lan.ask(message(1, linux, { giaddr: parseIpv4('172.16.0.1') }))).toBeUndefined()
    expect(lan.log.take()).toEqual([expect.stringMatching(/^warn dhcp\.unknown-network/)])
  })

  it('counts what it can’t read, logs it once, and answers no replies', () => {
    const lan = world()
    for (let length = 0; length < 240; length += 7) lan.say(wire.build(message(1)).slice(0, length), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    lan.say(wire.build({ ...message(2), op: 'reply' }), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    lan.say(wire.build(message(99)), { address: 0, port: 68 }, { address: 0xffff_ffff, port: 67, mac: broadcastMac })
    expect(lan.heard()).toEqual([])
    expect(lan.log.take().filter((line) => line.includes('dhcp.malformed'))).toHaveLength(1)
  })

  it('stays within its range under a flood of made-up clients, and serves on', () => {
    const lan = world({ ...config, range: '10.0.0.100-10.0.0.109' })
    for (let at = 0; at < 500; at++) lan.ask(message(1, linux, { chaddr: unhex(`0200000${at.toString(16).padStart(5, '0')}`) }))
    expect(lan.service.inspect?.()['leases']).toHaveLength(10)
    lan.wait(seconds(61))
    expect(lan.acquire().yiaddr).toBeGreaterThan(0)
  })

  it('stops when it is closed', () => {
    const lan = world()
    lan.service.close()
    expect(lan.ask(message(1, linux))).toBeUndefined()
  })
})
