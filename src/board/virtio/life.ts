/** A virtio device's life, whichever transport shows it to the driver: status, features, queues, interrupts. virtio 1.2 §2.1 to §2.6, §3.1. */
import { Malformed } from '../../base/errors.ts'
import type { Plain, Stateful } from '../../base/state.ts'
import type { GuestMemory, Width } from '../bus.ts'
import { BusError } from '../bus.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import { ringFeatures } from './device.ts'
import type { QueueState } from './queue.ts'
import { Queue } from './queue.ts'

/** §2.1. */
export const status = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 64, failed: 128 } as const
/** Why a device interrupts: bits of the ISR status (§4.1.4.5, §4.2.2). */
export const interrupt = { used: 1, config: 2 } as const

export type LifeState = {
  readonly status: number
  readonly accepted: bigint
  readonly interrupts: number
  readonly generation: number
  readonly queues: readonly QueueState[]
  readonly device: Plain
}

export class VirtioLife implements Stateful<LifeState> {
  readonly queues: readonly Queue[]
  readonly #device: VirtioDevice
  readonly #interrupts: (causes: number) => void
  readonly #report: (sentence: string) => void
  readonly #offered: bigint
  #status = 0
  #accepted = 0n
  #causes = 0
  #generation = 0

  /** @param interrupts told the causes that are pending whenever they may have changed. */
  constructor(device: VirtioDevice, memory: GuestMemory, interrupts: (causes: number) => void, report: (sentence: string) => void) {
    this.#device = device
    this.#interrupts = interrupts
    this.#report = report
    const offered = [...Object.values(ringFeatures), ...device.features]
    this.#offered = offered.reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n)
    this.queues = device.queues.map((queue) => new Queue(`${device.name}.${queue.name}`, queue.max, memory, () => this.#raise(interrupt.used)))
    device.attach(this.#host(memory))
  }

  get status(): number {
    return this.#status
  }

  /** Interrupt causes that are pending. */
  get causes(): number {
    return this.#causes
  }

  /** Changes whenever the configuration space does by itself. */
  get generation(): number {
    return this.#generation
  }

  /** Feature bits offered, 32 of them; `word` is 0 or 1. */
  offered(word: number): number {
    return word > 1 ? 0 : Number((this.#offered >> BigInt(32 * word)) & 0xffff_ffffn)
  }

  /** Feature bits that the driver has chosen so far. */
  accepted(word: number): number {
    return word > 1 ? 0 : Number((this.#accepted >> BigInt(32 * word)) & 0xffff_ffffn)
  }

  /** Heard until the driver says FEATURES_OK (§3.1.1, step 4). */
  accept(word: number, value: number): void {
    if (word > 1 || this.#status & status.featuresOk) return
    const shift = BigInt(32 * word)
    this.#accepted = (this.#accepted & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift)
  }

  /** Bits are only ever added by the driver (§2.1.1). Zero is a reset, which the transport does. */
  addStatus(value: number): void {
    const before = this.#status
    let added = value & ~before & (status.acknowledge | status.driver | status.driverOk | status.featuresOk | status.failed)
    if (added & status.featuresOk && !this.#agreed()) added &= ~status.featuresOk
    // A legacy driver goes on without FEATURES_OK; this device is modern only, so it does not start (§6.2).
    if (added & status.driverOk && ((before | added) & status.featuresOk) === 0) added &= ~status.driverOk
    this.#status = before | added
    if (added & status.driverOk) this.#start()
  }

  acknowledge(causes: number): void {
    this.#causes &= ~causes
    this.#interrupts(this.#causes)
  }

  notify(index: number): void {
    const queue = this.queues[index]
    if (queue === undefined || !queue.ready || !this.#running) return
    this.#attempt(() => this.#device.notify(index))
  }

  /** A queue's size and addresses are fixed while it is ready (§4.1.4.3, §4.2.3.2). */
  setSize(queue: Queue, value: number): void {
    if (!queue.ready) queue.size = value <= queue.max && (value & (value - 1)) === 0 ? value : 0
  }

  /** One half of one of a queue's three addresses. */
  setAddress(queue: Queue, area: 'descriptors' | 'available' | 'used', half: 'low' | 'high', value: number): void {
    if (queue.ready) return
    const address = queue[area]
    queue[area] = half === 'low' ? Math.floor(address / 2 ** 32) * 2 ** 32 + value : (address % 2 ** 32) + value * 2 ** 32
  }

  setReady(queue: Queue, ready: boolean): void {
    if (ready && queue.size === 0) return this.#break(`${queue.name} made ready with a size that is no power of two up to ${queue.max}`)
    queue.features = this.#queueFeatures
    queue.ready = ready
  }

  readConfig(offset: number, width: Width): number {
    const { config } = this.#device
    let value = 0
    for (let lane = width - 1; lane >= 0; lane--) value = value * 256 + (config[offset + lane] ?? 0)
    return value
  }

  writeConfig(offset: number, width: Width, value: number): void {
    this.#device.writeConfig?.(offset, width, value)
  }

  reset(): void {
    this.#status = 0
    this.#accepted = 0n
    this.#causes = 0
    for (const queue of this.queues) queue.reset()
    this.#device.reset()
    this.#interrupts(0)
  }

  save(): LifeState {
    return { status: this.#status, accepted: this.#accepted, interrupts: this.#causes, generation: this.#generation, queues: this.queues.map((queue) => queue.save()), device: this.#device.save() }
  }

  load(state: LifeState): void {
    this.#status = state.status
    this.#accepted = state.accepted
    this.#causes = state.interrupts
    this.#generation = state.generation
    state.queues.forEach((queue, index) => this.queues[index].load(queue, this.#queueFeatures))
    this.#device.load(state.device)
    this.#interrupts(this.#causes)
  }

  get #running(): boolean {
    return (this.#status & (status.driverOk | status.needsReset)) === status.driverOk
  }

  get #queueFeatures(): { indirect: boolean; eventIndex: boolean } {
    return { indirect: this.#has(ringFeatures.indirectDescriptors), eventIndex: this.#has(ringFeatures.eventIndex) }
  }

  #host(memory: GuestMemory): VirtioHost {
    const running = (): boolean => this.#running
    return {
      queues: this.queues,
      memory,
      get running() {
        return running()
      },
      has: (bit) => this.#has(bit),
      attempt: (work) => this.#attempt(work),
      configChanged: () => this.#configChanged(),
    }
  }

  #has(bit: number): boolean {
    return ((this.#accepted >> BigInt(bit)) & 1n) !== 0n
  }

  #raise(cause: number): void {
    this.#causes |= cause
    this.#interrupts(this.#causes)
  }

  #configChanged(): void {
    this.#generation = (this.#generation + 1) >>> 0
    if (this.#status & status.driverOk) this.#raise(interrupt.config)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof BusError)) throw error
      this.#break(error.message)
    }
  }

  /** §2.1.2: an error that only a reset mends. */
  #break(reason: string): void {
    if (this.#status & status.needsReset) return
    this.#status |= status.needsReset
    this.#report(`${this.#device.name}: the guest's driver broke the rules (${reason}); the device waits for a reset`)
    if (this.#status & status.driverOk) this.#raise(interrupt.config)
  }

  /** What is offered was chosen from, and VERSION_1 among it (§6.1). */
  #agreed(): boolean {
    return (this.#accepted & ~this.#offered) === 0n && this.#has(ringFeatures.version1)
  }

  /** What was made available before DRIVER_OK is served now: nothing was consumed earlier (§3.1.2). */
  #start(): void {
    this.queues.forEach((queue, index) => {
      queue.features = this.#queueFeatures
      this.notify(index)
    })
  }
}
