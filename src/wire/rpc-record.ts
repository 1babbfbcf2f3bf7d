/** RPC messages in a byte stream: record marking. RFC 5531 §11. A segment is read as far as it begins with a record; the rest is its middle. */
import { concat, putU32be, u32be } from '../base/bytes.ts'
import type { Cargo } from './format.ts'

export const markBytes = 4
/** The highest bit: the record's last fragment. */
const last = 0x8000_0000
/** No honest record is longer; what claims to be is the middle of one. */
const longest = 2 ** 21
/** xid, type, and what every call and reply has at least. */
const shortest = 16

export interface Record {
  readonly kind: 'record' | 'part'
  /** As the mark says; of a part, what is there. */
  readonly lengthBytes: number
  /** A view of what is there of the message. */
  readonly payload: Uint8Array
}

export function parse(bytes: Uint8Array): Record {
  const mark = bytes.length < markBytes + 8 ? 0 : u32be(bytes, 0)
  const length = mark & (last - 1)
  const begins = mark >= last && length >= shortest && length <= longest && u32be(bytes, markBytes + 4) <= 1
  if (!begins) return { kind: 'part', lengthBytes: bytes.length, payload: bytes }
  return { kind: 'record', lengthBytes: length, payload: bytes.subarray(markBytes, markBytes + length) }
}

/** A message as one fragment. */
export function build(message: Uint8Array): Uint8Array {
  const mark = new Uint8Array(markBytes)
  putMark(mark, message.length)
  return concat(mark, message)
}

/** Writes the mark of a message of `length` bytes, which is its record's only fragment. */
export function putMark(into: Uint8Array, length: number): void {
  putU32be(into, 0, (last | length) >>> 0)
}

export function format({ kind, lengthBytes }: Record): string {
  return kind === 'record' ? `rpc record of ${lengthBytes} bytes` : `part of an rpc record, ${lengthBytes} bytes`
}

/** Only a whole message can be read. */
export function carries({ kind, lengthBytes, payload }: Record): Cargo | undefined {
  return kind === 'record' && payload.length === lengthBytes ? { space: 'rpc', numbers: [0], bytes: payload } : undefined
}
