/** The header in front of every frame in a virtio-net ring, and the offloads it stands for. virtio 1.2 §5.1.6. */
import { putU16le, u16le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Frame, Offload } from '../../link/port.ts'

/** struct virtio_net_hdr with num_buffers, which a VERSION_1 device always has. */
export const headerBytes = 12

const needsChecksum = 1
const gso = { none: 0, tcp4: 1, tcp6: 4 } as const

/** @throws {Malformed} when the header asks for what it doesn't describe, or points outside the frame. */
export function parseOffload(header: Uint8Array, frameBytes: number): Offload | undefined {
  const checksum = (header[0] & needsChecksum) === 0 ? undefined : { start: u16le(header, 6), offset: u16le(header, 8) }
  const segmentation = segmentationOf(header[1])
  if (checksum !== undefined && checksum.start + checksum.offset + 2 > frameBytes) {
    throw new Malformed(`checksum at ${checksum.start}+${checksum.offset} in a frame of ${frameBytes} bytes`)
  }
  if (segmentation === 'none') return checksum === undefined ? undefined : { checksum, segmentation, segmentSize: 0, headerLength: 0 }
  const segmentSize = u16le(header, 4)
  // §5.1.6.2: a driver that asks for segmentation also sets NEEDS_CSUM, and gives the size of a segment.
  if (checksum === undefined) throw new Malformed('segmentation without a checksum to fill')
  if (segmentSize === 0) throw new Malformed('segmentation into segments of 0 bytes')
  return { checksum, segmentation, segmentSize, headerLength: Math.min(u16le(header, 2), frameBytes) }
}

function segmentationOf(type: number): Offload['segmentation'] {
  if (type === gso.none) return 'none'
  if (type === gso.tcp4) return 'tcp4'
  if (type === gso.tcp6) return 'tcp6'
  throw new Malformed(`gso_type ${type} was not offered`)
}

/** The header for a frame that goes to the driver in `buffers` chains. */
export function buildHeader(frame: Frame, buffers: number): Uint8Array {
  const header = new Uint8Array(headerBytes)
  const { offload } = frame
  putU16le(header, 10, buffers)
  if (offload?.checksum !== undefined) {
    header[0] = needsChecksum
    putU16le(header, 6, offload.checksum.start)
    putU16le(header, 8, offload.checksum.offset)
  }
  if (offload?.segmentation === 'tcp4' || offload?.segmentation === 'tcp6') {
    header[1] = gso[offload.segmentation]
    putU16le(header, 2, offload.headerLength)
    putU16le(header, 4, offload.segmentSize)
  }
  return header
}
