/**
 * virtio-balloon: memory that the guest gives back. virtio 1.2 §5.5. The balloon takes as much as the lab wants; free page reporting tells, all by itself, what the guest
 * does not use.
 *
 * What giving back means here: the pages become zeros, which a snapshot leaves out. The host's memory itself is not returned: a guest's RAM is a WebAssembly
 * memory, and those cannot give pages back to the operating system. Pages that are zeros already are not written, so that a host's page that was never there does
 * not come to be by being zeroed.
 */
import { putU32le, u32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import type { GuestMemory, Width } from '../bus.ts'
import { blank } from '../ram.ts'
import { type Chain, gather } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** §5.5.3. */
export const balloonFeatures = { deflateOnOutOfMemory: 2, reporting: 5 } as const
const [inflateQueue, deflateQueue, reportingQueue] = [0, 1, 2]
const queueMax = 128
/** Whatever the guest's own pages are, these are the balloon's (§5.5.6). */
const pageBytes = 4096
const actualAt = 4
/** Page numbers of one request; Linux sends 256. */
const numbersMax = 1024
/** What is reported free beyond this at a time is not looked at: overlapping ranges could otherwise name terabytes. */
const reportedMax = 1 << 30

export type BalloonState = { readonly actual: number; readonly heldPages: number; readonly reportedBytes: number }

export class VirtioBalloon implements VirtioDevice {
  readonly name: string
  readonly deviceId = 5
  readonly features = [balloonFeatures.deflateOnOutOfMemory, balloonFeatures.reporting]
  /** Statistics and free page hints are not offered, and the queues of what is not there do not count (§5.5.2). */
  readonly queues = [{ name: 'inflate', max: queueMax }, { name: 'deflate', max: queueMax }, { name: 'reporting', max: queueMax }]
  readonly #targetPages: number
  #actual = 0
  #heldPages = 0
  #reportedBytes = 0
  #host: VirtioHost | undefined

  /** @param targetBytes how much the guest is asked for. */
  constructor(name: string, targetBytes: number) {
    this.name = name
    this.#targetPages = Math.floor(targetBytes / pageBytes)
  }

  /** Pages in the balloon, and bytes that were reported free since the machine began. */
  get given(): { readonly heldPages: number; readonly reportedBytes: number } {
    return { heldPages: this.#heldPages, reportedBytes: this.#reportedBytes }
  }

  /** num_pages, actual, two fields of features that are not offered. */
  get config(): Uint8Array {
    const config = new Uint8Array(16)
    putU32le(config, 0, this.#targetPages)
    putU32le(config, actualAt, this.#actual)
    return config
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  writeConfig(offset: number, width: Width, value: number): void {
    if (offset === actualAt && width === 4) this.#actual = value
  }

  notify(index: number): void {
    const host = this.#host as VirtioHost
    let budget = reportedMax
    host.queues[index].drain((chain) => {
      if (index === inflateQueue) this.#inflate(host.memory, chain)
      else if (index === deflateQueue) this.#heldPages = Math.max(0, this.#heldPages - Math.floor(chain.readableBytes / 4))
      else if (index === reportingQueue) budget = this.#report(host.memory, chain, budget)
      return 0
    })
  }

  reset(): void {
    this.#actual = this.#heldPages = this.#reportedBytes = 0
  }

  save(): BalloonState {
    return { actual: this.#actual, heldPages: this.#heldPages, reportedBytes: this.#reportedBytes }
  }

  load(state: Plain): void {
    const { actual, heldPages, reportedBytes } = state as BalloonState
    this.#actual = actual
    this.#heldPages = heldPages
    this.#reportedBytes = reportedBytes
  }

  #inflate(memory: GuestMemory, chain: Chain): void {
    if (chain.readableBytes > numbersMax * 4) throw new Malformed(`${this.name}: ${chain.readableBytes} bytes of page numbers`)
    const numbers = gather(memory, chain.readable, 0, chain.readableBytes)
    for (let at = 0; at + 4 <= numbers.length; at += 4) {
      drop(memory, u32le(numbers, at) * pageBytes)
      this.#heldPages++
    }
  }

  /** The buffers themselves are what is free (§5.5.6.7); whole pages of them. @returns what is left of `budget`, in bytes. */
  #report(memory: GuestMemory, chain: Chain, budget: number): number {
    let left = budget
    for (const { address, length } of chain.writable) {
      const from = Math.ceil(address / pageBytes) * pageBytes
      const pages = Math.min(Math.floor((address + length - from) / pageBytes), Math.floor(left / pageBytes))
      for (let page = 0; page < pages; page++) drop(memory, from + page * pageBytes)
      if (pages <= 0) continue
      left -= pages * pageBytes
      this.#reportedBytes += pages * pageBytes
    }
    return left
  }
}

/** A page of zeros in place of what is there. @throws {BusError} */
function drop(memory: GuestMemory, address: number): void {
  if (!blank(memory.window(address, pageBytes))) memory.writable(address, pageBytes).fill(0)
}
