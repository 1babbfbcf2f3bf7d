/** The seam between a service point and the lab it answers in. */
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Scheduler } from '../base/time.ts'
import type { FileTree } from './files.ts'
import type { Sockets } from './sockets.ts'

/** One of the simulated host's interfaces, as a service sees it. */
export interface InterfaceView {
  readonly name: string
  readonly mac: Uint8Array
  /** Its IPv4 address and prefix length, e.g. `{ address: '10.0.0.1', prefix: 24 }`. */
  readonly ipv4: { readonly address: string; readonly prefix: number } | undefined
  readonly mtu: number
}

/** Everything a service point may touch. What is not here it cannot reach. */
export interface ServiceRoom {
  /** `lan.dhcp`: the network and the kind. */
  readonly name: string
  readonly sockets: Sockets
  readonly interfaces: readonly InterfaceView[]
  readonly scheduler: Scheduler
  readonly random: Random
  /** Opens a root that the lab file named, e.g. tftp's `root: ./boot`. */
  readonly files: (root: string) => FileTree
  readonly log: Log
  /** Names and MACs of the lab's nodes, so that `hosts: { node1: 10.0.0.10 }` can be resolved. */
  readonly nodes: readonly { readonly name: string; readonly macs: readonly Uint8Array[] }[]
}

export interface ServicePoint {
  /** Stops answering and closes its sockets. */
  close(): void
  /** Tables for `inspect`, by table name: e.g. `{ leases: [...] }`. Rows are flat. */
  inspect?(): Readonly<Record<string, readonly Readonly<Record<string, string | number | boolean>>[]>>
}

/** A path inside the lab file, so that an error can be told at its line: `['networks', 'lan', 'dhcp', 'range']`. */
export type Path = readonly (string | number)[]

/** What a service kind's `parse` throws; the lab turns it into a ConfigError with file, line and column. */
export class ServiceConfigError extends Error {
  override readonly name = 'ServiceConfigError'
  /** Path below the service's own key. */
  readonly path: Path
  readonly hint: string | undefined

  constructor(message: string, path: Path, hint?: string) {
    super(message)
    this.path = path
    this.hint = hint
  }
}

export interface ServiceKind<Config> {
  /** The key in the lab file: `dhcp`. */
  readonly kind: string
  /** @throws {ServiceConfigError} */
  parse(config: unknown): Config
  create(config: Config, room: ServiceRoom): ServicePoint
}
