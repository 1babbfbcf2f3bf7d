/** The block allocation table of a VHDX. MS-VHDX §2.5: payload entries, and after each chunk's worth of them one for a sector bitmap. */
import { u32le } from '../../base/bytes.ts'
import { DiskError } from '../block.ts'
import type { ImageFile } from '../image-file.ts'
import { type BlockTable, nowhere, zeros } from '../mapped.ts'
import { little, putLittle } from '../number.ts'
import { PageCache } from '../page-cache.ts'
import type { Metadata, Region } from './header.ts'

/** §2.5.1.1. */
export const state = { absent: 0, undefined: 1, zero: 2, unmapped: 3, present: 6, partial: 7 } as const
const megabyte = 1 << 20

/** Payload blocks that one sector bitmap would be about. */
export const chunkRatio = ({ sectorBytes, blockBytes }: Metadata): number => (2 ** 23 * sectorBytes) / blockBytes

export function tableEntries(metadata: Metadata): number {
  const blocks = Math.ceil(metadata.size / metadata.blockBytes)
  return blocks + Math.floor((blocks - 1) / chunkRatio(metadata))
}

export class VhdxTable implements BlockTable {
  readonly #cache: PageCache
  readonly #position: number
  readonly #ratio: number
  readonly #name: string

  constructor(file: ImageFile, region: Region, metadata: Metadata) {
    this.#cache = new PageCache(file)
    this.#position = region.position
    this.#ratio = chunkRatio(metadata)
    this.#name = file.name
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  locate(block: number): number {
    const position = this.#entry(block)
    const page = this.#cache.page(position)
    const at = this.#cache.at(position)
    switch (u32le(page, at) & 7) {
      case state.absent:
      case state.undefined:
      case state.unmapped:
        return nowhere
      case state.zero:
        return zeros
      case state.present: {
        // The low 20 bits are state and reserved.
        const place = Math.floor(little(page, at) / megabyte) * megabyte
        if (place < megabyte || place > 2 ** 50) throw new DiskError('EIO', `${this.#name}: block ${block} is said to lie at ${place}`)
        return place
      }
      default:
        throw new DiskError('EIO', `${this.#name}: block ${block} is in state ${u32le(page, at) & 7}`)
    }
  }

  link(block: number, place: number): void {
    const position = this.#entry(block)
    putLittle(this.#cache.change(position), this.#cache.at(position), place + state.present)
  }

  store(): void {
    this.#cache.store()
  }

  #entry(block: number): number {
    return this.#position + (block + Math.floor(block / this.#ratio)) * 8
  }
}
