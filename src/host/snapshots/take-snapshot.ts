/** Takes a running lab's snapshot: at once, between two runs of an island; its file is written while the lab goes on. */
import { ConfigError } from '../../base/errors.ts'
import type { Lab } from '../../lab/lab.ts'
import { saveLab } from '../../lab/snapshot/save-lab.ts'
import { hashImages, hashTopology, originOf } from './lab-origin.ts'
import { writeSnapshot } from './snapshot-file.ts'

/** What was saved. A stable contract. */
export interface SavedLab {
  readonly file: string
  /** Virtual nanoseconds. */
  readonly instant: number
  /** Of the file. */
  readonly bytes: number
}

/**
 * Where `savable` says so. @param version of this netloom. @param path absolute.
 * @returns once the file is there. @throws {ConfigError} what can't be saved, before anything is written. @throws {HostError}
 */
export function takeSnapshot(lab: Lab, path: string, version: string): Promise<SavedLab> {
  const origin = originOf(lab)
  if (origin === undefined) throw new ConfigError('this lab was not made from a lab file')
  const { read, images, files } = origin
  const snapshot = saveLab(lab)
  const state = files.save()
  const card = {
    netloom: version,
    lab: lab.topology.name,
    file: read.source.path,
    text: read.source.text,
    given: read.given,
    topology: hashTopology(read),
    images: hashImages(images),
    instant: snapshot.instant,
  }
  return writeSnapshot(path, card, snapshot, state).then((bytes) => ({ file: path, instant: snapshot.instant, bytes }))
}
