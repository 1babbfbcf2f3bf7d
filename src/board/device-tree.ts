/** Flattened device tree. Devicetree Specification v0.4 §5, structure version 17. */
import { concat, putU32be, putU64be, utf8 } from '../base/bytes.ts'

/** `true` is the empty property; a number one cell; numbers several cells; texts are NUL-terminated and laid end to end. */
export type Property = true | number | string | readonly number[] | readonly string[] | Uint8Array

export interface TreeNode {
  /** With its unit address: `serial@10000000`; the root's is empty. */
  readonly name: string
  readonly properties: Readonly<Record<string, Property>>
  readonly children?: readonly TreeNode[]
}

const magic = 0xd00d_feed
const version = 17
const lastCompatible = 16
const headerBytes = 40
const token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const

/** Two cells for each value: addresses and sizes under `#address-cells = <2>`. */
export const cells64 = (...values: readonly number[]): number[] => values.flatMap((value) => [Math.floor(value / 2 ** 32), value >>> 0])

/** The blob, without memory reservations. */
export function buildDeviceTree(root: TreeNode): Uint8Array {
  const strings = new StringTable()
  const structure = concat(...flatten(root, strings), word(token.end))
  const names = strings.bytes()
  const header = new Uint8Array(headerBytes)
  // One reservation entry of zeros ends the (empty) list; it wants 8-byte alignment, which the header's 40 bytes keep.
  const reservations = new Uint8Array(16)
  const structureAt = headerBytes + reservations.length
  const namesAt = structureAt + structure.length
  const padding = new Uint8Array(-(namesAt + names.length) & 7)
  const total = namesAt + names.length + padding.length
  const fields = [magic, total, structureAt, namesAt, headerBytes, version, lastCompatible, 0, names.length, structure.length]
  fields.forEach((field, index) => putU32be(header, 4 * index, field))
  return concat(header, reservations, structure, names, padding)
}

/** Property names, each once. */
class StringTable {
  readonly #offsets = new Map<string, number>()
  #length = 0

  offset(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    const at = this.#length
    this.#offsets.set(text, at)
    this.#length += text.length + 1
    return at
  }

  bytes(): Uint8Array {
    return concat(...[...this.#offsets.keys()].map(terminated))
  }
}

function flatten(node: TreeNode, strings: StringTable): Uint8Array[] {
  const parts = [word(token.beginNode), padded(terminated(node.name))]
  for (const [name, property] of Object.entries(node.properties)) {
    const value = encode(property)
    parts.push(word(token.property), word(value.length), word(strings.offset(name)), padded(value))
  }
  for (const child of node.children ?? []) parts.push(...flatten(child, strings))
  parts.push(word(token.endNode))
  return parts
}

function encode(property: Property): Uint8Array {
  if (property === true) return new Uint8Array(0)
  if (typeof property === 'number') return word(property)
  if (typeof property === 'string') return terminated(property)
  if (property instanceof Uint8Array) return property
  return concat(...property.map((item) => (typeof item === 'number' ? word(item) : terminated(item))))
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, value)
  return bytes
}

/** A 64-bit value as the property's bytes. */
export function quad(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  putU64be(bytes, 0, value)
  return bytes
}

const terminated = (text: string): Uint8Array => concat(utf8(text), Uint8Array.of(0))

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % 4 === 0 ? bytes : concat(bytes, new Uint8Array(-bytes.length & 3))
}
