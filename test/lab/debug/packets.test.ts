/** Packets as they are on the wire. */
import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { buildPacket, packetMax, PacketReader } from '../../../src/lab/debug/packets.ts'

const read = (text: string): unknown[] => new PacketReader().feed(latin1(text))

describe('packets', () => {
  it('have a body between $ and #, and its sum modulo 256', () => {
    expect(fromLatin1(buildPacket('OK'))).toBe('$OK#9a')
    expect(fromLatin1(buildPacket(''))).toBe('$#00')
    expect(read('$g#67')).toEqual([{ kind: 'packet', body: 'g' }])
  })

  it('escape what would be a mark', () => {
    expect([...buildPacket('a}b$c#d*')]).toEqual([...latin1('$a}]b}\u0004c}\u0003d}\n#'), ...latin1('ec')])
    expect(read(fromLatin1(buildPacket('a}b$c#d*')))).toEqual([{ kind: 'packet', body: 'a}b$c#d*' }])
  })

  it('come in any pieces, with marks between them', () => {
    const reader = new PacketReader()
    const found = [...latin1('+$m8000')].concat([...latin1('0000,4#55\u0003-')]).flatMap((byte) => reader.feed(Uint8Array.of(byte)))
    expect(found).toEqual([{ kind: 'ack' }, { kind: 'packet', body: 'm80000000,4' }, { kind: 'interrupt' }, { kind: 'nak' }])
  })

  it('are broken when the sum is another, and begin anew at $', () => {
    expect(read('$g#68')).toEqual([{ kind: 'broken' }])
    expect(read('$g#zz')).toEqual([{ kind: 'broken' }])
    expect(read('$gar$g#67')).toEqual([{ kind: 'packet', body: 'g' }])
    expect(read('garbage')).toEqual([])
  })

  it('are kept no longer than they may be', () => {
    expect(read(`$${'a'.repeat(packetMax + 1)}#00$g#67`)).toEqual([{ kind: 'broken' }, { kind: 'packet', body: 'g' }])
  })
})
