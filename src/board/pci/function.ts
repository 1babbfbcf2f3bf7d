/** The seam between the PCI bus and a function on it. PCI Local Bus Specification 3.0 (section numbers are its own). */
import type { Plain, Stateful } from '../../base/state.ts'
import type { GuestMemory, Width } from '../bus.ts'

/** What the header says of a function (§6.2.1). */
export interface PciIdentity {
  readonly vendor: number
  readonly device: number
  readonly revision: number
  /** 24 bits: class, subclass, programming interface. */
  readonly classCode: number
  readonly subsystemVendor: number
  readonly subsystem: number
}

/** An address space that the function asks for; `bytes` is a power of two, 16 at least. */
export interface Bar {
  readonly kind: 'memory' | 'io'
  readonly bytes: number
}

/** What the bus lends a function. */
export interface PciSlot {
  /** RAM by DMA. @throws {BusError} as RAM does, and everywhere while the driver has not made the function a bus master. */
  readonly memory: GuestMemory
  /** The level of its interrupt pin, INTA. */
  interrupt(high: boolean): void
}

export interface PciFunction extends Stateful<Plain> {
  readonly name: string
  readonly identity: PciIdentity
  /** By their number; each takes one register of 32 bits. */
  readonly bars: readonly (Bar | undefined)[]
  /** Each as it lies in configuration space, from its id on; the link to the next, at 1, is filled in by the bus. */
  readonly capabilities: readonly Uint8Array[]
  attach(slot: PciSlot): void
  /** @returns an unsigned value of `width` bytes. */
  read(bar: number, offset: number, width: Width): number
  write(bar: number, offset: number, width: Width, value: number): void
  /** Bytes in capabilities that are not memory but registers: undefined where it is memory. `capability` is its index, `offset` counts from its id. */
  readCapability?(capability: number, offset: number, width: Width): number | undefined
  /** Told of every write into a capability. */
  writeCapability?(capability: number, offset: number, width: Width, value: number): void
  reset(): void
}
