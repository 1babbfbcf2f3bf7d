/** DHCP and BOOTP messages. RFC 2131 §2, RFC 951, RFC 1542; options by `dhcp-options.ts`. */
import type { Option } from './dhcp-options.ts'
import { fromUtf8, need, putU16be, putU32be, u16be, u32be, utf8 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import type { Show } from './format.ts'
import { formatIpv4, formatMac } from './address.ts'
import { codes, pack, unpack } from './dhcp-options.ts'
import { hex32, legible } from './format.ts'

export const serverPort = 67
export const clientPort = 68

/** Values of option 53 (RFC 2132 §9.6). */
export const types = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const

export interface Message {
  readonly op: 'request' | 'reply'
  /** Hardware type: 1 is Ethernet. */
  readonly htype: number
  readonly hops: number
  readonly xid: number
  readonly secs: number
  /** The client can't hear unicast before it has an address (RFC 2131 §4.1). */
  readonly broadcast: boolean
  /** IPv4 addresses are unsigned 32-bit numbers, 0 when not set. */
  readonly ciaddr: number
  readonly yiaddr: number
  readonly siaddr: number
  readonly giaddr: number
  /** As long as `hlen` says, at most 16 bytes. */
  readonly chaddr: Uint8Array
  /** Server host name and boot file; empty when not set or when the field held options. */
  readonly sname: string
  readonly file: string
  /** In the order of the wire, pieces joined, 52 consumed. `undefined`: no magic cookie, plain BOOTP of RFC 951. */
  readonly options: readonly Option[] | undefined
}

const fixedLength = 236
const cookie = 0x6382_5363
const snameAt = 44
const fileAt = 108
/** BOOTP relays and clients drop what is shorter (RFC 1542 §2.1). */
export const leastLength = 300

/** @throws {Malformed} */
export function parse(bytes: Uint8Array): Message {
  // The first four bytes of the vendor area are there even in BOOTP, where they may be anything (RFC 951 §3).
  need(bytes, 0, fixedLength + 4, 'dhcp message')
  const op = bytes[0]
  if (op !== 1 && op !== 2) throw new Malformed(`dhcp op ${op}`)
  const hlen = bytes[2]
  if (hlen > 16) throw new Malformed(`dhcp hlen ${hlen}`)
  const sname = bytes.subarray(snameAt, fileAt)
  const file = bytes.subarray(fileAt, fixedLength)
  const marked = u32be(bytes, fixedLength) === cookie
  const unpacked = marked ? unpack({ options: bytes.subarray(fixedLength + 4), file, sname }) : undefined
  const overload = unpacked?.overload ?? 0
  return {
    op: op === 1 ? 'request' : 'reply',
    htype: bytes[1],
    hops: bytes[3],
    xid: u32be(bytes, 4),
    secs: u16be(bytes, 8),
    broadcast: (bytes[10] & 0x80) !== 0,
    ciaddr: u32be(bytes, 12),
    yiaddr: u32be(bytes, 16),
    siaddr: u32be(bytes, 20),
    giaddr: u32be(bytes, 24),
    chaddr: bytes.slice(28, 28 + hlen),
    sname: overload & 2 ? '' : text(sname),
    file: overload & 1 ? '' : text(file),
    options: unpacked?.options,
  }
}

export interface BuildOptions {
  /** Most bytes of UDP payload. Default 548: what every client must take (RFC 2131 §2). */
  readonly maxBytes?: number
  /** Whether `file` and `sname`, where empty, may hold options (option 52). */
  readonly overload?: boolean
}

export interface Built {
  readonly bytes: Uint8Array
  /** Codes of options for which there was no room. */
  readonly left: readonly number[]
}

/** Builds a message that keeps to a size, and says what had to stay behind. `sname` and `file` are cut to 63 and 127 bytes. */
export function fit(message: Message, { maxBytes = 548, overload = false }: BuildOptions = {}): Built {
  const open = fixedLength + 4
  const room = {
    options: Math.max(leastLength, maxBytes) - open,
    file: overload && message.file === '' ? fixedLength - fileAt : 0,
    sname: overload && message.sname === '' ? fileAt - snameAt : 0,
  }
  const packed = message.options === undefined ? undefined : pack(message.options, room)
  const bytes = new Uint8Array(Math.max(leastLength, packed === undefined ? 0 : open + packed.options.length))
  bytes.set([message.op === 'request' ? 1 : 2, message.htype, message.chaddr.length, message.hops])
  putU32be(bytes, 4, message.xid)
  putU16be(bytes, 8, message.secs)
  putU16be(bytes, 10, message.broadcast ? 0x8000 : 0)
  putU32be(bytes, 12, message.ciaddr)
  putU32be(bytes, 16, message.yiaddr)
  putU32be(bytes, 20, message.siaddr)
  putU32be(bytes, 24, message.giaddr)
  bytes.set(message.chaddr.subarray(0, 16), 28)
  bytes.set(utf8(message.sname).subarray(0, 63), snameAt)
  bytes.set(utf8(message.file).subarray(0, 127), fileAt)
  if (packed !== undefined) {
    putU32be(bytes, fixedLength, cookie)
    bytes.set(packed.options, open)
    // Both are empty unless the message left its own field free.
    bytes.set(packed.file, fileAt)
    bytes.set(packed.sname, snameAt)
  }
  return { bytes, left: packed?.left ?? [] }
}

/** Builds a message of whatever length its options need. */
export function build(message: Message): Uint8Array {
  return fit(message, { maxBytes: 65_507 }).bytes
}

/** One line for people: `dhcp offer xid 0x3903f326 for 52:54:00:12:34:56, gets 10.0.0.100, server 10.0.0.1, file boot.scr.uimg`. */
export function format(message: Message): string {
  const parts = [`${name(message)} xid ${hex32(message.xid)} for ${formatMac(message.chaddr)}`]
  const server = option(message, codes.serverId)
  const asked = option(message, codes.requestedAddress)
  if (message.yiaddr !== 0) parts.push(`gets ${formatIpv4(message.yiaddr)}`)
  if (asked?.length === 4) parts.push(`asks for ${formatIpv4(u32be(asked, 0))}`)
  if (message.ciaddr !== 0) parts.push(`has ${formatIpv4(message.ciaddr)}`)
  if (server?.length === 4) parts.push(`server ${formatIpv4(u32be(server, 0))}`)
  if (message.siaddr !== 0) parts.push(`next server ${formatIpv4(message.siaddr)}`)
  if (message.giaddr !== 0) parts.push(`by relay ${formatIpv4(message.giaddr)}`)
  const file = message.file === '' ? option(message, codes.bootFile) : utf8(message.file)
  if (file !== undefined) parts.push(`file ${legible(fromUtf8(file))}`)
  return parts.join(', ')
}

export const show: Show<Message> = { xid: hex32, ciaddr: formatIpv4, yiaddr: formatIpv4, siaddr: formatIpv4, giaddr: formatIpv4, chaddr: formatMac }

/** The data of one option, if the message has it. */
export function option(message: Message, code: number): Uint8Array | undefined {
  return message.options?.find((each) => each.code === code)?.data
}

/** The value of option 53, or undefined for BOOTP. */
export function typeOf(message: Message): number | undefined {
  const data = option(message, codes.messageType)
  return data?.length === 1 ? data[0] : undefined
}

function name(message: Message): string {
  const type = typeOf(message)
  if (type === undefined) return `bootp ${message.op}`
  const word = Object.entries(types).find(([, value]) => value === type)?.[0]
  return word === undefined ? `dhcp type ${type}` : `dhcp ${word}`
}

/** Up to the first NUL. */
function text(field: Uint8Array): string {
  const end = field.indexOf(0)
  return fromUtf8(end < 0 ? field : field.subarray(0, end))
}
