/** Virtio over PCI, modern only. virtio 1.2 §4.1; the device's life is in life.ts. Interrupts are the pin's, for want of messages (pci/host-bridge.ts). */
import { putU32le, u32le } from '../../base/bytes.ts'
import type { Width } from '../bus.ts'
import type { PciFunction, PciIdentity, PciSlot } from '../pci/function.ts'
import type { VirtioDevice } from './device.ts'
import { type LifeState, VirtioLife } from './life.ts'
import type { Queue } from './queue.ts'

const vendor = 0x1af4
/** A modern device's id is its virtio id beyond this (§4.1.2). */
const deviceBase = 0x1040
/** Non-transitional devices have revision 1 or higher, and a subsystem id of 0x40 or higher (§4.1.2.1). */
const revision = 1
const subsystem = 0x1100

/** Class codes by virtio id: network, mass storage, communication; all others have none of their own (0xff). */
const classes: Readonly<Record<number, number>> = { 1: 0x02_0000, 2: 0x01_8000, 3: 0x07_8000 }
const noClass = 0xff_0000

/** §4.1.4: what the structures are, and where in BAR 0 they lie. */
const structure = { common: 1, notify: 2, isr: 3, device: 4, pci: 5 } as const
const vendorCapability = 0x09
const spaceBytes = 0x4000
const areaBytes = 0x1000
const areas = { common: 0x0000, isr: 0x1000, device: 0x2000, notify: 0x3000 } as const
/** Of the notification address, per queue. */
const notifyStep = 4
/** Index of the window into BAR 0 that configuration space has (§4.1.4.9). */
const pciWindow = 4
const pciData = 16

/** §4.1.4.3. */
const common = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  configVector: 0x10,
  queueCount: 0x12,
  status: 0x14,
  generation: 0x15,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueVector: 0x1a,
  queueEnable: 0x1c,
  queueNotifyOffset: 0x1e,
  queueDescriptors: 0x20,
  queueAvailable: 0x28,
  queueUsed: 0x30,
} as const
const noVector = 0xffff

export type PciTransportState = LifeState & { readonly deviceFeaturesSel: number; readonly driverFeaturesSel: number; readonly queueSel: number; readonly window: Uint8Array }

export class VirtioPci implements PciFunction {
  readonly name: string
  readonly identity: PciIdentity
  readonly bars = [{ kind: 'memory', bytes: spaceBytes }] as const
  readonly capabilities: readonly Uint8Array[]
  readonly #device: VirtioDevice
  readonly #report: (sentence: string) => void
  #life: VirtioLife | undefined
  #deviceFeaturesSel = 0
  #driverFeaturesSel = 0
  #queueSel = 0
  /** BAR, offset and length of the window in configuration space, as the driver wrote them. */
  #window = new Uint8Array(pciData)

  constructor(device: VirtioDevice, report: (sentence: string) => void) {
    this.name = device.name
    this.#device = device
    this.#report = report
    this.identity = { vendor, device: deviceBase + device.deviceId, revision, classCode: classes[device.deviceId] ?? noClass, subsystemVendor: vendor, subsystem }
    this.capabilities = [
      capability(structure.common, areas.common, areaBytes),
      capability(structure.notify, areas.notify, areaBytes, notifyStep),
      capability(structure.isr, areas.isr, areaBytes),
      capability(structure.device, areas.device, areaBytes),
      capability(structure.pci, 0, 0, 0),
    ]
  }

  attach(slot: PciSlot): void {
    this.#life = new VirtioLife(this.#device, slot.memory, (causes) => slot.interrupt(causes !== 0), this.#report)
  }

  read(_bar: number, offset: number, width: Width): number {
    const life = this.#life as VirtioLife
    const within = offset % areaBytes
    switch (offset - within) {
      case areas.common:
        return this.#readCommon(life, within, width)
      case areas.isr:
        return within === 0 ? this.#readIsr(life) : 0
      case areas.device:
        return life.readConfig(within, width)
      default:
        return 0
    }
  }

  write(_bar: number, offset: number, width: Width, value: number): void {
    const life = this.#life as VirtioLife
    const within = offset % areaBytes
    const area = offset - within
    if (area === areas.common) this.#writeCommon(life, within, width, value)
    else if (area === areas.device) life.writeConfig(within, width, value)
    // Any width will do, and without notification data the place alone says which queue it is (§4.1.4.4).
    else if (area === areas.notify) life.notify(Math.floor(within / notifyStep))
  }

  readCapability(index: number, offset: number, width: Width): number | undefined {
    if (index !== pciWindow) return undefined
    if (offset >= pciData) return this.#through((at) => this.read(0, at, width), width) ?? 0
    return offset < 4 ? undefined : this.#window.subarray(offset, offset + width).reduceRight((value, byte) => value * 256 + byte, 0)
  }

  writeCapability(index: number, offset: number, width: Width, value: number): void {
    if (index !== pciWindow) return
    if (offset >= pciData) this.#through((at) => this.write(0, at, width, value), width)
    else for (let lane = 0; lane < width; lane++) if (writable(offset + lane)) this.#window[offset + lane] = value >>> (8 * lane)
  }

  reset(): void {
    this.#deviceFeaturesSel = this.#driverFeaturesSel = this.#queueSel = 0
    this.#window.fill(0)
    this.#life?.reset()
  }

  save(): PciTransportState {
    const life = (this.#life as VirtioLife).save()
    return { ...life, deviceFeaturesSel: this.#deviceFeaturesSel, driverFeaturesSel: this.#driverFeaturesSel, queueSel: this.#queueSel, window: this.#window.slice() }
  }

  load(state: PciTransportState): void {
    this.#deviceFeaturesSel = state.deviceFeaturesSel
    this.#driverFeaturesSel = state.driverFeaturesSel
    this.#queueSel = state.queueSel
    this.#window.set(state.window)
    this.#life?.load(state)
  }

  get #queue(): Queue | undefined {
    return this.#life?.queues[this.#queueSel]
  }

  /** Reading it takes the interrupt back (§4.1.4.5). */
  #readIsr(life: VirtioLife): number {
    const { causes } = life
    life.acknowledge(causes)
    return causes
  }

  #readCommon(life: VirtioLife, offset: number, width: Width): number {
    // Fields are read in their own width (§4.1.3.1); whatever is narrower gets its part of the word.
    const word = this.#commonWord(life, offset & ~3)
    return width === 4 ? word : (word >>> (8 * (offset & 3))) & (width === 2 ? 0xffff : 0xff)
  }

  #commonWord(life: VirtioLife, offset: number): number {
    const queue = this.#queue
    const wide = (low: number, high: number): number => (low | (high << 16)) >>> 0
    switch (offset) {
      case common.deviceFeatureSelect:
        return this.#deviceFeaturesSel
      case common.deviceFeature:
        return life.offered(this.#deviceFeaturesSel)
      case common.driverFeatureSelect:
        return this.#driverFeaturesSel
      case common.driverFeature:
        return life.accepted(this.#driverFeaturesSel)
      case common.configVector:
        return wide(noVector, life.queues.length)
      case common.status:
        return wide(life.status | ((life.generation & 0xff) << 8), this.#queueSel)
      case common.queueSize:
        return wide(queue === undefined ? 0 : queue.size || queue.max, noVector)
      case common.queueEnable:
        return wide(Number(queue?.ready ?? false), this.#queueSel)
      default:
        return queue === undefined ? 0 : addressWord(queue, offset)
    }
  }

  #writeCommon(life: VirtioLife, offset: number, width: Width, value: number): void {
    const queue = this.#queue
    if (offset === common.deviceFeatureSelect) this.#deviceFeaturesSel = value
    else if (offset === common.driverFeatureSelect) this.#driverFeaturesSel = value
    else if (offset === common.driverFeature && width === 4) life.accept(this.#driverFeaturesSel, value)
    else if (offset === common.status) this.#setStatus(life, value & 0xff)
    else if (offset === common.queueSelect) this.#queueSel = value & 0xffff
    else if (queue === undefined) return
    else if (offset === common.queueSize) life.setSize(queue, value & 0xffff)
    else if (offset === common.queueEnable) this.#enable(life, queue, value & 0xffff)
    else if (width === 4 && offset >= common.queueDescriptors && offset < common.queueUsed + 8) {
      const area = offset < common.queueAvailable ? 'descriptors' : offset < common.queueUsed ? 'available' : 'used'
      life.setAddress(queue, area, offset & 4 ? 'high' : 'low', value)
    }
  }

  #setStatus(life: VirtioLife, value: number): void {
    if (value !== 0) return life.addStatus(value)
    this.#deviceFeaturesSel = this.#driverFeaturesSel = this.#queueSel = 0
    life.reset()
  }

  /** A driver may leave the size as it finds it, and must not write 0 (§4.1.4.3.2). */
  #enable(life: VirtioLife, queue: Queue, value: number): void {
    if (value !== 1) return
    if (queue.size === 0) life.setSize(queue, queue.max)
    life.setReady(queue, true)
  }

  /** An access by the window in configuration space, where it is one that BAR 0 has (§4.1.4.9.1). */
  #through<Result>(access: (offset: number) => Result, width: Width): Result | undefined {
    const [bar, offset, length] = [this.#window[4], u32le(this.#window, 8), u32le(this.#window, 12)]
    if (bar !== 0 || length !== width || offset % width !== 0 || offset + width > spaceBytes) return undefined
    return access(offset)
  }
}

/** BAR at 4, offset at 8, length at 12. */
const writable = (offset: number): boolean => offset === 4 || (offset >= 8 && offset < pciData)

function addressWord(queue: Queue, offset: number): number {
  if (offset < common.queueDescriptors || offset >= common.queueUsed + 8) return 0
  const address = offset < common.queueAvailable ? queue.descriptors : offset < common.queueUsed ? queue.available : queue.used
  return offset & 4 ? Math.floor(address / 2 ** 32) : address >>> 0
}

/** struct virtio_pci_cap, and behind it a word of its own for some (§4.1.4). */
function capability(type: number, offset: number, length: number, extra?: number): Uint8Array {
  const bytes = new Uint8Array(extra === undefined ? 16 : 20)
  bytes[0] = vendorCapability
  bytes[2] = bytes.length
  bytes[3] = type
  putU32le(bytes, 8, offset)
  putU32le(bytes, 12, length)
  if (extra !== undefined) putU32le(bytes, 16, extra)
  return bytes
}
