/**
 * What a lab has on this computer that belongs to its state: journals it writes, disks its machines write to. While a lab is brought back its journals
 * are as they were when it began, and nothing reaches the real ones; what its machines had written to their disks is written again.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../../base/errors.ts'
import type { BlockDevice } from '../../disk/block.ts'
import type { DiskPlan, Topology } from '../../lab/topology.ts'
import type { FileTree, JournalFile } from '../../stack/files.ts'
import { closeDisk, openDisk } from '../disks.ts'
import { HostFileTree } from '../file-tree.ts'
import { HostJournalFile } from '../journal-file.ts'
import { HeldJournal } from './held-journal.ts'
import { type DiskBlocks, TrackedDisk } from './tracked-disk.ts'

/** The image below a disk, as it was found. */
export type DiskBase = { readonly size: number; readonly modified: number }

export type FilesState = {
  /** What each journal held when the lab began, by its absolute path. */
  readonly journals: { readonly [file: string]: Uint8Array }
  /** By `NODE disk N`. */
  readonly disks: { readonly [disk: string]: { readonly base: DiskBase; readonly blocks: DiskBlocks } }
}

interface OpenDisk {
  readonly plan: DiskPlan
  readonly base: DiskBase
  readonly disk: TrackedDisk
}

export class LabFiles {
  readonly #folder: string
  readonly #names = new Map<DiskPlan, string>()
  readonly #past: FilesState | undefined
  readonly #begun: Record<string, Uint8Array> = {}
  readonly #held: HeldJournal[] = []
  readonly #disks = new Map<string, OpenDisk>()
  readonly #images: BlockDevice[] = []
  /** What was opened for writing where it is. */
  readonly #written = new Set<string>()

  /** @param folder what the lab file's paths are relative to. @param past of a lab that is brought back. */
  constructor(topology: Topology, folder: string, past?: FilesState) {
    this.#folder = folder
    this.#past = past
    for (const { name, disks } of topology.machines) for (const [index, plan] of disks.entries()) this.#names.set(plan, `${name} disk ${index + 1}`)
  }

  /** @throws {HostError} */
  journal(file: string): JournalFile {
    const path = resolve(this.#folder, file)
    const content = this.#past?.journals[path]
    if (content === undefined) {
      const journal = new HostJournalFile(path)
      this.#begun[path] = new Uint8Array(journal.content)
      return journal
    }
    this.#begun[path] = content
    const held = new HeldJournal(content, () => new HostJournalFile(path))
    this.#held.push(held)
    return held
  }

  /** @throws {HostError} @throws {ConfigError} when its image is not what it was. */
  disk(plan: DiskPlan): BlockDevice {
    const name = this.#names.get(plan) as string
    const past = this.#past?.disks[name]
    const image = openDisk(plan, this.#folder)
    this.#images.push(image)
    const disk = new TrackedDisk(image)
    // What a server has may change while the lab is away, and nobody would see it.
    if (plan.nbd !== undefined) {
      this.#written.add(`nbd: ${plan.nbd}`)
      return disk
    }
    const { size, mtimeMs } = statSync(resolve(this.#folder, plan.file))
    if (past !== undefined && (past.base.size !== size || past.base.modified !== mtimeMs)) {
      throw new ConfigError(`the disk image ${plan.file} (${name}) has changed since the lab was saved`, undefined, 'put the old one back, or start the lab anew: netloom up')
    }
    this.#disks.set(name, { plan, base: { size, modified: mtimeMs }, disk })
    return disk
  }

  /** A folder that a service serves. @throws {HostError} */
  folder(root: string, write: boolean): FileTree {
    const path = resolve(this.#folder, root)
    const tree = new HostFileTree(path, { write })
    return {
      open: (name, mode) => {
        if (mode !== 'read') this.#written.add(root)
        return tree.open(name, mode)
      },
      stat: (name) => tree.stat(name),
      list: (name) => tree.list(name),
    }
  }

  /** A folder is served so that guests write into it where it is. */
  writtenInPlace(path: string): void {
    this.#written.add(path)
  }

  /** @throws {ConfigError} when something was written that no snapshot can take back. */
  save(): FilesState {
    for (const path of this.#written) throw new ConfigError(`${path} is written where it is, so the lab can’t be saved: brought back, it would be written a second time`, undefined, 'write: overlay keeps what guests write in memory')
    const disks = [...this.#disks].map(([name, { plan, base, disk }]) => {
      if (plan.overlay !== true && disk.dirty) throw new ConfigError(`${plan.file} (${name}) is written where it is, so the lab can’t be saved`, undefined, 'overlay: true keeps what the guest writes beside the image')
      return [name, { base, blocks: disk.save() }] as const
    })
    return { journals: { ...this.#begun }, disks: Object.fromEntries(disks) }
  }

  /** The lab is over: its disks are whole on the host's, and others may write to them. */
  close(): void {
    for (const image of this.#images.splice(0)) closeDisk(image)
  }

  /** The lab is back: its disks are as they were, and its journals go on where they are kept. @throws {HostError} */
  complete(): void {
    for (const [name, { disk }] of this.#disks) disk.load(this.#past?.disks[name]?.blocks ?? [])
    for (const held of this.#held.splice(0)) held.release()
  }
}
