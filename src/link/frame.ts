/** What is done to frames under way: copies, offsets that move, and the size they have once they are cut. */
import type { Frame, Offload } from './port.ts'

/** A frame as plain state. */
export type FrameState = {
  readonly bytes: Uint8Array
  readonly offload: OffloadState | undefined
}

type OffloadState = {
  readonly checksum: { readonly start: number; readonly offset: number } | undefined
  readonly segmentation: Offload['segmentation']
  readonly segmentSize: number
  readonly headerLength: number
}

/** A frame of its own: for who keeps one, or gives one frame to several. */
export function copyFrame(frame: Frame): Frame {
  return { bytes: frame.bytes.slice(), offload: frame.offload }
}

export function saveFrame({ bytes, offload }: Frame): FrameState {
  return { bytes: bytes.slice(), offload: offload === undefined ? undefined : { ...offload, checksum: offload.checksum && { ...offload.checksum } } }
}

/** What is owed after `by` bytes were put in (or, negative, taken out) in front of the transport header. */
export function moveOffload(offload: Offload | undefined, by: number): Offload | undefined {
  if (offload === undefined) return undefined
  const { checksum } = offload
  return {
    ...offload,
    checksum: checksum === undefined ? undefined : { start: checksum.start + by, offset: checksum.offset },
    headerLength: offload.headerLength === 0 ? 0 : offload.headerLength + by,
  }
}

/** Bytes on a wire: of a super-frame all its segments', each with the headers repeated. */
export function wireBytes({ bytes, offload }: Frame): number {
  if (offload === undefined || offload.segmentation === 'none' || offload.segmentSize <= 0) return bytes.length
  const header = Math.min(bytes.length, offload.headerLength)
  const segments = Math.max(1, Math.ceil((bytes.length - header) / offload.segmentSize))
  return bytes.length + (segments - 1) * header
}
