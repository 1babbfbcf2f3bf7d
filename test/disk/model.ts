/** A disk as it should be, beside the one under test. */
import { expect } from 'vitest'
import type { BlockDevice } from '../../src/disk/block.ts'
import type { Codec } from '../../src/disk/codec.ts'
import type { DiskImage, Format, FormatName } from '../../src/disk/format.ts'
import { openImage } from '../../src/disk/formats.ts'
import { hostCodec } from '../../src/host/codec.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { MemoryFile } from './memory-file.ts'

/** The host's compression, and identifiers that are the same in every run. */
export function testCodec(): Codec {
  let next = 0
  return { ...hostCodec, random: (count) => Uint8Array.from({ length: count }, () => ++next & 0xff) }
}

export function create(format: Format, size: number, more: { variant?: string | undefined; clusterBytes?: number | undefined; backing?: { name: string; format: FormatName; id?: Uint8Array } } = {}, folder = new Map<string, MemoryFile>(), name = `disk${format.endings[0]}`): MemoryFile {
  const file = new MemoryFile(name, new Uint8Array(0), { folder })
  format.create?.(file, { size, codec: testCodec(), ...more })
  return file
}

export const open = (file: MemoryFile, format: FormatName, readOnly = false): DiskImage => openImage(file, { codec: testCodec(), readOnly, format })

export function readAll(disk: BlockDevice): Uint8Array {
  const bytes = new Uint8Array(disk.size).fill(0xa5)
  for (let at = 0; at < bytes.length; at += 1 << 20) disk.read(at, bytes.subarray(at, Math.min(bytes.length, at + (1 << 20))))
  return bytes
}

/** Cheaper than `toEqual` by far. */
export function expectSame(actual: Uint8Array, wanted: Uint8Array): void {
  expect(actual.length).toBe(wanted.length)
  if (Buffer.compare(actual, wanted) === 0) return
  expect(`differs at ${actual.findIndex((byte, at) => byte !== wanted[at])}`).toBe('the same')
}

/** Writes, zeros and flushes at random, done to both. */
export class Scribbler {
  readonly #random: SeededRandom
  readonly content: Uint8Array
  #step = 0

  constructor(seed: string, content: Uint8Array) {
    this.#random = new SeededRandom(seed)
    this.content = content
  }

  /** @param spread how many sectors from the start are touched. */
  step(disk: BlockDevice, spread = this.content.length / 512): void {
    const at = this.#random.below(spread) * 512
    const length = Math.min((1 + this.#random.below(40)) * 512, this.content.length - at)
    if (this.#random.below(6) === 0 && disk.zero !== undefined) {
      disk.zero(at, length)
      this.content.fill(0, at, at + length)
      return
    }
    const bytes = new Uint8Array(length).fill(1 + (this.#step++ % 250))
    this.content.set(bytes, at)
    disk.write(at, bytes)
  }
}
