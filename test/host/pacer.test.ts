import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { Pacer } from '../../src/host/pacer.ts'

/** A lab that is where the test puts it, and a wall clock that the test moves, in milliseconds. */
function world(): { lab: { now: Instant; next: Instant | undefined }; wall: { ms: number }; pacer: Pacer } {
  const lab = { now: 0 as Instant, next: undefined as Instant | undefined }
  const wall = { ms: 1000 }
  return { lab, wall, pacer: new Pacer(lab, () => wall.ms) }
}

const lead = 60_000

describe('real time', () => {
  it('goes on while the lab rests: what comes in is stamped by the wall', () => {
    const { wall, pacer } = world()
    wall.ms = 1005
    expect(pacer.now).toBe(5_000_000)
    expect(pacer.limit).toBe(5_000_000 + lead)
  })

  it('stamps at once what comes in while the lab is behind', () => {
    const { lab, wall, pacer } = world()
    wall.ms = 1050
    lab.now = 3_000_000 as Instant
    lab.next = 4_000_000 as Instant
    expect(pacer.now).toBe(4_000_000)
  })

  it('never stamps before or at what was done', () => {
    const { lab, wall, pacer } = world()
    wall.ms = 1001
    lab.now = 2_000_000 as Instant
    expect(pacer.now).toBe(2_000_001)
  })

  it('waits for what is due, less the time a wake-up takes', () => {
    const { pacer } = world()
    expect(pacer.until(1_000_000 as Instant)).toBeCloseTo(0.94, 6)
    expect(pacer.until(50_000 as Instant)).toBe(0)
  })

  it('slips when the lab falls too far behind, and does not make up for it', () => {
    const { lab, wall, pacer } = world()
    wall.ms = 3000
    lab.next = 0 as Instant
    expect(pacer.limit).toBe(200_000_000 + lead)
    lab.now = 200_000_000 as Instant
    lab.next = undefined
    wall.ms = 3010
    expect(pacer.now).toBe(210_000_000)
    expect(pacer.limit).toBe(210_000_000 + lead)
  })
})
