/** The network card of a machine in another thread: hears what its cable brings, and passes it on. */
import type { Nic, NicCounters } from '../../board/nic.ts'
import type { Port } from '../../link/port.ts'
import type { Deed } from './protocol.ts'

export class FarNic implements Nic {
  readonly name: string
  readonly mac: Uint8Array
  readonly #index: number
  readonly #do: (deed: Deed) => void
  readonly #plugged: (port: Port | undefined) => void
  readonly #counters: () => NicCounters
  #port: Port | undefined
  #deaf: (() => void) | undefined

  constructor(index: number, mac: Uint8Array, deed: (deed: Deed) => void, plugged: (port: Port | undefined) => void, counters: () => NicCounters) {
    this.name = `nic${index}`
    this.mac = mac
    this.#index = index
    this.#do = deed
    this.#plugged = plugged
    this.#counters = counters
  }

  get counters(): NicCounters {
    return this.#counters()
  }

  plug(port: Port): void {
    this.#pull()
    this.#port = port
    this.#plugged(port)
    port.listen({ receive: (frame) => this.#do({ kind: 'frame', nic: this.#index, frame }) })
    this.#deaf = port.watchCarrier?.((carrier) => this.#do({ kind: 'carrier', nic: this.#index, carrier }))
  }

  unplug(): void {
    this.#pull()
    this.#plugged(undefined)
    this.#do({ kind: 'carrier', nic: this.#index, carrier: false })
  }

  #pull(): void {
    this.#port?.listen(undefined)
    this.#deaf?.()
    this.#port = undefined
    this.#deaf = undefined
  }
}
