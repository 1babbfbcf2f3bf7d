import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { concat, fromUtf8, unhex, utf8 } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import { isXz, unxz } from '../../../src/host/images/xz.ts'

// printf 'Netloom Netloom Netloom Netloom!\n' | xz --check=crc32 -9
const repeated = unhex(
  'fd377a585a00 0001 6922de36' + // stream header: CRC32
    '02 00 21 01 1c 000000 10cf58cc' + // block header: LZMA2, dictionary 64 MiB
    'e00020 0010 5d 0027194a86de73dee9a40ccbada918a00000' + // one chunk, its dictionary and state reset; end marker; padding
    'f49099de' + // CRC32
    '00012821df0bb231' + // index
    '9042990d 01000000 0001 595a', // footer
)
// printf 'stored' | xz --check=none
const stored = unhex('fd377a585a000000ff12d9410200210116000000742fe5a301000573746f72656400000000011606c9a57dd506729e7a010000000000595a')

describe('unxz', () => {
  it('unpacks matches', () => expect(fromUtf8(unxz(repeated))).toBe('Netloom Netloom Netloom Netloom!\n'))
  it('unpacks a stored chunk without a check', () => expect(fromUtf8(unxz(stored))).toBe('stored'))
  it('unpacks several streams with padding between them', () => expect(fromUtf8(unxz(concat(stored, new Uint8Array(8), stored)))).toBe('storedstored'))
  it('knows its own kind', () => expect([isXz(stored), isXz(stored.subarray(1)), isXz(utf8('fd'))]).toEqual([true, false, false]))

  it('refuses more than it may unpack', () => {
    expect(() => unxz(repeated, 32)).toThrow('LZMA2: more than 32 bytes come out')
    expect(unxz(repeated, 33)).toHaveLength(33)
  })

  it('notices a damaged check', () => {
    const damaged = repeated.slice()
    damaged[48] ^= 1
    expect(() => unxz(damaged)).toThrow(Malformed)
  })

  it('returns or throws Malformed for whatever is cut or changed', () => {
    const random = new SeededRandom('xz')
    for (let round = 0; round < 2000; round++) {
      const bytes = (round % 2 === 0 ? repeated : stored).slice(0, random.below(8) === 0 ? random.below(repeated.length) : undefined)
      for (let flips = random.below(3); flips >= 0 && bytes.length > 0; flips--) bytes[random.below(bytes.length)] = random.below(256)
      try {
        unxz(bytes, 1 << 16)
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
    }
  })

  it.skipIf(spawnSync('xz', ['--version']).status !== 0)('agrees with xz on texts, noise and runs, for every kind of properties', () => {
    const random = new SeededRandom('corpus')
    const words = Array.from({ length: 4000 }, () => ['lab', 'node', 'cable', '\0\0\0\0', 'switch'][random.below(5)]).join(' ')
    const corpus = [utf8(''), utf8(words), random.bytes(70_000), new Uint8Array(200_000), concat(random.bytes(3000), utf8(words), random.bytes(3000), utf8(words))]
    for (const settings of ['lc=3,lp=0,pb=2', 'lc=0,lp=4,pb=4', 'lc=4,lp=0,pb=0', 'lc=1,lp=1,pb=1']) {
      for (const plain of corpus) {
        const packed = execFileSync('xz', ['--stdout', '--check=crc32', `--lzma2=${settings},dict=64KiB`, '--block-size=50000'], { input: plain, maxBuffer: 1 << 24 })
        expect(Buffer.compare(unxz(packed), plain)).toBe(0)
      }
    }
  })
})
