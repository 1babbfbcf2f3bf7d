/** virtio-blk, the block device. virtio 1.2 §5.2. Requests are served one after another; each takes its time and ends by an alarm. */
import { putU16le, putU32le, putU64le, u32le, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Alarm, Scheduler } from '../../base/time.ts'
import { nanoseconds } from '../../base/time.ts'
import type { BlockDevice } from '../../disk/block.ts'
import { DiskError } from '../../disk/block.ts'
import { dueOf, rearm } from '../model.ts'
import type { Chain } from './chain.ts'
import { copyChains, gather, scatter, slice } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** §5.2.3. */
export const blkFeatures = { segmentsMax: 2, readOnly: 5, blockSize: 6, flush: 9, writeZeroes: 14 } as const
/** §5.2.6. */
const request = { in: 0, out: 1, flush: 4, getId: 8, writeZeroes: 13 } as const
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
/** Sectors of one write-zeroes request. */
const zeroesMax = 32_768

/** `waiting`: requests taken and not answered, oldest first. */
export type BlkState = { readonly waiting: readonly Chain[]; readonly due: number | null }

export class VirtioBlk implements VirtioDevice {
  readonly name: string
  readonly deviceId = 2
  readonly features: readonly number[]
  readonly queues = [{ name: 'requests', max: queueMax }]
  readonly config: Uint8Array
  readonly #scheduler: Scheduler
  readonly #disk: BlockDevice
  readonly #alarm: Alarm
  #host: VirtioHost | undefined
  #waiting: Chain[] = []

  /** @param name unique on the machine: `disk0`; also what get-id answers. */
  constructor(name: string, scheduler: Scheduler, disk: BlockDevice) {
    this.name = name
    this.#scheduler = scheduler
    this.#disk = disk
    const { segmentsMax, readOnly, blockSize, flush, writeZeroes } = blkFeatures
    this.features = disk.readOnly ? [segmentsMax, readOnly, blockSize, flush] : [segmentsMax, blockSize, flush, writeZeroes]
    this.config = buildConfig(disk)
    this.#alarm = scheduler.alarm(`${name}.done`, () => this.#host?.attempt(() => this.#finish()))
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  notify(): void {
    const queue = this.#host?.queues[0]
    for (let left = queue?.size ?? 0; left > 0; left--) {
      const chain = queue?.pop()
      if (chain === undefined) break
      this.#waiting.push(chain)
    }
    if (this.#waiting.length > queueMax) throw new Malformed(`${this.name}: more requests than the queue has room for`)
    if (this.#alarm.due === undefined) this.#begin()
  }

  reset(): void {
    this.#waiting = []
    this.#alarm.disarm()
  }

  save(): BlkState {
    return { waiting: copyChains(this.#waiting), due: dueOf(this.#alarm) }
  }

  load(state: BlkState): void {
    this.#waiting = copyChains(state.waiting)
    rearm(this.#alarm, this.#scheduler, state.due)
  }

  #begin(): void {
    const next = this.#waiting[0]
    if (next === undefined) return
    const bytes = Math.min(next.readableBytes + next.writableBytes, requestMaxBytes)
    this.#alarm.arm(nanoseconds(accessTime + bytes * timePerByte))
  }

  /** The transfer happens in the instant it ends, so a guest that looks early sees nothing of it. */
  #finish(): void {
    const host = this.#host
    const chain = this.#waiting.shift()
    if (host === undefined || chain === undefined || !host.running) return
    // The last writable byte is the status (§5.2.6); without one there is no way to answer.
    if (chain.writableBytes === 0 || chain.readableBytes < headerBytes) throw new Malformed(`${this.name}: request without header or status`)
    const { status, written } = this.#serve(host, chain)
    scatter(host.memory, chain.writable, chain.writableBytes - 1, Uint8Array.of(status))
    host.queues[0].push(chain.head, written + 1)
    host.queues[0].signal()
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
      case request.writeZeroes:
        this.#writeZeroes(host, chain)
        return 0
      default:
        throw new Unsupported()
    }
  }

  /** One segment a request, as `max_write_zeroes_seg` says: sector u64, count u32, flags u32 (§5.2.6). */
  #writeZeroes(host: VirtioHost, chain: Chain): void {
    const segment = gather(host.memory, chain.readable, headerBytes, 16)
    if (segment.length < 16 || chain.readableBytes > headerBytes + 16) throw new Unsupported()
    // Bit 0 is unmap, which was not offered; the device then answers UNSUPP.
    if (u32le(segment, 12) !== 0) throw new Unsupported()
    const count = u32le(segment, 8)
    if (count > zeroesMax) throw new DiskError('EINVAL', `${count} sectors to zero in one request`)
    let left = count * sectorBytes
    let offset = this.#writableRange(u32le(segment, 0) + u32le(segment, 4) * 2 ** 32, left)
    const zeroes = new Uint8Array(Math.min(left, 1 << 16))
    for (; left > 0; left -= zeroes.length) {
      const part = zeroes.subarray(0, Math.min(left, zeroes.length))
      this.#disk.write(offset, part)
      offset += part.length
    }
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

/** §5.2.4. */
function buildConfig(disk: BlockDevice): Uint8Array {
  const config = new Uint8Array(60)
  putU64le(config, 0, BigInt(Math.floor(disk.size / sectorBytes)))
  // seg_max: two descriptors of the queue are header and status.
  putU32le(config, 12, queueMax - 2)
  putU32le(config, 20, sectorBytes)
  putU16le(config, 34, 1)
  putU32le(config, 48, zeroesMax)
  putU32le(config, 52, 1)
  return config
}
