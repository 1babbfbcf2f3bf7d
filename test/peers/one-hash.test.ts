/** However a lab of Linux guests is run, its hash is one: again, in threads, kept and replayed, saved in the middle and brought back. */
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { readKeptRun } from '../../src/host/kept-run.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { restoreLab } from '../../src/host/snapshots/restore-lab.ts'
import { type SavedLab, takeSnapshot } from '../../src/host/snapshots/take-snapshot.ts'
import { version } from '../../src/host/version.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { usualHistoryBytes } from '../../src/lab/snapshot/history.ts'
import { savable } from '../../src/lab/snapshot/save-lab.ts'
import { BenchFolder } from '../cli/bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())
const forever = 2 ** 52 as Instant

/** `netloom WORDS`; the hash that it prints, or all it said when there is none. */
async function printed(...words: readonly string[]): Promise<string> {
  const { code, out, err } = await bench.call(...words)
  return code === 0 ? (/\brun ([0-9a-f]{16})\b/.exec(out)?.[1] ?? out) : `exit code ${code}: ${out}${err}`
}

/** To the end of its tests, which all pass. */
function finish(lab: Lab): string {
  lab.endWithTests = true
  lab.run(forever, () => true)
  expect(lab.verdicts.all.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  const { digest } = lab
  lab.close('it ended')
  return digest
}

/** A run that is saved as soon as it can be after that instant, in nanoseconds, and goes on. */
async function saving(file: string, instant: number, snapshot: string): Promise<{ digest: string; saved: SavedLab | undefined }> {
  const lab = await loadLab(readLab({ file }), { historyBytes: usualHistoryBytes, workers: 1 })
  let saved: Promise<SavedLab> | undefined
  lab.endWithTests = true
  lab.run(forever, () => {
    if (saved === undefined && (lab.next ?? 0) >= instant && savable(lab)) saved = takeSnapshot(lab, snapshot, version())
    return true
  })
  return { digest: finish(lab), saved: await saved }
}

describe('one hash', () => {
  it.each([
    ['netboot', 'topologies/netboot.yaml', 3e9],
    ['four guests', 'bench/workers/four.yaml', 6e8],
  ])('%s', { timeout: 600_000, retry: 0 }, async (name, path, instant) => {
    const file = fileURLToPath(new URL(`../../${path}`, import.meta.url))
    const test = (...words: readonly string[]): Promise<string> => printed('test', file, '--results', bench.file('results'), ...words)
    const kept = bench.file(`${name} kept`)
    const hashes: Record<string, string> = {}
    hashes['plain'] = await test('--workers', '1')
    hashes['plain again'] = await test('--workers', '1')
    hashes['two workers'] = await test('--workers', '2')
    hashes['kept'] = await test('--workers', '1', '--keep', kept)
    hashes['replayed'] = await printed('replay', kept)
    const { digest, saved } = await saving(file, instant, bench.file(`${name}.nlsnap`))
    hashes['saved on the way'] = digest
    const { end } = readKeptRun(kept).card
    expect(end.reason).toBe('tests')
    // Neither before anything had happened nor when all was over.
    const share = (saved?.instant ?? 0) / end.time
    expect(share).toBeGreaterThan(0.2)
    expect(share).toBeLessThan(0.9)
    hashes['brought back'] = finish((await restoreLab(bench.file(`${name}.nlsnap`), { workers: 1 })).lab)
    expect(hashes['plain']).toMatch(/^[0-9a-f]{16}$/)
    expect(hashes).toEqual(Object.fromEntries(Object.keys(hashes).map((way) => [way, hashes['plain']])))
  })
})
