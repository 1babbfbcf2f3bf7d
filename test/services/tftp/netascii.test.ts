import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { NetasciiReader, toNetascii } from '../../../services/tftp/netascii.ts'

describe('netascii', () => {
  it('ends lines with CR LF and marks a lone CR', () => {
    expect(toNetascii(latin1('a\nb\rc\r\n'))).toEqual(latin1('a\r\nb\r\0c\r\0\r\n'))
    expect(toNetascii(new Uint8Array(0))).toEqual(new Uint8Array(0))
  })

  it.each([1, 2, 3, 100])('reads it back in blocks of %i bytes', (size) => {
    const text = latin1('a\n\n\rb\r\n\r\rc')
    const wire = toNetascii(text)
    const reader = new NetasciiReader()
    const out: number[] = []
    for (let at = 0; at < wire.length; at += size) out.push(...reader.read(wire.subarray(at, at + size), at + size >= wire.length))
    expect(Uint8Array.from(out)).toEqual(text)
  })

  it('keeps a CR that nothing follows, or something odd', () => {
    expect(new NetasciiReader().read(latin1('a\r'), true)).toEqual(latin1('a\r'))
    expect(new NetasciiReader().read(latin1('a\rb'), true)).toEqual(latin1('a\rb'))
  })
})
