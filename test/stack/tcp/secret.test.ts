import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { unhex } from '../../../src/base/bytes.ts'
import type { Random } from '../../../src/base/random.ts'
import { Secret } from '../../../src/stack/tcp/secret.ts'

describe('the keyed hash', () => {
  it('is unlike itself for another key, purpose or word, and spreads evenly', () => {
    const secret = new Secret(new SeededRandom(1))
    const seen = new Set<number>()
    for (let word = 0; word < 1000; word++) seen.add(secret.hash(1, [word, 80])).add(secret.hash(2, [word, 80]))
    seen.add(new Secret(new SeededRandom(2)).hash(1, [0, 80]))
    expect(seen.size).toBe(2001)
    const ones = [...seen].reduce((sum, value) => sum + value.toString(2).replaceAll('0', '').length, 0)
    expect(ones / seen.size).toBeGreaterThan(15.5)
    expect(ones / seen.size).toBeLessThan(16.5)
  })

  it('is HalfSipHash-2-4 of the words in little-endian bytes', () => {
    const key: Random = { fork: () => key, below: () => 0, bytes: () => unhex('0001020304050607') }
    // vectors_hsip32[8] of the authors' vectors.h, the eight bytes 00 to 07: d0 b8 84 8f.
    expect(new Secret(key).hash(0x03020100, [0x07060504]).toString(16)).toBe('8f84b8d0')
  })
})
