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
    if (!this.#sorted) this.#sort()
    let count = this.#pending.length
    while (count > 0 && this.#pending[count - 1].time >= horizon) count--
    if (count > 0) this.#flush(count)
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

  /** Writes the first `count` of those that wait and moves the others to the front. */
  #flush(count: number): void {
    const split = this.#pending[count - 1].end
    this.#append(this.#buffer.subarray(0, split))
    this.#buffer.copyWithin(0, split, this.#end)
    this.#end -= split
    this.#pending = this.#pending.slice(count).map((each) => ({ ...each, at: each.at - split, end: each.end - split }))
  }

  /** Lays what waits in the order in which it will be written. Stable, so packets of one interface and instant stay as they were recorded. */
  #sort(): void {
    const sorted = new Uint8Array(this.#buffer.length)
    let to = 0
    this.#pending = this.#pending.toSorted(order).map(({ time, interface: number, at, end }) => {
      sorted.set(this.#buffer.subarray(at, end), to)
      const moved = { time, interface: number, at: to, end: to + end - at }
      to = moved.end
      return moved
    })
    this.#buffer = sorted
    this.#sorted = true
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
