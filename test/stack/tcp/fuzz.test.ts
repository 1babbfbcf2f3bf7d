import { describe, expect, it } from 'vitest'
import { life } from './life.ts'

/** A day's work offline: TCP_FUZZ=10000000. */
const inputs = Number(process.env.TCP_FUZZ ?? 20_000)

describe('random segments', () => {
  it('neither throw nor hang nor grow anything', () => {
    let worst = 0
    for (let seed = 0, count = 0; count < inputs; seed++) {
      count += life(seed, 200)
      worst = seed
    }
    expect(worst).toBeGreaterThan(0)
  })
})
