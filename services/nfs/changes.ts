/** Changes to a volume as NFS asks for them, whatever its version: what a caller may change, make, move and take away. RFC 1813 §3.3, RFC 7530 §16. */
import { u32be } from '../../src/base/bytes.ts'
import type { Attributes, Change, NewNode, NodeId } from '../../src/stack/volume.ts'
import type { SetAttributes } from '../../src/wire/nfs3.ts'
import { demand, demandOpen, demandRemoval, isIn, isRoot, owns, setGid, setUid, stripped, want } from './identity.ts'
import { checkText, demandFile } from './nfs3-look.ts'
import { Refused } from './refused.ts'
import { stampOf, Target } from './target.ts'

const billion = 1_000_000_000n

export const nothing: SetAttributes = { mode: undefined, uid: undefined, gid: undefined, size: undefined, accessed: undefined, modified: undefined }

/** What is asked for, if the caller may. @throws {Refused} */
export function changeOf({ mode, uid, gid, size, accessed, modified }: SetAttributes, target: Target): Change {
  const { who, attributes: now } = target
  if (mode !== undefined && !owns(who, now)) throw new Refused('notOwner', 'only the owner changes a mode')
  demandOwnership(uid, gid, target)
  if (size !== undefined) {
    demandFile(target)
    demandOpen(who, now, want.write)
  }
  const given = [accessed, modified].some((time) => typeof time === 'object')
  if (given && !owns(who, now)) throw new Refused('notOwner', 'only the owner sets times')
  if ((accessed === 'server' || modified === 'server') && !owns(who, now)) demand(who, now, want.write)
  const bits = modeOf(mode, uid !== undefined || gid !== undefined, size !== undefined, gid ?? now.gid, target)
  return {
    ...(bits === undefined ? {} : { mode: bits }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(size === undefined ? {} : { size }),
    ...(accessed === undefined ? {} : { accessed: accessed === 'server' ? ('now' as const) : stampOf(accessed) }),
    ...(modified === undefined ? {} : { modified: modified === 'server' ? ('now' as const) : stampOf(modified) }),
  }
}

function demandOwnership(uid: number | undefined, gid: number | undefined, { who, attributes }: Target): void {
  if (isRoot(who)) return
  if (uid !== undefined && (uid !== attributes.uid || who.uid !== attributes.uid)) throw new Refused('notOwner', 'only root gives files away')
  if (gid !== undefined && (who.uid !== attributes.uid || (gid !== attributes.gid && !isIn(who, gid)))) throw new Refused('notOwner', 'only to a group of one’s own')
}

/** The mode that results: set-id bits go with a new owner, and with a write by somebody else than root. */
function modeOf(asked: number | undefined, chown: boolean, cut: boolean, gid: number, { who, attributes }: Target): number | undefined {
  let mode = asked === undefined ? attributes.mode : asked & 0o7777
  if (attributes.kind !== 'folder') {
    if ((chown || (cut && !isRoot(who))) && asked === undefined) mode = stripped(mode)
    if (chown && asked !== undefined) mode &= ~setUid & ~setGid
  }
  if (asked !== undefined && !isRoot(who) && !isIn(who, gid)) mode &= ~setGid
  return asked === undefined && mode === attributes.mode ? undefined : mode
}

/** What has that name, for a caller that may look. @throws {Refused} when nothing could be made either. */
export function findExisting(folder: Target, name: string): Target | undefined {
  demand(folder.folder().who, folder.attributes, want.execute)
  if (name === '.' || name === '..') throw new Refused('exists', name)
  checkText(name)
  return nodeNamed(folder, name)
}

export function nodeNamed({ of, node, who, volume }: Target, name: string): Target | undefined {
  try {
    return new Target(of, volume.lookup(node, name), who)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}

export function timesOf({ accessed, modified }: SetAttributes): Change {
  return { ...(typeof accessed === 'object' ? { accessed: stampOf(accessed) } : {}), ...(typeof modified === 'object' ? { modified: stampOf(modified) } : {}) }
}

/** What an exclusive CREATE's verifier is kept as: the client sets the times next, and until then a repeated call finds it there. */
export function exclusiveTimes(verifier: Uint8Array): { readonly accessed: bigint; readonly modified: bigint } {
  return { accessed: BigInt(u32be(verifier, 0)) * billion, modified: BigInt(u32be(verifier, 4)) * billion }
}

/** Makes a thing as its caller's own; what else the client asks of it is done where the caller may. */
export function make(folder: Target, name: string, node: Omit<NewNode, 'uid' | 'gid'>, more: Change, asked: SetAttributes = nothing): NodeId {
  const { who, volume, attributes } = folder.writable()
  demand(who, attributes, want.write | want.execute)
  // A set-gid folder gives its group, and to folders in it the bit too.
  const inherits = (attributes.mode & setGid) !== 0
  const uid = isRoot(who) && asked.uid !== undefined ? asked.uid : who.uid
  const gid = asked.gid !== undefined && (isRoot(who) || isIn(who, asked.gid)) ? asked.gid : inherits ? attributes.gid : who.gid
  let mode = node.mode & 0o7777
  if (inherits && node.kind === 'folder') mode |= setGid
  else if (!isRoot(who) && !isIn(who, gid)) mode &= ~setGid
  const id = volume.create(folder.node, name, { ...node, mode, uid, gid })
  const change: Change = { ...more, ...(asked.size !== undefined && asked.size > 0 && node.kind === 'file' ? { size: asked.size } : {}) }
  if (Object.keys(change).length > 0) volume.change(id, change)
  return id
}

/** What stands under a name that is to be taken away. @throws {Refused | FileError} unless it is there and may go. */
export function demandTaking(folder: Target, name: string): Attributes {
  demand(folder.folder().who, folder.attributes, want.execute)
  checkText(name)
  const thing = folder.volume.attributes(folder.volume.lookup(folder.node, name))
  demandRemoval(folder.writable().who, folder.attributes, thing)
  return thing
}

/** Both folders lie in one export. @throws {Refused | FileError} */
export function move(from: Target, name: string, to: Target, toName: string): void {
  checkText(toName)
  const thing = demandTaking(from, name)
  const there = nodeNamed(to.folder(), toName)
  if (there === undefined) demand(to.who, to.attributes, want.write | want.execute)
  else demandRemoval(to.who, to.attributes, there.attributes)
  // Its `..` is written to.
  if (thing.kind === 'folder' && from.node !== to.node) demand(from.who, thing, want.write)
  from.volume.rename(from.node, name, to.node, toName)
}

/** Gives a thing one more name in a folder of its export. @throws {Refused | FileError} */
export function nameAgain(thing: Target, folder: Target, name: string): void {
  if (findExisting(folder, name) !== undefined) throw new Refused('exists', name)
  if (thing.attributes.kind === 'folder') throw new Refused('isDirectory', 'a folder has one name')
  demand(folder.writable().who, folder.attributes, want.write | want.execute)
  thing.volume.link(thing.node, folder.node, name)
}
