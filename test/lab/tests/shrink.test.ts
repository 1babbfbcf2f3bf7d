import { describe, expect, it } from 'vitest'
import { shrink } from '../../../src/lab/tests/shrink.ts'

const numbers = Array.from({ length: 40 }, (_, at) => at)

describe('shrinking', () => {
  it('finds the few that matter', async () => {
    expect(await shrink(numbers, async (some) => some.includes(3) && some.includes(31), { runs: 1000 })).toEqual([3, 31])
    expect(await shrink(numbers, async (some) => some.includes(17), { runs: 1000 })).toEqual([17])
  })
  it('ends with nothing when it fails without any', async () => expect(await shrink(numbers, async () => true, { runs: 1000 })).toEqual([]))
  it('keeps to its budget', async () => {
    let runs = 0
    const kept = await shrink(numbers, async (some) => (runs++, some.includes(3) && some.includes(31)), { runs: 5 })
    expect(runs).toBe(5)
    expect(kept).toContain(3)
  })
})
