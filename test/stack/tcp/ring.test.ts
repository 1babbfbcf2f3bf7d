import { describe, expect, it } from 'vitest'
import { Memory } from '../../../src/stack/tcp/memory.ts'
import { Ring } from '../../../src/stack/tcp/ring.ts'
import { SeededRandom } from '../../../src/base/random.ts'

const bytes = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => from + at)

describe('a ring', () => {
  it('keeps what is appended under its numbers, across the end of its memory and beyond 2^32', () => {
    const ring = new Ring(0xffff_fff0, new Memory(1e6))
    ring.append(bytes(0, 1500))
    ring.release(0xffff_fff0 + 1000)
    ring.append(bytes(1500, 1500))
    expect([ring.start, ring.end, ring.length]).toEqual([0xffff_fff0 + 1000, 0xffff_fff0 + 3000, 2000])
    expect(ring.slice(0xffff_fff0 + 1000, 2000)).toEqual(bytes(1000, 2000))
  })

  it('keeps holes open for what comes early', () => {
    const ring = new Ring(100, new Memory(1e6))
    expect(ring.put(3000, bytes(7, 10))).toBe(true)
    expect(ring.put(100, bytes(1, 5))).toBe(true)
    ring.end = 105
    ring.release(105, true)
    expect(ring.put(20_000, bytes(9, 3))).toBe(true)
    expect([ring.slice(3000, 10), ring.slice(20_000, 3)]).toEqual([bytes(7, 10), bytes(9, 3)])
  })

  it('takes memory by need, asks for it, and gives it back when empty', () => {
    const memory = new Memory(10_000)
    const ring = new Ring(0, memory)
    expect(ring.put(0, new Uint8Array(3000))).toBe(true)
    ring.end = 3000
    expect(memory.usedBytes).toBe(4096)
    expect(ring.put(9000, new Uint8Array(1))).toBe(false)
    expect(ring.slice(0, 3000)).toEqual(new Uint8Array(3000))
    ring.release(3000)
    expect(memory.usedBytes).toBe(0)
    ring.append(new Uint8Array(50_000))
    expect(memory.usedBytes).toBe(65_536)
  })

  it('is a stream, whatever is appended and released', () => {
    const random = new SeededRandom(1)
    const ring = new Ring(0, new Memory(1e9))
    for (let step = 0; step < 2000; step++) {
      ring.append(bytes(ring.end, random.below(3000)))
      ring.release(ring.start + random.below(ring.length + 1))
      const at = ring.start + random.below(ring.length + 1)
      const length = random.below(ring.end - at + 1)
      expect(ring.slice(at, length)).toEqual(bytes(at, length))
    }
  })
})
