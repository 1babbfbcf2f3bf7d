import { describe, expect, it } from 'vitest'
import { fromUtf8, unhex } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { unzstd } from '../../../src/disk/zstd/zstd.ts'

/** Words at random, packed by zstd 1.5 -19: Huffman literals with a packed tree, sequences with tables of their own, a checksum. */
const packed = unhex(`
  28b52ffd641e0195050052840c10c0b7014036f9a6acb15de1ff775df30469ba1ab6c8bbc9f0c6a610f6fe7a82a142bab145e88625564c75d5bc0d6ae1bd6146
  a8211fa5923d0320c428a4cc03106012a498661803712220b4fdfcd87e1989a634d8adc74e7d83b0331b6bde127a426dbec7fba9ac5614bde8724e476924f5c6
  047128900c625d24c57321ee5e446c51d7924a18efab38dee47be19d7cb683dd141e2160eccc33c9e7905ed7fc43318a6eea6c90965c7d4265f15601d0b53bc0`)

function words(): string {
  const known = 'netloom boots a board over the net and tells why it did not boot the board '.trim().split(' ')
  let state = 1n
  return Array.from({ length: 120 }, () => {
    state = (state * 1103515245n + 12345n) & 0x7fffffffn
    return known[Number((state >> 16n) % BigInt(known.length))]
  }).join(' ')
}

describe('zstd', () => {
  it('unpacks what zstd packed', () => {
    expect(fromUtf8(unzstd(packed, 542))).toBe(words())
  })

  it('unpacks a run, and frames of plain bytes, and stops where it is told to', () => {
    expect(unzstd(unhex('28b52ffd04584d0000100000010083d3032c25b73230'), 5000)).toEqual(new Uint8Array(5000))
    // Single segment, 3 bytes; a last block, plain.
    const plain = '28b52ffd 20 03 190000 616263'
    expect(fromUtf8(unzstd(unhex(plain + plain + '0000'), 100))).toBe('abcabc')
    expect(fromUtf8(unzstd(unhex(plain + plain), 3))).toBe('abc')
  })

  it('refuses what is no frame, what is cut short and what wants a dictionary', () => {
    for (const [bytes, why] of [['00112233445566', 'not a frame'], ['28b52ffd21030a190000616263', 'dictionary'], ['28b52ffd20031900006162', 'cut short'], ['28b52ffd2003070000', 'cut short']]) {
      expect(() => unzstd(unhex(bytes), 100)).toThrow(why)
    }
    expect(() => unzstd(packed, 541)).toThrow('more than')
  })

  it('returns or throws Malformed, whatever is in the frame', () => {
    const random = new SeededRandom('zstd')
    for (let round = 0; round < 4000; round++) {
      const bad = packed.slice(0, random.below(4) === 0 ? random.below(packed.length) : packed.length)
      for (let change = random.below(4); change >= 0 && bad.length > 0; change--) bad[random.below(bad.length)] = random.below(256)
      try {
        unzstd(bad, 65_536)
      } catch (error) {
        if ((error as Error).name !== 'Malformed') throw error
      }
    }
  })
})
