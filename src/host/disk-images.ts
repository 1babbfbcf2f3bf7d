/** What `netloom images` does with disk images: say what they are, look through them, make, convert, snapshot. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Malformed } from '../base/errors.ts'
import type { BlockDevice } from '../disk/block.ts'
import type { CheckResult, CreatePlan, DiskImage, Format, FormatName, ImageFacts, SnapshotFacts } from '../disk/format.ts'
import { formatNamed, formatOfName, openImage } from '../disk/formats.ts'
import { isZero } from '../disk/raw-format.ts'
import { hostCodec } from './codec.ts'
import { inWords, openDiskImage } from './disks.ts'
import { HostError } from './host-error.ts'
import { nameFrom, openImageFile } from './image-file.ts'

export interface ImageOptions {
  /** As the user wrote it. */
  readonly format?: string | undefined
  readonly listed?: readonly string[] | undefined
}

export interface MakeOptions extends ImageOptions {
  readonly variant?: string | undefined
  readonly clusterBytes?: number | undefined
  readonly overwrite?: boolean | undefined
}

export interface ConvertOptions extends MakeOptions {
  /** Of the source. */
  readonly from?: string | undefined
  readonly compress?: boolean | undefined
  readonly hear?: ((doneBytes: number, wholeBytes: number) => void) | undefined
}

export interface ImageReport extends ImageFacts {
  /** What the file takes on the host's disk. */
  readonly takenBytes: number
  readonly snapshots: readonly SnapshotFacts[]
}

const chunkBytes = 1 << 20

/** @throws {HostError} */
export function describeImage(path: string, options: ImageOptions): ImageReport {
  return withImage(path, options, true, (image) => ({ ...image.facts(), takenBytes: statSync(path).blocks * 512, snapshots: image.snapshots?.list() ?? [] }))
}

/** @returns undefined where the format has nothing to check. @throws {HostError} */
export function checkImage(path: string, options: ImageOptions & { readonly repair?: boolean | undefined }): CheckResult | undefined {
  return withImage(path, options, options.repair !== true, (image) => image.check?.(options.repair === true))
}

/** @param base a path; the new image shows it where it holds nothing itself. @throws {HostError} */
export function createImage(path: string, sizeBytes: number | undefined, options: MakeOptions & { readonly base?: string | undefined; readonly baseFormat?: string | undefined }): ImageFacts {
  const format = chosen(path, options.format)
  let size = sizeBytes
  let backing: CreatePlan['backing']
  if (options.base !== undefined) {
    const { base } = options
    const under = openDiskImage(base, { readOnly: true, format: formatOf(options.baseFormat), listed: options.listed ?? [] })
    size ??= under.size
    const { format: known, id } = under.facts()
    backing = { name: nameFrom(dirname(path), base), format: known === 'iso' ? 'raw' : known, ...(id === undefined ? {} : { id }) }
    under.close()
  }
  if (size === undefined) throw new HostError('EINVAL', 'how large is the disk to be?', `netloom images create ${path} 1G`)
  const plan = planOf(size, options, backing)
  return make(path, format, plan, options.overwrite === true, (image) => image.facts(), options.listed)
}

/** Copies a disk into another format; zeros take no room where the format can help it. @throws {HostError} */
export function convertImage(from: string, to: string, options: ConvertOptions): ImageFacts {
  const format = chosen(to, options.format)
  const source = openDiskImage(from, { readOnly: true, format: formatOf(options.from), listed: options.listed ?? [] })
  try {
    return make(to, format, planOf(source.size, options, undefined), options.overwrite === true, (image) => {
      if (options.compress === true && image.writeCompressed === undefined) throw new Malformed(`${format.name} has no compression here; qcow2 has, and vmdk --variant streamOptimized`)
      inWords(from, () => copyDisk(source, image, options))
      return image.facts()
    })
  } finally {
    source.close()
  }
}

/** @throws {HostError} */
export function snapshotImage(path: string, act: 'list' | 'create' | 'apply' | 'remove', name: string, options: ImageOptions): readonly SnapshotFacts[] {
  return withImage(path, options, act === 'list', (image) => {
    const { snapshots } = image
    if (snapshots === undefined) throw new Malformed(`a ${image.facts().format} image has no snapshots inside; qcow2 has`)
    if (act === 'create') snapshots.create(name, Math.floor(Date.now() / 1000))
    if (act === 'apply') snapshots.apply(name)
    if (act === 'remove') snapshots.remove(name)
    return snapshots.list()
  })
}

function planOf(size: number, options: MakeOptions, backing: CreatePlan['backing']): CreatePlan {
  if (!Number.isSafeInteger(size) || size <= 0 || size % 512 !== 0) throw new HostError('EINVAL', `a disk of ${size} bytes is not whole sectors`, 'sizes are multiples of 512 bytes')
  return { size, codec: hostCodec, variant: options.variant, clusterBytes: options.clusterBytes, backing }
}

function withImage<Value>(path: string, options: ImageOptions, readOnly: boolean, work: (image: DiskImage) => Value): Value {
  const image = openDiskImage(path, { readOnly, format: formatOf(options.format), listed: options.listed ?? [] })
  return inWords(path, () => {
    try {
      return work(image)
    } finally {
      image.close()
    }
  })
}

/** The new image takes its name when it is whole; files beside it (extents) are the format's own business. */
function make<Value>(path: string, format: Format, plan: CreatePlan, overwrite: boolean, fill: (image: DiskImage) => Value, listed: readonly string[] = []): Value {
  if (existsSync(path) && !overwrite) throw new HostError('EEXIST', `${path} is there already`, 'choose another name, or say --yes to write over it')
  return inWords(path, () => {
    const { create } = format
    if (create === undefined) throw new Malformed(`Netloom reads ${format.name} and does not write it${format.name === 'iso' ? '; a folder becomes one by netloom images mkiso' : ''}`)
    if (plan.variant !== undefined && format.variants?.includes(plan.variant) !== true) throw new Malformed(`${format.name} has no variant "${plan.variant}"; it has ${format.variants?.join(', ') ?? 'none'}`)
    const unfinished = format.fixedName?.(plan.variant) === true ? path : `${path}.${process.pid}.new`
    if (unfinished === path) rmSync(path, { force: true })
    try {
      const file = openImageFile(unfinished, { writable: true, create: true, listed })
      let image: DiskImage
      try {
        create(file, plan)
      } catch (error) {
        file.close()
        throw error
      }
      image = openImage(file, { codec: hostCodec, readOnly: false, format: format.name })
      const value = closing(image, fill)
      if (unfinished !== path) renameSync(unfinished, path)
      return value
    } catch (error) {
      rmSync(unfinished, { force: true })
      throw error
    }
  })
}

function closing<Value>(image: DiskImage, work: (image: DiskImage) => Value): Value {
  try {
    const value = work(image)
    image.flush()
    return value
  } finally {
    image.close()
  }
}

function copyDisk(from: BlockDevice, to: DiskImage, { compress, hear }: ConvertOptions): void {
  const piece = to.clusterBytes ?? 65_536
  const chunk = new Uint8Array(Math.max(chunkBytes, piece))
  for (let done = 0; done < from.size; done += chunk.length) {
    const bytes = chunk.subarray(0, Math.min(chunk.length, from.size - done))
    from.read(done, bytes)
    for (let at = 0; at < bytes.length; at += piece) {
      const part = bytes.subarray(at, Math.min(at + piece, bytes.length))
      if (isZero(part)) continue
      if (compress === true) to.writeCompressed?.(done + at, part)
      else to.write(done + at, part)
    }
    hear?.(done + bytes.length, from.size)
  }
}

function chosen(path: string, format: string | undefined): Format {
  return inWords(path, () => (format === undefined ? (formatOfName(path) ?? formatNamed('raw')) : formatNamed(format)))
}

/** A format as a user writes it. @throws {HostError} where there is none of that name. */
export function formatOf(format: string | undefined): FormatName | undefined {
  return format === undefined ? undefined : inWords('--format', () => formatNamed(format).name)
}
