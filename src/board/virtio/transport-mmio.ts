/** Virtio over MMIO, version 2. virtio 1.2 §4.2; the device's life is in life.ts. */
import type { GuestMemory, IrqLine, Width } from '../bus.ts'
import type { Model } from '../model.ts'
import type { VirtioDevice } from './device.ts'
import { type LifeState, VirtioLife } from './life.ts'
import type { Queue } from './queue.ts'

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

export type TransportState = LifeState & {
  readonly deviceFeaturesSel: number
  readonly driverFeaturesSel: number
  readonly queueSel: number
}

/** Of an empty slot. */
const nothing: LifeState = { status: 0, accepted: 0n, interrupts: 0, generation: 0, queues: [], device: null }

/** One slot. Without a device it answers DeviceID 0, which drivers pass over (§4.2.3.1.1). */
export class VirtioMmio implements Model {
  readonly name: string
  readonly span = 0x1000
  readonly #deviceId: number
  readonly #life: VirtioLife | undefined
  readonly #irq: IrqLine
  #deviceFeaturesSel = 0
  #driverFeaturesSel = 0
  #queueSel = 0

  constructor(name: string, device: VirtioDevice | undefined, memory: GuestMemory, irq: IrqLine, report: (sentence: string) => void) {
    this.name = name
    this.#irq = irq
    this.#deviceId = device?.deviceId ?? 0
    this.#life = device === undefined ? undefined : new VirtioLife(device, memory, (causes) => irq.set(causes !== 0), report)
  }

  read(offset: number, width: Width): number {
    if (offset >= registers.config) return this.#life?.readConfig(offset - registers.config, width) ?? 0
    // §4.2.2.2: the driver uses 32-bit accesses only.
    if (width !== 4) return 0
    switch (offset) {
      case registers.magic:
        return magic
      case registers.version:
        return version
      case registers.deviceId:
        return this.#deviceId
      case registers.vendorId:
        return vendor
      default:
        return this.#life === undefined ? 0 : this.#readLife(this.#life, offset)
    }
  }

  write(offset: number, width: Width, value: number): void {
    const life = this.#life
    if (life === undefined) return
    if (offset >= registers.config) return life.writeConfig(offset - registers.config, width, value)
    if (width !== 4) return
    switch (offset) {
      case registers.deviceFeaturesSel:
        this.#deviceFeaturesSel = value
        break
      case registers.driverFeaturesSel:
        this.#driverFeaturesSel = value
        break
      case registers.driverFeatures:
        life.accept(this.#driverFeaturesSel, value)
        break
      case registers.queueSel:
        this.#queueSel = value
        break
      case registers.queueNotify:
        life.notify(value)
        break
      case registers.interruptAck:
        life.acknowledge(value)
        break
      case registers.status:
        if (value === 0) this.reset()
        else life.addStatus(value)
        break
      default:
        this.#setQueue(life, offset, value)
    }
  }

  reset(): void {
    this.#deviceFeaturesSel = this.#driverFeaturesSel = this.#queueSel = 0
    this.#life?.reset()
    this.#irq.set(false)
  }

  save(): TransportState {
    return { ...(this.#life?.save() ?? nothing), deviceFeaturesSel: this.#deviceFeaturesSel, driverFeaturesSel: this.#driverFeaturesSel, queueSel: this.#queueSel }
  }

  load(state: TransportState): void {
    this.#deviceFeaturesSel = state.deviceFeaturesSel
    this.#driverFeaturesSel = state.driverFeaturesSel
    this.#queueSel = state.queueSel
    this.#life?.load(state)
  }

  get #queue(): Queue | undefined {
    return this.#life?.queues[this.#queueSel]
  }

  #readLife(life: VirtioLife, offset: number): number {
    switch (offset) {
      case registers.deviceFeatures:
        return life.offered(this.#deviceFeaturesSel)
      case registers.queueNumMax:
        return this.#queue?.max ?? 0
      case registers.queueReady:
        return Number(this.#queue?.ready ?? false)
      case registers.interruptStatus:
        return life.causes
      case registers.status:
        return life.status
      case registers.configGeneration:
        return life.generation
      default:
        // No shared memory regions: length and base of each are all ones (§4.2.2).
        return offset >= registers.shmLenLow && offset <= registers.shmBaseHigh ? 0xffff_ffff : 0
    }
  }

  #setQueue(life: VirtioLife, offset: number, value: number): void {
    const queue = this.#queue
    if (queue === undefined) return
    if (offset === registers.queueReady) life.setReady(queue, (value & 1) !== 0)
    else if (offset === registers.queueNum) life.setSize(queue, value)
    else if (offset === registers.queueDescLow) life.setAddress(queue, 'descriptors', 'low', value)
    else if (offset === registers.queueDescHigh) life.setAddress(queue, 'descriptors', 'high', value)
    else if (offset === registers.queueDriverLow) life.setAddress(queue, 'available', 'low', value)
    else if (offset === registers.queueDriverHigh) life.setAddress(queue, 'available', 'high', value)
    else if (offset === registers.queueDeviceLow) life.setAddress(queue, 'used', 'low', value)
    else if (offset === registers.queueDeviceHigh) life.setAddress(queue, 'used', 'high', value)
  }
}
