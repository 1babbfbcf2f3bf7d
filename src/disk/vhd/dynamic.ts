/**
 * A VHD that grows: blocks behind sector bitmaps, a table, a footer at the end that moves. Virtual Hard Disk Image Format Specification 1.0.
 *
 * A new block goes where the footer was. So the footer is written behind the block's room first, then the block, and the table after a sync; killed at
 * any moment, the file has a footer at its end and a table that points to whole blocks. Over a base, a sector is the image's own once its bit is set,
 * which waits for the flush like the table.
 */
import { putU32be, u32be } from '../../base/bytes.ts'
import { type BlockDevice, checkRange, DiskError, eachPart, refuseWrite } from '../block.ts'
import { readFully, syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { type BlockTable, nowhere, readBehind } from '../mapped.ts'
import { roundUp } from '../number.ts'
import { PageCache } from '../page-cache.ts'
import { absentEntry, type Footer, footerBytes, type SparseHeader } from './footer.ts'

const sectorBytes = 512
const mostWaiting = 1 << 20

export class DynamicVhd implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly file: ImageFile
  readonly blockBytes: number
  /** Positions of blocks, bitmaps included. */
  readonly table: BlockTable
  readonly #footer: Footer
  readonly #bitmapBytes: number
  readonly #cache: PageCache
  readonly #backing: BlockDevice | undefined
  /** Where the next block begins; the footer is there, or will be. */
  #end: number
  #changed = false

  constructor(file: ImageFile, footer: Footer, header: SparseHeader, readOnly: boolean, backing: BlockDevice | undefined) {
    this.file = file
    this.size = footer.size
    this.readOnly = readOnly || !file.writable
    this.blockBytes = header.blockBytes
    this.#footer = footer
    this.#bitmapBytes = roundUp(Math.ceil(header.blockBytes / sectorBytes / 8), sectorBytes)
    this.#cache = new PageCache(file, sectorBytes)
    this.#backing = backing
    this.table = new VhdTable(file, header, this.#cache)
    this.#end = roundUp(Math.max(0, file.size - footerBytes), sectorBytes)
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    eachPart(offset, into.length, this.blockBytes, (block, within, at, length) => {
      const place = this.table.locate(block)
      const part = into.subarray(at, at + length)
      if (place === nowhere) readBehind(this.#backing, offset + at, part)
      else if (this.#backing === undefined) readFully(this.file, place + this.#bitmapBytes + within, part)
      else this.#readMixed(place, within, offset + at, part)
    })
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    eachPart(offset, from.length, this.blockBytes, (block, within, at, length) => {
      const part = from.subarray(at, at + length)
      const place = this.table.locate(block)
      if (this.#backing === undefined) writeFully(this.file, (place === nowhere ? this.#add(block) : place) + this.#bitmapBytes + within, part)
      else this.#writeOver(block, place, within, offset + at, part)
    })
    if (this.#cache.dirtyBytes > mostWaiting) this.flush()
  }

  flush(): void {
    if (this.readOnly) return
    syncFile(this.file)
    if (!this.#changed) return
    this.#cache.store()
    syncFile(this.file)
    this.#changed = false
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.file.close()
      this.#backing?.close?.()
    }
  }

  /** @returns where the new block's bitmap is. */
  #add(block: number): number {
    const place = this.#end
    const end = place + this.#bitmapBytes + this.blockBytes
    if (this.file.size > place + footerBytes) truncateFile(this.file, place + footerBytes)
    writeFully(this.file, end, this.#footer.bytes)
    const bitmap = new Uint8Array(this.#bitmapBytes).fill(this.#backing === undefined ? 0xff : 0)
    writeFully(this.file, place, bitmap)
    this.#cache.forget(place, bitmap.length)
    this.#end = end
    this.#changed = true
    this.table.link(block, place)
    return place
  }

  #readMixed(place: number, within: number, offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      const sector = Math.floor((within + at) / sectorBytes)
      const own = this.#owns(place, sector)
      let end = at + sectorBytes - ((within + at) % sectorBytes)
      while (end < into.length && this.#owns(place, Math.floor((within + end) / sectorBytes)) === own) end += sectorBytes
      const part = into.subarray(at, Math.min(end, into.length))
      if (own) readFully(this.file, place + this.#bitmapBytes + within + at, part)
      else readBehind(this.#backing, offset + at, part)
      at += part.length
    }
  }

  /** Whole sectors: what of the first and the last was not given comes from below. */
  #writeOver(block: number, known: number, within: number, offset: number, from: Uint8Array): void {
    const start = within - (within % sectorBytes)
    const end = roundUp(within + from.length, sectorBytes)
    let content = from
    if (end - start !== from.length) {
      content = new Uint8Array(end - start)
      this.read(offset - (within - start), content.subarray(0, Math.min(content.length, this.size - (offset - (within - start)))))
      content.set(from, within - start)
    }
    const place = known === nowhere ? this.#add(block) : known
    writeFully(this.file, place + this.#bitmapBytes + start, content)
    for (let sector = start / sectorBytes; sector < end / sectorBytes; sector++) {
      if (this.#owns(place, sector)) continue
      const position = place + (sector >> 3)
      this.#cache.change(position)[this.#cache.at(position)] |= 0x80 >> (sector & 7)
      this.#changed = true
    }
  }

  #owns(place: number, sector: number): boolean {
    const position = place + (sector >> 3)
    return (this.#cache.page(position)[this.#cache.at(position)] & (0x80 >> (sector & 7))) !== 0
  }
}

class VhdTable implements BlockTable {
  readonly #cache: PageCache
  readonly #header: SparseHeader
  readonly #name: string

  constructor(file: ImageFile, header: SparseHeader, cache: PageCache) {
    this.#cache = cache
    this.#header = header
    this.#name = file.name
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  locate(block: number): number {
    const position = this.#header.tablePosition + block * 4
    const entry = u32be(this.#cache.page(position), this.#cache.at(position))
    if (entry === absentEntry) return nowhere
    const place = entry * sectorBytes
    if (place < this.#header.tablePosition + this.#header.blocks * 4 && place >= this.#header.tablePosition) throw new DiskError('EIO', `${this.#name}: block ${block} is said to lie among the table`)
    return place
  }

  link(block: number, place: number): void {
    if (place / sectorBytes >= absentEntry) throw new DiskError('ENOSPC', 'a VHD ends at 2 TiB')
    const position = this.#header.tablePosition + block * 4
    putU32be(this.#cache.change(position), this.#cache.at(position), place / sectorBytes)
  }

  store(): void {
    this.#cache.store()
  }
}
