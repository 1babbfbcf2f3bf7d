/** Half a minute of broken frames and hostile segments; `NETLOOM_FUZZ_SEED` begins elsewhere. A failure names its seed, which `life(seed)` or the frame's bytes bring back. */
import { expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { dissect, line, tree } from '../../src/wire/dissect.ts'
import { mutate, seeds } from '../fuzz/frames.ts'
import { life } from '../stack/tcp/life.ts'

const spanMs = 15_000
const first = Number(process.env['NETLOOM_FUZZ_SEED'] ?? 1)

it('finds nothing in any parser in a quarter of a minute', () => {
  const random = new SeededRandom(first)
  let count = 0
  for (const end = performance.now() + spanMs; performance.now() < end; count++) {
    const bytes = count % 10 === 0 ? random.bytes(random.below(300)) : mutate(random, seeds[count % seeds.length])
    try {
      expect(dissect(bytes).length).toBeLessThanOrEqual(16)
      tree(bytes)
      line(bytes.subarray(Math.min(14, bytes.length)), 'ip')
    } catch (error) {
      throw new Error(`seed ${first}, frame ${count}: ${hex(bytes)}${error instanceof Malformed ? ' (Malformed came through)' : ''}`, { cause: error })
    }
  }
  process.stdout.write(`fuzz: ${count} frames from seed ${first}\n`)
})

it('finds nothing in TCP in a quarter of a minute', () => {
  let count = 0
  let seed = first
  for (const end = performance.now() + spanMs; performance.now() < end; seed++) {
    try {
      count += life(seed, 200)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
  process.stdout.write(`fuzz: ${count} segments from seed ${first} on\n`)
})
