/** A thing in a folder of the host, as far as we know it. */
import type { BigIntStats } from 'node:fs'
import type { NodeId, NodeKind, Stamp } from '../../stack/volume.ts'
import { madeHere, numberOf } from '../../lab/volume/stamps.ts'

export interface Times {
  readonly accessed: Stamp
  readonly modified: Stamp
  readonly changed: Stamp
}

export class HostNode {
  readonly id: NodeId
  readonly kind: NodeKind
  readonly origin: string
  /** Which of the host's things it is (`place.keyOf`). */
  readonly key: string
  /** Its names; none for the root, and for what is gone. */
  places: { readonly folder: HostNode; readonly name: string }[] = []
  /** Of a folder: what was looked at in it. */
  readonly children = new Map<string, HostNode>()
  /** Times of the lab's own making. */
  known: Times | undefined
  /** Whether the host's file has them too. */
  settled = true
  /** The host's time when ours was set: undefined until the host is looked at again. */
  #seen: bigint | undefined

  constructor(id: NodeId, kind: NodeKind, origin: string, key: string) {
    this.id = id
    this.kind = kind
    this.origin = origin
    this.key = key
  }

  get place(): { readonly folder: HostNode; readonly name: string } | undefined {
    return this.places[0]
  }

  /** From the root, without a leading slash; empty for the root. */
  get path(): string {
    return this.place === undefined ? '' : this.place.folder.pathOf(this.place.name)
  }

  pathOf(name: string): string {
    const { path } = this
    return path === '' ? name : `${path}/${name}`
  }

  /** The lab changed it. */
  touch(times: Times): void {
    this.known = times
    this.settled = false
    this.#seen = undefined
  }

  /** The host's file has its times. */
  settle(): void {
    this.settled = true
    this.#seen = undefined
  }

  /** Ours, unless somebody on the host has changed it since. @param host what the host's file says. */
  times(host: bigint): Times {
    if (this.known !== undefined && this.#seen === undefined) this.#seen = host
    if (this.known !== undefined && this.#seen === host) return this.known
    this.known = undefined
    return { accessed: host, modified: host, changed: host }
  }
}

/** A thing's number: what a guest made has an origin that begins with a line feed, which no path of the host's does. */
export function numberFrom(origin: string): NodeId {
  return origin.startsWith('\n') ? madeHere + numberOf(origin) : numberOf(origin)
}

export function kindOf(stats: BigIntStats): NodeKind {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isBlockDevice()) return 'block'
  if (stats.isCharacterDevice()) return 'character'
  return stats.isFIFO() ? 'fifo' : 'socket'
}

/** Mode, owners and device number that the host's file shows. Who runs the lab is root in it. */
export function ownedBy(stats: BigIntStats): { mode: number; uid: number; gid: number; major: number; minor: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const device = stats.isBlockDevice() || stats.isCharacterDevice()
  const { rdev } = stats
  return {
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid) === uid ? 0 : Number(stats.uid),
    gid: Number(stats.gid) === gid ? 0 : Number(stats.gid),
    // As Linux packs them (sys/sysmacros.h).
    major: device ? Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n)) : 0,
    minor: device ? Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n)) : 0,
  }
}
