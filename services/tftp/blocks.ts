/** A file as numbered blocks, read when they are sent; in netascii, the blocks of a window are kept until they are acknowledged. */
import type { OpenFile } from '../../src/stack/files.ts'
import { concat } from '../../src/base/bytes.ts'
import { toNetascii } from './netascii.ts'

export interface Blocks {
  /** The data of block `number`, from 1 on; shorter than a block (perhaps empty) for the last one. Only asked for in order, or again. */
  read(number: number): Uint8Array
  /** Blocks up to `number` will not be asked for again. */
  forget(number: number): void
}

/** Files are read in pieces of this size: one call to the file system for some forty blocks. */
const piece = 64 << 10

export function openBlocks(file: OpenFile, mode: 'octet' | 'netascii', blksize: number): Blocks {
  return mode === 'octet' ? new OctetBlocks(file, blksize) : new NetasciiBlocks(file, blksize)
}

class OctetBlocks implements Blocks {
  readonly #file: OpenFile
  readonly #blksize: number
  #piece: Uint8Array = new Uint8Array(0)
  #from = 0

  constructor(file: OpenFile, blksize: number) {
    this.#file = file
    this.#blksize = blksize
  }

  read(number: number): Uint8Array {
    const at = (number - 1) * this.#blksize
    if (at < this.#from || at + this.#blksize > this.#from + this.#piece.length) {
      this.#piece = this.#file.read(at, Math.max(piece, this.#blksize))
      this.#from = at
    }
    return this.#piece.subarray(at - this.#from, at - this.#from + this.#blksize)
  }

  forget(): void {}
}

class NetasciiBlocks implements Blocks {
  readonly #file: OpenFile
  readonly #blksize: number
  readonly #kept = new Map<number, Uint8Array>()
  /** Converted, but not yet cut into blocks. */
  #rest: Uint8Array = new Uint8Array(0)
  #offset = 0
  #made = 0

  constructor(file: OpenFile, blksize: number) {
    this.#file = file
    this.#blksize = blksize
  }

  read(number: number): Uint8Array {
    while (this.#made < number) this.#make()
    return this.#kept.get(number) ?? new Uint8Array(0)
  }

  forget(number: number): void {
    for (const each of this.#kept.keys()) if (each <= number) this.#kept.delete(each)
  }

  #make(): void {
    while (this.#rest.length < this.#blksize) {
      const bytes = this.#file.read(this.#offset, piece)
      if (bytes.length === 0) break
      this.#offset += bytes.length
      this.#rest = concat(this.#rest, toNetascii(bytes))
    }
    this.#made++
    this.#kept.set(this.#made, this.#rest.slice(0, this.#blksize))
    this.#rest = this.#rest.subarray(this.#blksize)
  }
}
