/** Buffers that the driver lends a device: where they lie in guest memory, and how bytes get in and out of them. virtio 1.2 §2.6. */
import type { GuestMemory } from '../bus.ts'

export type Segment = { readonly address: number; readonly length: number }

/** One descriptor chain, taken apart. Plain data: views of memory are made when bytes move, never kept. */
export type Chain = {
  /** Index of its first descriptor, by which it is given back. */
  readonly head: number
  /** What the device may read, in order. */
  readonly readable: readonly Segment[]
  readonly readableBytes: number
  /** What the device may write, in order. */
  readonly writable: readonly Segment[]
  readonly writableBytes: number
}

/** The part of `segments` that begins `offset` bytes in and is at most `length` bytes long. */
export function slice(segments: readonly Segment[], offset: number, length: number): Segment[] {
  const parts: Segment[] = []
  let skip = offset
  let left = length
  for (const segment of segments) {
    if (left <= 0) break
    if (skip >= segment.length) {
      skip -= segment.length
      continue
    }
    const count = Math.min(segment.length - skip, left)
    parts.push({ address: segment.address + skip, length: count })
    skip = 0
    left -= count
  }
  return parts
}

/** A copy of up to `length` bytes from `offset` on; shorter when the segments end before. @throws {BusError} */
export function gather(memory: GuestMemory, segments: readonly Segment[], offset: number, length: number): Uint8Array {
  const parts = slice(segments, offset, length)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(memory.window(part.address, part.length), at)
    at += part.length
  }
  return bytes
}

/** Puts `bytes` into the segments from `offset` on. @returns how many fitted. @throws {BusError} */
export function scatter(memory: GuestMemory, segments: readonly Segment[], offset: number, bytes: Uint8Array): number {
  let at = 0
  for (const part of slice(segments, offset, bytes.length)) {
    memory.writable(part.address, part.length).set(bytes.subarray(at, at + part.length))
    at += part.length
  }
  return at
}

/** Copies that share nothing, for a device's state. */
export const copyChains = (chains: readonly Chain[]): Chain[] =>
  chains.map((chain) => ({ ...chain, readable: chain.readable.map((part) => ({ ...part })), writable: chain.writable.map((part) => ({ ...part })) }))
