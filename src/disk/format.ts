/** What every image format answers: is this one of yours, open it, make one. */
import type { BlockDevice } from './block.ts'
import type { Codec } from './codec.ts'
import type { ImageFile } from './image-file.ts'

/** As a lab file and the command line spell them. */
export const formatWords = ['raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx', 'parallels', 'craff', 'iso'] as const

export type FormatName = (typeof formatWords)[number]

export interface Format {
  readonly name: FormatName
  /** Endings of file names that say this format, with their dot. */
  readonly endings: readonly string[]
  readonly about: string
  /** By content. Looks at the first and the last bytes only. @throws {DiskError} */
  recognise(file: ImageFile): boolean
  /** @throws {Malformed} with a sentence. @throws {DiskError} */
  open(file: ImageFile, context: OpenContext): DiskImage
  /** Turns an empty file into an empty image; left out where the format is only read. @throws {Malformed} on what it can't be. @throws {DiskError} */
  create?(file: ImageFile, plan: CreatePlan): void
  /** Whether an image of this variant has further files that call it, or that it calls, by its name. */
  fixedName?(variant: string | undefined): boolean
  /** Names of the kinds of image that `create` makes; the first is the usual one. */
  readonly variants?: readonly string[]
}

export interface OpenContext {
  readonly codec: Codec
  readonly readOnly: boolean
  /** Opens, for reading, the image that `from` names as its base. @param format as `from` says it. @throws {Malformed | DiskError} */
  base(from: ImageFile, name: string, format: string | undefined): DiskImage
}

export interface CreatePlan {
  /** Of the disk; a multiple of 512. */
  readonly size: number
  readonly codec: Codec
  readonly variant?: string | undefined
  /** Bytes of a cluster or block. */
  readonly clusterBytes?: number | undefined
  readonly backing?: { readonly name: string; readonly format: FormatName; readonly id?: Uint8Array } | undefined
}

/** An image that is open. Closing it closes its files and its base. */
export interface DiskImage extends BlockDevice {
  facts(): ImageFacts
  /** Looks through the image's own tables. @param repair also mends what can be mended. Left out where there is nothing to look through. */
  check?(repair: boolean): CheckResult
  /** Whole clusters only. Left out where the format, or this image, has no compression. */
  writeCompressed?(offset: number, from: Uint8Array): void
  /** How large such clusters are, in bytes. */
  readonly clusterBytes?: number
  readonly snapshots?: Snapshots
  close(): void
}

/** Plain data: what `images info` prints. */
export interface ImageFacts {
  readonly file: string
  readonly format: FormatName
  readonly variant?: string | undefined
  /** Of the disk. */
  readonly sizeBytes: number
  readonly clusterBytes?: number | undefined
  readonly backing?: string | undefined
  readonly base?: ImageFacts | undefined
  /** By which an image over this one knows it again. */
  readonly id?: Uint8Array | undefined
  readonly notes: readonly string[]
}

export interface CheckResult {
  /** What makes the image lie about its content. */
  readonly errors: readonly string[]
  /** Room that is taken and holds nothing. */
  readonly leaks: number
  readonly repaired: number
}

/** Snapshots inside an image. */
export interface Snapshots {
  list(): readonly SnapshotFacts[]
  create(name: string, seconds: number): void
  /** The disk becomes what it was. */
  apply(name: string): void
  remove(name: string): void
}

export interface SnapshotFacts {
  readonly id: string
  readonly name: string
  /** Since 1970, of the host's clock then. */
  readonly seconds: number
  readonly sizeBytes: number
}

/** At most so many complaints are kept. */
export const mostComplaints = 20
