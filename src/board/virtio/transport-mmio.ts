/** Virtio over MMIO, version 2. virtio 1.2 §4.2; the device's life as in §2.1 and §3.1. */
import { Malformed } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import type { GuestMemory, IrqLine, Width } from '../bus.ts'
import { BusError } from '../bus.ts'
import type { Model } from '../model.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import { ringFeatures } from './device.ts'
import type { QueueState } from './queue.ts'
import { Queue } from './queue.ts'

const magic = 0x7472_6976
const version = 2
/** "LOOM". The subsystem vendor is free (§4.2.2). */
const vendor = 0x4d4f_4f4c

/** §4.2.2, table 4.1. */
const registers = {
  magic: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesSel: 0x014,
  driverFeatures: 0x020,
  driverFeaturesSel: 0x024,
  queueSel: 0x030,
  queueNumMax: 0x034,
  queueNum: 0x038,
  queueReady: 0x044,
  queueNotify: 0x050,
  interruptStatus: 0x060,
  interruptAck: 0x064,
  status: 0x070,
  queueDescLow: 0x080,
  queueDescHigh: 0x084,
  queueDriverLow: 0x090,
  queueDriverHigh: 0x094,
  queueDeviceLow: 0x0a0,
  queueDeviceHigh: 0x0a4,
  shmLenLow: 0x0b0,
  shmBaseHigh: 0x0bc,
  configGeneration: 0x0fc,
  config: 0x100,
} as const

/** §2.1. */
export const status = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 64, failed: 128 } as const
const interrupt = { used: 1, config: 2 } as const

export type TransportState = {
  readonly status: number
  readonly accepted: bigint
  readonly deviceFeaturesSel: number
  readonly driverFeaturesSel: number
  readonly queueSel: number
  readonly interrupts: number
  readonly generation: number
  readonly queues: readonly QueueState[]
  readonly device: Plain
}

/** One slot. Without a device it answers DeviceID 0, which drivers pass over (§4.2.3.1.1). */
export class VirtioMmio implements Model {
  readonly name: string
  readonly span = 0x1000
  readonly #device: VirtioDevice | undefined
  readonly #irq: IrqLine
  readonly #report: (sentence: string) => void
  readonly #offered: bigint
  readonly #queues: readonly Queue[]
  #status = 0
  #accepted = 0n
  #deviceFeaturesSel = 0
  #driverFeaturesSel = 0
  #queueSel = 0
  #interrupts = 0
  #generation = 0

  constructor(name: string, device: VirtioDevice | undefined, memory: GuestMemory, irq: IrqLine, report: (sentence: string) => void) {
    this.name = name
    this.#device = device
    this.#irq = irq
    this.#report = report
    const offered = [...Object.values(ringFeatures), ...(device?.features ?? [])]
    this.#offered = offered.reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n)
    this.#queues = (device?.queues ?? []).map((queue) => {
      return new Queue(`${device?.name}.${queue.name}`, queue.max, memory, () => this.#raise(interrupt.used))
    })
    device?.attach(this.#host(memory))
  }

  read(offset: number, width: Width): number {
    if (offset >= registers.config) return this.#readConfig(offset - registers.config, width)
    // §4.2.2.2: the driver uses 32-bit accesses only.
    if (width !== 4) return 0
    if (this.#device === undefined && offset > registers.vendorId) return 0
    switch (offset) {
      case registers.magic:
        return magic
      case registers.version:
        return version
      case registers.deviceId:
        return this.#device?.deviceId ?? 0
      case registers.vendorId:
        return vendor
      case registers.deviceFeatures:
        return this.#deviceFeaturesSel > 1 ? 0 : Number((this.#offered >> BigInt(32 * this.#deviceFeaturesSel)) & 0xffff_ffffn)
      case registers.queueNumMax:
        return this.#queue?.max ?? 0
      case registers.queueReady:
        return Number(this.#queue?.ready ?? false)
      case registers.interruptStatus:
        return this.#interrupts
      case registers.status:
        return this.#status
      case registers.configGeneration:
        return this.#generation
      default:
        // No shared memory regions: length and base of each are all ones (§4.2.2).
        return offset >= registers.shmLenLow && offset <= registers.shmBaseHigh ? 0xffff_ffff : 0
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (this.#device === undefined) return
    if (offset >= registers.config) return this.#device.writeConfig?.(offset - registers.config, width, value)
    if (width !== 4) return
    switch (offset) {
      case registers.deviceFeaturesSel:
        this.#deviceFeaturesSel = value
        break
      case registers.driverFeaturesSel:
        this.#driverFeaturesSel = value
        break
      case registers.driverFeatures:
        this.#acceptFeatures(value)
        break
      case registers.queueSel:
        this.#queueSel = value
        break
      case registers.queueNotify:
        this.#notify(value)
        break
      case registers.interruptAck:
        this.#interrupts &= ~value
        this.#irq.set(this.#interrupts !== 0)
        break
      case registers.status:
        this.#setStatus(value)
        break
      default:
        this.#setQueue(offset, value)
    }
  }

  reset(): void {
    this.#status = 0
    this.#accepted = 0n
    this.#deviceFeaturesSel = this.#driverFeaturesSel = this.#queueSel = 0
    this.#interrupts = 0
    for (const queue of this.#queues) queue.reset()
    this.#device?.reset()
    this.#irq.set(false)
  }

  save(): TransportState {
    return {
      status: this.#status,
      accepted: this.#accepted,
      deviceFeaturesSel: this.#deviceFeaturesSel,
      driverFeaturesSel: this.#driverFeaturesSel,
      queueSel: this.#queueSel,
      interrupts: this.#interrupts,
      generation: this.#generation,
      queues: this.#queues.map((queue) => queue.save()),
      device: this.#device?.save() ?? null,
    }
  }

  load(state: TransportState): void {
    this.#status = state.status
    this.#accepted = state.accepted
    this.#deviceFeaturesSel = state.deviceFeaturesSel
    this.#driverFeaturesSel = state.driverFeaturesSel
    this.#queueSel = state.queueSel
    this.#interrupts = state.interrupts
    this.#generation = state.generation
    state.queues.forEach((queue, index) => this.#queues[index].load(queue, this.#queueFeatures))
    this.#device?.load(state.device)
    this.#irq.set(this.#interrupts !== 0)
  }

  get #queue(): Queue | undefined {
    return this.#queues[this.#queueSel]
  }

  get #running(): boolean {
    return (this.#status & (status.driverOk | status.needsReset)) === status.driverOk
  }

  get #queueFeatures(): { indirect: boolean; eventIndex: boolean } {
    return { indirect: this.#has(ringFeatures.indirectDescriptors), eventIndex: this.#has(ringFeatures.eventIndex) }
  }

  #host(memory: GuestMemory): VirtioHost {
    const running = (): boolean => this.#running
    return {
      queues: this.#queues,
      memory,
      get running() {
        return running()
      },
      has: (bit) => this.#has(bit),
      attempt: (work) => this.#attempt(work),
      configChanged: () => this.#configChanged(),
    }
  }

  #has(bit: number): boolean {
    return ((this.#accepted >> BigInt(bit)) & 1n) !== 0n
  }

  #raise(cause: number): void {
    this.#interrupts |= cause
    this.#irq.set(true)
  }

  #configChanged(): void {
    this.#generation = (this.#generation + 1) >>> 0
    if (this.#status & status.driverOk) this.#raise(interrupt.config)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof BusError)) throw error
      this.#break(error.message)
    }
  }

  /** §2.1.2: an error that only a reset mends. */
  #break(reason: string): void {
    if (this.#status & status.needsReset) return
    this.#status |= status.needsReset
    this.#report(`${this.#device?.name}: the guest's driver broke the rules (${reason}); the device waits for a reset`)
    if (this.#status & status.driverOk) this.#raise(interrupt.config)
  }

  #notify(index: number): void {
    const queue = this.#queues[index]
    if (queue === undefined || !queue.ready || !this.#running) return
    this.#attempt(() => this.#device?.notify(index))
  }

  /** Heard until the driver says FEATURES_OK (§3.1.1, step 4). */
  #acceptFeatures(value: number): void {
    if (this.#driverFeaturesSel > 1 || this.#status & status.featuresOk) return
    const shift = BigInt(32 * this.#driverFeaturesSel)
    this.#accepted = (this.#accepted & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift)
  }

  /** Bits are only ever added by the driver (§2.1.1); zero resets. */
  #setStatus(value: number): void {
    if (value === 0) return this.reset()
    const before = this.#status
    let added = value & ~before & (status.acknowledge | status.driver | status.driverOk | status.featuresOk | status.failed)
    if (added & status.featuresOk && !this.#agreed()) added &= ~status.featuresOk
    // A legacy driver goes on without FEATURES_OK; this device is modern only, so it does not start (§6.2).
    if (added & status.driverOk && ((before | added) & status.featuresOk) === 0) added &= ~status.driverOk
    this.#status = before | added
    if (added & status.driverOk) this.#start()
  }

  /** What is offered was chosen from, and VERSION_1 among it (§6.1). */
  #agreed(): boolean {
    return (this.#accepted & ~this.#offered) === 0n && this.#has(ringFeatures.version1)
  }

  /** What was made available before DRIVER_OK is served now: nothing was consumed earlier (§3.1.2). */
  #start(): void {
    this.#queues.forEach((queue, index) => {
      queue.features = this.#queueFeatures
      this.#notify(index)
    })
  }

  /** A queue's size and addresses are fixed while it is ready (§4.2.3.2). */
  #setQueue(offset: number, value: number): void {
    const queue = this.#queue
    if (queue === undefined) return
    if (offset === registers.queueReady) return this.#setReady(queue, (value & 1) !== 0)
    if (queue.ready) return
    const low = (address: number): number => Math.floor(address / 2 ** 32) * 2 ** 32 + value
    const high = (address: number): number => (address % 2 ** 32) + value * 2 ** 32
    if (offset === registers.queueNum) queue.size = value <= queue.max && (value & (value - 1)) === 0 ? value : 0
    else if (offset === registers.queueDescLow) queue.descriptors = low(queue.descriptors)
    else if (offset === registers.queueDescHigh) queue.descriptors = high(queue.descriptors)
    else if (offset === registers.queueDriverLow) queue.available = low(queue.available)
    else if (offset === registers.queueDriverHigh) queue.available = high(queue.available)
    else if (offset === registers.queueDeviceLow) queue.used = low(queue.used)
    else if (offset === registers.queueDeviceHigh) queue.used = high(queue.used)
  }

  #setReady(queue: Queue, ready: boolean): void {
    if (ready && queue.size === 0) return this.#break(`${queue.name} made ready with a size that is no power of two up to ${queue.max}`)
    queue.features = this.#queueFeatures
    queue.ready = ready
  }

  #readConfig(offset: number, width: Width): number {
    const config = this.#device?.config
    let value = 0
    for (let lane = width - 1; lane >= 0; lane--) value = value * 256 + (config?.[offset + lane] ?? 0)
    return value
  }
}
