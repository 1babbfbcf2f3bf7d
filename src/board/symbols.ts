/**
 * Names of a program's addresses: from an ELF file's symbol table (System V ABI, chapter 4, "Symbol Table"), or from lines of
 * `address type name` as nm, System.map and /proc/kallsyms have them.
 */
import { fromLatin1, u16le, u32le, u64le } from '../base/bytes.ts'
import { ConfigError } from '../base/errors.ts'

interface Named {
  readonly address: bigint
  readonly name: string
}

const elfMagic = 0x464c_457f
const symbolTable = 2
const entryBytes = 24
/** STT_NOTYPE, STT_OBJECT, STT_FUNC. */
const wantedTypes = [0, 1, 2]
/** An address so far beyond a name isn't in it. */
const farthest = 0x10_0000n
const symbolsMax = 2_000_000

export class Symbols {
  readonly #sorted: readonly Named[]

  private constructor(all: readonly Named[]) {
    this.#sorted = all.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  }

  /** @param files each with what its addresses are to be moved by. @throws {ConfigError} for a file that has no names. */
  static from(files: readonly { readonly name: string; readonly bytes: Uint8Array; readonly bias: bigint }[]): Symbols {
    return new Symbols(files.flatMap(({ name, bytes, bias }) => {
      const found = bytes.length >= 4 && u32le(bytes, 0) === elfMagic ? elfNames(name, bytes) : lineNames(bytes)
      if (found.length === 0) throw new ConfigError(`${name} names no address`, undefined, 'an ELF file that is not stripped, or a System.map')
      return found.map((one) => ({ ...one, address: BigInt.asUintN(64, one.address + bias) }))
    }))
  }

  get count(): number {
    return this.#sorted.length
  }

  /** `start_kernel+0x12`. */
  at(address: bigint): string | undefined {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle].address <= address) low = middle + 1
      else high = middle
    }
    const found = this.#sorted[low - 1] as Named | undefined
    if (found === undefined || address - found.address > farthest) return undefined
    return address === found.address ? found.name : `${found.name}+0x${(address - found.address).toString(16)}`
  }
}

/** @throws {ConfigError} when the file is torn. */
function elfNames(file: string, bytes: Uint8Array): Named[] {
  const torn = (): never => {
    throw new ConfigError(`${file} is torn, or no 64-bit ELF file`)
  }
  if (bytes.length < 64 || bytes[4] !== 2 || bytes[5] !== 1) torn()
  const [table, size, count] = [Number(u64le(bytes, 40)), u16le(bytes, 58), u16le(bytes, 60)]
  if (count > 0 && (size < 64 || table + size * count > bytes.length)) torn()
  const section = (index: number): { type: number; offset: number; length: number; link: number } => {
    const at = table + size * index
    return { type: u32le(bytes, at + 4), offset: Number(u64le(bytes, at + 24)), length: Number(u64le(bytes, at + 32)), link: u32le(bytes, at + 40) }
  }
  const names: Named[] = []
  for (let index = 0; index < count; index++) {
    const { type, offset, length, link } = section(index)
    if (type !== symbolTable) continue
    if (link >= count) torn()
    const strings = section(link)
    if (offset + length > bytes.length || strings.offset + strings.length > bytes.length) torn()
    for (let at = offset; at + entryBytes <= offset + length && names.length < symbolsMax; at += entryBytes) {
      const start = strings.offset + u32le(bytes, at)
      const home = u16le(bytes, at + 6)
      // Undefined (0) and absolute (0xfff1) names are no places; $x and $d mark code and data (psABI).
      if (home === 0 || home === 0xfff1 || !wantedTypes.includes(bytes[at + 4] & 15) || start >= strings.offset + strings.length) continue
      const end = bytes.indexOf(0, start)
      const name = fromLatin1(bytes.subarray(start, Math.min(end < 0 ? bytes.length : end, start + 256)))
      if (name !== '' && !/^(?:\$|\.L)/.test(name)) names.push({ address: u64le(bytes, at + 8), name })
    }
  }
  return names
}

function lineNames(bytes: Uint8Array): Named[] {
  const names: Named[] = []
  for (const line of fromLatin1(bytes).split('\n', symbolsMax)) {
    const found = /^([0-9a-f]{8,16}) [a-zA-Z] (\S{1,256})/.exec(line)
    if (found !== null && !/^(?:\$|\.L)/.test(found[2])) names.push({ address: BigInt(`0x${found[1]}`), name: found[2] })
  }
  return names
}
