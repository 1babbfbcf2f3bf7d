/** Checkpoints come back whole; when there are too many, every other one goes. */
import { describe, expect, it } from 'vitest'
import { Checkpoints } from '../../../src/lab/debug/checkpoints.ts'
import type { LabSnapshot } from '../../../src/lab/snapshot/save-lab.ts'

/** A snapshot of one machine whose page 3 is filled with `byte`, and page 5 with 7. */
function snapshot(instant: number, byte: number): LabSnapshot {
  const ram = [{ offset: 3 * 4096, bytes: new Uint8Array(4096).fill(byte) }, { offset: 5 * 4096, bytes: new Uint8Array(4096).fill(7) }]
  return { instant, machines: { a: { now: instant, next: undefined, log: new Uint8Array(0), state: { ram } } } } as unknown as LabSnapshot
}

describe('checkpoints', () => {
  it('are found by what fits, the latest first, whole', () => {
    const kept = new Checkpoints<string>(4)
    expect([kept.add(snapshot(30, 3), { a: 30 }, 'late'), kept.add(snapshot(10, 1), { a: 10 }, 'early')]).toEqual([false, false])
    expect(kept.latest(() => true).map(({ rest }) => rest)).toEqual(['late', 'early'])
    const [found] = kept.latest(({ ticks }) => ticks['a'] <= 29)
    const { ram } = kept.snapshot(found).machines['a'].state
    expect(ram.map(({ offset, bytes }) => [offset, bytes[0], bytes[4095]])).toEqual([[3 * 4096, 1, 1], [5 * 4096, 7, 7]])
  })

  it('thin out, and those that are left are as they were', () => {
    const kept = new Checkpoints<number>(4)
    const thinned = [1, 2, 3, 4, 5].map((at) => kept.add(snapshot(at, at), { a: at }, at))
    expect(thinned).toEqual([false, false, false, false, true])
    expect(kept.latest(() => true).map((one) => [one.rest, kept.snapshot(one).machines['a'].state.ram[0].bytes[9]])).toEqual([[5, 5], [3, 3], [1, 1]])
    expect(kept.count).toBe(3)
  })
})
