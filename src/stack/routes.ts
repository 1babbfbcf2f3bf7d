/** Where a packet leaves: the longest prefix wins, then the lower metric, then the older route. RFC 1122 §3.3.1. */
import type { Subnet4 } from '../wire/address.ts'
import type { Interface } from './interface.ts'
import { inSubnet } from '../wire/address.ts'

export interface Route {
  readonly to: Subnet4
  /** The next router; undefined when the network is on the link itself. */
  readonly via: number | undefined
  readonly interface: Interface
  readonly metric: number
}

export class RouteTable {
  #routes: readonly Route[] = []

  get all(): readonly Route[] {
    return this.#routes
  }

  add(route: Route): void {
    const sorted = [...this.#routes, route]
    sorted.sort((a, b) => b.to.prefix - a.to.prefix || a.metric - b.metric)
    this.#routes = sorted
  }

  /** Removes every route that `which` says. */
  remove(which: (route: Route) => boolean): void {
    this.#routes = this.#routes.filter((route) => !which(route))
  }

  /** @param by only routes that leave by this interface. */
  find(destination: number, by?: Interface): Route | undefined {
    return this.#routes.find((route) => (by === undefined || route.interface === by) && inSubnet(route.to, destination))
  }
}
