/** The seam between a machine's bus and the models on it. */

/** Width of one access in bytes. An 8-byte access reaches a device as two of 4, low half first. */
export type Width = 1 | 2 | 4

/** A model on the bus. The guest may write anything: a device never throws on what a guest does. */
export interface MmioDevice {
  readonly name: string
  /** Bytes of address space it answers. */
  readonly span: number
  /** @returns an unsigned value of `width` bytes. */
  read(offset: number, width: Width): number
  /** @param value unsigned, of `width` bytes. */
  write(offset: number, width: Width, value: number): void
  reset(): void
}

/** A wire, not a button: the level holds until it is set again. */
export interface IrqLine {
  set(high: boolean): void
}

/** A device asked for memory that is not RAM. */
export class BusError extends Error {
  override readonly name = 'BusError'
}

/**
 * Guest RAM as devices see it (DMA). Views are into live RAM and must not be kept beyond the call that asked for them.
 * Two verbs, because a write must drop code translated from those bytes and dirties the page, and a read must not.
 */
export interface GuestMemory {
  /** Bytes to read, `length` from guest-physical `address`. @throws {BusError} outside RAM. */
  window(address: number, length: number): Uint8Array
  /** Bytes about to be written. @throws {BusError} outside RAM. */
  writable(address: number, length: number): Uint8Array
}

/** A serial line's other end. Bounded: `room` bytes are taken now, no more. */
export interface Chardev {
  readonly room: number
  write(bytes: Uint8Array): void
  listen(hear: (bytes: Uint8Array) => void): void
}
