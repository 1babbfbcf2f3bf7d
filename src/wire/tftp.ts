/** TFTP packets. RFC 1350, options by RFC 2347 (2348 blksize, 2349 timeout and tsize, 7440 windowsize). */
import { concat, fromUtf8, need, putU16be, u16be, utf8 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'

export const serverPort = 69

/** Error codes (RFC 1350 §5, RFC 2347). */
export const errors = {
  other: 0,
  notFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransfer: 5,
  exists: 6,
  noSuchUser: 7,
  optionRefused: 8,
} as const

/** Name and value, in the order of the wire. Names are lower case: RFC 2347 compares them without regard to case. */
export type Option = readonly [name: string, value: string]

export interface Request {
  readonly kind: 'rrq' | 'wrq'
  readonly file: string
  /** Lower case: `octet`, `netascii`, or whatever the client made up. */
  readonly mode: string
  readonly options: readonly Option[]
}
export interface Data {
  readonly kind: 'data'
  readonly block: number
  readonly data: Uint8Array
}
export interface Ack {
  readonly kind: 'ack'
  readonly block: number
}
export interface Failure {
  readonly kind: 'error'
  readonly code: number
  readonly message: string
}
export interface OptionAck {
  readonly kind: 'oack'
  readonly options: readonly Option[]
}
export type Packet = Request | Data | Ack | Failure | OptionAck

const opcodes = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const

/** @returns a packet whose `data` is a view into `bytes`. @throws {Malformed} */
export function parse(bytes: Uint8Array): Packet {
  need(bytes, 0, 2, 'tftp opcode')
  const opcode = u16be(bytes, 0)
  switch (opcode) {
    case opcodes.rrq:
    case opcodes.wrq: {
      const [file, mode, ...rest] = strings(bytes, 2)
      if (file === undefined || mode === undefined) throw new Malformed('tftp request without a file name or a mode')
      return { kind: opcode === opcodes.rrq ? 'rrq' : 'wrq', file, mode: mode.toLowerCase(), options: pairs(rest) }
    }
    case opcodes.data:
      need(bytes, 2, 2, 'tftp block number')
      return { kind: 'data', block: u16be(bytes, 2), data: bytes.subarray(4) }
    case opcodes.ack:
      need(bytes, 2, 2, 'tftp block number')
      return { kind: 'ack', block: u16be(bytes, 2) }
    case opcodes.error:
      need(bytes, 2, 2, 'tftp error code')
      return { kind: 'error', code: u16be(bytes, 2), message: strings(bytes, 4)[0] ?? '' }
    case opcodes.oack:
      return { kind: 'oack', options: pairs(strings(bytes, 2)) }
    default:
      throw new Malformed(`tftp opcode ${opcode}`)
  }
}

export function build(packet: Packet): Uint8Array {
  switch (packet.kind) {
    case 'rrq':
    case 'wrq':
      return concat(word(opcodes[packet.kind]), text(packet.file), text(packet.mode), ...packet.options.flat().map(text))
    case 'data':
      return concat(word(opcodes.data), word(packet.block), packet.data)
    case 'ack':
      return concat(word(opcodes.ack), word(packet.block))
    case 'error':
      return concat(word(opcodes.error), word(packet.code), text(packet.message))
    case 'oack':
      return concat(word(opcodes.oack), ...packet.options.flat().map(text))
  }
}

/** One line for people: `tftp read request pxelinux.cfg/default octet blksize=1468`. */
export function format(packet: Packet): string {
  switch (packet.kind) {
    case 'rrq':
      return `tftp read request ${legible(packet.file)} ${legible(packet.mode)}${formatOptions(packet.options)}`
    case 'wrq':
      return `tftp write request ${legible(packet.file)} ${legible(packet.mode)}${formatOptions(packet.options)}`
    case 'data':
      return `tftp data block ${packet.block}, ${packet.data.length} bytes`
    case 'ack':
      return `tftp acknowledgement of block ${packet.block}`
    case 'error':
      return `tftp error ${packet.code}: ${legible(packet.message)}`
    case 'oack':
      return `tftp option acknowledgement${formatOptions(packet.options)}`
  }
}

function formatOptions(options: readonly Option[]): string {
  return options.map(([name, value]) => ` ${legible(name)}=${legible(value)}`).join('')
}

/** The NUL-terminated strings from `at` on. What follows the last NUL is not a string and is passed over, as old clients pad their requests. */
function strings(bytes: Uint8Array, at: number): string[] {
  const found: string[] = []
  for (let from = at; from < bytes.length; ) {
    const end = bytes.indexOf(0, from)
    if (end < 0) break
    found.push(fromUtf8(bytes.subarray(from, end)))
    from = end + 1
  }
  return found
}

/** A name without a value, or an empty name, ends the list. */
function pairs(words: readonly string[]): Option[] {
  const options: Option[] = []
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) options.push([words[at].toLowerCase(), words[at + 1]])
  return options
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  putU16be(bytes, 0, value)
  return bytes
}

function text(value: string): Uint8Array {
  return concat(utf8(value), Uint8Array.of(0))
}
