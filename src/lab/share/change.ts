/** 9P2000.L requests that change something. */
import { FileError } from '../../stack/files.ts'
import { type Attributes, type Change, largestXattr, longestTarget, type NewNode, type NodeId, type NodeKind, type Stamp } from '../../stack/volume.ts'
import * as ninep from '../../wire/9p.ts'
import type { Fid } from './fids.ts'
import { formats, openAs, openFlags, qidOf } from './look.ts'
import { type Act, checked, type Scene } from './act.ts'

/** Bits of setattr's `valid`. */
const setting = { mode: 0x1, uid: 0x2, gid: 0x4, size: 0x8, accessed: 0x10, modified: 0x20, accessedGiven: 0x80, modifiedGiven: 0x100 } as const
/** AT_REMOVEDIR. */
const removeFolder = 0x200
const setUid = 0o4000
const setGid = 0o2000
/** XATTR_CREATE and XATTR_REPLACE. */
const xattrFlags = { create: 1, replace: 2 } as const
const billion = 1_000_000_000n

/** @throws {FileError} EROFS */
function writable({ readOnly }: Scene): void {
  if (readOnly) throw new FileError('EROFS', 'this share is only read')
}

/** Makes a thing as the fid's own; a set-gid folder gives its group, and to folders in it the bit too. */
function make(folder: Fid, name: string, scene: Scene, made: Omit<NewNode, 'uid'>): Attributes {
  writable(scene)
  const { volume } = scene
  const within = volume.attributes(folder.node)
  if (within.kind !== 'folder') throw new FileError('ENOTDIR', 'not a folder')
  const inherits = (within.mode & setGid) !== 0
  const bits = made.mode & 0o7777
  const node = { ...made, mode: inherits && made.kind === 'folder' ? bits | setGid : bits, uid: folder.uid, gid: inherits ? within.gid : made.gid === ninep.noUid ? 0 : made.gid }
  return volume.attributes(volume.create(folder.node, checked(name), node))
}

/** lcreate: the fid is the new file's from then on, and open. What is there already is opened, unless it may not be. */
export const create: Act<'lcreate'> = ({ fid: number, name, flags, mode, gid }, scene) => {
  const folder = scene.fids.thing(number)
  if (folder.open !== null) throw new FileError('EBUSY', `fid ${number} is open`)
  writable(scene)
  const there = findThere(folder.node, checked(name), scene)
  if (there !== undefined && (flags & openFlags.exclusive) !== 0) throw new FileError('EEXIST', name)
  if (there !== undefined && there.kind !== 'file') throw new FileError(there.kind === 'folder' ? 'EISDIR' : 'EEXIST', name)
  const file = there ?? make(folder, name, scene, { kind: 'file', mode, gid })
  const open = openAs(file.id, 'file', there === undefined ? flags & ~openFlags.truncate : flags, scene)
  scene.fids.set(number, { ...folder, node: file.id, folder: folder.node, name, open, place: null })
  return { qid: qidOf(file), iounit: scene.messageBytes - ninep.overheadBytes }
}

function findThere(folder: NodeId, name: string, { volume }: Scene): Attributes | undefined {
  try {
    return volume.attributes(volume.lookup(folder, name))
  } catch (error) {
    if (error instanceof FileError && error.code === 'ENOENT') return undefined
    throw error
  }
}

export const mkdir: Act<'mkdir'> = ({ fid, name, mode, gid }, scene) => ({ qid: qidOf(make(scene.fids.thing(fid), name, scene, { kind: 'folder', mode, gid })) })

export const symlink: Act<'symlink'> = ({ fid, name, target, gid }, scene) => {
  if (target === '' || target.includes('\0')) throw new FileError(target === '' ? 'ENOENT' : 'EINVAL', 'no text for a symbolic link')
  if (target.length > longestTarget) throw new FileError('ENAMETOOLONG', 'target')
  return { qid: qidOf(make(scene.fids.thing(fid), name, scene, { kind: 'link', mode: 0o777, gid, target })) }
}

const kinds = new Map<number, NodeKind>(Object.entries(formats).map(([kind, format]) => [format, kind as NodeKind]))

export const mknod: Act<'mknod'> = ({ fid, name, mode, major, minor, gid }, scene) => {
  const kind = (mode & 0o170000) === 0 ? 'file' : kinds.get(mode & 0o170000)
  if (kind === undefined || kind === 'folder' || kind === 'link') throw new FileError('EINVAL', `a file of mode ${mode.toString(8)}`)
  return { qid: qidOf(make(scene.fids.thing(fid), name, scene, { kind, mode, gid, major: major & 0xfff, minor: minor & 0xf_ffff })) }
}

export const link: Act<'link'> = ({ folder, fid, name }, scene) => {
  writable(scene)
  const [into, thing] = [scene.fids.thing(folder), scene.fids.thing(fid)]
  if (scene.volume.attributes(thing.node).kind === 'folder') throw new FileError('EPERM', 'a folder has one name')
  scene.volume.link(thing.node, into.node, checked(name))
  return {}
}

/** Of the old kind: the fid itself goes elsewhere. */
export const rename: Act<'rename'> = ({ fid, folder, name }, scene) => {
  const { folder: from, name: old } = named(scene.fids.thing(fid))
  move(from, old, scene.fids.thing(folder).node, name, scene)
  return {}
}

export const renameAt: Act<'renameat'> = ({ fid, name, folder, newName }, scene) => {
  move(scene.fids.thing(fid).node, name, scene.fids.thing(folder).node, newName, scene)
  return {}
}

function move(from: NodeId, name: string, to: NodeId, newName: string, scene: Scene): void {
  writable(scene)
  scene.volume.rename(from, checked(name), to, checked(newName))
  scene.fids.moved(from, name, to, newName)
}

export const unlinkAt: Act<'unlinkat'> = ({ fid, name, flags }, scene) => {
  take(scene.fids.thing(fid).node, name, (flags & removeFolder) !== 0, scene)
  return {}
}

/** remove(5): "the fid is clunked … even if the remove fails". */
export const remove: Act<'remove'> = ({ fid: number }, scene) => {
  try {
    const fid = scene.fids.thing(number)
    const { folder, name } = named(fid)
    take(folder, name, scene.volume.attributes(fid.node).kind === 'folder', scene)
  } finally {
    scene.fids.drop(number)
  }
  return {}
}

function take(folder: NodeId, name: string, asFolder: boolean, scene: Scene): void {
  writable(scene)
  if (asFolder) scene.volume.removeFolder(folder, checked(name))
  else scene.volume.remove(folder, checked(name))
}

function named({ folder, name }: Fid): { folder: NodeId; name: string } {
  if (folder === null) throw new FileError('EBUSY', 'a root has no name')
  return { folder, name }
}

export const setAttributes: Act<'setattr'> = (request, scene) => {
  const { node } = scene.fids.thing(request.fid)
  writable(scene)
  const { valid, mode, uid, gid, size } = request
  const has = (bit: number): boolean => (valid & bit) !== 0
  const time = (set: number, given: number, seconds: number, nanoseconds: number): Stamp | 'now' | undefined => (!has(set) ? undefined : has(given) ? stampOf(seconds, nanoseconds) : 'now')
  const accessed = time(setting.accessed, setting.accessedGiven, request.accessed, request.accessedNs)
  const modified = time(setting.modified, setting.modifiedGiven, request.modified, request.modifiedNs)
  const change: Change = {
    ...(has(setting.mode) ? { mode: mode & 0o7777 } : {}),
    ...(has(setting.uid) ? { uid } : {}),
    ...(has(setting.gid) ? { gid } : {}),
    ...(has(setting.size) ? { size } : {}),
    ...(accessed === undefined ? {} : { accessed }),
    ...(modified === undefined ? {} : { modified }),
  }
  scene.volume.change(node, change)
  return {}
}

function stampOf(seconds: number, nanoseconds: number): Stamp {
  if (nanoseconds >= 1e9) throw new FileError('EINVAL', `${nanoseconds} ns past a second`)
  return BigInt(seconds) * billion + BigInt(nanoseconds)
}

export const write: Act<'write'> = ({ fid: number, offset, data }, scene) => {
  const { volume, fids } = scene
  const fid = fids.get(number)
  if (fid.xattr !== null) return { count: gatherXattr(number, fid, offset, data, scene) }
  if (fid.open?.writes !== true) throw new FileError('EBADF', `fid ${number} is not open for writing`)
  volume.write(fid.node, fid.open.append ? volume.attributes(fid.node).size : offset, data)
  if (fid.uid !== 0) dropSetId(fid.node, scene)
  if (fid.open.sync) volume.settle(fid.node)
  return { count: data.length }
}

/** What somebody else than root has written to may not run as somebody any more. */
function dropSetId(node: NodeId, { volume }: Scene): void {
  const { mode } = volume.attributes(node)
  const left = mode & ~setUid & ~((mode & 0o010) === 0 ? 0 : setGid)
  if (left !== mode) volume.change(node, { mode: left })
}

/** The fid becomes the attribute; its value follows in writes, and counts when the fid is clunked. */
export const xattrCreate: Act<'xattrcreate'> = ({ fid: number, name, size, flags }, scene) => {
  const fid = scene.fids.thing(number)
  writable(scene)
  if (fid.open !== null) throw new FileError('EBUSY', `fid ${number} is open`)
  if (size > largestXattr) throw new FileError('E2BIG', `an attribute of ${size} bytes`)
  if (name === '') throw new FileError('EINVAL', 'no name for an attribute')
  const there = scene.volume.xattr(fid.node, name) !== undefined
  if ((flags & xattrFlags.create) !== 0 && there) throw new FileError('EEXIST', name)
  if ((flags & xattrFlags.replace) !== 0 && !there) throw new FileError('ENODATA', name)
  scene.fids.affordXattr(size)
  scene.fids.set(number, { ...fid, xattr: { use: 'write', name, flags, value: new Uint8Array(size), filled: 0 } })
  return {}
}

function gatherXattr(number: number, fid: Fid, offset: number, data: Uint8Array, { fids }: Scene): number {
  const { xattr } = fid
  if (xattr === null || xattr.use !== 'write') throw new FileError('EBADF', 'an attribute being read')
  if (offset + data.length > xattr.value.length) throw new FileError('ENOSPC', 'beyond the attribute')
  xattr.value.set(data, offset)
  fids.set(number, { ...fid, xattr: { ...xattr, filled: Math.max(xattr.filled, offset + data.length) } })
  return data.length
}

/** Linux says "replace it by nothing" for "take it away". */
export function xattrDone(number: number, scene: Scene): void {
  const { node, xattr } = scene.fids.get(number)
  if (xattr === null) return
  const { name, flags, value, filled } = xattr
  if (filled < value.length) throw new FileError('EIO', `${filled} bytes of an attribute of ${value.length}`)
  scene.volume.setXattr(node, name, value.length === 0 && (flags & xattrFlags.replace) !== 0 ? undefined : value)
}
