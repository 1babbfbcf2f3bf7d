/** A scripted guest's driver: it speaks to one virtio-mmio slot and keeps its rings in RAM. */
import { putU16le, putU32le, putU64le, u16le, u32le } from '../../../src/base/bytes.ts'
import type { GuestMemory } from '../../../src/board/bus.ts'
import { Ram } from '../../../src/board/ram.ts'
import type { VirtioDevice } from '../../../src/board/virtio/device.ts'
import { VirtioMmio } from '../../../src/board/virtio/transport-mmio.ts'
import { Wire } from '../fake-core.ts'

export const base = 0x8000_0000
const ramBytes = 0x4_0000
/** Rings of queue n begin here + n × 0x4000: descriptors, available at +0x1000, used at +0x2000. */
const ringsAt = 0x1000
/** Buffers are handed out from here on. */
const buffersAt = 0x1_0000

export type Piece = { readonly bytes: Uint8Array } | { readonly room: number }

export class Driver {
  readonly ram = new Uint8Array(ramBytes).fill(0xa5)
  readonly memory: GuestMemory
  readonly irq = new Wire()
  readonly reports: string[] = []
  readonly slot: VirtioMmio
  readonly size: number
  #free = buffersAt
  #descriptor = [0, 0, 0]
  #available = [0, 0, 0]
  #seen = [0, 0, 0]

  constructor(device: VirtioDevice | undefined, size = 8) {
    this.size = size
    this.memory = new Ram({ ram: this.ram, wrote: () => undefined }, base)
    this.slot = new VirtioMmio('virtio0', device, this.memory, this.irq, (sentence) => this.reports.push(sentence))
  }

  get status(): number {
    return this.slot.read(0x070, 4)
  }

  /** Negotiates `features` (and VERSION_1), sets `queues` queues up, says DRIVER_OK. */
  start(features: readonly number[], queues: number): this {
    const bits = [32, ...features].reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
    this.slot.write(0x070, 4, 1)
    this.slot.write(0x070, 4, 3)
    for (const half of [0, 1]) {
      this.slot.write(0x024, 4, half)
      this.slot.write(0x020, 4, Number((bits >> BigInt(32 * half)) & 0xffff_ffffn))
    }
    this.slot.write(0x070, 4, 11)
    for (let queue = 0; queue < queues; queue++) this.setUp(queue)
    this.slot.write(0x070, 4, 15)
    return this
  }

  rings(queue: number): { readonly descriptors: number; readonly available: number; readonly used: number } {
    const at = ringsAt + queue * 0x4000
    return { descriptors: at, available: at + 0x1000, used: at + 0x2000 }
  }

  setUp(queue: number): void {
    const { descriptors, available, used } = this.rings(queue)
    this.ram.fill(0, descriptors, descriptors + 0x3000)
    this.slot.write(0x030, 4, queue)
    this.slot.write(0x038, 4, this.size)
    for (const [register, offset] of [[0x080, descriptors], [0x090, available], [0x0a0, used]]) {
      this.slot.write(register, 4, base + offset)
      this.slot.write(register + 4, 4, 0)
    }
    this.slot.write(0x044, 4, 1)
  }

  /** Writes one descriptor. */
  describe(queue: number, index: number, address: number, length: number, flags: number, next: number): void {
    const at = this.rings(queue).descriptors + 16 * index
    putU64le(this.ram, at, BigInt(address))
    putU32le(this.ram, at + 8, length)
    putU16le(this.ram, at + 12, flags)
    putU16le(this.ram, at + 14, next)
  }

  /** Puts a head into the available ring. */
  offer(queue: number, head: number): void {
    const { available } = this.rings(queue)
    const count = this.#available[queue]++
    putU16le(this.ram, available + 4 + 2 * (count % this.size), head)
    putU16le(this.ram, available + 2, this.#available[queue])
  }

  /** Lends a chain, pieces to read before room to write. @returns offsets in RAM of the pieces. */
  lend(queue: number, ...pieces: readonly Piece[]): number[] {
    const first = this.#descriptor[queue]
    const offsets = pieces.map((piece, at) => {
      const length = 'bytes' in piece ? piece.bytes.length : piece.room
      const offset = this.#free
      this.#free += Math.ceil(length / 16) * 16 + 16
      if ('bytes' in piece) this.ram.set(piece.bytes, offset)
      const last = at === pieces.length - 1
      const flags = ('room' in piece ? 2 : 0) | (last ? 0 : 1)
      this.describe(queue, (first + at) % this.size, base + offset, length, flags, (first + at + 1) % this.size)
      return offset
    })
    this.#descriptor[queue] = (first + pieces.length) % this.size
    this.offer(queue, first)
    return offsets
  }

  kick(queue: number): void {
    this.slot.write(0x050, 4, queue)
  }

  /** What came back since the last call: head and bytes written. */
  used(queue: number): [number, number][] {
    const { used } = this.rings(queue)
    const back: [number, number][] = []
    for (const index = u16le(this.ram, used + 2); this.#seen[queue] !== index; this.#seen[queue] = (this.#seen[queue] + 1) & 0xffff) {
      const at = used + 4 + 8 * (this.#seen[queue] % this.size)
      back.push([u32le(this.ram, at), u32le(this.ram, at + 4)])
    }
    return back
  }

  bytes(offset: number, length: number): Uint8Array {
    return this.ram.slice(offset, offset + length)
  }

  acknowledge(): number {
    const causes = this.slot.read(0x060, 4)
    this.slot.write(0x064, 4, causes)
    return causes
  }
}
