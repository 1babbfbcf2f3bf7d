/**
 * What a guest can be started from: ELF64, the Linux kernel's Image, or raw bytes; told apart by their magics, never by their names.
 * System V ABI (ELF), RISC-V psABI; Linux Documentation/arch/riscv/boot-image-header.rst; Microsoft PE/COFF (the Image's EFI stub).
 */
import { u16le, u32le, u64le } from '../base/bytes.ts'
import { ConfigError } from '../base/errors.ts'

export interface Image {
  /** As the user knows it: a path or a file name. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Bytes at a guest-physical address, and how many zeros follow them. */
export interface Load {
  readonly address: number
  readonly bytes: Uint8Array
  readonly zeros: number
}

export interface Placed {
  readonly name: string
  readonly loads: readonly Load[]
  readonly entry: number
  /** First and one past the last byte that it occupies or will want for itself. */
  readonly start: number
  readonly end: number
}

const elfMagic = 0x464c_457f
const elfRiscv = 243
const imageMagic = 0x0543_5352
const armMagic = 0x644d_5241
const mzMagic = 0x5a4d
const loadSegment = 1
const twoMiB = 0x20_0000

const hex = (value: number): string => `0x${value.toString(16)}`
const wide = (bytes: Uint8Array, at: number): number => Number(u64le(bytes, at))

/** Names of foreign machines by ELF's e_machine, for the error's sake. */
const machines: Readonly<Record<number, string>> = { 3: 'i386', 8: 'MIPS', 20: 'PowerPC', 21: 'PowerPC64', 22: 's390', 40: 'ARM', 62: 'x86-64', 183: 'AArch64', 258: 'LoongArch' }

/**
 * Where `image` goes: an ELF file says so itself, a kernel Image counts from RAM's start, anything else goes to `address`.
 * @throws {ConfigError} when it can't be for this machine or is torn.
 */
export function placeImage(image: Image, ramBase: number, address: number): Placed {
  const { name, bytes } = image
  if (bytes.length === 0) throw new ConfigError(`${name} is empty`)
  refuseForeign(image)
  if (bytes.length >= 4 && u32le(bytes, 0) === elfMagic) return placeElf(image, address)
  if (isLinuxImage(bytes)) return placeLinux(image, ramBase)
  return { name, loads: [{ address, bytes, zeros: 0 }], entry: address, start: address, end: address + bytes.length }
}

/** @throws {ConfigError} unless it is an uncompressed Linux kernel for RISC-V, as Image or as ELF. */
export function placeKernel(image: Image, ramBase: number): Placed {
  const { name, bytes } = image
  if (bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new ConfigError(`${name} is compressed with gzip; a direct boot wants the kernel unpacked`, undefined, `gunzip < ${name} > Image`)
  }
  const placed = placeImage(image, ramBase, ramBase + twoMiB)
  if (!isLinuxImage(bytes) && u32le(bytes, 0) !== elfMagic) {
    const zboot = u16le(bytes, 0) === mzMagic ? ', but an EFI program, perhaps a compressed kernel (vmlinuz.efi)' : ''
    throw new ConfigError(`${name} is no Linux kernel for RISC-V: neither the Image header's magic at 0x30 and 0x38 nor an ELF file${zboot}`)
  }
  return placed
}

export function isLinuxImage(bytes: Uint8Array): boolean {
  return bytes.length >= 64 && u32le(bytes, 0x38) === imageMagic
}

function refuseForeign({ name, bytes }: Image): void {
  if (bytes.length >= 64 && u32le(bytes, 0x38) === armMagic) throw new ConfigError(`${name} is a kernel for AArch64; this machine is RISC-V (rv64gc)`)
  if (bytes.length > 0x206 && u32le(bytes, 0x202) === 0x5372_6448 && u16le(bytes, 0x1fe) === 0xaa55) {
    throw new ConfigError(`${name} is a kernel for x86 (bzImage); this machine is RISC-V (rv64gc)`)
  }
}

function placeLinux({ name, bytes }: Image, ramBase: number): Placed {
  if (wide(bytes, 24) & 1) throw new ConfigError(`${name} is a big-endian kernel; this machine is little-endian`)
  const textOffset = wide(bytes, 8)
  const address = ramBase + textOffset
  if (textOffset % twoMiB !== 0) throw new ConfigError(`${name} wants to be loaded at ${hex(address)}, which is not aligned to 2 MiB`)
  const whole = peEnd(bytes)
  if (bytes.length < whole) throw new ConfigError(`${name} is torn: ${bytes.length} bytes of ${whole}`, undefined, 'fetch the kernel again')
  // image_size counts the kernel's BSS too, which lies beyond the file (boot-image-header.rst).
  const end = address + Math.max(bytes.length, wide(bytes, 16))
  return { name, loads: [{ address, bytes, zeros: 0 }], entry: address, start: address, end }
}

/** Where the last section of the EFI stub's section table ends in the file; 0 without a stub. */
function peEnd(bytes: Uint8Array): number {
  if (u16le(bytes, 0) !== mzMagic) return 0
  const pe = u32le(bytes, 0x3c)
  if (pe + 24 > bytes.length) return pe + 24
  if (u32le(bytes, pe) !== 0x4550) return 0
  const sections = u16le(bytes, pe + 6)
  const table = pe + 24 + u16le(bytes, pe + 20)
  if (table + 40 * sections > bytes.length) return table + 40 * sections
  let end = 0
  for (let at = table; at < table + 40 * sections; at += 40) end = Math.max(end, u32le(bytes, at + 16) + u32le(bytes, at + 20))
  return end
}

function placeElf({ name, bytes }: Image, address: number): Placed {
  if (bytes.length < 64) throw new ConfigError(`${name} is torn: an ELF header of ${bytes.length} bytes`)
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new ConfigError(`${name} is not a 64-bit little-endian ELF file; this machine is rv64gc`)
  const machine = u16le(bytes, 18)
  if (machine !== elfRiscv) throw new ConfigError(`${name} is built for ${machines[machine] ?? `ELF machine ${machine}`}; this machine is RISC-V (rv64gc)`)
  const type = u16le(bytes, 16)
  if (type !== 2 && type !== 3) throw new ConfigError(`${name} is an ELF file of type ${type}, not a program`)
  const segments = elfSegments(name, bytes)
  // A position-independent file (ET_DYN) has no place of its own: its lowest byte goes where a raw file would.
  const lowest = Math.min(...segments.map((segment) => segment.physical))
  const bias = type === 3 ? address - lowest : 0
  const loads = segments.map((segment) => ({ address: segment.physical + bias, bytes: segment.bytes, zeros: segment.zeros }))
  const entry = wide(bytes, 24)
  const home = segments.find((segment) => entry >= segment.virtual && entry < segment.virtual + segment.bytes.length + segment.zeros)
  if (home === undefined) throw new ConfigError(`${name}: its entry ${hex(entry)} is in none of its segments`)
  const end = Math.max(...loads.map((load) => load.address + load.bytes.length + load.zeros))
  return { name, loads, entry: entry - home.virtual + home.physical + bias, start: lowest + bias, end }
}

interface ElfSegment {
  readonly virtual: number
  readonly physical: number
  readonly bytes: Uint8Array
  readonly zeros: number
}

function elfSegments(name: string, bytes: Uint8Array): readonly ElfSegment[] {
  const table = wide(bytes, 32)
  const entryBytes = u16le(bytes, 54)
  const count = u16le(bytes, 56)
  if (entryBytes < 56 || table + entryBytes * count > bytes.length) throw new ConfigError(`${name} is torn: its program headers end beyond the file`)
  const segments: ElfSegment[] = []
  for (let at = table; at < table + entryBytes * count; at += entryBytes) {
    const [offset, virtual, physical, fileBytes, memoryBytes] = [8, 16, 24, 32, 40].map((field) => wide(bytes, at + field))
    if (u32le(bytes, at) !== loadSegment || memoryBytes === 0) continue
    if (offset + fileBytes > bytes.length) throw new ConfigError(`${name} is torn: ${bytes.length} bytes, a segment ends at ${offset + fileBytes}`, undefined, 'fetch it again')
    if (fileBytes > memoryBytes) throw new ConfigError(`${name}: a segment is longer in the file than in memory`)
    segments.push({ virtual, physical, bytes: bytes.subarray(offset, offset + fileBytes), zeros: memoryBytes - fileBytes })
  }
  if (segments.length === 0) throw new ConfigError(`${name} is an ELF file with nothing to load`)
  return segments
}
