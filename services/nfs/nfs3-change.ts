/** NFSv3 procedures that change something. RFC 1813 §3.3. */
import { Malformed } from '../../src/base/errors.ts'
import type { Change, NewNode, NodeId, NodeKind } from '../../src/stack/volume.ts'
import type { XdrWriter } from '../../src/wire/xdr.ts'
import { type ArgumentsOf, type SetAttributes, stability, types } from '../../src/wire/nfs3.ts'
import { putAfter, putCacheData, putHandle } from '../../src/wire/nfs3-results.ts'
import { changeOf, demandTaking, exclusiveTimes, findExisting, make, move, nameAgain, nothing, timesOf } from './changes.ts'
import { demandOpen, isRoot, stripped, want } from './identity.ts'
import { demandFile, transferBytes } from './nfs3-look.ts'
import type { Act, Results, Scene } from './nfs3.ts'
import { Refused } from './refused.ts'
import { attributesAfter, type Target, timeOf } from './target.ts'

export const setattr: Act<'setattr'> = ({ attributes, guard }, target) => {
  target.writable()
  const changed = timeOf(target.attributes.changed)
  if (guard !== undefined && (guard.seconds !== changed.seconds || guard.nanoseconds !== changed.nanoseconds)) throw new Refused('notSync', 'it changed since the client looked')
  const change = changeOf(attributes, target)
  if (Object.keys(change).length > 0) target.volume.change(target.node, change)
  return (xdr) => putCacheData(xdr, target.cacheData())
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
    const times = exclusiveTimes(how.verifier)
    if (there === undefined) return made(folder, name, { kind: 'file', mode: 0o644 }, times, scene)
    const same = there.attributes.kind === 'file' && there.attributes.accessed === times.accessed && there.attributes.modified === times.modified
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

function made(folder: Target, name: string, node: Omit<NewNode, 'uid' | 'gid'>, more: Change, scene: Scene, asked?: SetAttributes): Results {
  return told(folder, make(folder, name, node, more, asked), scene)
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
  if (name === '.' || name === '..') throw new Refused(name === '.' ? 'invalid' : 'notEmpty', name)
  demandTaking(folder, name)
  take()
  return (xdr) => putCacheData(xdr, folder.cacheData())
}

export const rename: Act<'rename'> = (call, from, scene) => {
  const to = otherFolder(call, from, scene)
  for (const name of [call.name, call.to.name]) if (name === '.' || name === '..') throw new Refused('invalid', name)
  move(from, call.name, to, call.to.name)
  return (xdr) => putCacheData(putCacheData(xdr, from.cacheData()), to.cacheData())
}

export const link: Act<'link'> = (call, thing, scene) => {
  const folder = otherFolder(call, thing, scene)
  nameAgain(thing, folder, call.to.name)
  return (xdr) => putCacheData(putAfter(xdr, thing.after()), folder.cacheData())
}

/** The other end of RENAME and LINK. @throws {Refused} when it lies in another export. */
function otherFolder(call: ArgumentsOf<'rename'>, { of }: Target, scene: Scene): Target {
  const other = scene.target(call.to.handle)
  if (other.of !== of) throw new Refused('crossDevice', 'another export')
  return other.folder()
}
