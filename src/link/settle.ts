/**
 * Settling what is owed to a frame: fills in its checksum, cuts a super-frame into segments. virtio 1.2 §5.1.6.2; how the headers of
 * the segments differ is what Linux calls GSO: RFC 9293 for TCP, RFC 768 for UDP, each segment an IP packet of its own (RFC 791, RFC 8200).
 */
import { putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { addressSum4, addressSum6, checksum } from '../wire/checksum.ts'
import { headerBytes as ethernetBytes, types } from '../wire/ethernet.ts'
import { flags } from '../wire/tcp.ts'
import type { Frame, Medium, Offload } from './port.ts'

/** What a receiver takes unsettled. Segmentation without `checksum` is never taken. */
export interface Takes {
  readonly checksum: boolean
  readonly tcp4: boolean
  readonly tcp6: boolean
  readonly udp: boolean
}

export const takesNothing: Takes = { checksum: false, tcp4: false, tcp6: false, udp: false }
export const takesAll: Takes = { checksum: true, tcp4: true, tcp6: true, udp: true }

/** No honest segment size makes more of 64 KiB (RFC 879 aside, Linux takes an MSS of 48 at least). */
const mostSegments = 1400

/**
 * The frame as `takes` allows it: itself, itself with its checksum filled in (in place: the frame is the caller's), or its segments.
 * @returns undefined when what is owed makes no sense: the guest that wrote it gets nothing sent.
 */
export function settleFrame(frame: Frame, takes: Takes, medium: Medium): readonly Frame[] | undefined {
  const { offload } = frame
  if (offload === undefined) return [frame]
  if (offload.segmentation !== 'none' && !(takes[offload.segmentation] && takes.checksum)) return cut(frame.bytes, offload, medium)
  if (takes.checksum || offload.checksum === undefined) return offload.checksum === undefined && offload.segmentation !== 'none' ? undefined : [frame]
  return fill(frame.bytes, offload.checksum) ? [{ bytes: frame.bytes, offload: undefined }] : undefined
}

/** @returns false when the field lies outside the frame. */
function fill(bytes: Uint8Array, { start, offset }: NonNullable<Offload['checksum']>): boolean {
  if (start < 0 || offset < 0 || start + offset + 2 > bytes.length) return false
  // The field holds the pseudo-header's sum, so it is summed as it stands. Zero would mean "none" in UDP, and all ones is the same number.
  putU16be(bytes, start + offset, checksum(bytes, start) || 0xffff)
  return true
}

/** Where a super-frame's headers are. */
interface Layout {
  readonly version: 4 | 6
  readonly ip: number
  readonly transport: number
  readonly payload: number
}

function cut(bytes: Uint8Array, offload: Offload, medium: Medium): Frame[] | undefined {
  const layout = layoutOf(bytes, offload, medium)
  if (layout === undefined || offload.segmentSize < 1) return undefined
  const count = Math.max(1, Math.ceil((bytes.length - layout.payload) / offload.segmentSize))
  if (count > mostSegments) return undefined
  return Array.from({ length: count }, (_, at) => ({ bytes: segment(bytes, layout, offload, at, at === count - 1), offload: undefined }))
}

/** Found from the bytes and not from `headerLength`, which a driver may get wrong (virtio 1.2 §5.1.6.2: a hint). */
function layoutOf(bytes: Uint8Array, offload: Offload, medium: Medium): Layout | undefined {
  const ip = medium === 'ip' ? 0 : ipIn(bytes)
  const transport = offload.checksum?.start ?? -1
  const version = (bytes[ip] ?? 0) >>> 4
  if (version !== 4 && version !== 6) return undefined
  if (version !== (offload.segmentation === 'tcp4' ? 4 : offload.segmentation === 'tcp6' ? 6 : version)) return undefined
  if (version === 4 ? transport !== ip + (bytes[ip] & 0xf) * 4 || transport < ip + 20 : transport < ip + 40) return undefined
  const udp = offload.segmentation === 'udp'
  if (transport + (udp ? 8 : 20) > bytes.length) return undefined
  const payload = transport + (udp ? 8 : (bytes[transport + 12] >>> 4) * 4)
  return payload > bytes.length || payload < transport + (udp ? 8 : 20) ? undefined : { version, ip, transport, payload }
}

/** Behind the addresses, up to two tags and the EtherType. */
function ipIn(bytes: Uint8Array): number {
  let at = ethernetBytes
  for (let tags = 0; tags < 2 && at + 4 <= bytes.length && (u16be(bytes, at - 2) === types.vlan || u16be(bytes, at - 2) === 0x88a8); tags++) at += 4
  return at
}

function segment(bytes: Uint8Array, layout: Layout, offload: Offload, index: number, last: boolean): Uint8Array {
  const from = layout.payload + index * offload.segmentSize
  const payload = bytes.subarray(from, Math.min(bytes.length, from + offload.segmentSize))
  const piece = new Uint8Array(layout.payload + payload.length)
  piece.set(bytes.subarray(0, layout.payload))
  piece.set(payload, layout.payload)
  const addressSum = putIp(piece, layout, index, offload.segmentation === 'udp' ? 17 : 6)
  const length = piece.length - layout.transport
  if (offload.segmentation === 'udp') putUdp(piece, layout.transport, addressSum + length)
  else putTcp(piece, layout.transport, addressSum + length, index, index * offload.segmentSize, last)
  return piece
}

/** Length, identification and checksum of one segment's packet. @returns the pseudo-header's sum without the length. */
function putIp(piece: Uint8Array, { version, ip, transport }: Layout, index: number, protocol: number): number {
  if (version === 6) {
    putU16be(piece, ip + 4, piece.length - ip - 40)
    return addressSum6(piece.subarray(ip + 8, ip + 24), piece.subarray(ip + 24, ip + 40), protocol)
  }
  putU16be(piece, ip + 2, piece.length - ip)
  putU16be(piece, ip + 4, u16be(piece, ip + 4) + index)
  putU16be(piece, ip + 10, 0)
  putU16be(piece, ip + 10, checksum(piece, ip, transport))
  return addressSum4(u32be(piece, ip + 12), u32be(piece, ip + 16), protocol)
}

function putUdp(piece: Uint8Array, at: number, pseudoSum: number): void {
  putU16be(piece, at + 4, piece.length - at)
  putU16be(piece, at + 6, 0)
  putU16be(piece, at + 6, checksum(piece, at, piece.length, pseudoSum) || 0xffff)
}

function putTcp(piece: Uint8Array, at: number, pseudoSum: number, index: number, offset: number, last: boolean): void {
  putU32be(piece, at + 4, (u32be(piece, at + 4) + offset) >>> 0)
  // FIN and PSH belong to the last byte; CWR answers one congestion signal and is said once (RFC 3168 §6.1.2).
  if (!last) piece[at + 13] &= ~(flags.fin | flags.psh)
  if (index > 0) piece[at + 13] &= ~flags.cwr
  putU16be(piece, at + 16, 0)
  putU16be(piece, at + 16, checksum(piece, at, piece.length, pseudoSum))
}
