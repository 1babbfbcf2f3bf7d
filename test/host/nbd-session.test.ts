import { describe, expect, it } from 'vitest'
import { concat, hex, latin1, unhex, utf8 } from '../../src/base/bytes.ts'
import { MemoryDisk } from '../../src/disk/memory.ts'
import { Farewell, NbdSession } from '../../src/host/nbd-session.ts'

const size = 1 << 20
const word = (value: number, bytes = 4): string => value.toString(16).padStart(bytes * 2, '0')
const request = (command: number, offset: number, length: number, flags = 0): Uint8Array => unhex(`25609513${word(flags, 2)}${word(command, 2)}0102030405060708${word(offset, 8)}${word(length)}`)

function client(options: { readOnly?: boolean; goOn?: boolean } = {}): { session: NbdSession; heard: () => string; disk: MemoryDisk } {
  const disk = new MemoryDisk(new Uint8Array(size), { readOnly: options.readOnly ?? false })
  let sent: Uint8Array[] = []
  const session = new NbdSession(disk, 'disk', (bytes) => sent.push(bytes.slice()))
  const heard = (): string => {
    const text = hex(concat(...sent))
    sent = []
    return text
  }
  if (options.goOn === true) {
    session.hear(concat(unhex('00000003'), latin1('IHAVEOPT'), unhex('00000007 00000006 00000000 0000')))
    heard()
  }
  return { session, heard, disk }
}

describe('an NBD session', () => {
  it('greets, lists, tells the size and goes over to requests', () => {
    const { session, heard } = client()
    expect(heard()).toBe(hex(concat(latin1('NBDMAGIC'), latin1('IHAVEOPT'), unhex('0003'))))
    session.hear(unhex('00000003'))
    session.hear(concat(latin1('IHAVEOPT'), unhex('00000003 00000000')))
    expect(heard()).toBe(`0003e889045565a9${word(3)}${word(2)}${word(8)}${word(4)}${hex(utf8('disk'))}0003e889045565a9${word(3)}${word(1)}${word(0)}`)
    session.hear(concat(latin1('IHAVEOPT'), unhex('00000008 00000000')))
    expect(heard()).toBe(`0003e889045565a9${word(8)}80000001${word(0)}`)
    session.hear(concat(latin1('IHAVEOPT'), unhex('00000007 0000000a 00000004'), utf8('none'), unhex('0000')))
    expect(heard()).toBe(`0003e889045565a9${word(7)}80000006${word(0)}`)
    session.hear(concat(latin1('IHAVEOPT'), unhex('00000007 0000000a 00000004'), utf8('disk'), unhex('0000')))
    expect(heard()).toContain(`0000${word(size, 8)}006d`)
    session.hear(request(0, 0, 4))
    expect(heard()).toBe('67446698 00000000 0102030405060708 00000000'.replaceAll(' ', ''))
  })

  it('reads, writes, zeroes and flushes, byte by byte if need be', () => {
    const { session, heard, disk } = client({ goOn: true })
    for (const byte of concat(request(1, 512, 3), Uint8Array.of(7, 8, 9))) session.hear(Uint8Array.of(byte))
    session.hear(concat(request(3, 0, 0), request(0, 511, 5)))
    expect(heard()).toBe('6744669800000000010203040506070867446698000000000102030405060708674466980000000001020304050607080007080900')
    session.hear(request(6, 513, 1))
    const back = new Uint8Array(3)
    disk.read(512, back)
    expect([...back]).toEqual([7, 0, 9])
  })

  it('answers what can’t be done with an error, and goes on', () => {
    const { session, heard } = client({ goOn: true })
    session.hear(concat(request(0, size - 1, 2), request(99, 0, 0), request(0, 0, 1)))
    expect(heard()).toBe(`67446698${word(22)}010203040506070867446698${word(22)}010203040506070867446698${word(0)}010203040506070800`)
    session.hear(concat(request(1, size, 1), Uint8Array.of(1)))
    expect(heard()).toBe(`67446698${word(28)}0102030405060708`)
    const readOnly = client({ readOnly: true, goOn: true })
    readOnly.session.hear(concat(request(1, 0, 1), Uint8Array.of(1)))
    expect(readOnly.heard()).toBe(`67446698${word(1)}0102030405060708`)
  })

  it('lets strangers go', () => {
    for (const bytes of ['ffffffff', '00000000', '00000003 00112233445566770000000100000000', '00000003 49484156454f5054 00000007 7fffffff', '00000003 49484156454f5054 00000002 00000000']) {
      expect(() => client().session.hear(unhex(bytes))).toThrow(Farewell)
    }
    for (const bytes of [request(2, 0, 0), request(1, 0, 0x7fff_ffff), unhex('00'.repeat(28))]) expect(() => client({ goOn: true }).session.hear(bytes)).toThrow(Farewell)
  })
})
