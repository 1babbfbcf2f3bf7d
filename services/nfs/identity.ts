/** Who a caller acts as, and what that one may do. RFC 1813 §4.4; what it leaves open is as Linux' own server has it. */
import type { Attributes } from '../../src/stack/volume.ts'
import type { SystemCredential } from '../../src/wire/rpc.ts'
import type { ExportConfig } from './config.ts'
import { Refused } from './refused.ts'

export interface Identity {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/** Permission bits, as in a mode's last digit. */
export const want = { read: 4, write: 2, execute: 1 } as const

export const setUid = 0o4000
export const setGid = 0o2000
export const sticky = 0o1000

/** @param credential undefined for AUTH_NONE: nobody. */
export function identify(credential: SystemCredential | undefined, { squash, uid, gid }: ExportConfig): Identity {
  if (credential === undefined || squash === 'all') return { uid, gid, groups: [] }
  if (squash === 'none') return credential
  const notRoot = (group: number): number => (group === 0 ? gid : group)
  return { uid: credential.uid === 0 ? uid : credential.uid, gid: notRoot(credential.gid), groups: credential.groups.map(notRoot) }
}

export const isRoot = ({ uid }: Identity): boolean => uid === 0
export const isIn = ({ gid, groups }: Identity, group: number): boolean => gid === group || groups.includes(group)
export const owns = (who: Identity, { uid }: Attributes): boolean => isRoot(who) || who.uid === uid

/** What of `bits` (`want`) the mode allows. */
export function allowed(who: Identity, { mode, uid, gid, kind }: Attributes): number {
  // Root reads and writes all, and runs what anybody may run.
  if (isRoot(who)) return kind === 'folder' || (mode & 0o111) !== 0 ? 7 : 6
  return (who.uid === uid ? mode >>> 6 : isIn(who, gid) ? mode >>> 3 : mode) & 7
}

/** @throws {Refused} unless the mode allows all of `bits`. */
export function demand(who: Identity, attributes: Attributes, bits: number): void {
  if ((allowed(who, attributes) & bits) !== bits) throw new Refused('access', `mode ${attributes.mode.toString(8)} of ${attributes.uid}:${attributes.gid} keeps ${who.uid}:${who.gid} out`)
}

/** Reading and writing an open file: "the server's permission checking algorithm should allow the owner of a file to access it regardless of the permission setting". */
export function demandOpen(who: Identity, attributes: Attributes, bits: number): void {
  if (who.uid === attributes.uid) return
  // A program is read to be run.
  if (bits === want.read && (allowed(who, attributes) & want.execute) !== 0) return
  demand(who, attributes, bits)
}

/** Taking a name away or putting another thing under it. @throws {Refused} */
export function demandRemoval(who: Identity, folder: Attributes, thing: Attributes): void {
  demand(who, folder, want.write | want.execute)
  if ((folder.mode & sticky) !== 0 && !owns(who, folder) && !owns(who, thing)) throw new Refused('notOwner', 'the folder is sticky')
}

/** The mode of a file that somebody other than root has written to, or that got another owner: it may not run as somebody any more. */
export function stripped(mode: number): number {
  return mode & ~setUid & ~((mode & 0o010) === 0 ? 0 : setGid)
}
