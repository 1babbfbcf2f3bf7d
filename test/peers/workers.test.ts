/** Four Linux guests in threads of their own, and all in one: the hash is the same. With two threads: one-hash.test.ts. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'

async function run(file: string, workers: number): Promise<readonly [string, Readonly<Record<string, string>>]> {
  const lab = await loadLab(readLab({ file: fileURLToPath(new URL(`../../${file}`, import.meta.url)) }), { workers })
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  expect(lab.verdicts.all.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  const told = [lab.digest, lab.lanes] as const
  lab.close('it ended')
  return told
}

describe('threads for machines', () => {
  for (const [file, workers] of [['bench/workers/four.yaml', 4]] as const) {
    it(`${file} with ${workers} is the run of one`, { timeout: 300_000 }, async () => {
      expect(await run(file, workers)).toEqual(await run(file, 1))
    })
  }
})
