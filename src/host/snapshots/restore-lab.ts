/** Brings a lab back from a snapshot's file: from the same lab file and the same images, as lab/snapshot/save-lab.ts tells. */
import { ConfigError } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import type { Lab } from '../../lab/lab.ts'
import { reseed } from '../../lab/snapshot/history.ts'
import { Restoration } from '../../lab/snapshot/restore.ts'
import { version } from '../version.ts'
import { loadLab, type LoadOptions, type ReadLab, readLab } from '../open-lab.ts'
import { hashImages, hashTopology, originOf } from './lab-origin.ts'
import { type OpenedSnapshot, readSnapshot, type SnapshotCard } from './snapshot-file.ts'

export interface RestoreOptions extends Pick<LoadOptions, 'hear' | 'signal' | 'historyBytes' | 'workers'> {
  /** Under which it runs from now on; its own when left out. */
  readonly name?: string | undefined
  /** Of all chance from now on; what was drawn before stays. */
  readonly seed?: string | undefined
}

export interface RestoredLab {
  readonly lab: Lab
  readonly read: ReadLab
  readonly card: SnapshotCard
}

/** How long the event loop waits for its turn while a lab is brought back, in milliseconds. */
const slice = 50

/** @throws {ConfigError} when the snapshot is torn or foreign, or the lab file or an image has changed. @throws {HostError} */
export async function restoreLab(path: string, options: RestoreOptions): Promise<RestoredLab> {
  const opened = readSnapshot(path, version())
  const read = readAgain(path, opened.card)
  const { name = opened.card.lab, ...rest } = options
  const lab = await loadLab(read, { ...rest, past: opened.files, runName: name })
  checkImages(path, opened.card, lab)
  await goThrough(lab, opened)
  originOf(lab)?.files.complete()
  partWithOutside(lab)
  if (options.seed !== undefined) reseed(lab, options.seed)
  return { lab, read: { ...read, topology: { ...read.topology, name } }, card: opened.card }
}

async function goThrough(lab: Lab, { unpacked, pages }: OpenedSnapshot): Promise<void> {
  const restoration = new Restoration(lab, unpacked.snapshot)
  for (;;) {
    const until = performance.now() + slice
    if (restoration.run(() => performance.now() < until)) break
    // Libraries that hold time have their turn, and so have signals.
    await new Promise((resolve) => void setImmediate(resolve))
  }
  unpacked.fill(await pages())
  restoration.complete()
}

function readAgain(path: string, card: SnapshotCard): ReadLab {
  const read = readLab({ file: card.file, ...card.given })
  const hint = 'put the old one back, or start the lab anew: netloom up'
  if (read.source.text !== card.text) throw new ConfigError(`${card.file} has changed since ${path} was saved`, undefined, hint)
  if (hashTopology(read) !== card.topology) throw new ConfigError(`what ${card.file} includes, or a variable in it, has changed since ${path} was saved`, undefined, hint)
  return read
}

function checkImages(path: string, card: SnapshotCard, lab: Lab): void {
  const images = hashImages(originOf(lab)?.images ?? new Map())
  for (const [name, hash] of Object.entries(card.images)) {
    if (images[name] !== hash) throw new ConfigError(`the image ${name} is another than when ${path} was saved`, undefined, 'put the old one back, or start the lab anew: netloom up')
  }
}

/** Whoever was at the other ends of NAT's flows is not there any more; by the door, so that a snapshot of this lab knows of it. */
function partWithOutside(lab: Lab): void {
  for (const [name, nat] of lab.nats) for (const event of nat.partings) lab.door.replayOutside({ time: lab.now as Instant, nat: name, event })
}
