/** What a lab is given by the computer it runs on: bytes, folders, disks, and a place where wasm runs. The only seam between them. */
import type { Core, CoreConfig } from '../cpu/core.ts'
import type { BlockDevice } from '../disk/block.ts'
import type { FileTree, JournalFile } from '../stack/files.ts'
import type { Path, ServiceKind } from '../stack/service.ts'
import type { Volume, VolumeSource } from '../stack/volume.ts'
import type { WallClock } from './volume/stamps.ts'
import type { Place } from '../base/errors.ts'
import type { FaultScript } from './faults/fault-plan.ts'
import type { MachineThread } from './threads/machine-thread.ts'
import type { BootPlan, DiskPlan } from './topology.ts'

export interface LabParts {
  readonly makeCore: (config: Omit<CoreConfig, 'engine'>) => Core
  /** An image's bytes by its name or path; it has been fetched before. Shared: nobody writes to it. */
  readonly image: (name: string) => Uint8Array
  /** A built-in guest's bytes. */
  readonly program: (boot: BootPlan & { readonly kind: 'program' }) => Uint8Array
  /** A folder that a service's `root:` names. @throws {Error} with Node's `code`. */
  readonly folder: (root: string, write: boolean) => FileTree
  /** A file that outlives the lab. @throws {Error} with Node's `code`. */
  readonly journal: (file: string) => JournalFile
  /** A whole file system, with the times of `clock`. @throws {Error} with Node's `code`. */
  readonly volume?: (source: VolumeSource, clock: WallClock) => Volume
  readonly disk: (plan: DiskPlan) => BlockDevice
  /** An initramfs with a program in it, as the kernel takes them together. */
  readonly withProgram?: (initrd: Uint8Array, path: string, program: Uint8Array) => Uint8Array
  readonly services: Readonly<Record<string, ServiceKind<unknown>>>
  /** Other threads for machines; the lab closes them. */
  readonly threads?: readonly MachineThread[]
  /** In place of chance, single hits of the faults; undefined: chance. */
  readonly script?: FaultScript | undefined
  /** Where a part of the lab file was written. */
  readonly place: (path: Path) => Place | undefined
}
