/** A kept run's folder as a time machine wants it. */
import { ConfigError } from '../../base/errors.ts'
import type { KeptRun } from '../../lab/runs/diff-runs.ts'
import { loadLab, type ReadLab, readLab } from '../open-lab.ts'
import { readInputs } from '../replay-run.ts'
import { originOf } from '../snapshots/lab-origin.ts'
import { RecyclingEngine } from './recycling-engine.ts'
import type { KeptInputs } from './time-machine.ts'

/** @param file the lab file, when it has moved. @throws {ConfigError} */
export function keptInputs(folder: string, { card }: KeptRun, file: string | undefined): { readonly run: KeptInputs; readonly read: ReadLab } {
  const path = file ?? card.file
  if (path === undefined) throw new ConfigError(`${folder} does not say of which lab file it is`, undefined, 'name it: -f FILE')
  const read = readLab({ file: path, name: card.lab, seed: card.seed })
  const engine = new RecyclingEngine()
  let images: ReadonlyMap<string, Uint8Array> | undefined
  return {
    read,
    run: {
      card,
      inputs: readInputs(folder),
      open: async (past) => {
        engine.recycle()
        const lab = await loadLab(read, { engine, workers: 1, ...(images === undefined ? {} : { images }), ...(past === undefined ? {} : { past }) })
        images ??= originOf(lab)?.images
        return lab
      },
    },
  }
}
