/** virtio-rng, the entropy device. virtio 1.2 §5.4. Fed from the lab's seed, so a run can be had again. */
import type { Plain, Stateful } from '../../base/state.ts'
import type { Random } from '../../base/random.ts'
import { scatter } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'

/** The most that one request is given; a driver asks again for more. */
const requestMax = 4096

export class VirtioRng implements VirtioDevice {
  readonly name = 'rng'
  readonly deviceId = 4
  readonly features = []
  readonly queues = [{ name: 'requests', max: 64 }]
  readonly config = new Uint8Array(0)
  readonly #random: Random & Partial<Stateful<Plain>>
  #host: VirtioHost | undefined

  constructor(random: Random) {
    this.#random = random
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  notify(): void {
    const host = this.#host
    if (host === undefined) return
    host.queues[0].drain((chain) => {
      const bytes = this.#random.bytes(Math.min(chain.writableBytes, requestMax))
      return scatter(host.memory, chain.writable, 0, bytes)
    })
  }

  reset(): void {}

  save(): Plain {
    return this.#random.save?.() ?? null
  }

  load(state: Plain): void {
    if (state !== null) this.#random.load?.(state)
  }
}
