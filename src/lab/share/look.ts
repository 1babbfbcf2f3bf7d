/** 9P2000.L requests that look at things: attributes, contents, listings, links, locks. */
import { concat, latin1 } from '../../base/bytes.ts'
import { FileError } from '../../stack/files.ts'
import type { Attributes, NodeId, NodeKind, Stamp, Volume } from '../../stack/volume.ts'
import * as ninep from '../../wire/9p.ts'
import type { Fid, Open } from './fids.ts'
import type { Lock } from './locks.ts'
import type { Act, Scene } from './act.ts'

/** P9_DOTL_*: open's flags as the protocol has them. */
export const openFlags = { access: 0o3, exclusive: 0o200, truncate: 0o1000, append: 0o2000, dataSync: 0o10000, folder: 0o200000, sync: 0o4000000 } as const
const accesses = { write: 1, both: 2 } as const
/** S_IFMT, of a mode. */
export const formats: Readonly<Record<NodeKind, number>> = { fifo: 0o010000, character: 0o020000, folder: 0o040000, block: 0o060000, file: 0o100000, link: 0o120000, socket: 0o140000 }
/** V9FS_MAGIC: what statfs says we are. */
const magic = 0x0102_1997
const blockBytes = 4096
const billion = 1_000_000_000n
/** P9_GETATTR_BASIC: mode, links, owners, device, times but the birth's, number, size, blocks. */
const basic = 0x7ff
const lockKinds = { read: 0, write: 1, none: 2 } as const
const lockResults = { success: 0, blocked: 1 } as const
/** Beyond this a range goes to the end: fcntl's largest offset, as near as a double has it. */
const endless = 2 ** 53

export function qidOf({ id, kind, size, modified }: Attributes): ninep.Qid {
  const type = kind === 'folder' ? ninep.qidTypes.folder : kind === 'link' ? ninep.qidTypes.link : ninep.qidTypes.file
  // What is cached of a file is good while this stays.
  return { type, version: Number(BigInt.asUintN(32, modified ^ (modified >> 32n) ^ (BigInt(size) << 8n))), path: id }
}

export const statFs: Act<'statfs'> = ({ fid }, { volume, fids }) => {
  fids.thing(fid)
  const { totalBytes, freeBytes, totalNodes, freeNodes } = volume.space()
  const free = Math.floor(freeBytes / blockBytes)
  return { type: magic, blockSize: blockBytes, blocks: Math.floor(totalBytes / blockBytes), free, available: free, files: totalNodes, filesFree: freeNodes, id: 0, nameLength: 255 }
}

export const getAttributes: Act<'getattr'> = ({ fid }, { volume, fids, messageBytes }) => {
  const attributes = volume.attributes(fids.thing(fid).node)
  const { kind, mode, uid, gid, links, size, major, minor } = attributes
  const blocks = kind === 'file' || kind === 'folder' ? Math.ceil(size / 512) : 0
  const [accessed, modified, changed] = [secondsOf(attributes.accessed), secondsOf(attributes.modified), secondsOf(attributes.changed)]
  return {
    valid: basic, qid: qidOf(attributes), mode: formats[kind] | mode, uid, gid, links, device: deviceOf(major, minor), size, blockSize: ioUnit(messageBytes), blocks,
    accessed: accessed.seconds, accessedNs: accessed.nanoseconds, modified: modified.seconds, modifiedNs: modified.nanoseconds, changed: changed.seconds, changedNs: changed.nanoseconds,
    born: 0, bornNs: 0, generation: 0, dataVersion: 0,
  }
}

/** As new_encode_dev() packs it. */
const deviceOf = (major: number, minor: number): number => ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0

function secondsOf(stamp: Stamp): { seconds: number; nanoseconds: number } {
  const nanoseconds = ((stamp % billion) + billion) % billion
  return { seconds: Number((stamp - nanoseconds) / billion), nanoseconds: Number(nanoseconds) }
}

/** Whole pages that fit a message. */
const ioUnit = (messageBytes: number): number => Math.max(blockBytes, Math.floor((messageBytes - ninep.overheadBytes) / blockBytes) * blockBytes)

export const readLink: Act<'readlink'> = ({ fid }, { volume, fids }) => ({ target: volume.target(fids.thing(fid).node) })

export const open: Act<'lopen'> = ({ fid: number, flags }, scene) => {
  const fid = scene.fids.thing(number)
  if (fid.open !== null) throw new FileError('EBUSY', `fid ${number} is open`)
  const attributes = scene.volume.attributes(fid.node)
  if (attributes.kind === 'link') throw new FileError('ELOOP', 'a symbolic link')
  if (attributes.kind !== 'folder' && (flags & openFlags.folder) !== 0) throw new FileError('ENOTDIR', 'not a folder')
  const opened = openAs(fid.node, attributes.kind, flags, scene)
  scene.fids.set(number, { ...fid, open: opened, place: null })
  return { qid: qidOf(attributes), iounit: scene.messageBytes - ninep.overheadBytes }
}

/** @throws {FileError} for what such a thing can't be opened for. */
export function openAs(node: NodeId, kind: NodeKind, flags: number, { volume, readOnly }: Scene): Open {
  const access = flags & openFlags.access
  const writes = access === accesses.write || access === accesses.both
  const sync = (flags & (openFlags.sync | openFlags.dataSync)) !== 0
  const cut = (flags & openFlags.truncate) !== 0
  if (kind === 'folder') {
    if (writes || cut) throw new FileError('EISDIR', 'a folder')
    return { reads: true, writes: false, append: false, sync: false, held: false }
  }
  // Devices, pipes and sockets are the guest's own affair.
  if (kind !== 'file') throw new FileError('ENXIO', 'not an ordinary file')
  if (readOnly && (writes || cut)) throw new FileError('EROFS', 'this share is only read')
  if (cut) volume.change(node, { size: 0 })
  volume.hold(node)
  return { reads: access !== accesses.write, writes, append: (flags & openFlags.append) !== 0, sync, held: true }
}

export const read: Act<'read'> = ({ fid: number, offset, count }, scene) => {
  const fid = scene.fids.get(number)
  const length = Math.min(count, dataRoom(scene))
  if (fid.xattr !== null) {
    if (fid.xattr.use !== 'read') throw new FileError('EBADF', 'an attribute being written')
    return fid.xattr.value.subarray(Math.min(offset, fid.xattr.value.length)).subarray(0, length)
  }
  if (fid.open?.reads !== true) throw new FileError('EBADF', `fid ${number} is not open for reading`)
  return scene.volume.read(fid.node, offset, length)
}

const dataRoom = ({ messageBytes, room }: Scene): number => Math.max(0, Math.min(messageBytes - ninep.overheadBytes, room - ninep.readHeadBytes))

/** d_type, as readdir(3) has it. */
const entryTypes: Readonly<Record<NodeKind, number>> = { fifo: 1, character: 2, folder: 4, block: 6, file: 8, link: 10, socket: 12 }

/** `.` is at 0, `..` at 1, names from 2 on. One that goes on where it stopped misses nothing and tells nothing twice, whatever was taken out meanwhile. */
export const readFolder: Act<'readdir'> = ({ fid: number, offset, count }, scene) => {
  const fid = scene.fids.thing(number)
  const { volume, fids } = scene
  if (fid.open === null) throw new FileError('EBADF', `fid ${number} is not open`)
  const names = volume.list(fid.node)
  const room = Math.min(count, dataRoom(scene))
  const entries: Uint8Array[] = []
  let used = 0
  let at = offset
  let place = fid.place
  const put = (node: NodeId, name: string): boolean => {
    const attributes = there(volume, node)
    const bytes = attributes === undefined ? new Uint8Array(0) : ninep.entry(qidOf(attributes), at + 1, entryTypes[attributes.kind], name)
    if (used + bytes.length > room) return false
    entries.push(bytes)
    used += bytes.length
    at++
    return true
  }
  if (at === 0 && !put(fid.node, '.')) throw new FileError('EINVAL', 'no room for an entry')
  if (at === 1 && !put(volume.parent(fid.node), '..')) return concat(...entries)
  for (let index = place?.next === at ? firstAfter(names, place.after) : at - 2; index < names.length; index++) {
    const node = found(volume, fid.node, names[index])
    if (node !== undefined && !put(node, names[index])) {
      if (entries.length === 0) throw new FileError('EINVAL', 'no room for an entry')
      break
    }
    place = { next: at, after: names[index] }
  }
  fids.set(number, { ...fid, place })
  return concat(...entries)
}

/** Names are sorted. */
function firstAfter(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (names[middle] <= name) low = middle + 1
    else high = middle
  }
  return low
}

/** What is gone since it was listed is passed over. */
function found(volume: Volume, folder: NodeId, name: string): NodeId | undefined {
  return unlessGone(() => volume.lookup(folder, name))
}

const there = (volume: Volume, node: NodeId): Attributes | undefined => unlessGone(() => volume.attributes(node))

function unlessGone<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof FileError && (error.code === 'ENOENT' || error.code === 'ESTALE')) return undefined
    throw error
  }
}

export const sync: Act<'fsync'> = ({ fid }, { volume, fids, readOnly }) => {
  const { node } = fids.thing(fid)
  if (!readOnly) volume.settle(node)
  return {}
}

export const lock: Act<'lock'> = (request, { fids, locks }) => {
  const { node } = opened(fids.thing(request.fid))
  const wanted = lockOf(request)
  if (request.kind === lockKinds.none) locks.remove(node, wanted)
  // Linux asks again and again while it waits.
  else if (locks.conflict(node, wanted) !== undefined) return { status: lockResults.blocked }
  else locks.add(node, wanted)
  return { status: lockResults.success }
}

export const getLock: Act<'getlock'> = (request, { fids, locks }) => {
  const { kind, start, length, process, client } = request
  const against = locks.conflict(opened(fids.thing(request.fid)).node, lockOf(request))
  if (against === undefined) return { kind: kind === lockKinds.none ? kind : lockKinds.none, start, length, process, client }
  const split = against.owner.indexOf(' ')
  const end = against.end === Number.POSITIVE_INFINITY ? 0 : against.end - against.start
  return { kind: against.exclusive ? lockKinds.write : lockKinds.read, start: against.start, length: end, process: Number(against.owner.slice(0, split)), client: against.owner.slice(split + 1) }
}

/** @throws {FileError} */
function lockOf({ fid, kind, start, length, process, client }: Pick<ninep.Request<'getlock'>, 'fid' | 'kind' | 'start' | 'length' | 'process' | 'client'>): Lock {
  if (kind > lockKinds.none || client.length > 255) throw new FileError('EINVAL', 'no such lock')
  const end = length === 0 || start + length >= endless ? Number.POSITIVE_INFINITY : start + length
  return { fid, owner: `${process} ${client}`, exclusive: kind === lockKinds.write, start, end }
}

function opened(fid: Fid): Fid {
  if (fid.open === null) throw new FileError('EBADF', 'not open')
  return fid
}

/** Without a name: the names of all, each with a NUL behind it. */
export const xattrWalk: Act<'xattrwalk'> = ({ fid: number, newFid, name }, { volume, fids }) => {
  const fid = fids.thing(number)
  fids.free(newFid)
  const value = name === '' ? latin1(volume.xattrs(fid.node).map((each) => `${each}\0`).join('')) : volume.xattr(fid.node, name)
  if (value === undefined) throw new FileError('ENODATA', name)
  fids.affordXattr(value.length)
  fids.set(newFid, { ...fid, open: null, place: null, xattr: { use: 'read', name, flags: 0, value: value.slice(), filled: 0 } })
  return { size: value.length }
}
