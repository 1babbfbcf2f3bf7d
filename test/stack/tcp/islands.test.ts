import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { Islands } from '../../../src/stack/tcp/islands.ts'

describe('islands', () => {
  it('grow together where they meet and say what they had', () => {
    const islands = new Islands()
    expect([islands.add(10, 20), islands.add(30, 40), islands.add(15, 18), islands.add(20, 30)]).toEqual([0, 0, 3, 0])
    expect(islands.all.map(({ start, end }) => [start, end])).toEqual([[10, 40]])
    expect(islands.add(5, 50)).toBe(30)
    expect(islands.join(5)).toBe(50)
    expect(islands.all).toEqual([])
  })

  it('are what a set of bytes would be', () => {
    const random = new SeededRandom(3)
    const islands = new Islands()
    const set = new Set<number>()
    for (let step = 0; step < 500; step++) {
      const start = random.below(1000)
      const end = start + 1 + random.below(20)
      let known = 0
      for (let at = start; at < end; at++) {
        if (set.has(at)) known++
        set.add(at)
      }
      expect(islands.add(start, end)).toBe(known)
      expect(islands.all.reduce((sum, each) => sum + each.end - each.start, 0)).toBe(set.size)
    }
  })
})
