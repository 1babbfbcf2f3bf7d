/** Devices read on the main thread, where there is a reactor: what pump.ts does with a thread and a ring, without either. */
import type { Reactor } from '../reactor.ts'
import { readiness } from '../reactor.ts'
import type { FramePool } from './frame-pool.ts'
import { errorName, interrupted, libc, passingErrors, tryAgain } from './libc.ts'
import { largestFrame } from './packet-writer.ts'
import type { Devices, Pumped } from './pump.ts'
import { vnetHeaderBytes } from './vnet-header.ts'

/** Frames and bytes read from one device before the lab and the others have their turn: less than a flow's window, so that what came has left again before it is full. */
const burst = 64
const burstBytes = 196_608

export class DirectDevices implements Devices {
  readonly #libc = libc()
  readonly #reactor: Reactor
  readonly #pool: FramePool
  /** What is read next: given away when it came back as a super-frame. */
  #buffer: Uint8Array
  #address: number

  constructor(reactor: Reactor, pool: FramePool) {
    this.#reactor = reactor
    this.#pool = pool
    this.#buffer = pool.take(vnetHeaderBytes + largestFrame)
    this.#address = this.#libc.addressOf(this.#buffer)
  }

  /** @returns false when the host has no room for it. */
  add(device: Pumped): boolean {
    return this.#reactor.add(device.fd, readiness.in, () => this.#read(device))
  }

  remove(fd: number): void {
    this.#reactor.remove(fd)
    this.#libc.close(fd)
  }

  #read({ fd, drain }: Pumped): void {
    let bytes = 0
    for (let count = 0; count < burst && bytes < burstBytes; count++) {
      const length = this.#libc.read(fd, this.#address, this.#buffer.length)
      if (length === tryAgain || length === interrupted) return
      if (length <= 0) {
        if (length === 0 || passingErrors.has(errorName(length))) return
        this.#reactor.remove(fd)
        return drain.failed(errorName(length))
      }
      bytes += length
      this.#hand(drain, length)
    }
  }

  #hand(drain: Pumped['drain'], length: number): void {
    if (length - vnetHeaderBytes <= this.#pool.plainMost) return drain.frame(this.#buffer.subarray(0, length), false)
    const bytes = this.#buffer
    this.#buffer = this.#pool.take(vnetHeaderBytes + largestFrame)
    this.#address = this.#libc.addressOf(this.#buffer)
    drain.frame(bytes.subarray(0, length), true)
  }
}
