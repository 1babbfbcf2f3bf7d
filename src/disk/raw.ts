/** A raw disk image: byte n of the file is byte n of the disk. A file that ends within a sector reads on as zeros. */
import type { BlockDevice } from './block.ts'
import { checkRange, refuseWrite } from './block.ts'
import { readFully, syncFile, writeFully } from './image-file.ts'
import type { ImageFile } from './image-file.ts'

const sectorBytes = 512

export class RawDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #file: ImageFile

  constructor(file: ImageFile, options: { readonly readOnly?: boolean } = {}) {
    this.#file = file
    this.size = Math.ceil(file.size / sectorBytes) * sectorBytes
    this.readOnly = (options.readOnly ?? false) || !file.writable
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    readFully(this.#file, offset, into)
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    writeFully(this.#file, offset, from)
  }

  flush(): void {
    if (!this.readOnly) syncFile(this.#file)
  }

  close(): void {
    this.#file.close()
  }
}
