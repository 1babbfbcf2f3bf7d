/** Extended attributes of one thing in a volume: names are byte strings, values are bytes, both bounded. */
import { FileError } from '../../stack/files.ts'
import { largestXattr, longestName, mostXattrBytes } from '../../stack/volume.ts'

export class Xattrs {
  readonly #values: Map<string, Uint8Array>
  #bytes = 0

  constructor(values: Iterable<readonly [string, Uint8Array]>) {
    this.#values = new Map(values)
    for (const [name, value] of this.#values) this.#bytes += name.length + value.length
  }

  /** Sorted by byte. */
  get names(): readonly string[] {
    return [...this.#values.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  }

  /** Of all names and values. */
  get bytes(): number {
    return this.#bytes
  }

  get entries(): readonly (readonly [string, Uint8Array])[] {
    return [...this.#values]
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name)
  }

  /** @param value is copied; undefined takes it away. @throws {FileError} */
  set(name: string, value: Uint8Array | undefined): void {
    if (name === '' || name.includes('\0')) throw new FileError('EINVAL', 'no name for an attribute')
    if (name.length > longestName) throw new FileError('ERANGE', 'the name of an attribute')
    if (value !== undefined && value.length > largestXattr) throw new FileError('E2BIG', `an attribute of ${value.length} bytes`)
    const there = this.#values.get(name)
    const freed = there === undefined ? 0 : name.length + there.length
    const added = value === undefined ? 0 : name.length + value.length
    if (added > freed && this.#bytes - freed + added > mostXattrBytes) throw new FileError('ENOSPC', 'attributes')
    if (value === undefined && there === undefined) throw new FileError('ENODATA', name)
    if (value === undefined) this.#values.delete(name)
    else this.#values.set(name, value.slice())
    this.#bytes += added - freed
  }
}
