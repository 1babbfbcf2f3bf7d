/** The thread that waits for frames of all TAPs, TUNs and packet sockets: one poll, and the kernel writes straight into each one's ring. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { FrameRing } from './frame-ring.ts'
import { errorName, interrupted, libc, passingErrors, pollEvents, tryAgain } from './libc.ts'
import { type PumpCommand, type PumpData, pumpWords } from './pump-protocol.ts'

/** Frames read from one device before the next has its turn. */
const burst = 64
const pollBytes = 8

interface Device {
  readonly fd: number
  readonly ring: FrameRing
  readonly address: number
  readonly largest: number
  /** Not polled until the reader has made room. */
  full: boolean
}

class PumpThread {
  readonly #libc = libc()
  readonly #control: Int32Array
  readonly #eventfd: number
  readonly #devices: Device[] = []
  readonly #counter = new Uint8Array(128)
  #fds = new Uint8Array(pollBytes * 128)

  constructor({ control, eventfd }: PumpData) {
    this.#control = new Int32Array(control)
    this.#eventfd = eventfd
  }

  /** Until it is told to quit. Closes all descriptors it was given. */
  run(): void {
    while (Atomics.load(this.#control, pumpWords.quit) === 0) {
      const polled = this.#poll()
      this.#obey()
      for (const device of polled) if (this.#devices.includes(device)) this.#read(device)
      for (const device of this.#devices) if (device.full && !device.ring.stalled) device.full = false
    }
    for (const { fd } of this.#devices) this.#libc.close(fd)
    this.#libc.close(this.#eventfd)
  }

  /** @returns the devices that have something to read, or an error to tell. */
  #poll(): Device[] {
    const polled = this.#devices.filter((device) => !device.full && device.ring.failure === 0)
    if (this.#fds.length < (polled.length + 1) * pollBytes) this.#fds = new Uint8Array((polled.length + 1) * pollBytes * 2)
    const view = new DataView(this.#fds.buffer)
    const put = (index: number, fd: number): void => {
      view.setInt32(index * pollBytes, fd, true)
      view.setInt32(index * pollBytes + 4, pollEvents.in, true)
    }
    put(0, this.#eventfd)
    for (const [index, { fd }] of polled.entries()) put(index + 1, fd)
    const result = this.#libc.poll(this.#libc.addressOf(this.#fds), polled.length + 1, -1)
    if (result < 0) return []
    if (view.getUint16(6, true) !== 0) this.#libc.read(this.#eventfd, this.#libc.addressOf(this.#counter), 8)
    return polled.filter((_, index) => view.getUint16((index + 1) * pollBytes + 6, true) !== 0)
  }

  #obey(): void {
    for (;;) {
      const received = receiveMessageOnPort(parentPort as NonNullable<typeof parentPort>) as { message: PumpCommand } | undefined
      if (received === undefined) return
      const { message } = received
      if (message.do === 'add') this.#add(message)
      else this.#remove(message.fd)
    }
  }

  #add({ fd, ring: shared, address, largest }: PumpCommand & { do: 'add' }): void {
    this.#devices.push({ fd, ring: new FrameRing(shared), address, largest, full: false })
  }

  #remove(fd: number): void {
    const index = this.#devices.findIndex((device) => device.fd === fd)
    if (index >= 0) this.#devices.splice(index, 1)
    this.#libc.close(fd)
  }

  #read(device: Device): void {
    const { fd, ring, address, largest } = device
    for (let count = 0; count < burst; count++) {
      let at = ring.reserve(largest)
      if (at < 0) {
        ring.stalled = true
        at = ring.reserve(largest)
        if (at < 0) {
          device.full = true
          break
        }
        ring.stalled = false
      }
      const length = this.#libc.read(fd, address + at, largest)
      if (length === tryAgain || length === interrupted) break
      if (length <= 0) {
        if (length < 0 && !passingErrors.has(errorName(length))) ring.failure = length
        break
      }
      ring.commit(length)
      // The first of a burst wakes the reader, who works while the others are read.
      if (count === 0) this.#wake()
    }
    this.#wake()
  }

  #wake(): void {
    Atomics.add(this.#control, pumpWords.wake, 1)
    Atomics.notify(this.#control, pumpWords.wake)
  }
}

new PumpThread(workerData as PumpData).run()
