import { describe, expect, it } from 'vitest'
import { hex, latin1 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { parseIpv4 } from '../../../src/wire/address.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as icmp from '../../../src/wire/icmp.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as wire from '../../../src/wire/tftp.ts'
import type { Option, Packet } from '../../../src/wire/tftp.ts'
import { tftp } from '../../../services/tftp/tftp.ts'
import type { ServiceBench, ServiceBenchOptions } from '../bench.ts'
import { client, clientMac, server, serverMac, serviceBench } from '../bench.ts'

const fill = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31) ^ (at >> 8))

interface Client extends ServiceBench {
  /** Server's port of the transfer, once it has spoken. */
  tid: number
  request(file: string, options?: readonly Option[], more?: { kind?: 'rrq' | 'wrq'; mode?: string; port?: number }): void
  say69(bytes: Uint8Array, port?: number): void
  send(packet: Packet, port?: number): void
  ack(block: number, port?: number): void
  /** What came since the last call. */
  packets(): Packet[]
}

function world(options: ServiceBenchOptions = {}, config: unknown = {}): Client {
  const bench = serviceBench(tftp, config, options)
  bench.meet()
  const made: Client = {
    ...bench,
    tid: 0,
    request: (file, given = [], { kind = 'rrq', mode = 'octet', port = 2000 } = {}) => made.say69(wire.build({ kind, file, mode, options: given }), port),
    say69: (bytes, port = 2000) => bench.say(bytes, { port }, { port: 69 }),
    send: (packet, port = 2000) => bench.say(wire.build(packet), { port }, { port: made.tid }),
    ack: (block, port) => made.send({ kind: 'ack', block }, port),
    packets: () => bench.heard().map(({ datagram }) => {
      made.tid = datagram.sourcePort
      const packet = wire.parse(datagram.payload)
      return packet.kind === 'data' ? { ...packet, data: packet.data.slice() } : packet
    }),
  }
  return made
}

/** Fetches a whole file as a plain client does. */
function fetch(lan: Client, window = 1, blksize = 512): Uint8Array {
  const parts: Uint8Array[] = []
  let block = 0
  for (;;) {
    const packets = lan.packets()
    if (packets.length === 0) throw new Error('silence')
    for (const packet of packets) {
      if (packet.kind === 'oack') {
        lan.ack(0)
        continue
      }
      if (packet.kind !== 'data') throw new Error(packet.kind)
      expect(packet.block).toBe((block + 1) & 0xffff)
      block++
      parts.push(packet.data)
      if (packet.data.length < blksize || block % window === 0) lan.ack(packet.block)
      if (packet.data.length < blksize) return Uint8Array.from(parts.flatMap((part) => [...part]))
    }
  }
}

describe('tftp, reading', () => {
  it("serves U-Boot's request with blksize and timeout, byte for byte", () => {
    const lan = world({ files: { 'boot.scr.uimg': 'hello' } })
    lan.say69(latin1('\0\u0001boot.scr.uimg\0octet\0timeout\x005\0blksize\x001468\0'))
    const [oack] = lan.heard()
    expect(oack.to).toEqual(clientMac)
    expect(oack.datagram.destinationPort).toBe(2000)
    expect(oack.datagram.sourcePort).not.toBe(69)
    expect(hex(oack.datagram.payload)).toBe(hex(latin1('\0\u0006timeout\x005\0blksize\x001468\0')))
    lan.tid = oack.datagram.sourcePort
    lan.ack(0)
    const [data] = lan.heard()
    expect(data.datagram.payload).toEqual(latin1('\0\u0003\0\u0001hello'))
    lan.ack(1)
    lan.wait(seconds(60))
    expect(lan.heard()).toEqual([])
    expect(lan.log.take()).toEqual([
      'info tftp.request: 10.0.0.100: tftp read request boot.scr.uimg octet timeout=5 blksize=1468',
      'info tftp.done: 10.0.0.100 has boot.scr.uimg, 5 bytes',
    ])
    expect(lan.files.opened).toBe(0)
  })

  it.each([0, 1, 511, 512, 513, 1023, 1024, 70_000])('serves %i bytes without options', (length) => {
    const lan = world({ files: { f: fill(length) } })
    lan.request('f')
    expect(fetch(lan)).toEqual(fill(length))
    expect(lan.service.inspect?.()['transfers']).toEqual([])
  })

  it('rolls over after block 65535', () => {
    const data = fill(8 * 65_540 + 3)
    const lan = world({ files: { f: data } })
    lan.request('f', [['blksize', '8'], ['windowsize', '64']])
    const got = fetch(lan, 64, 8)
    expect(got.length).toBe(data.length)
    expect(got.every((byte, at) => byte === data[at])).toBe(true)
  }, 20_000)

  it("serves GRUB's blksize and tsize, and takes its abort", () => {
    const lan = world({ files: { 'grub.cfg': fill(3000) } })
    lan.request('grub.cfg', [['blksize', '1024'], ['tsize', '0']])
    expect(lan.packets()).toEqual([{ kind: 'oack', options: [['blksize', '1024'], ['tsize', '3000']] }])
    lan.send({ kind: 'error', code: 0, message: 'User aborted' })
    lan.wait(seconds(60))
    expect(lan.packets()).toEqual([])
    expect(lan.log.take()[1]).toBe('info tftp.aborted: 10.0.0.100 stopped grub.cfg after 0 bytes: User aborted')
    expect(lan.files.opened).toBe(0)
  })

  it.each<[string, readonly Option[], readonly Option[] | undefined]>([
    ['nothing asked', [], undefined],
    ['unknown options only', [['multicast', ''], ['x', '1']], undefined],
    ['blksize beyond the MTU', [['blksize', '65464']], [['blksize', '1468']]],
    ['blksize 8', [['blksize', '8']], [['blksize', '8']]],
    ['blksize 7, which is not allowed', [['blksize', '7']], undefined],
    ['blksize that is no number', [['blksize', 'big']], undefined],
    ['names in capitals, in their order', [['TSIZE', '0'], ['BlkSize', '1024']], [['tsize', '10'], ['blksize', '1024']]],
    ['timeout 255', [['timeout', '255']], [['timeout', '255']]],
    ['timeout 0', [['timeout', '0']], undefined],
    ['timeout 256', [['timeout', '256']], undefined],
    ['windowsize 16', [['windowsize', '16']], [['windowsize', '16']]],
    ['windowsize 1000', [['windowsize', '1000']], [['windowsize', '64']]],
    ['windowsize 0', [['windowsize', '0']], undefined],
    ['an option twice', [['blksize', '600'], ['blksize', '700']], [['blksize', '600']]],
  ])('answers %s', (_, asked, answered) => {
    const lan = world({ files: { f: fill(10) } })
    lan.request('f', asked)
    expect(lan.packets()).toEqual([answered === undefined ? { kind: 'data', block: 1, data: fill(10) } : { kind: 'oack', options: answered }])
  })

  it('keeps to the lab file and the MTU of the interface', () => {
    const small = world({ files: { f: fill(10) }, mtu: 576 })
    small.request('f', [['blksize', '1468']])
    expect(small.packets()).toEqual([{ kind: 'oack', options: [['blksize', '544']] }])
    const capped = world({ files: { f: fill(10) } }, { blksize: 1024, windowsize: 4 })
    capped.request('f', [['blksize', '1468'], ['windowsize', '8']])
    expect(capped.packets()).toEqual([{ kind: 'oack', options: [['blksize', '1024'], ['windowsize', '4']] }])
  })

  it('turns line ends in netascii and says no tsize', () => {
    const lan = world({ files: { f: 'a\nb\r\n' } })
    lan.request('f', [['tsize', '0']], { mode: 'NetASCII' })
    expect(lan.packets()).toEqual([{ kind: 'data', block: 1, data: latin1('a\r\nb\r\0\r\n') }])
  })

  it('serves netascii across blocks', () => {
    const lan = world({ files: { f: '\n'.repeat(1000) } })
    lan.request('f', [], { mode: 'netascii' })
    expect(fetch(lan)).toEqual(latin1('\r\n'.repeat(1000)))
  })

  it('serves many clients at once', () => {
    const lan = world({ files: { a: fill(1500), b: fill(700) } })
    lan.request('a', [], { port: 2000 })
    lan.request('b', [], { port: 2001 })
    const seen = lan.heard()
    expect(seen.map(({ datagram }) => datagram.destinationPort)).toEqual([2000, 2001])
    expect(new Set(seen.map(({ datagram }) => datagram.sourcePort)).size).toBe(2)
    expect(lan.service.inspect?.()['transfers']).toHaveLength(2)
    lan.tid = seen[1].datagram.sourcePort
    lan.ack(1, 2001)
    expect(lan.packets()).toEqual([{ kind: 'data', block: 2, data: fill(700).slice(512) }])
  })
})

const begun = (options: readonly Option[] = [], length = 5000): Client => {
  const lan = world({ files: { f: fill(length) } })
  lan.request('f', options)
  return lan
}

const numbers = (packets: readonly Packet[]): (number | string)[] => packets.map((packet) => (packet.kind === 'data' ? packet.block : packet.kind))

describe('tftp, losses', () => {
  it('sends a lost OACK again, and only goes on after ACK 0', () => {
    const lan = begun([['timeout', '2']])
    lan.packets()
    lan.wait(seconds(2) - 1)
    expect(lan.packets()).toEqual([])
    lan.wait(1)
    expect(numbers(lan.packets())).toEqual(['oack'])
    lan.ack(1)
    lan.ack(7)
    expect(lan.packets()).toEqual([])
    lan.ack(0)
    expect(numbers(lan.packets())).toEqual([1])
  })

  it('sends a lost block again after a second', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
    lan.wait(seconds(1))
    expect(numbers(lan.packets())).toEqual([2])
    lan.ack(2)
    expect(numbers(lan.packets())).toEqual([3])
  })

  it('gives a silent client up after six times and says so', () => {
    const lan = begun()
    lan.log.take()
    lan.wait(seconds(60))
    expect(numbers(lan.packets())).toEqual([1, 1, 1, 1, 1, 1, 'error'])
    expect(lan.log.take()).toEqual(['warn tftp.gave-up: 10.0.0.100 is silent: f given up after 0 bytes'])
    expect(lan.files.opened).toBe(0)
    expect(lan.service.inspect?.()['transfers']).toEqual([])
  })

  it('sends nothing for a duplicate acknowledgement (Sorcerer’s Apprentice)', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1)
    lan.ack(1)
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
    lan.ack(0)
    lan.ack(9)
    lan.ack(60_000)
    expect(lan.packets()).toEqual([])
    lan.ack(2)
    expect(numbers(lan.packets())).toEqual([3])
  })

  it('sends a window at once and goes on from what was acknowledged within it', () => {
    const lan = begun([['windowsize', '4']])
    lan.packets()
    lan.ack(0)
    expect(numbers(lan.packets())).toEqual([1, 2, 3, 4])
    lan.ack(4)
    expect(numbers(lan.packets())).toEqual([5, 6, 7, 8])
    lan.ack(6)
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(6)
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(6)
    lan.ack(6)
    lan.ack(2)
    expect(lan.packets()).toEqual([])
    lan.wait(seconds(1))
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(10)
    expect(lan.packets()).toEqual([])
    expect(lan.log.take().at(-1)).toBe('info tftp.done: 10.0.0.100 has f, 5000 bytes')
  })

  it('answers a repeated request by its timer, a different one from the same port anew', () => {
    const lan = begun()
    expect(numbers(lan.packets())).toEqual([1])
    lan.request('f')
    expect(lan.packets()).toEqual([])
    lan.request('f', [['tsize', '0']])
    expect(numbers(lan.packets())).toEqual(['oack'])
    expect(lan.service.inspect?.()['transfers']).toHaveLength(1)
  })

  it('tells a stranger error 5 and is not disturbed', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1, 3333)
    const [stranger] = lan.heard()
    expect(stranger.datagram.destinationPort).toBe(3333)
    expect(wire.parse(stranger.datagram.payload)).toEqual({ kind: 'error', code: 5, message: 'unknown transfer' })
    lan.send({ kind: 'error', code: 0, message: '' }, 3333)
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
  })

  it('ends at once when the client’s port is closed', () => {
    const lan = begun()
    lan.log.take()
    const [{ packet }] = lan.heard()
    const bytes = ipv4.build(packet)
    const payload = icmp.build({ kind: 'unreachable', code: 3, mtu: 0, quoted: icmp.quote(bytes) })
    lan.port.hear(ethernet.build({ destination: serverMac, source: clientMac, type: 0x0800, payload: ipv4.build({ protocol: 1, source: client, destination: server, payload }) }))
    expect(lan.log.take()).toEqual(['warn tftp.failed: f for 10.0.0.100 failed after 0 bytes: the client is gone'])
    lan.wait(seconds(60))
    expect(lan.packets()).toEqual([])
    expect(lan.files.opened).toBe(0)
  })

  it('ends all when the service closes', () => {
    const lan = begun()
    lan.packets()
    lan.service.close()
    lan.wait(seconds(60))
    lan.request('f')
    expect(lan.packets()).toEqual([])
    expect(lan.files.opened).toBe(0)
  })
})

describe('tftp, refusing', () => {
  const files = { 'boot.scr.uimg': 'x', 'pxelinux.cfg/default': 'y', 'grub/grub.cfg': 'z' }
  const refused = (file: string, options: { kind?: 'rrq' | 'wrq'; mode?: string } = {}): { code: number; log: string } => {
    const lan = world({ files })
    lan.request(file, [], options)
    const [packet, ...others] = lan.packets()
    expect(others).toEqual([])
    expect(packet.kind).toBe('error')
    return { code: (packet as { code: number }).code, log: lan.log.take()[1] }
  }

  it('says error 1 at once for a missing file, with what there is in the log', () => {
    expect(refused('boot.scr.uimgs')).toEqual({ code: 1, log: 'warn tftp.missing: 10.0.0.100 asks for boot.scr.uimgs, which is not there; there is boot.scr.uimg' })
    expect(refused('Boot.SCR.uimg').log).toContain('there is boot.scr.uimg')
    expect(refused('boot/boot.scr.uimg').log).toContain('there is boot.scr.uimg')
    expect(refused('grubx64.efi').log).toBe('warn tftp.missing: 10.0.0.100 asks for grubx64.efi, which is not there')
  })

  it('speaks softly of names that loaders only try', () => {
    for (const name of ['pxelinux.cfg/01-52-54-00-12-34-56', 'pxelinux.cfg/0A000064', 'grub.cfg-01-52-54-00-12-34-56', 'dtb/', '0A000064.img']) expect(refused(name)).toMatchObject({ code: 1, log: expect.stringMatching(/^info tftp\.missing/) })
  })

  it.each([
    ['../etc/passwd', 2],
    ['a/../../etc/passwd', 2],
    ['..\\..\\boot.ini', 2],
    ['grub', 2],
    ['', 2],
    ['bell\u0007', 2],
    ['x'.repeat(600), 2],
    ['/', 1],
  ])('refuses %j with error %i', (name, code) => {
    expect(refused(name).code).toBe(code)
  })

  it('serves a name with backslashes or a leading slash', () => {
    const lan = world({ files })
    lan.request('\\grub\\grub.cfg')
    expect(lan.packets()).toMatchObject([{ kind: 'data' }])
    lan.request('/grub//grub.cfg', [], { port: 2001 })
    expect(lan.packets()).toMatchObject([{ kind: 'data' }])
  })

  it('refuses writing, and modes there are not', () => {
    expect(refused('new', { kind: 'wrq' })).toEqual({ code: 2, log: 'warn tftp.refused: 10.0.0.100 may not write "new": writing is not allowed' })
    expect(refused('boot.scr.uimg', { mode: 'mail' }).code).toBe(4)
  })

  it('is silent to noise on port 69 and to broadcasts', () => {
    const lan = world({ files })
    for (const noise of ['', '\0', '\0\u0001', '\0\u0001a', '\0\u0003\0\u0001x', '\0\u0004\0\u0001', '\0\u0005\0\u0001x\0', '\0\u0009', '\u0001\u0001a\0b\0']) lan.say69(latin1(noise))
    lan.say(wire.build({ kind: 'rrq', file: 'boot.scr.uimg', mode: 'octet', options: [] }), { port: 2000 }, { address: parseIpv4('10.0.0.255'), port: 69 })
    expect(lan.heard()).toEqual([])
    expect(lan.log.take()).toEqual([])
  })

  it('takes sixteen transfers of one client and logs the rest once', () => {
    const lan = world({ files })
    for (let port = 3000; port < 3020; port++) lan.request('boot.scr.uimg', [], { port })
    const kinds = lan.packets().map((packet) => packet.kind)
    expect(kinds.filter((kind) => kind === 'data')).toHaveLength(16)
    expect(kinds.filter((kind) => kind === 'error')).toHaveLength(4)
    expect(lan.log.take().filter((line) => line.includes('tftp.busy'))).toHaveLength(1)
    lan.wait(seconds(60))
    lan.packets()
    lan.request('boot.scr.uimg', [], { port: 3000 })
    expect(lan.packets()).toMatchObject([{ kind: 'data' }])
  })
})

const put = (lan: Client, data: Uint8Array, blksize = 512): void => {
  for (let block = 1; (block - 1) * blksize <= data.length; block++) lan.send({ kind: 'data', block, data: data.subarray((block - 1) * blksize, block * blksize) })
}

describe('tftp, writing', () => {
  const config = { write: true }

  it.each([0, 1, 511, 512, 513, 2000])('takes a file of %i bytes', (length) => {
    const lan = world({}, config)
    lan.request('dump', [], { kind: 'wrq' })
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 0 }])
    put(lan, fill(length))
    expect(lan.packets().at(-1)).toEqual({ kind: 'ack', block: Math.floor(length / 512) + 1 })
    expect(lan.files.files.get('dump')).toEqual(fill(length))
    lan.wait(seconds(2))
    expect(lan.packets()).toEqual([])
    expect(lan.log.take().at(-1)).toBe(`info tftp.done: 10.0.0.100 has written dump, ${length} bytes`)
    expect(lan.files.opened).toBe(0)
  })

  it('acknowledges windows, tells of a gap once, and repeats the last acknowledgement', () => {
    const lan = world({}, config)
    lan.request('dump', [['windowsize', '3'], ['blksize', '8'], ['tsize', '26']], { kind: 'wrq' })
    expect(lan.packets()).toEqual([{ kind: 'oack', options: [['windowsize', '3'], ['blksize', '8'], ['tsize', '26']] }])
    const data = (block: number): void => lan.send({ kind: 'data', block, data: fill(26).subarray(8 * block - 8, 8 * block) })
    data(1)
    data(2)
    expect(lan.packets()).toEqual([])
    data(3)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 3 }])
    data(5)
    data(6)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 3 }])
    data(4)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 4 }])
    data(4)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 4 }])
    expect(lan.files.files.get('dump')).toEqual(fill(26))
  })

  it('keeps what is there unless told otherwise, and keeps to its limit', () => {
    const lan = world({ files: { dump: 'old' } }, config)
    lan.request('dump', [], { kind: 'wrq' })
    expect(lan.packets()).toMatchObject([{ kind: 'error', code: 6 }])
    const over = world({ files: { dump: 'old content' } }, { write: true, overwrite: true, writeMax: '1K' })
    over.request('dump', [['tsize', '2000']], { kind: 'wrq' })
    expect(over.packets()).toMatchObject([{ kind: 'error', code: 3 }])
    over.request('dump', [], { kind: 'wrq' })
    over.packets()
    put(over, fill(2000))
    expect(over.packets().find((packet) => packet.kind === 'error')).toMatchObject({ code: 3 })
    expect(over.files.files.get('dump')).toEqual(fill(1024))
  })

  it('turns netascii into plain lines', () => {
    const lan = world({}, config)
    lan.request('dump', [['blksize', '8']], { kind: 'wrq', mode: 'netascii' })
    lan.packets()
    put(lan, latin1('abcdefg\r\nx\r\0y'), 8)
    expect(lan.files.files.get('dump')).toEqual(latin1('abcdefg\nx\ry'))
  })

  it('gives a silent writer up', () => {
    const lan = world({}, config)
    lan.request('dump', [], { kind: 'wrq' })
    lan.wait(seconds(60))
    expect(lan.packets().at(-1)).toMatchObject({ kind: 'error' })
    expect(lan.files.opened).toBe(0)
  })
})
