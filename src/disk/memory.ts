/** A disk in memory: what is written is gone with it. */
import { assert } from '../base/errors.ts'
import type { BlockDevice } from './block.ts'
import { checkRange, refuseWrite } from './block.ts'

export class MemoryDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #bytes: Uint8Array

  /** @param bytes the content, not copied; its length is a multiple of 512. */
  constructor(bytes: Uint8Array, options: { readonly readOnly?: boolean } = {}) {
    assert(bytes.length % 512 === 0, `a disk of ${bytes.length} bytes is not whole sectors`)
    this.#bytes = bytes
    this.size = bytes.length
    this.readOnly = options.readOnly ?? false
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    into.set(this.#bytes.subarray(offset, offset + into.length))
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    this.#bytes.set(from, offset)
  }

  flush(): void {}
}
