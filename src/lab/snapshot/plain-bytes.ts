/** Plain state (base/state.ts) as bytes and back: one tag a value, in the order of the state's own keys. */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import { ByteReader, ByteWriter } from './byte-stream.ts'

const tags = ['undefined', 'null', 'false', 'true', 'count', 'double', 'string', 'bigint', 'bytes', 'array', 'object'] as const
type Tag = (typeof tags)[number]

/** Nothing of ours is nested deeper. */
const deepest = 64

export function encodePlain(value: Plain): Uint8Array {
  const writer = new ByteWriter()
  write(writer, value)
  return writer.bytes
}

/** @throws {Malformed} */
export function decodePlain(bytes: Uint8Array): Plain {
  const reader = new ByteReader(bytes)
  const value = read(reader, 0)
  if (reader.left > 0) throw new Malformed(`${reader.left} bytes behind the end of the state`)
  return value
}

function write(writer: ByteWriter, value: Plain): void {
  const tag = tagOf(value)
  writer.number(tags.indexOf(tag))
  if (tag === 'count') writer.number(value as number)
  else if (tag === 'double') writer.raw(new Uint8Array(Float64Array.of(value as number).buffer))
  else if (tag === 'string' || tag === 'bigint') writer.put(utf8(String(value)))
  else if (tag === 'bytes') writer.put(value as Uint8Array)
  else if (tag === 'array') {
    const items = value as readonly Plain[]
    writer.number(items.length)
    for (const item of items) write(writer, item)
  } else if (tag === 'object') {
    const entries = Object.entries(value as { readonly [key: string]: Plain })
    writer.number(entries.length)
    for (const [key, item] of entries) {
      writer.put(utf8(key))
      write(writer, item)
    }
  }
}

function tagOf(value: Plain): Tag {
  if (value === undefined) return 'undefined'
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0) ? 'count' : 'double'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint') return 'bigint'
  if (value instanceof Uint8Array) return 'bytes'
  return Array.isArray(value) ? 'array' : 'object'
}

function read(reader: ByteReader, depth: number): Plain {
  if (depth > deepest) throw new Malformed(`a state nested more than ${deepest} deep`)
  const tag = reader.word(tags)
  switch (tag) {
    case 'undefined':
      return undefined
    case 'null':
      return null
    case 'false':
    case 'true':
      return tag === 'true'
    case 'count':
      return reader.number()
    case 'double':
      return new Float64Array(reader.raw(8).buffer)[0]
    case 'string':
      return fromUtf8(reader.take())
    case 'bigint':
      return bigint(fromUtf8(reader.take()))
    case 'bytes':
      return reader.take()
    case 'array':
      return Array.from({ length: count(reader) }, () => read(reader, depth + 1))
    case 'object':
      return Object.fromEntries(Array.from({ length: count(reader) }, () => [fromUtf8(reader.take()), read(reader, depth + 1)]))
  }
}

/** No more than there can be: each item takes a byte. */
function count(reader: ByteReader): number {
  const items = reader.number()
  if (items > reader.left) throw new Malformed(`${items} items in ${reader.left} bytes`)
  return items
}

function bigint(text: string): bigint {
  if (!/^-?\d{1,64}$/.test(text)) throw new Malformed(`no whole number: ${text.slice(0, 80)}`)
  return BigInt(text)
}
