/** A file as it will be once its log is replayed, for those who may only read. */
import { DiskError } from '../block.ts'
import type { Access, ImageFile } from '../image-file.ts'
import type { Replay } from './log.ts'

export class PatchedFile implements ImageFile {
  readonly name: string
  readonly identity: string
  readonly size: number
  readonly writable = false
  readonly #file: ImageFile
  readonly #replay: Replay

  constructor(file: ImageFile, replay: Replay) {
    this.name = file.name
    this.identity = file.identity
    this.size = Math.max(file.size, replay.fileBytes)
    this.#file = file
    this.#replay = replay
  }

  read(position: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.size - position))
    const there = this.#file.read(position, into.subarray(0, count))
    // A short read of the host's is a short read here, unless the file has ended.
    const end = position + there < this.#file.size ? there : count
    into.fill(0, there, end)
    for (const patch of this.#replay.patches) {
      const from = Math.max(position, patch.position)
      const to = Math.min(position + end, patch.position + patch.length)
      if (from >= to) continue
      if (patch.bytes === undefined) into.fill(0, from - position, to - position)
      else into.set(patch.bytes.subarray(from - patch.position, to - patch.position), from - position)
    }
    return end
  }

  write(): number {
    throw new DiskError('EROFS', `${this.name} is open for reading`)
  }

  truncate(): void {
    throw new DiskError('EROFS', `${this.name} is open for reading`)
  }

  sync(): void {}

  sibling(name: string, access: Access): ImageFile {
    return this.#file.sibling(name, access)
  }

  close(): void {
    this.#file.close()
  }
}
