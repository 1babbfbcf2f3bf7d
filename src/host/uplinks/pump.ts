/**
 * The pump: frames from all devices of this process to whoever takes them.
 *
 * One thread polls and reads (pump-worker.ts); here is the other side of its rings. It wakes this thread by `Atomics.notify`, on which
 * `Atomics.waitAsync` resolves some 20 µs later. Who is busy anyway may look himself (`waiting`, `drain`) instead of waiting for that.
 */
import type { Worker } from 'node:worker_threads'
import { startThread } from '../thread.ts'
import { waitAsync } from '../wait-async.ts'
import { FrameRing } from './frame-ring.ts'
import { errorName, libc, openFlags } from './libc.ts'
import { HostError } from '../host-error.ts'
import { type PumpCommand, type PumpData, pumpWords } from './pump-protocol.ts'

/** Told of each frame with whatever header the device puts in front. */
export interface Drain {
  /** @param own whether the bytes are the hearer's for good; else who keeps them copies them. */
  frame(bytes: Uint8Array, own: boolean): void
  /** The device is gone: no frame comes any more. */
  failed(code: string): void
}

export interface Pumped {
  readonly fd: number
  /** Largest read in bytes, header included. */
  readonly largest: number
  readonly drain: Drain
}

/** Who reads devices: this pump, or direct-devices.ts. */
export interface Devices {
  /** The descriptor is theirs from now on. @returns false when the host has no room for it. */
  add(device: Pumped): boolean
  /** Closes the descriptor, perhaps a moment later. */
  remove(fd: number): void
}

/** Some thirty super-frames, or a thousand plain ones, in bytes. */
const ringBytes = 1 << 21
/** Frames taken from one device before the others have their turn. */
const burst = 256

interface Entry {
  readonly device: Pumped
  readonly ring: FrameRing
  failed: boolean
}

export class Pump implements Devices {
  readonly #control = new Int32Array(new SharedArrayBuffer(8))
  readonly #libc = libc()
  readonly #eventfd: number
  readonly #one = new Uint8Array(128)
  readonly #worker: Worker
  readonly #entries: Entry[] = []
  readonly #exited: Promise<void>
  readonly #hurry = (): void => this.#quit()
  readonly #heard: () => void
  #closed = false

  /** @param heard called, in a turn of the event loop of its own, when frames have come; whoever doesn't call `drain` then calls it later by himself. @throws {HostError} */
  constructor(heard: () => void) {
    this.#heard = heard
    this.#eventfd = this.#libc.eventfd(0, openFlags.nonBlocking | openFlags.closeOnExec)
    if (this.#eventfd < 0) throw new HostError(errorName(this.#eventfd), 'the host gives no eventfd', 'raise the number of open files: ulimit -n')
    new DataView(this.#one.buffer).setBigUint64(0, 1n, true)
    const workerData: PumpData = { control: this.#control.buffer as SharedArrayBuffer, eventfd: this.#eventfd }
    this.#worker = startThread('pump-worker', import.meta.url, { workerData })
    this.#exited = new Promise((resolve) => void this.#worker.once('exit', () => resolve()))
    this.#worker.once('error', (error) => this.#broke(error))
    // A thread inside poll can't be ended from outside, so whoever ends the process wakes it.
    process.once('exit', this.#hurry)
    void this.#listen()
  }

  /** The descriptor is the pump's from now on. */
  add(device: Pumped): boolean {
    const ring = FrameRing.of(ringBytes)
    this.#entries.push({ device, ring, failed: false })
    this.#tell({ do: 'add', fd: device.fd, ring: ring.shared, address: this.#libc.addressOf(ring.bytes), largest: device.largest })
    return true
  }

  /** Closes the descriptor, a moment later. */
  remove(fd: number): void {
    const index = this.#entries.findIndex((entry) => entry.device.fd === fd)
    if (index < 0) return
    this.#entries.splice(index, 1)
    this.#tell({ do: 'remove', fd })
  }

  /** Whether anybody's frames wait. Two loads a device: may be asked often. */
  get waiting(): boolean {
    return this.#entries.some(({ ring }) => ring.waiting)
  }

  /** Hands out what has come. @returns whether more waits. */
  drain(): boolean {
    for (const entry of this.#entries.slice()) this.#drain(entry)
    return this.waiting
  }

  /** Ends the thread and closes all descriptors. Resolves when it is done. */
  close(): Promise<void> {
    this.#quit()
    process.off('exit', this.#hurry)
    return this.#exited
  }

  #drain(entry: Entry): void {
    const { device, ring } = entry
    for (let count = 0; count < burst; count++) {
      const bytes = ring.peek()
      if (bytes === undefined) break
      device.drain.frame(bytes, false)
      ring.next()
    }
    if (ring.stalled && !this.#closed) {
      ring.stalled = false
      this.#poke()
    }
    if (ring.failure === 0 || entry.failed) return
    entry.failed = true
    device.drain.failed(errorName(ring.failure))
  }

  async #listen(): Promise<void> {
    while (!this.#closed) {
      const seen = Atomics.load(this.#control, pumpWords.wake)
      if (this.waiting || this.#entries.some(({ ring, failed }) => ring.failure !== 0 && !failed)) this.#heard()
      const wait = waitAsync(this.#control, pumpWords.wake, seen)
      if (wait.async) await wait.value
      // Under a steady stream this thread never sleeps; the event loop gets its turn all the same.
      else await new Promise((resolve) => void setImmediate(resolve))
    }
  }

  #tell(command: PumpCommand): void {
    if (this.#closed) return
    this.#worker.postMessage(command, [])
    this.#poke()
  }

  #poke(): void {
    this.#libc.write(this.#eventfd, this.#libc.addressOf(this.#one), 8)
  }

  #quit(): void {
    if (this.#closed) return
    this.#closed = true
    Atomics.store(this.#control, pumpWords.quit, 1)
    this.#poke()
    Atomics.add(this.#control, pumpWords.wake, 1)
    Atomics.notify(this.#control, pumpWords.wake)
  }

  /** Only a fault of ours ends the thread: its devices are as good as gone. */
  #broke(error: Error): void {
    this.#closed = true
    for (const entry of this.#entries) entry.device.drain.failed(`EPUMP: ${error.message}`)
  }
}
