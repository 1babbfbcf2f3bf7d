/** One folder's records, in either of the two trees: laid out first, written once everything has its place. ECMA-119 §9.1. */
import { concat } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { both16, both32, sectorBytes, shortDate } from './fields.ts'
import { attributes, continuation, continuationBytes, nameAndTarget, reference, sharing } from './rock-ridge.ts'
import type { IsoEntry, IsoFolder } from './tree.ts'

const longestRecord = 254

/** Where something lies, in sectors, and how long it is, in bytes. */
export interface Extent {
  sector: number
  bytes: number
}

interface Record {
  readonly node: IsoEntry
  readonly name: Uint8Array
  readonly fields: readonly Uint8Array[]
  /** Behind the records: where the fields from `inline` on are. */
  readonly inline: number
  readonly rest: number
  readonly length: number
}

export class Directory {
  readonly folder: IsoFolder
  readonly parent: Directory | undefined
  readonly name: Uint8Array
  /** Below this one, in the order of their names. */
  readonly below: Directory[] = []
  readonly extent: Extent = { sector: 0, bytes: 0 }
  /** From 1, in the order of the path table. */
  number = 0
  readonly #rockRidge: boolean
  readonly #records: Record[]
  #restBytes = 0

  /** @param children in the order of their names. @param rockRidge whether records carry Rock Ridge. */
  constructor(folder: IsoFolder, parent: Directory | undefined, name: Uint8Array, children: readonly (readonly [IsoEntry, Uint8Array])[], rockRidge: boolean) {
    this.folder = folder
    this.parent = parent
    this.name = name
    this.#rockRidge = rockRidge
    this.#records = [this.#record(folder, Uint8Array.of(0), parent === undefined ? 'root' : 'self'), this.#record(parent?.folder ?? folder, Uint8Array.of(1), 'self'), ...children.map(([node, own]) => this.#record(node, own, 'child'))]
    this.extent.bytes = this.#recordBytes()
  }

  /** Sectors of the records, and of what did not fit into them. */
  get sectors(): number {
    return (this.extent.bytes + Math.ceil(this.#restBytes / sectorBytes) * sectorBytes) / sectorBytes
  }

  /** @param extentOf where a node's content is. */
  build(extentOf: (node: IsoEntry) => Extent): Uint8Array {
    const bytes = new Uint8Array(this.sectors * sectorBytes)
    let at = 0
    for (const record of this.#records) {
      if ((at % sectorBytes) + record.length > sectorBytes) at = Math.ceil(at / sectorBytes) * sectorBytes
      bytes.set(this.#render(record, extentOf(record.node)), at)
      if (record.inline < record.fields.length) bytes.set(concat(...record.fields.slice(record.inline)), this.extent.bytes + record.rest)
      at += record.length
    }
    return bytes
  }

  #record(node: IsoEntry, name: Uint8Array, place: 'root' | 'self' | 'child'): Record {
    const links = node.kind === 'folder' ? 2 + node.entries.filter((one) => one.kind === 'folder').length : 1
    const fields = this.#rockRidge ? [...(place === 'root' ? [sharing()] : []), ...attributes(node, links), ...(place === 'child' ? nameAndTarget(node) : []), ...(place === 'root' ? [reference()] : [])] : []
    const fixed = 33 + name.length + ((name.length + 1) % 2)
    const total = fields.reduce((sum, field) => sum + field.length, 0)
    if (fixed + total <= longestRecord) return { node, name, fields, inline: fields.length, rest: 0, length: even(fixed + total) }
    let inline = 0
    let used = fixed
    while (used + fields[inline].length + continuationBytes <= longestRecord) used += fields[inline++].length
    const length = fields.slice(inline).reduce((sum, field) => sum + field.length, 0)
    if (length > sectorBytes) throw new Malformed(`the link ${node.name} points too far for Rock Ridge`)
    // What is elsewhere may not cross a sector either.
    if ((this.#restBytes % sectorBytes) + length > sectorBytes) this.#restBytes = Math.ceil(this.#restBytes / sectorBytes) * sectorBytes
    const rest = this.#restBytes
    this.#restBytes += length
    return { node, name, fields, inline, rest, length: even(used + continuationBytes) }
  }

  #recordBytes(): number {
    let at = 0
    for (const { length } of this.#records) {
      if ((at % sectorBytes) + length > sectorBytes) at = Math.ceil(at / sectorBytes) * sectorBytes
      at += length
    }
    return Math.ceil(at / sectorBytes) * sectorBytes
  }

  #render({ node, name, fields, inline, rest, length }: Record, extent: Extent): Uint8Array {
    const whole = fields.slice(inline)
    const place = this.extent.bytes + rest
    const link = whole.length === 0 ? [] : [continuation(this.extent.sector + Math.floor(place / sectorBytes), place % sectorBytes, whole.reduce((sum, field) => sum + field.length, 0))]
    const record = new Uint8Array(length)
    record.set(buildRecord(node, name, extent, length))
    record.set(concat(...fields.slice(0, inline), ...link), 33 + name.length + ((name.length + 1) % 2))
    return record
  }
}

/** §9.1, without system use. */
export function buildRecord(node: IsoEntry, name: Uint8Array, extent: Extent, length = 33 + name.length + ((name.length + 1) % 2)): Uint8Array {
  return concat(Uint8Array.of(length, 0), both32(extent.sector), both32(extent.bytes), shortDate(node.seconds), Uint8Array.of(node.kind === 'folder' ? 2 : 0, 0, 0), both16(1), Uint8Array.of(name.length), name)
}

const even = (length: number): number => length + (length % 2)
