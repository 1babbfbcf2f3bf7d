/** Listeners by port, and free local ports for dialling. Ports RFC 6335 §6, how one is picked RFC 6056 §3.3.3. */
import type { Address, Family } from './family.ts'
import type { Endpoint } from '../sockets.ts'
import type { Listening } from './accept.ts'

/** As Linux': wider than RFC 6335's dynamic ports, since each destination's connections take one port for a minute after they end. */
const first = 32_768
const count = 28_232

export class Ports {
  readonly #listening = new Map<number, Listening[]>()
  #next = 0

  /** One on the very address goes before one on any. */
  find(family: Family, address: Address, port: number): Listening | undefined {
    const here = this.#listening.get(port)
    if (here === undefined) return undefined
    return here.find((each) => each.family === family && family.equal(each.address, address)) ?? here.find((each) => each.family === family && family.equal(each.address, family.any))
  }

  taken(family: Family, address: Address, port: number): boolean {
    const here = this.#listening.get(port) ?? []
    return here.some((each) => each.family === family && [address, each.address].some((one) => family.equal(one, family.any)) || (each.family === family && family.equal(each.address, address)))
  }

  add(listening: Listening): void {
    this.#listening.set(listening.port, [...(this.#listening.get(listening.port) ?? []), listening])
  }

  remove(listening: Listening): void {
    const left = (this.#listening.get(listening.port) ?? []).filter((each) => each !== listening)
    if (left.length === 0) this.#listening.delete(listening.port)
    else this.#listening.set(listening.port, left)
  }

  get listening(): readonly Listening[] {
    return [...this.#listening.values()].flat()
  }

  /** @param offset of this destination's own, not to be guessed. @param isFree asked of each port in turn. */
  pick(offset: number, isFree: (port: number) => boolean): number | undefined {
    for (let step = 0; step < count; step++) {
      const port = first + ((offset + this.#next) % count)
      this.#next = (this.#next + 1) % count
      if (!this.#listening.has(port) && isFree(port)) return port
    }
    return undefined
  }
}

export const isPort = (port: number, least: number): boolean => Number.isInteger(port) && port >= least && port <= 0xffff

/** An error with Node's `code`. */
export function refused(code: string, at: Endpoint, why: string): Error {
  return Object.assign(new Error(`${code}: ${at.address}:${at.port}: ${why}`), { code })
}
