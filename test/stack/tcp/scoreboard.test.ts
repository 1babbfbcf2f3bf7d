import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import type { Sent } from '../../../src/stack/tcp/scoreboard.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scoreboard } from '../../../src/stack/tcp/scoreboard.ts'

const at = (time: number): Instant => time as Instant

function inFlight(board: Scoreboard): [number, number][] {
  const all: [number, number][] = []
  for (let sent = board.earliest; sent !== undefined; sent = sent.later) all.push([sent.start, sent.end])
  return all
}

const nobody = (): void => {}

describe('the scoreboard', () => {
  it('cuts pieces where acknowledgments do, and tells of each byte once', () => {
    const board = new Scoreboard()
    board.add(0, 100, at(1))
    board.add(100, 200, at(2))
    const heard: [number, number][] = []
    const heed = ({ start, end }: Sent): void => void heard.push([start, end])
    board.sack(50, 120, heed)
    board.sack(40, 120, heed)
    board.acknowledge(60, heed)
    board.acknowledge(200, heed)
    expect(heard).toEqual([[50, 100], [100, 120], [40, 50], [0, 40], [120, 200]])
    expect([board.count, board.sackedBytes, board.lostBytes]).toEqual([0, 0, 0])
  })

  it('keeps those in flight in the order of their last sending', () => {
    const board = new Scoreboard()
    for (const start of [0, 10, 20]) board.add(start, start + 10, at(start))
    const lost = board.first as Sent
    board.lose(lost)
    expect(inFlight(board)).toEqual([[10, 20], [20, 30]])
    expect(board.nextLost()).toBe(lost)
    board.resent(lost, at(50))
    expect(inFlight(board)).toEqual([[10, 20], [20, 30], [0, 10]])
    expect(board.nextLost()).toBeUndefined()
    board.loseAll()
    board.unlose()
    expect(board.lostBytes).toBe(0)
    expect(inFlight(board)).toHaveLength(3)
  })

  it('gives up what was reported when it must', () => {
    const board = new Scoreboard()
    board.add(0, 10, at(1))
    board.sack(0, 10, nobody)
    board.forgetSacks()
    expect([board.sackedBytes, board.sackedPieces]).toEqual([0, 0])
    expect(inFlight(board)).toEqual([[0, 10]])
  })

  it('is cut no finer than it can bear', () => {
    const board = new Scoreboard()
    board.add(0, 100_000, at(1))
    for (let left = 1; left < 100_000; left += 2) board.sack(left, left + 1, nobody)
    expect(board.count).toBeLessThanOrEqual(8193)
  })

  it('counts every byte as sacked, lost or in flight, whatever happens', () => {
    const random = new SeededRandom(5)
    const board = new Scoreboard()
    let una = 0
    let next = 0
    for (let step = 0; step < 5000; step++) {
      const left = una + random.below(next - una + 1)
      switch (random.below(6)) {
        case 0:
        case 1:
          board.add(next, next + 1 + random.below(100), at(step))
          next = board.last?.end as number
          break
        case 2:
          board.sack(left, left + random.below(next - left + 1), nobody)
          break
        case 3:
          una = una + random.below(Math.min(200, next - una) + 1)
          board.acknowledge(una, nobody)
          break
        case 4:
          if (board.earliest !== undefined) board.lose(board.earliest)
          break
        default: {
          const lost = board.nextLost()
          if (lost !== undefined) board.resent(lost, at(step))
        }
      }
      const flight = inFlight(board).reduce((sum, [start, end]) => sum + end - start, 0)
      expect(flight + board.sackedBytes + board.lostBytes).toBe(next - una)
    }
  })
})
