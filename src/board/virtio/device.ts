/** The seam between a virtio transport and the device behind it. virtio 1.2 §2–3. */
import type { Plain, Stateful } from '../../base/state.ts'
import type { GuestMemory, Width } from '../bus.ts'
import type { Queue } from './queue.ts'

/** Feature bits that belong to the rings and the transport (§6). */
export const ringFeatures = { indirectDescriptors: 28, eventIndex: 29, version1: 32 } as const

/** What the transport lends a device. */
export interface VirtioHost {
  readonly queues: readonly Queue[]
  readonly memory: GuestMemory
  /** DRIVER_OK is set and the device has not failed: buffers may be used. */
  readonly running: boolean
  /** Whether the driver accepted feature `bit`. */
  has(bit: number): boolean
  /**
   * Runs what touches rings and buffers. What the guest got wrong in there (Malformed, BusError) stops here: the device is marked
   * DEVICE_NEEDS_RESET and that is reported once. `notify` is already called inside one.
   */
  attempt(work: () => void): void
  /** The configuration space has changed by itself (§2.5): generation and interrupt. */
  configChanged(): void
}

export interface VirtioDevice extends Stateful<Plain> {
  readonly name: string
  /** §5: 1 network, 2 block, 4 entropy. */
  readonly deviceId: number
  /** Feature bits offered, apart from `ringFeatures`. */
  readonly features: readonly number[]
  /** A name for each queue and its largest size. */
  readonly queues: readonly { readonly name: string; readonly max: number }[]
  /** The configuration space as the driver reads it now. */
  readonly config: Uint8Array
  /** A driver's write into the configuration space. */
  writeConfig?(offset: number, width: Width, value: number): void
  attach(host: VirtioHost): void
  /** The driver made buffers available in queue `index`; called only while `running`. */
  notify(index: number): void
  reset(): void
}
