/**
 * virtio-blk, the block device. virtio 1.2 §5.2. Requests are served one after another, whichever queue they came by, in the order of their arrival; each takes its
 * time and ends by an alarm. So a flush covers all that was answered before it, and all that arrived before it too.
 */
import { putU16le, putU32le, putU64le, u32le, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Alarm, Scheduler } from '../../base/time.ts'
import { nanoseconds } from '../../base/time.ts'
import type { BlockDevice } from '../../disk/block.ts'
import { DiskError, writeZeros } from '../../disk/block.ts'
import { dueOf, rearm } from '../model.ts'
import type { Chain } from './chain.ts'
import { copyChains, gather, scatter, slice } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** §5.2.3. */
export const blkFeatures = { segmentsMax: 2, geometry: 4, readOnly: 5, blockSize: 6, flush: 9, queues: 12, discard: 13, writeZeroes: 14 } as const
/** §5.2.6. */
const request = { in: 0, out: 1, flush: 4, getId: 8, discard: 11, writeZeroes: 13 } as const
const result = { ok: 0, ioError: 1, unsupported: 2 } as const

const sectorBytes = 512
const headerBytes = 16
const idBytes = 20
const queueMax = 128
/** A request beyond this is answered with an error: overlapping descriptors could otherwise name terabytes. */
const requestMaxBytes = 64 * 1024 * 1024
/** What a request costs in virtual time, in ns: a fast solid-state disk. */
const accessTime = 20_000
const timePerByte = 0.5
/** Sectors of one part of a discard or write-zeroes request, and parts of one. */
const zeroesMax = 32_768
const partsMax = 16
const partBytes = 16
/** A part's flag: what is zeroed may give up its room (§5.2.6). */
const unmap = 1
/** Cylinders, heads and sectors of floppy disks by their size in KiB; all others are told as most firmware tells them. */
const floppies: Readonly<Record<number, readonly number[]>> = { 360: [40, 2, 9], 720: [80, 2, 9], 1200: [80, 2, 15], 1440: [80, 2, 18], 2880: [80, 2, 36] }
const [usualHeads, usualSectors, cylindersMax] = [16, 63, 16_383]

type Waiting = { readonly queue: number; readonly chain: Chain }

/** `waiting`: requests taken and not answered, oldest first, and by which queue they came. */
export type BlkState = { readonly waiting: readonly Waiting[]; readonly due: number | null }

export class VirtioBlk implements VirtioDevice {
  readonly name: string
  readonly deviceId = 2
  readonly features: readonly number[]
  readonly queues: readonly { readonly name: string; readonly max: number }[]
  readonly config: Uint8Array
  readonly #scheduler: Scheduler
  readonly #disk: BlockDevice
  readonly #alarm: Alarm
  #host: VirtioHost | undefined
  #waiting: Waiting[] = []

  /** @param name unique on the machine: `disk0`; also what get-id answers. @param queues one for each hart. */
  constructor(name: string, scheduler: Scheduler, disk: BlockDevice, queues = 1) {
    this.name = name
    this.#scheduler = scheduler
    this.#disk = disk
    this.queues = Array.from({ length: queues }, (_, index) => ({ name: queues === 1 ? 'requests' : `requests${index}`, max: queueMax }))
    const { segmentsMax, geometry, readOnly, blockSize, flush, queues: several, discard, writeZeroes } = blkFeatures
    const always = [segmentsMax, geometry, blockSize, flush, ...(queues > 1 ? [several] : [])]
    this.features = disk.readOnly ? [...always, readOnly] : [...always, discard, writeZeroes]
    this.config = buildConfig(disk, queues)
    this.#alarm = scheduler.alarm(`${name}.done`, () => this.#host?.attempt(() => this.#finish()))
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  notify(index: number): void {
    const queue = this.#host?.queues[index]
    for (let left = queue?.size ?? 0; left > 0; left--) {
      const chain = queue?.pop()
      if (chain === undefined) break
      this.#waiting.push({ queue: index, chain })
    }
    if (this.#waiting.length > queueMax * this.queues.length) throw new Malformed(`${this.name}: more requests than the queue has room for`)
    if (this.#alarm.due === undefined) this.#begin()
  }

  reset(): void {
    this.#waiting = []
    this.#alarm.disarm()
  }

  save(): BlkState {
    return { waiting: copy(this.#waiting), due: dueOf(this.#alarm) }
  }

  load(state: BlkState): void {
    this.#waiting = copy(state.waiting)
    rearm(this.#alarm, this.#scheduler, state.due)
  }

  #begin(): void {
    const next = this.#waiting[0]?.chain
    if (next === undefined) return
    const bytes = Math.min(next.readableBytes + next.writableBytes, requestMaxBytes)
    this.#alarm.arm(nanoseconds(accessTime + bytes * timePerByte))
  }

  /** The transfer happens in the instant it ends, so a guest that looks early sees nothing of it. */
  #finish(): void {
    const host = this.#host
    const next = this.#waiting.shift()
    if (host === undefined || next === undefined || !host.running) return
    const { chain } = next
    const queue = host.queues[next.queue]
    // The last writable byte is the status (§5.2.6); without one there is no way to answer.
    if (chain.writableBytes === 0 || chain.readableBytes < headerBytes) throw new Malformed(`${this.name}: request without header or status`)
    const { status, written } = this.#serve(host, chain)
    scatter(host.memory, chain.writable, chain.writableBytes - 1, Uint8Array.of(status))
    queue.push(chain.head, written + 1)
    queue.signal()
    this.#begin()
  }

  #serve(host: VirtioHost, chain: Chain): { status: number; written: number } {
    const header = gather(host.memory, chain.readable, 0, headerBytes)
    try {
      const written = this.#perform(host, chain, u32le(header, 0), u32le(header, 8) + u32le(header, 12) * 2 ** 32)
      return { status: result.ok, written }
    } catch (error) {
      if (error instanceof Unsupported) return { status: result.unsupported, written: 0 }
      if (error instanceof DiskError) return { status: result.ioError, written: 0 }
      throw error
    }
  }

  /** @returns bytes written into the chain, the status apart. @throws {DiskError} @throws {Unsupported} */
  #perform(host: VirtioHost, chain: Chain, type: number, sector: number): number {
    const { memory } = host
    switch (type) {
      case request.in: {
        const length = chain.writableBytes - 1
        let offset = this.#range(sector, length)
        for (const part of slice(chain.writable, 0, length)) {
          this.#disk.read(offset, memory.writable(part.address, part.length))
          offset += part.length
        }
        return length
      }
      case request.out: {
        const length = chain.readableBytes - headerBytes
        let offset = this.#writableRange(sector, length)
        for (const part of slice(chain.readable, headerBytes, length)) {
          this.#disk.write(offset, memory.window(part.address, part.length))
          offset += part.length
        }
        return 0
      }
      case request.flush:
        this.#disk.flush()
        return 0
      case request.getId: {
        const id = new Uint8Array(idBytes)
        id.set(utf8(this.name).subarray(0, idBytes))
        return scatter(memory, slice(chain.writable, 0, chain.writableBytes - 1), 0, id)
      }
      case request.discard:
        // What was discarded may read as anything; a disk that can't give room up leaves it as it is.
        for (const { offset, length } of this.#parts(host, chain, 0)) this.#disk.zero?.(offset, length)
        return 0
      case request.writeZeroes:
        for (const { offset, length } of this.#parts(host, chain, unmap)) writeZeros(this.#disk, offset, length)
        return 0
      default:
        throw new Unsupported()
    }
  }

  /** The ranges of a discard or write-zeroes request: sector u64, count u32, flags u32 each (§5.2.6). All are checked before any is done. */
  #parts({ memory }: VirtioHost, chain: Chain, flags: number): { offset: number; length: number }[] {
    const bytes = chain.readableBytes - headerBytes
    if (bytes === 0 || bytes % partBytes !== 0 || bytes > partsMax * partBytes) throw new DiskError('EINVAL', `${this.name}: ranges of ${bytes} bytes`)
    const table = gather(memory, chain.readable, headerBytes, bytes)
    return Array.from({ length: bytes / partBytes }, (_, index) => {
      const at = index * partBytes
      if (u32le(table, at + 12) & ~flags) throw new Unsupported()
      const count = u32le(table, at + 8)
      if (count > zeroesMax) throw new DiskError('EINVAL', `${count} sectors in one range`)
      return { offset: this.#writableRange(u32le(table, at) + u32le(table, at + 4) * 2 ** 32, count * sectorBytes), length: count * sectorBytes }
    })
  }

  #writableRange(sector: number, length: number): number {
    if (this.#disk.readOnly) throw new DiskError('EROFS', `${this.name} is read-only`)
    return this.#range(sector, length)
  }

  /** @returns the byte offset. @throws {DiskError} unless it is whole sectors, inside the disk, and not absurdly much. */
  #range(sector: number, length: number): number {
    const offset = sector * sectorBytes
    if (length % sectorBytes !== 0 || length > requestMaxBytes || !(offset + length <= this.#disk.size)) {
      throw new DiskError('EINVAL', `${this.name}: ${length} bytes at sector ${sector}`)
    }
    return offset
  }
}

class Unsupported extends Error {}

const copy = (waiting: readonly Waiting[]): Waiting[] => waiting.map(({ queue, chain }) => ({ queue, chain: copyChains([chain])[0] }))

/** §5.2.4. */
function buildConfig(disk: BlockDevice, queues: number): Uint8Array {
  const config = new Uint8Array(60)
  const sectors = Math.floor(disk.size / sectorBytes)
  putU64le(config, 0, BigInt(sectors))
  // seg_max: two descriptors of the queue are header and status.
  putU32le(config, 12, queueMax - 2)
  const [cylinders, heads, perTrack] = floppies[disk.size / 1024] ?? [Math.min(cylindersMax, Math.floor(sectors / (usualHeads * usualSectors))), usualHeads, usualSectors]
  putU16le(config, 16, cylinders)
  config[18] = heads
  config[19] = perTrack
  putU32le(config, 20, sectorBytes)
  putU16le(config, 34, queues)
  if (disk.readOnly) return config
  for (const at of [36, 48]) {
    putU32le(config, at, zeroesMax)
    putU32le(config, at + 4, partsMax)
  }
  // Discards are aligned to sectors, as everything is.
  putU32le(config, 44, 1)
  config[56] = 1
  return config
}
