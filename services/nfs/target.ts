/** What a call is about: a thing in an export, seen by a caller; and what is told of it on the wire. RFC 1813 §2.5. */
import type { Attributes, NodeId, NodeKind, Stamp, Volume } from '../../src/stack/volume.ts'
import { type Time, types } from '../../src/wire/nfs3.ts'
import type { BeforeAttributes, CacheData, FileAttributes } from '../../src/wire/nfs3-results.ts'
import { FileError } from '../../src/stack/files.ts'
import type { Export } from './exports.ts'
import type { Identity } from './identity.ts'
import { Refused } from './refused.ts'

const billion = 1_000_000_000n
const blockBytes = 4096

export class Target {
  readonly of: Export
  readonly node: NodeId
  readonly who: Identity
  readonly #before: Attributes

  /** @throws {FileError} ESTALE when it is gone. */
  constructor(of: Export, node: NodeId, who: Identity) {
    this.of = of
    this.node = node
    this.who = who
    this.#before = of.volume.attributes(node)
  }

  get volume(): Volume {
    return this.of.volume
  }

  /** As they were when the call came. */
  get attributes(): Attributes {
    return this.#before
  }

  /** @throws {Refused} */
  folder(): this {
    if (this.#before.kind !== 'folder') throw new Refused('notDirectory', 'not a folder')
    return this
  }

  /** @throws {Refused} for an export that can only be read. */
  writable(): this {
    if (this.of.readOnly) throw new Refused('readOnly', `${this.of.config.name} is exported read-only`)
    return this
  }

  /** As they are now; undefined when it is gone by now. */
  after(): FileAttributes | undefined {
    return attributesAfter(this.of, this.node)
  }

  cacheData(): CacheData {
    const { size, modified, changed } = this.#before
    const before: BeforeAttributes = { size, modified: timeOf(modified), changed: timeOf(changed) }
    return { before, after: this.after() }
  }
}

export function attributesAfter(of: Export, node: NodeId): FileAttributes | undefined {
  try {
    return onWire(of, of.volume.attributes(node))
  } catch (error) {
    if (error instanceof FileError) return undefined
    throw error
  }
}

export function onWire(of: Export, { id, kind, mode, uid, gid, links, size, major, minor, accessed, modified, changed }: Attributes): FileAttributes {
  const used = kind === 'file' || kind === 'folder' ? Math.ceil(size / blockBytes) * blockBytes : 0
  return { type: typeOf(kind), mode, links, uid, gid, size, used, major, minor, fsid: of.fsid, fileid: id, accessed: timeOf(accessed), modified: timeOf(modified), changed: timeOf(changed) }
}

export const typeOf = (kind: NodeKind): number => types[kind]

/** Seconds are unsigned and have 32 bits: what lies outside is told as the nearest there is. */
export function timeOf(stamp: Stamp): Time {
  if (stamp < 0n) return { seconds: 0, nanoseconds: 0 }
  const seconds = stamp / billion
  return seconds > 0xffff_ffffn ? { seconds: 0xffff_ffff, nanoseconds: 999_999_999 } : { seconds: Number(seconds), nanoseconds: Number(stamp % billion) }
}

export function stampOf({ seconds, nanoseconds }: Time): Stamp {
  if (nanoseconds > 999_999_999) throw new Refused('invalid', `a time of ${nanoseconds} ns past its second`)
  return BigInt(seconds) * billion + BigInt(nanoseconds)
}
