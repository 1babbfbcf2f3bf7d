/**
 * A disk cut into blocks, each of which lies somewhere in the file or nowhere: what VDI, VMDK, VHDX and Parallels have in common.
 *
 * A new block is appended, its content written, and only a flush makes the table point to it: content, sync, table, sync.
 * So the file is whole at every moment, and holds what was flushed.
 */
import type { BlockDevice } from './block.ts'
import { checkRange, DiskError, eachPart, refuseWrite } from './block.ts'
import { readFully, syncFile, truncateFile, writeFully } from './image-file.ts'
import type { ImageFile } from './image-file.ts'
import { roundUp } from './number.ts'

/** Where a block is: at a position of the file, nowhere, or known to be zeros. */
export const nowhere = -1
export const zeros = -2

/** So much of a table waits in memory before it is stored unasked. */
const mostWaiting = 1 << 20

export interface BlockTable {
  /** A position in the file, `nowhere` or `zeros`. @throws {DiskError} where the entry is damaged. */
  locate(block: number): number
  link(block: number, position: number): void
  /** Writes what `link` changed; does not sync. @throws {DiskError} */
  store(): void
  /** What waits to be stored. */
  readonly dirtyBytes: number
}

export interface MappedParts {
  readonly file: ImageFile
  readonly size: number
  readonly readOnly: boolean
  readonly blockBytes: number
  readonly table: BlockTable
  /** New blocks begin at multiples of it. */
  readonly alignBytes: number
  /** What blocks that are nowhere show. */
  readonly backing?: BlockDevice | undefined
  /** Called before the first change. */
  readonly beforeWriting?: (() => void) | undefined
}

export class MappedDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly file: ImageFile
  readonly blockBytes: number
  readonly backing: BlockDevice | undefined
  readonly table: BlockTable
  readonly #alignBytes: number
  #beforeWriting: (() => void) | undefined
  #changed = false
  #end: number

  constructor(parts: MappedParts) {
    this.file = parts.file
    this.size = parts.size
    this.readOnly = parts.readOnly || !parts.file.writable
    this.blockBytes = parts.blockBytes
    this.table = parts.table
    this.backing = parts.backing
    this.#alignBytes = parts.alignBytes
    this.#beforeWriting = parts.beforeWriting
    this.#end = roundUp(parts.file.size, parts.alignBytes)
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    eachPart(offset, into.length, this.blockBytes, (block, within, at, length) => {
      this.#readPart(this.table.locate(block), block, within, into.subarray(at, at + length))
    })
  }

  write(offset: number, from: Uint8Array): void {
    this.#check(offset, from.length)
    eachPart(offset, from.length, this.blockBytes, (block, within, at, length) => {
      const position = this.table.locate(block)
      if (position >= 0) writeFully(this.file, position + within, from.subarray(at, at + length))
      else this.#add(block, position, within, from.subarray(at, at + length))
    })
    if (this.table.dirtyBytes > mostWaiting) this.flush()
  }

  zero(offset: number, length: number): void {
    this.#check(offset, length)
    eachPart(offset, length, this.blockBytes, (block, within, at, count) => {
      const position = this.table.locate(block)
      if (position === zeros || (position === nowhere && this.backing === undefined)) return
      this.write(offset + at, new Uint8Array(count))
    })
  }

  flush(): void {
    if (this.readOnly) return
    syncFile(this.file)
    if (!this.#changed) return
    this.table.store()
    syncFile(this.file)
    this.#changed = false
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.file.close()
      this.backing?.close?.()
    }
  }

  #check(offset: number, length: number): void {
    refuseWrite(this)
    checkRange(this, offset, length)
    this.#beforeWriting?.()
    this.#beforeWriting = undefined
  }

  #readPart(position: number, block: number, within: number, into: Uint8Array): void {
    if (position >= 0) return readFully(this.file, position + within, into)
    if (position === nowhere && this.backing !== undefined) return readBehind(this.backing, block * this.blockBytes + within, into)
    into.fill(0)
  }

  #add(block: number, was: number, within: number, from: Uint8Array): void {
    const position = this.#end
    // Whatever an attempt that failed left there is cut off, so that the block begins as zeros.
    if (this.file.size > position) truncateFile(this.file, position)
    truncateFile(this.file, position + this.blockBytes)
    let content = from
    let at = within
    if (was === nowhere && this.backing !== undefined && from.length < this.blockBytes) {
      content = new Uint8Array(this.blockBytes)
      readBehind(this.backing, block * this.blockBytes, content)
      content.set(from, within)
      at = 0
    }
    writeFully(this.file, position + at, content)
    this.#end = roundUp(position + this.blockBytes, this.#alignBytes)
    this.#changed = true
    this.table.link(block, position)
  }
}

/** A base may be shorter than what lies over it. */
export function readBehind(backing: BlockDevice | undefined, offset: number, into: Uint8Array): void {
  const there = backing === undefined ? 0 : Math.max(0, Math.min(into.length, backing.size - offset))
  if (there > 0) backing?.read(offset, into.subarray(0, there))
  into.fill(0, there)
}

/** @returns what is wrong with where blocks lie: two in one place, or behind the end of the file. */
export function checkBlocks(disk: Pick<MappedDisk, 'size' | 'blockBytes' | 'table' | 'file'>, complain: (what: string) => void): number {
  const taken = new Map<number, number>()
  const count = Math.ceil(disk.size / disk.blockBytes)
  for (let block = 0; block < count; block++) {
    let position: number
    try {
      position = disk.table.locate(block)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      complain(error.message)
      continue
    }
    if (position < 0) continue
    if (position >= disk.file.size) complain(`block ${block} lies behind the end of the file`)
    const other = taken.get(position)
    if (other !== undefined) complain(`blocks ${other} and ${block} lie in the same place`)
    taken.set(position, block)
  }
  return taken.size
}
