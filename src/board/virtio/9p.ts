/** virtio-9p, a folder of the host's inside the guest: device id 9, one queue, the mount tag as its configuration. virtio 1.2 §5 has the id; the layout is Linux' virtio_9p.h. */
import { concat, putU16le, utf8 } from '../../base/bytes.ts'
import { assert, Malformed } from '../../base/errors.ts'
import type { Plain, Stateful } from '../../base/state.ts'
import type { Alarm, Scheduler } from '../../base/time.ts'
import { nanoseconds } from '../../base/time.ts'
import { dueOf, rearm } from '../model.ts'
import type { Chain } from './chain.ts'
import { copyChains, gather, scatter } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** Whoever answers 9P messages; what a message says is none of the device's business. */
export interface NinepServer extends Stateful<Plain> {
  /** Largest message either way, in bytes. */
  readonly largestMessage: number
  /**
   * @param request one message, a copy. @param room for its answer, in bytes. @returns the answer, in pieces.
   * @throws {Malformed} for what no answer can be given to.
   */
  serve(request: Uint8Array, room: number): readonly Uint8Array[]
  /** The guest's driver begins anew: nothing that was open is any more. */
  reset(): void
}

export const ninepFeatures = { mountTag: 0 } as const
/** Bytes that a mount tag may have. */
export const longestTag = 64

const queueMax = 128
/** What a request costs in virtual time, in ns: about what the host's page cache takes. */
const accessTime = 10_000
const timePerByte = 0.25

/** `waiting`: requests taken and not answered, oldest first. */
export type NinepState = { readonly waiting: readonly Chain[]; readonly due: number | null; readonly server: Plain }

export class VirtioNinep implements VirtioDevice {
  readonly name: string
  readonly deviceId = 9
  readonly features = [ninepFeatures.mountTag]
  readonly queues = [{ name: 'requests', max: queueMax }]
  readonly config: Uint8Array
  readonly #scheduler: Scheduler
  readonly #server: NinepServer
  readonly #alarm: Alarm
  #host: VirtioHost | undefined
  #waiting: Chain[] = []

  /** @param name unique on the machine: `share0`. @param tag what the guest mounts it by. */
  constructor(name: string, tag: string, scheduler: Scheduler, server: NinepServer) {
    this.name = name
    const bytes = utf8(tag)
    assert(bytes.length > 0 && bytes.length <= longestTag, `${name}: a mount tag of ${bytes.length} bytes`)
    const length = new Uint8Array(2)
    putU16le(length, 0, bytes.length)
    this.config = concat(length, bytes)
    this.#scheduler = scheduler
    this.#server = server
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
    this.#server.reset()
  }

  save(): NinepState {
    return { waiting: copyChains(this.#waiting), due: dueOf(this.#alarm), server: this.#server.save() }
  }

  load(state: NinepState): void {
    this.#waiting = copyChains(state.waiting)
    rearm(this.#alarm, this.#scheduler, state.due)
    this.#server.load(state.server)
  }

  #begin(): void {
    const next = this.#waiting[0]
    if (next === undefined) return
    // A read lends room for its data, a write brings it: the longer side is what is moved, or nearly.
    const bytes = Math.min(Math.max(next.readableBytes, next.writableBytes), this.#server.largestMessage)
    this.#alarm.arm(nanoseconds(accessTime + bytes * timePerByte))
  }

  /** The transfer happens in the instant it ends, so a guest that looks early sees nothing of it. */
  #finish(): void {
    const host = this.#host
    const chain = this.#waiting.shift()
    if (host === undefined || chain === undefined || !host.running) return
    const request = gather(host.memory, chain.readable, 0, this.#server.largestMessage)
    let written = 0
    for (const piece of this.#server.serve(request, chain.writableBytes)) written += scatter(host.memory, chain.writable, written, piece)
    host.queues[0].push(chain.head, written)
    host.queues[0].signal()
    this.#begin()
  }
}
