/** What a file is by its first bytes: enough to say that a board was given somebody else's. */
import { fromLatin1, u16be, u16le, u32be, u32le } from '../../base/bytes.ts'

export interface FileKind {
  /** `a PE image (EFI)`. */
  readonly what: string
  /** `x86-64`; undefined: it doesn't say. */
  readonly machine: string | undefined
  /** It can be started, by some machine. */
  readonly bootable: boolean
}

/** Microsoft PE format, Machine types. */
const peMachines: Readonly<Record<number, string>> = { 0x14c: 'x86 (32 bit)', 0x8664: 'x86-64', 0x1c0: 'ARM', 0x1c2: 'ARM', 0xaa64: 'ARM64', 0x5032: 'RISC-V 32', 0x5064: 'RISC-V 64' }
/** ELF gABI, e_machine. */
const elfMachines: Readonly<Record<number, string>> = { 3: 'x86 (32 bit)', 40: 'ARM', 62: 'x86-64', 183: 'ARM64', 243: 'RISC-V', 258: 'LoongArch' }
/** U-Boot's image.h, IH_ARCH. */
const ubootMachines: Readonly<Record<number, string>> = { 2: 'ARM', 3: 'x86 (32 bit)', 22: 'ARM64', 24: 'x86-64', 26: 'RISC-V' }

export function fileKind(head: Uint8Array): FileKind {
  const text = fromLatin1(head.subarray(0, 256))
  if (head.length >= 64 && text.startsWith('MZ')) return image(head)
  if (head.length >= 20 && text.startsWith('\x7fELF')) return { what: 'an ELF program', machine: elfMachines[u16le(head, 18)] ?? `machine ${u16le(head, 18)}`, bootable: true }
  if (head.length >= 64 && u32be(head, 0) === 0x2705_1956) return { what: 'a U-Boot image', machine: ubootMachines[head[29]], bootable: true }
  if (head.length >= 64 && text.slice(0x38, 0x3c) === 'ARM\x64') return { what: 'a Linux image', machine: 'ARM64', bootable: true }
  if (head.length >= 64 && text.slice(0x30, 0x35) === 'RISCV') return { what: 'a Linux image', machine: 'RISC-V 64', bootable: true }
  if (head.length >= 4 && u32be(head, 0) === 0xd00d_feed) return { what: 'a device tree or FIT image', machine: undefined, bootable: true }
  if (head.length >= 2 && u16be(head, 0) === 0x1f8b) return { what: 'a gzip file', machine: undefined, bootable: true }
  if (/^\s*(?:<!doctype|<html|<\?xml)/i.test(text)) return { what: 'a web page', machine: undefined, bootable: false }
  if (text.startsWith('PK\x03\x04')) return { what: 'a ZIP archive', machine: undefined, bootable: false }
  if (text.startsWith('#!')) return { what: 'a script for a shell', machine: undefined, bootable: false }
  return { what: 'a file of no kind known here', machine: undefined, bootable: true }
}

/** PE, with Linux' own magic at 0x38 where it is both. */
function image(head: Uint8Array): FileKind {
  const at = u32le(head, 0x3c)
  const machine = at + 6 <= head.length ? (peMachines[u16le(head, at + 4)] ?? `machine 0x${u16le(head, at + 4).toString(16)}`) : undefined
  return { what: 'an EFI image', machine, bootable: true }
}
