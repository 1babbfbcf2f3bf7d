import { describe, expect, it } from 'vitest'
import {
  concat, equal, fromLatin1, fromUtf8, hex, latin1, need, putU16be, putU16le, putU32be, putU32le, putU64be, putU64le, u16be, u16le, u32be, u32le, u64be, u64le, unhex, utf8,
} from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'

const field = Uint8Array.of(0xa5, 0xf1, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88, 0xa5)

function written(put: (into: Uint8Array) => void): string {
  const into = new Uint8Array(10).fill(0xa5)
  put(into)
  return hex(into)
}

describe('fields', () => {
  it('are read unsigned, in either order', () => {
    expect([u16be(field, 1), u16le(field, 1)]).toEqual([0xf102, 0x02f1])
    expect([u32be(field, 1), u32le(field, 5)]).toEqual([0xf1020304, 0x88070605])
    expect([u64be(field, 1), u64le(field, 1)]).toEqual([0xf102030405060788n, 0x88070605040302f1n])
  })

  it('are written where they belong and nowhere else', () => {
    expect(written((into) => putU16be(into, 1, 0xf102))).toBe('a5f102a5a5a5a5a5a5a5')
    expect(written((into) => putU16le(into, 1, 0xf102))).toBe('a502f1a5a5a5a5a5a5a5')
    expect(written((into) => putU32be(into, 1, 0xf1020304))).toBe('a5f1020304a5a5a5a5a5')
    expect(written((into) => putU32le(into, 1, 0xf1020304))).toBe('a5040302f1a5a5a5a5a5')
    expect(written((into) => putU64be(into, 1, 0xf102030405060788n))).toBe(hex(field))
    expect(written((into) => putU64le(into, 1, 0x88070605040302f1n))).toBe(hex(field))
  })
})

describe('need', () => {
  it('lets pass what is there, to the last byte', () => {
    expect(() => need(field, 0, 10, 'x')).not.toThrow()
    expect(() => need(field, 10, 0, 'x')).not.toThrow()
  })

  it.each([[9, 2], [-1, 1], [0, -1], [11, 0]])('refuses %d + %d of 10', (at, count) => {
    expect(() => need(field, at, count, 'header')).toThrow(Malformed)
  })
})

describe('hexadecimal', () => {
  it('goes there and back', () => {
    expect(hex(unhex('00 0A:ff'))).toBe('000aff')
    expect(hex(unhex('000aff'), ':')).toBe('00:0a:ff')
    expect(unhex('').length).toBe(0)
  })

  it.each(['0', '0g', '0x00'])('refuses %j', (text) => {
    expect(() => unhex(text)).toThrow(Malformed)
  })
})

describe('bytes', () => {
  it('are joined and compared', () => {
    expect(hex(concat(unhex('01'), unhex(''), unhex('0203')))).toBe('010203')
    expect([equal(unhex('01'), unhex('01')), equal(unhex('01'), unhex('02')), equal(unhex('01'), unhex('0102'))]).toEqual([true, false, false])
  })
})

describe('text', () => {
  it('is one byte a character in Latin-1, long or short', () => {
    expect(hex(latin1('aÿ€😀'))).toBe('61ff3f3f')
    expect(fromLatin1(unhex('61ff00'))).toBe('aÿ\0')
    expect(fromLatin1(new Uint8Array(10_000).fill(0x61))).toBe('a'.repeat(10_000))
  })

  it.each(['', 'plain', 'ü', '€', '😀', 'a\0b', 'ﬀ\u{10ffff}'])('goes to UTF-8 and back as Node does it: %j', (text) => {
    expect(hex(utf8(text))).toBe(Buffer.from(text).toString('hex'))
    expect(fromUtf8(utf8(text))).toBe(text)
  })

  it('shows what is not UTF-8', () => {
    expect(hex(utf8('\ud800'))).toBe('efbfbd')
    expect(fromUtf8(unhex('61 80 62'))).toBe('a\ufffdb')
    for (const text of ['c080', 'eda080', 'f4908080', 'e282', 'ff', 'f0808080']) {
      expect(fromUtf8(unhex(`61${text}`))[0], text).toBe('a')
      expect(fromUtf8(unhex(`61${text}`)), text).toContain('\ufffd')
      expect(fromUtf8(unhex(`61${text}62`)).at(-1), text).toBe('b')
    }
  })
})
