/** The disks of a lab: images of any format, written in place or through an overlay that leaves them as they are. */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Malformed } from '../base/errors.ts'
import { type BlockDevice, DiskError } from '../disk/block.ts'
import type { DiskImage, FormatName } from '../disk/format.ts'
import { formatNamed, openImage } from '../disk/formats.ts'
import type { DiskPlan } from '../lab/topology.ts'
import { hostCodec } from './codec.ts'
import { HostError } from './host-error.ts'
import { nameFrom, openImageFile } from './image-file.ts'
import { openNbd, parseNbd } from './nbd-disk.ts'

export interface OpenImageOptions {
  readonly readOnly: boolean
  /** Undefined: by name and content. */
  readonly format?: FormatName | undefined
  /** Files and folders elsewhere that the image may name. */
  readonly listed?: readonly string[]
}

/** @throws {HostError} with a sentence for whoever named the image. */
export function openDiskImage(path: string, { readOnly, format, listed = [] }: OpenImageOptions): DiskImage {
  return inWords(path, () => openImage(openImageFile(path, { writable: !readOnly, listed }), { codec: hostCodec, readOnly, format }))
}

/** Images that are open; whatever ends the process in an orderly way closes them, so that nothing of theirs is left in memory. */
const open = new Set<BlockDevice>()

/** @param folder what the plan's paths are relative to. @throws {HostError} */
export function openDisk(plan: DiskPlan, folder: string): BlockDevice {
  if (open.size === 0) process.once('exit', closeDisks)
  if (plan.nbd !== undefined) {
    const served = openNbd(parseNbd(plan.nbd, (path) => resolve(folder, path)), plan.readOnly, plan.nbd)
    open.add(served)
    return served
  }
  const path = resolve(folder, plan.file)
  const listed = plan.uses.map((name) => resolve(folder, name))
  const image = plan.overlay === undefined ? openDiskImage(path, { readOnly: plan.readOnly, format: plan.format, listed }) : openOverlay(path, plan, folder, listed)
  open.add(image)
  return image
}

/** Closes every disk that `openDisk` opened. Each gets its chance, whatever becomes of the others. */
export function closeDisks(): void {
  for (const image of open) closeDisk(image)
}

/** Closes one that `openDisk` opened, so that others may write to its file; a second time does nothing. What can't be written any more is said, and the lab ends all the same. */
export function closeDisk(image: BlockDevice): void {
  if (!open.delete(image)) return
  if (open.size === 0) process.off('exit', closeDisks)
  try {
    image.close?.()
  } catch (error) {
    process.stderr.write(`a disk could not be closed: ${(error as Error).message}\n`)
  }
}

/** Makes an overlay where there is none yet. A temporary one has no name any more once it is open. */
function openOverlay(path: string, plan: DiskPlan, folder: string, listed: readonly string[]): DiskImage {
  const reach = { listed: [...listed, path, dirname(path)] }
  if (plan.overlay === true) {
    const temporary = mkdtempSync(join(tmpdir(), 'netloom-'))
    try {
      const file = join(temporary, 'overlay.qcow2')
      createOverlay(file, path, plan.format, reach.listed)
      return openDiskImage(file, { readOnly: plan.readOnly, format: 'qcow2', ...reach })
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  }
  const file = resolve(folder, plan.overlay as string)
  if (!existsSync(file)) createOverlay(file, path, plan.format, reach.listed)
  const image = openDiskImage(file, { readOnly: plan.readOnly, format: 'qcow2', ...reach })
  const { backing } = image.facts()
  if (backing !== undefined && nameFrom(dirname(file), resolve(dirname(file), backing)) === nameFrom(dirname(file), path)) return image
  image.close()
  throw new HostError('EIMAGE', `the overlay ${file} lies over ${backing ?? 'nothing'}, not over ${path}`, 'remove it, and a new one is made; or name another')
}

/** A new qcow2 image over a base, there all at once or not at all. @throws {HostError} */
export function createOverlay(file: string, basePath: string, format: FormatName | undefined, listed: readonly string[]): void {
  const base = openDiskImage(basePath, { readOnly: true, format, listed })
  const { size } = base
  const backing = { name: nameFrom(dirname(file), basePath), format: base.facts().format }
  base.close()
  const unfinished = `${file}.${process.pid}.new`
  inWords(file, () => {
    try {
      const made = openImageFile(unfinished, { writable: true, create: true })
      try {
        formatNamed('qcow2').create?.(made, { size, codec: hostCodec, backing: { ...backing, format: backing.format === 'iso' ? 'raw' : backing.format } })
      } finally {
        made.close()
      }
      renameSync(unfinished, file)
    } catch (error) {
      rmSync(unfinished, { force: true })
      throw error
    }
  })
}

/** What is wrong with an image, as the host's refusal. */
export function inWords<Value>(path: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (error instanceof Malformed) throw new HostError('EIMAGE', `${path}: ${error.message}`, `netloom images info ${path}`, error)
    if (error instanceof DiskError) throw new HostError(error.code, `${path}: ${error.message}`, undefined, error)
    throw error
  }
}
