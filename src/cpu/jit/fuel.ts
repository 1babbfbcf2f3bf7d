/** How much fuel a region must see before it goes on: it looks where it is entered and at every loop's head, and nowhere else. */
import type { Block } from './blocks.ts'

/** For each check point the most instructions that run before the next one. */
export function fuelNeeds(blocks: ReadonlyMap<number, Block>, checks: ReadonlySet<number>): ReadonlyMap<number, number> {
  const known = new Map<number, number>()
  // Between check points there is no cycle: every loop has a head, and heads are check points.
  const from = (start: number): number => {
    const seen = known.get(start)
    if (seen !== undefined) return seen
    const block = blocks.get(start) as Block
    let longest = 0
    for (const next of block.next) if (!checks.has(next)) longest = Math.max(longest, from(next))
    const sum = block.instructions.length + longest
    known.set(start, sum)
    return sum
  }
  return new Map([...checks].map((check) => [check, from(check)]))
}
