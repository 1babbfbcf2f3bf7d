/** Boot images made up for tests. */
import { putU16le, putU32le, putU64le } from '../../src/base/bytes.ts'

/** A Linux Image header at the start of `size` bytes, which says that the kernel will want `memory` bytes. */
export function linuxImage(size: number, memory: number): Uint8Array {
  const bytes = new Uint8Array(size)
  putU64le(bytes, 8, 0x20_0000n)
  putU64le(bytes, 16, BigInt(memory))
  bytes.set([0x52, 0x49, 0x53, 0x43, 0x56], 0x30)
  bytes.set([0x52, 0x53, 0x43, 0x05], 0x38)
  return bytes
}

export interface ElfParts {
  readonly type?: number
  readonly entry: number
  readonly virtual: number
  readonly physical: number
  readonly content: Uint8Array
  readonly memory: number
}

/** An ELF64 file for RISC-V with one segment. */
export function elf({ type = 2, entry, virtual, physical, content, memory }: ElfParts): Uint8Array {
  const bytes = new Uint8Array(64 + 56 + content.length)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  putU16le(bytes, 16, type)
  putU16le(bytes, 18, 243)
  putU64le(bytes, 24, BigInt(entry))
  putU64le(bytes, 32, 64n)
  putU16le(bytes, 54, 56)
  putU16le(bytes, 56, 1)
  putU32le(bytes, 64, 1)
  const fields = [120, virtual, physical, content.length, memory]
  fields.forEach((field, index) => putU64le(bytes, 72 + 8 * index, BigInt(field)))
  bytes.set(content, 120)
  return bytes
}
