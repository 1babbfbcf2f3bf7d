/**
 * Hostile machine code in quantity: `npx tsx bench/conformance/hostile.ts [--quick] STREAMS [SEED]`. Both engines run every stream, with `--quick` the
 * interpreter alone; the first that throws or differs ends it.
 */
import { SeededRandom } from '../../src/base/random.ts'
import { HostilePair, quick } from '../../test/contract/engine/hostile.ts'

const words = process.argv.slice(2)
const shape = words[0] === '--quick' ? quick : undefined
if (shape !== undefined) words.shift()
const streams = Number(words[0] ?? 1000)
const seed = words[1] ?? 'hostile'
const pairs = [new HostilePair('rv64gc', shape), new HostilePair('rva22', shape)]
for (let index = 0; index < streams; index++) {
  const name = `${seed}/${index}`
  try {
    const different = pairs[index & 1].run(new SeededRandom(name))
    if (different !== undefined) throw new Error(different)
  } catch (error) {
    console.log(`${name}: ${(error as Error).stack}`)
    process.exit(1)
  }
  if (index % 100_000 === 99_999) console.log(`${index + 1} streams`)
}
console.log(`${streams} streams: nothing thrown, no difference`)
