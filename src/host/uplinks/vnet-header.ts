/** The header in front of every frame of a TAP, TUN or packet socket with offload: Linux' struct virtio_net_hdr, virtio 1.2 §5.1.6, in the computer's byte order (little, on all we run on). */
import { Malformed } from '../../base/errors.ts'
import { putU16le, u16le } from '../../base/bytes.ts'
import type { Offload } from '../../link/port.ts'

/** Without num_buffers, which only a ring has. */
export const vnetHeaderBytes = 10

const needsChecksum = 1
const gso = { none: 0, tcp4: 1, udpFragments: 3, tcp6: 4, udp: 5 } as const
const congestion = 0x80

/**
 * What the kernel left undone in the frame behind the header.
 * @throws {Malformed} for what we never said we'd take.
 */
export function parseVnetHeader(header: Uint8Array, frameBytes: number): Offload | undefined {
  const checksum = (header[0] & needsChecksum) === 0 ? undefined : { start: u16le(header, 6), offset: u16le(header, 8) }
  if (checksum !== undefined && checksum.start + checksum.offset + 2 > frameBytes) throw new Malformed(`checksum at ${checksum.start}+${checksum.offset} in a frame of ${frameBytes} bytes`)
  const segmentation = segmentationOf(header[1] & ~congestion)
  if (segmentation === 'none') return checksum === undefined ? undefined : { checksum, segmentation, segmentSize: 0, headerLength: 0 }
  if (checksum === undefined) throw new Malformed('segmentation without a checksum to fill')
  const segmentSize = u16le(header, 4)
  if (segmentSize === 0) throw new Malformed('segmentation into segments of 0 bytes')
  return { checksum, segmentation, segmentSize, headerLength: Math.min(u16le(header, 2), frameBytes) }
}

/** Writes the header for a frame with `offload` into the first ten bytes of `into`. */
export function writeVnetHeader(into: Uint8Array, offload: Offload | undefined): void {
  into.fill(0, 0, vnetHeaderBytes)
  if (offload?.checksum === undefined) return
  into[0] = needsChecksum
  putU16le(into, 6, offload.checksum.start)
  putU16le(into, 8, offload.checksum.offset)
  if (offload.segmentation === 'none') return
  into[1] = gso[offload.segmentation]
  putU16le(into, 2, offload.headerLength)
  putU16le(into, 4, offload.segmentSize)
}

function segmentationOf(type: number): Offload['segmentation'] {
  switch (type) {
    case gso.none:
      return 'none'
    case gso.tcp4:
      return 'tcp4'
    case gso.tcp6:
      return 'tcp6'
    case gso.udp:
      return 'udp'
    default:
      throw new Malformed(`gso_type ${type} was not asked for`)
  }
}
