/** A lab's uplink on a device of the kernel: TAP, TUN or packet socket. Frames cross with what is owed to them, super-frames whole. */
import { Malformed } from '../../base/errors.ts'
import type { OutsideLink } from '../../lab/uplink.ts'
import type { Frame } from '../../link/port.ts'
import type { Takes } from '../../link/settle.ts'
import type { FramePool } from './frame-pool.ts'
import { largestFrame, PacketWriter } from './packet-writer.ts'
import type { Devices, Drain } from './pump.ts'
import { parseVnetHeader, vnetHeaderBytes } from './vnet-header.ts'

export interface DevicePlan {
  readonly fd: number
  readonly takes: Takes
  /** Enters the lab. */
  readonly enter: (frame: Frame) => void
  /** The device is gone, by somebody else's hand. */
  readonly lost: (code: string) => void
}

export class DeviceLink implements OutsideLink, Drain {
  readonly takes: Takes
  readonly counters = { malformed: 0, refused: 0 }
  readonly #plan: DevicePlan
  readonly #devices: Devices
  readonly #pool: FramePool
  readonly #writer: PacketWriter
  #open = true

  /** The descriptor is the link's from now on. */
  constructor(plan: DevicePlan, devices: Devices, pool: FramePool) {
    this.takes = plan.takes
    this.#plan = plan
    this.#devices = devices
    this.#pool = pool
    this.#writer = new PacketWriter(plan.fd)
    if (!devices.add({ fd: plan.fd, largest: vnetHeaderBytes + largestFrame, drain: this })) plan.lost('ENOSPC')
  }

  /** @returns whether the host took it. An interface that is down doesn't. */
  send(frame: Frame): boolean {
    if (!this.#open) return false
    const refusal = this.#writer.write(frame)
    this.#pool.give(frame.bytes)
    if (refusal !== undefined) this.counters.refused++
    return refusal === undefined
  }

  frame(bytes: Uint8Array, ours: boolean): void {
    if (bytes.length <= vnetHeaderBytes) return
    // From here on the frame belongs to the lab: what lies in the reader's memory moves into memory of its own.
    const own = ours ? bytes.subarray(vnetHeaderBytes) : this.#pool.take(bytes.length - vnetHeaderBytes)
    if (!ours) own.set(bytes.subarray(vnetHeaderBytes))
    try {
      this.#plan.enter({ bytes: own, offload: parseVnetHeader(bytes, own.length) })
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  failed(code: string): void {
    this.#open = false
    this.#plan.lost(code)
  }

  close(): void {
    this.#open = false
    this.#devices.remove(this.#plan.fd)
  }
}
