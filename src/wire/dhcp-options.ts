/** The option field of DHCP: code, length, data. RFC 2132 §2; long options RFC 3396; overload into `file` and `sname` RFC 2132 §9.3. */
import { concat } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'

export interface Option {
  readonly code: number
  /** May be longer than 255 bytes: it then stands on the wire in several pieces (RFC 3396). */
  readonly data: Uint8Array
}

/** Codes that the code itself speaks of; all others are plain bytes here. */
export const codes = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  dnsServer: 6,
  hostName: 12,
  domainName: 15,
  broadcast: 28,
  vendorSpecific: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameterList: 55,
  message: 56,
  maxMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientId: 61,
  tftpServer: 66,
  bootFile: 67,
  userClass: 77,
  relayAgent: 82,
  clientArch: 93,
  clientNic: 94,
  clientMachine: 97,
  routes: 121,
  end: 255,
} as const

/** Where the pieces of options are looked for, in the order of RFC 3396 §5. */
export interface Fields {
  readonly options: Uint8Array
  readonly file: Uint8Array
  readonly sname: Uint8Array
}

export interface Unpacked {
  /** In the order in which each code was first met; 52 itself is consumed. */
  readonly options: readonly Option[]
  /** Bits of option 52: 1 = `file` held options, 2 = `sname` did. */
  readonly overload: number
}

/** @throws {Malformed} when a length leads out of its field. */
export function unpack(fields: Fields): Unpacked {
  const pieces = new Map<number, Uint8Array[]>()
  scan(fields.options, pieces)
  const overload = pieces.get(codes.overload)?.[0]?.[0] ?? 0
  if (overload & 1) scan(fields.file, pieces)
  if (overload & 2) scan(fields.sname, pieces)
  pieces.delete(codes.overload)
  return { options: [...pieces].map(([code, parts]) => ({ code, data: parts.length === 1 ? parts[0] : concat(...parts) })), overload: overload & 3 }
}

function scan(field: Uint8Array, into: Map<number, Uint8Array[]>): void {
  for (let at = 0; at < field.length; ) {
    const code = field[at++]
    if (code === codes.end) return
    if (code === codes.pad) continue
    const length = field[at++]
    if (length === undefined || at + length > field.length) throw new Malformed(`dhcp option ${code} leads out of its field`)
    const data = field.slice(at, at + length)
    const before = into.get(code)
    if (before === undefined) into.set(code, [data])
    else before.push(data)
    at += length
  }
}

/** Bytes that each field may hold, the closing 255 included; 0 keeps a field out of use. */
export interface Room {
  readonly options: number
  readonly file: number
  readonly sname: number
}

export interface Packed extends Fields {
  /** Codes for which there was no room. */
  readonly left: readonly number[]
}

const endLength = 1
const overloadLength = 3

/**
 * Lays options out in their order, each whole in the first field that has room for it. Fields end in 255; `file` and `sname` are
 * empty when not used, and option 52 is added when they are.
 */
export function pack(options: readonly Option[], room: Room): Packed {
  const alone = fill(options, [room.options - endLength])
  if (alone.left.length === 0 || room.file + room.sname === 0) return { options: close(alone.fields[0]), file: new Uint8Array(0), sname: new Uint8Array(0), left: alone.left }
  const shared = fill(options, [room.options - endLength - overloadLength, room.file - endLength, room.sname - endLength])
  const [first, file, sname] = shared.fields
  const overload = (file.length > 0 ? 1 : 0) | (sname.length > 0 ? 2 : 0)
  const told = overload === 0 ? first : [...first, Uint8Array.of(codes.overload, 1, overload)]
  const closed = (field: readonly Uint8Array[]): Uint8Array => (field.length === 0 ? new Uint8Array(0) : close(field))
  return { options: close(told), file: closed(file), sname: closed(sname), left: shared.left }
}

function fill(options: readonly Option[], rooms: number[]): { fields: Uint8Array[][]; left: number[] } {
  const fields: Uint8Array[][] = rooms.map(() => [])
  const left: number[] = []
  for (const option of options) {
    const pieces = cut(option)
    const wanted = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const place = rooms.findIndex((free) => free >= wanted)
    if (place < 0) {
      left.push(option.code)
      continue
    }
    rooms[place] -= wanted
    fields[place].push(...pieces)
  }
  return { fields, left }
}

function cut({ code, data }: Option): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < data.length; at += 255) {
    const piece = data.subarray(at, at + 255)
    pieces.push(concat(Uint8Array.of(code, piece.length), piece))
  }
  return pieces
}

function close(pieces: readonly Uint8Array[]): Uint8Array {
  return concat(...pieces, Uint8Array.of(codes.end))
}
