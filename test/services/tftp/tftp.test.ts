import { describe, expect, it } from 'vitest'
import { hex, latin1 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { parseIpv4 } from '../../../src/wire/address.ts'
import type { Option } from '../../../src/wire/tftp.ts'
import * as wire from '../../../src/wire/tftp.ts'
import { clientMac } from '../bench.ts'
import { fetch, fill, world } from './client.ts'

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
