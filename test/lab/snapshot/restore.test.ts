import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { History } from '../../../src/lab/snapshot/history.ts'
import { Restoration } from '../../../src/lab/snapshot/restore.ts'
import { type LabSnapshot, savable, saveLab } from '../../../src/lab/snapshot/save-lab.ts'

const forever = 2 ** 52 as Instant
const read = readLab({ file: fileURLToPath(new URL('../../../topologies/hello.yaml', import.meta.url)) })

async function fresh(): Promise<Lab> {
  const lab = await loadLab(read)
  lab.history = new History(lab)
  return lab
}

/** Runs to the end, saving on the way wherever `at` says so. */
function run(lab: Lab, at: (step: number) => boolean): LabSnapshot[] {
  const saved: LabSnapshot[] = []
  let step = 0
  lab.run(forever, () => {
    if (at(step++) && savable(lab)) saved.push(saveLab(lab))
    return true
  })
  return saved
}

describe('hello.yaml', () => {
  it('goes on from any moment as it would have gone on', async () => {
    const whole = await fresh()
    run(whole, () => false)
    const saving = await fresh()
    const saved = run(saving, (step) => step % 4 === 0)
    expect(saving.digest).toBe(whole.digest)
    expect(saved.length).toBeGreaterThan(10)
    for (const snapshot of saved) {
      const lab = await fresh()
      const restoration = new Restoration(lab, snapshot)
      expect(restoration.run(() => true)).toBe(true)
      restoration.complete()
      run(lab, () => false)
      expect(lab.digest).toBe(whole.digest)
      expect(lab.verdicts.all).toEqual(whole.verdicts.all)
      expect(lab.journal.entries).toEqual(whole.journal.entries)
    }
  })
})
