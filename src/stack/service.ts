/** The seam between a service point and the lab it answers in. */
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Scheduler } from '../base/time.ts'
import type { FileTree, JournalFile } from './files.ts'
import type { Sockets } from './sockets.ts'
import type { Volume, VolumeSource } from './volume.ts'

/** One of the simulated host's interfaces, as a service sees it. */
export interface InterfaceView {
  readonly name: string
  readonly mac: Uint8Array
  /** Its IPv4 address and prefix length, e.g. `{ address: '10.0.0.1', prefix: 24 }`. */
  readonly ipv4: { readonly address: string; readonly prefix: number } | undefined
  /** Its IPv6 addresses now, those with it that are still being made sure of; undefined where it has no IPv6. Link-local ones are `fe80::1%eth0`. */
  readonly ipv6?: readonly { readonly address: string; readonly prefix: number }[]
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
  /** Opens a root that the lab file named, e.g. tftp's `root: ./boot`. @param write whether it may be written below it; not when left out. */
  readonly files: (root: string, write?: boolean) => FileTree
  /** Opens what outlives the lab, e.g. dhcp's `leases: ./leases.journal`. */
  readonly journal: (file: string) => JournalFile
  /** Opens a whole file system, where the lab has any to offer. @throws {Error} with Node's `code`. */
  readonly volume?: (source: VolumeSource) => Volume
  readonly log: Log
  /** Asks by ARP on one of its interfaces whether anybody has an IPv4 address (RFC 5227); `tell` hears later the MAC of who does, or undefined. */
  readonly probe: (interface_: string, address: string, tell: (taken: Uint8Array | undefined) => void) => void
  /** Keeps virtual time where it is until what it gives back is called: for what is answered by the host's event loop. Left out: time goes on. */
  readonly hold?: () => () => void
  /** The lab's nodes and service hosts. */
  readonly nodes: readonly NodeView[]
}

/** A node as a service sees it: `hosts: { node1: 10.0.0.10 }` is resolved by it, and DNS tells its addresses. */
export interface NodeView {
  readonly name: string
  readonly macs: readonly Uint8Array[]
  /** Its addresses now: a service host's own, a machine's by the leases it has, and of IPv6 those that service hosts have spoken with. */
  readonly addresses: readonly string[]
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
  /** It answers IPv6 clients as it does others: on a host that speaks IPv6 what it opens at `0.0.0.0` is open at `::`, too. */
  readonly bothVersions?: boolean
  /** @throws {ServiceConfigError} */
  parse(config: unknown): Config
  create(config: Config, room: ServiceRoom): ServicePoint
  /** Images that `config` names beside those under `files`: where in it, and which. */
  images?(config: Config): readonly { readonly path: Path; readonly image: string }[]
}
