/**
 * One pcapng file of many ports.
 *
 * Theory of operation. The ports of a lab lie on islands whose clocks stand apart, so packets are not recorded in the order of their
 * stamps. They are encoded at once into one standing buffer and wait there; `settle(horizon)` writes those from before the
 * horizon, by (time, interface, order of recording), so that the file depends on the lab alone and not on which island ran first.
 * The run loop settles at every instant that no island can fall behind any more.
 */
import type { Instant } from '../base/time.ts'
import * as pcapng from '../wire/pcapng-blocks.ts'
import { copyFrame } from './frame.ts'
import type { Frame, Medium } from './port.ts'
import { settleFrame, takesNothing } from './settle.ts'

export interface RecorderPlan {
  /** Takes the file's next bytes; they are the recorder's again when this returns. */
  readonly append: (bytes: Uint8Array) => void
  /** Named in the file's header. Default `netloom`. */
  readonly application?: string
  /** Record frames as a wire would carry them: super-frames cut, checksums filled in. Default: as they are, with what is owed in epb_flags. */
  readonly onTheWire?: boolean
  /** When this many bytes wait, they are written in their order without waiting for `settle`. Default 16 MiB. */
  readonly pendingLimitBytes?: number
}

/** An encoded packet in the buffer. */
interface Pending {
  readonly time: number
  readonly interface: number
  readonly at: number
  readonly end: number
}

export class Recorder {
  readonly #append: (bytes: Uint8Array) => void
  readonly #onTheWire: boolean
  readonly #limit: number
  readonly #interfaces: pcapng.Interface[] = []
  #described = 0
  #buffer = new Uint8Array(256 * 1024)
  #end = 0
  #pending: Pending[] = []
  #sorted = true

  constructor({ append, application = 'netloom', onTheWire = false, pendingLimitBytes = 16 * 1024 * 1024 }: RecorderPlan) {
    this.#append = append
    this.#onTheWire = onTheWire
    this.#limit = pendingLimitBytes
    append(pcapng.sectionBlock(application))
  }

  /** Adds an interface. @returns its number, for `record`. */
  interface(name: string, medium: Medium): number {
    this.#interfaces.push({ name, linkType: medium === 'ethernet' ? pcapng.linkTypes.ethernet : pcapng.linkTypes.raw })
    return this.#interfaces.length - 1
  }

  /** Records a frame; its bytes are copied. @param direction as the interface sees it. */
  record(number: number, time: Instant, direction: 'in' | 'out', frame: Frame, comment?: string): void {
    if (!this.#onTheWire || frame.offload === undefined) {
      this.#write(number, time, direction, frame, comment)
      return
    }
    const medium = this.#interfaces[number].linkType === pcapng.linkTypes.ethernet ? 'ethernet' : 'ip'
    for (const each of settleFrame(copyFrame(frame), takesNothing, medium) ?? [frame]) this.#write(number, time, direction, each, comment)
  }

  /** Writes everything stamped before `horizon`; what is recorded later must not be stamped before it. */
  settle(horizon: Instant): void {
    this.#describe()
    if (this.#pending.length === 0) return
    if (this.#sorted && this.#pending[this.#pending.length - 1].time < horizon) this.#flush()
    else this.#flushBefore(horizon)
  }

  /** Writes everything. The recorder may go on recording, stamps permitting. */
  close(): void {
    this.settle(Infinity as Instant)
  }

  #write(number: number, time: Instant, direction: 'in' | 'out', frame: Frame, comment: string | undefined): void {
    const bytes = frame.bytes.length > pcapng.snapLength ? frame.bytes.subarray(0, pcapng.snapLength) : frame.bytes
    const head = { interface: number, time, flags: pcapng.packetFlags[direction] | owed(frame), comment }
    this.#room(pcapng.packetBytes(bytes.length, head))
    const at = this.#end
    this.#end = pcapng.writePacket(this.#buffer, at, head, bytes, frame.bytes.length)
    const before = this.#pending[this.#pending.length - 1]
    if (before !== undefined && order(before, { time, interface: number }) > 0) this.#sorted = false
    this.#pending.push({ time, interface: number, at, end: this.#end })
  }

  #room(size: number): void {
    if (this.#end + size <= this.#buffer.length) return
    if (this.#end + size > this.#limit) this.settle(Infinity as Instant)
    let length = this.#buffer.length
    while (this.#end + size > length) length *= 2
    if (length === this.#buffer.length) return
    const larger = new Uint8Array(length)
    larger.set(this.#buffer.subarray(0, this.#end))
    this.#buffer = larger
  }

  /** The quick way: all that waits, in the order in which it lies. */
  #flush(): void {
    this.#append(this.#buffer.subarray(0, this.#end))
    this.#end = 0
    this.#pending = []
  }

  #flushBefore(horizon: Instant): void {
    // Sorting is stable, so packets of one interface and instant stay in the order of recording.
    const ordered = this.#pending.toSorted(order)
    const ready = ordered.filter(({ time }) => time < horizon)
    if (ready.length === 0) return
    this.#append(this.#gather(ready))
    const rest = this.#pending.filter(({ time }) => time >= horizon)
    const kept = this.#gather(rest)
    this.#buffer.set(kept)
    this.#end = kept.length
    this.#pending = []
    let at = 0
    for (const { time, interface: number, at: from, end } of rest) {
      this.#pending.push({ time, interface: number, at, end: at + end - from })
      at += end - from
    }
    this.#sorted = this.#pending.every((each, place) => place === 0 || order(this.#pending[place - 1], each) <= 0)
  }

  #gather(packets: readonly Pending[]): Uint8Array {
    const bytes = new Uint8Array(packets.reduce((sum, { at, end }) => sum + end - at, 0))
    let to = 0
    for (const { at, end } of packets) {
      bytes.set(this.#buffer.subarray(at, end), to)
      to += end - at
    }
    return bytes
  }

  /** Interfaces must stand in the file before their packets. */
  #describe(): void {
    for (; this.#described < this.#interfaces.length; this.#described++) this.#append(pcapng.interfaceBlock(this.#interfaces[this.#described]))
  }
}

const order = (a: Pick<Pending, 'time' | 'interface'>, b: Pick<Pending, 'time' | 'interface'>): number => a.time - b.time || a.interface - b.interface

function owed({ offload }: Frame): number {
  if (offload === undefined) return 0
  return (offload.checksum === undefined ? 0 : pcapng.packetFlags.checksumOwed) | (offload.segmentation === 'none' ? 0 : pcapng.packetFlags.segmentationOwed)
}
