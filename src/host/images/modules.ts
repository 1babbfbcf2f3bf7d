/** Linux kernel modules: what each depends on, read from its own .modinfo section, and the order in which to load them. */
import { fromLatin1, fromUtf8, need, u16le, u32le, u64le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'

/** How module names are compared: the kernel takes `-` and `_` for the same. */
export const moduleName = (file: string): string =>
  file
    .replace(/^.*\//, '')
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')

/**
 * The modules asked for and all they depend on, each after what it needs; the order asked for is kept otherwise.
 * @param depends of one module, by its name.
 */
export function loadOrder(asked: readonly string[], depends: (name: string) => readonly string[]): string[] {
  const order: string[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const needed of depends(name)) visit(needed)
    order.push(name)
  }
  for (const name of asked) visit(moduleName(name))
  return order
}

/** Names in the `depends=` line of a module (an ELF64 file, little-endian). @throws {Malformed} */
export function moduleDepends(module: Uint8Array): string[] {
  const info = section(module, '.modinfo')
  if (info === undefined) throw new Malformed('not a kernel module: it has no .modinfo')
  const line = fromUtf8(info)
    .split('\0')
    .find((field) => field.startsWith('depends='))
  return (line ?? 'depends=').slice('depends='.length).split(',').filter((name) => name !== '').map(moduleName)
}

/** System V ABI, "Object Files": finds a section by name. */
function section(elf: Uint8Array, wanted: string): Uint8Array | undefined {
  need(elf, 0, 64, 'ELF header')
  if (fromLatin1(elf.subarray(0, 6)) !== '\x7fELF\x02\x01') throw new Malformed('not a 64-bit little-endian ELF file')
  const table = Number(u64le(elf, 0x28))
  const entryBytes = u16le(elf, 0x3a)
  const count = u16le(elf, 0x3c)
  need(elf, table, entryBytes * count, 'ELF section headers')
  if (entryBytes < 64) throw new Malformed('ELF section headers are too small')
  const bounds = (index: number): [number, number] => [Number(u64le(elf, table + index * entryBytes + 0x18)), Number(u64le(elf, table + index * entryBytes + 0x20))]
  const names = u16le(elf, 0x3e)
  if (names >= count) throw new Malformed('ELF: no section names')
  const [namesAt] = bounds(names)
  for (let index = 0; index < count; index++) {
    const at = namesAt + u32le(elf, table + index * entryBytes)
    if (fromLatin1(elf.subarray(at, at + wanted.length + 1)) !== `${wanted}\0`) continue
    const [from, length] = bounds(index)
    need(elf, from, length, wanted)
    return elf.subarray(from, from + length)
  }
  return undefined
}
