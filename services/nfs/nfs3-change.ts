/** NFSv3 procedures that change something. RFC 1813 §3.3. */
import { u32be } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import type { Attributes, Change, NewNode, NodeId, NodeKind } from '../../src/stack/volume.ts'
import type { XdrWriter } from '../../src/wire/xdr.ts'
import { type ArgumentsOf, type SetAttributes, stability, types } from '../../src/wire/nfs3.ts'
import { putAfter, putCacheData, putHandle } from '../../src/wire/nfs3-results.ts'
import { demand, demandOpen, demandRemoval, isIn, isRoot, owns, setGid, setUid, stripped, want } from './identity.ts'
import { checkText, demandFile, transferBytes } from './nfs3-look.ts'
import type { Act, Results, Scene } from './nfs3.ts'
import { Refused } from './refused.ts'
import { attributesAfter, stampOf, Target, timeOf } from './target.ts'

const billion = 1_000_000_000n

export const setattr: Act<'setattr'> = ({ attributes, guard }, target) => {
  target.writable()
  const changed = timeOf(target.attributes.changed)
  if (guard !== undefined && (guard.seconds !== changed.seconds || guard.nanoseconds !== changed.nanoseconds)) throw new Refused('notSync', 'it changed since the client looked')
  const change = changeOf(attributes, target)
  if (Object.keys(change).length > 0) target.volume.change(target.node, change)
  return (xdr) => putCacheData(xdr, target.cacheData())
}

/** What is asked for, if the caller may. @throws {Refused} */
function changeOf({ mode, uid, gid, size, accessed, modified }: SetAttributes, target: Target): Change {
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

export const write: Act<'write'> = ({ offset, count, stable, data }, target, { caller, verifier }) => {
  if (count > data.length) throw new Malformed(`nfs3 write of ${count} bytes with ${data.length}`)
  target.writable()
  demandFile(target)
  demandOpen(target.who, target.attributes, want.write)
  const length = Math.min(count, transferBytes[caller.transport])
  target.volume.write(target.node, offset, data.subarray(0, length))
  const mode = stripped(target.attributes.mode)
  if (!isRoot(target.who) && mode !== target.attributes.mode) target.volume.change(target.node, { mode })
  if (stable !== stability.unstable) target.volume.settle(target.node)
  return (xdr) => putCacheData(xdr, target.cacheData()).u32(length).u32(stable === stability.unstable ? stability.unstable : stability.file).fixed(verifier)
}

export const commit: Act<'commit'> = (_, target, { verifier }) => {
  target.writable()
  demandFile(target)
  demandOpen(target.who, target.attributes, want.write)
  target.volume.settle(target.node)
  return (xdr) => putCacheData(xdr, target.cacheData()).fixed(verifier)
}

export const create: Act<'create'> = ({ name, how }, folder, scene) => {
  const there = findExisting(folder, name)
  if (how.mode === 'exclusive') {
    // The verifier is kept where times are: the client sets them next, and until then a repeated call finds it.
    const accessed = BigInt(u32be(how.verifier, 0)) * billion
    const modified = BigInt(u32be(how.verifier, 4)) * billion
    if (there === undefined) return made(folder, name, { kind: 'file', mode: 0o644 }, { accessed, modified }, scene)
    const same = there.attributes.kind === 'file' && there.attributes.accessed === accessed && there.attributes.modified === modified
    if (!same) throw new Refused('exists', name)
    return told(folder, there.node, scene)
  }
  if (there === undefined) return made(folder, name, { kind: 'file', mode: how.attributes.mode ?? 0o644 }, timesOf(how.attributes), scene, how.attributes)
  if (how.mode === 'guarded' || there.attributes.kind !== 'file') throw new Refused('exists', name)
  // UNCHECKED on what is there: only its length is the client's to say.
  const { size } = how.attributes
  if (size !== undefined) there.volume.change(there.node, changeOf({ ...nothing, size }, there.writable()))
  return told(folder, there.node, scene)
}

const nothing: SetAttributes = { mode: undefined, uid: undefined, gid: undefined, size: undefined, accessed: undefined, modified: undefined }

export const mkdir: Act<'mkdir'> = ({ name, attributes }, folder, scene) => {
  if (name === '.' || name === '..') throw new Refused('exists', name)
  return makeNew(folder, name, { kind: 'folder', mode: attributes.mode ?? 0o755 }, attributes, scene)
}

export const symlink: Act<'symlink'> = ({ name, attributes, target }, folder, scene) => {
  if (target === '' || target.includes('\0')) throw new Refused('invalid', 'no text for a symbolic link')
  return makeNew(folder, name, { kind: 'link', mode: 0o777, target }, { ...attributes, mode: undefined }, scene)
}

const specials = new Map<number, NodeKind>([[types.block, 'block'], [types.character, 'character'], [types.socket, 'socket'], [types.fifo, 'fifo']])

export const mknod: Act<'mknod'> = ({ name, type, attributes, major, minor }, folder, scene) => {
  const kind = specials.get(type)
  if (kind === undefined) throw new Refused('badType', `a special file of type ${type}`)
  if ((kind === 'block' || kind === 'character') && !isRoot(folder.who)) throw new Refused('notOwner', 'only root makes devices')
  return makeNew(folder, name, { kind, mode: attributes.mode ?? 0o644, major, minor }, attributes, scene)
}

function makeNew(folder: Target, name: string, node: Omit<NewNode, 'uid' | 'gid'>, attributes: SetAttributes, scene: Scene): Results {
  if (findExisting(folder, name) !== undefined) throw new Refused('exists', name)
  return made(folder, name, node, timesOf(attributes), scene, attributes)
}

/** What has that name, for a caller that may look. @throws {Refused} when nothing could be made either. */
function findExisting(folder: Target, name: string): Target | undefined {
  demand(folder.folder().who, folder.attributes, want.execute)
  if (name === '.' || name === '..') throw new Refused('exists', name)
  checkText(name)
  return nodeNamed(folder, name)
}

function nodeNamed({ of, node, who, volume }: Target, name: string): Target | undefined {
  try {
    return new Target(of, volume.lookup(node, name), who)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}

function timesOf({ accessed, modified }: SetAttributes): Change {
  return { ...(typeof accessed === 'object' ? { accessed: stampOf(accessed) } : {}), ...(typeof modified === 'object' ? { modified: stampOf(modified) } : {}) }
}

/** Makes a thing as its caller's own; what else the client asks of it is done where the caller may. */
function made(folder: Target, name: string, node: Omit<NewNode, 'uid' | 'gid'>, more: Change, scene: Scene, asked: SetAttributes = nothing): Results {
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
  return told(folder, id, scene)
}

/** diropres3: handle, attributes, and what the folder was and is. */
function told(folder: Target, node: NodeId, { exports }: Scene): Results {
  const handle = exports.seal(folder.of, node)
  return (xdr: XdrWriter) => {
    putAfter(putHandle(xdr, handle), attributesAfter(folder.of, node))
    putCacheData(xdr, folder.cacheData())
  }
}

export const remove: Act<'remove'> = ({ name }, folder) => taken(folder, name, () => folder.volume.remove(folder.node, name))

export const rmdir: Act<'rmdir'> = ({ name }, folder) => {
  if (name === '.') throw new Refused('invalid', 'a folder can’t be taken out of itself')
  return taken(folder, name, () => folder.volume.removeFolder(folder.node, name))
}

function taken(folder: Target, name: string, take: () => void): Results {
  demand(folder.folder().who, folder.attributes, want.execute)
  if (name === '.' || name === '..') throw new Refused(name === '.' ? 'invalid' : 'notEmpty', name)
  checkText(name)
  const thing = folder.volume.attributes(folder.volume.lookup(folder.node, name))
  demandRemoval(folder.writable().who, folder.attributes, thing)
  take()
  return (xdr) => putCacheData(xdr, folder.cacheData())
}

export const rename: Act<'rename'> = (call, from, scene) => {
  const to = otherFolder(call, from, scene)
  for (const name of [call.name, call.to.name]) {
    if (name === '.' || name === '..') throw new Refused('invalid', name)
    checkText(name)
  }
  demand(from.folder().who, from.attributes, want.execute)
  const thing = from.volume.attributes(from.volume.lookup(from.node, call.name))
  demandRemoval(from.writable().who, from.attributes, thing)
  const there = nodeNamed(to, call.to.name)
  if (there === undefined) demand(to.who, to.attributes, want.write | want.execute)
  else demandRemoval(to.who, to.attributes, there.attributes)
  // Its `..` is written to.
  if (thing.kind === 'folder' && from.node !== to.node) demandMove(from, thing)
  from.volume.rename(from.node, call.name, to.node, call.to.name)
  return (xdr) => putCacheData(putCacheData(xdr, from.cacheData()), to.cacheData())
}

function demandMove({ who }: Target, folder: Attributes): void {
  demand(who, folder, want.write)
}

export const link: Act<'link'> = (call, thing, scene) => {
  const folder = otherFolder(call, thing, scene)
  if (findExisting(folder, call.to.name) !== undefined) throw new Refused('exists', call.to.name)
  if (thing.attributes.kind === 'folder') throw new Refused('isDirectory', 'a folder has one name')
  demand(folder.writable().who, folder.attributes, want.write | want.execute)
  thing.volume.link(thing.node, folder.node, call.to.name)
  return (xdr) => putCacheData(putAfter(xdr, thing.after()), folder.cacheData())
}

/** The other end of RENAME and LINK. @throws {Refused} when it lies in another export. */
function otherFolder(call: ArgumentsOf<'rename'>, { of }: Target, scene: Scene): Target {
  const other = scene.target(call.to.handle)
  if (other.of !== of) throw new Refused('crossDevice', 'another export')
  return other.folder()
}
