/**
 * A 9P2000.L server: a volume, and one guest that has it mounted. The protocol is in wire/9p.ts.
 *
 * Theory of operation. Requests are answered one by one, in their order, so a flush finds nothing left to stop. Who may do what is judged
 * by the guest's kernel, from the owners and modes that we tell, as with a disk: the guest has the whole share, and nothing else. We see to what only
 * a server can: that a file is not written through a read-only share, that set-id bits go with a write by somebody else than root, that a set-gid
 * folder passes its group on, and that a file stays while it is open. Fids name things by the volume's numbers, not by paths, so whatever is renamed
 * round them stays what it was. All a guest can make us keep is bounded: fids, locks, attributes under way, messages.
 */
import { Malformed } from '../../base/errors.ts'
import type { NinepServer } from '../../board/virtio/9p.ts'
import type { Plain } from '../../base/state.ts'
import { FileError } from '../../stack/files.ts'
import type { Volume } from '../../stack/volume.ts'
import * as ninep from '../../wire/9p.ts'
import { type Act, checked, type Scene } from './act.ts'
import { create, link, mkdir, mknod, remove, rename, renameAt, setAttributes, symlink, unlinkAt, write, xattrCreate, xattrDone } from './change.ts'
import { errnoOf } from './errno.ts'
import { type Fid, Fids } from './fids.ts'
import { LockTable, type LockState } from './locks.ts'
import { getAttributes, getLock, lock, open, qidOf, read, readFolder, readLink, statFs, sync, xattrWalk } from './look.ts'

/** Linux' virtio transport takes 500 KiB at most. */
export const largestMessage = 512 * 1024
/** Linux refuses less than a page. */
const smallestMessage = 4096

export type SessionState = { readonly messageBytes: number; readonly fids: readonly (readonly [number, Fid])[]; readonly locks: LockState }

export class ShareSession implements NinepServer {
  readonly largestMessage = largestMessage
  readonly #volume: Volume
  readonly #readOnly: boolean
  readonly #locks = new LockTable()
  readonly #fids: Fids
  /** 0: the guest has not said its version. */
  #messageBytes = 0

  constructor(volume: Volume, readOnly: boolean) {
    this.#volume = volume
    this.#readOnly = readOnly
    this.#fids = new Fids(volume, this.#locks)
  }

  serve(request: Uint8Array, room: number): readonly Uint8Array[] {
    const { size, type, tag } = ninep.header(request)
    if (room < errorBytes) throw new Malformed(`9p: ${room} bytes of room for an answer`)
    const answer = this.#answer(request, size, type, tag, room)
    if (answer.reduce((sum, piece) => sum + piece.length, 0) <= room) return answer
    return [ninep.buildReply('lerror', tag, { code: errno('EMSGSIZE') })]
  }

  reset(): void {
    this.#fids.clear()
    this.#locks.clear()
    this.#messageBytes = 0
  }

  save(): SessionState {
    return { messageBytes: this.#messageBytes, fids: this.#fids.save(), locks: this.#locks.save() }
  }

  load(state: Plain): void {
    const { messageBytes, fids, locks } = state as SessionState
    this.#fids.load(fids)
    this.#locks.load(locks)
    this.#messageBytes = messageBytes
  }

  #answer(bytes: Uint8Array, size: number, type: number, tag: number, room: number): readonly Uint8Array[] {
    try {
      if (!ninep.isRequest(type)) throw new FileError('EOPNOTSUPP', `type ${type}`)
      if (size > bytes.length || size > (this.#messageBytes || largestMessage)) throw new FileError('EMSGSIZE', `${size} bytes`)
      const request = ninep.parse(bytes.subarray(0, size))
      if (request.message === 'version') return [ninep.buildReply('version', tag, this.#version(request))]
      if (this.#messageBytes === 0) throw new FileError('EPROTO', 'no version was agreed on')
      const scene: Scene = { volume: this.#volume, readOnly: this.#readOnly, fids: this.#fids, locks: this.#locks, messageBytes: this.#messageBytes, room }
      const fields = perform(request, scene)
      if (!(fields instanceof Uint8Array)) return [ninep.buildReply(request.message, tag, fields)]
      return [ninep.readHead(request.message === 'readdir' ? 'readdir' : 'read', tag, fields.length), fields]
    } catch (error) {
      const code = error instanceof Malformed ? errno('EPROTO') : errnoOf(error)
      if (code === undefined) throw error
      return [ninep.buildReply('lerror', tag, { code })]
    }
  }

  /** version(5): "a successful version request initializes the connection. All outstanding I/O is aborted, all active fids are freed." */
  #version({ msize, version }: ninep.Request<'version'>): ninep.ReplyFields<'version'> {
    this.reset()
    if (msize < smallestMessage) throw new FileError('EINVAL', `messages of ${msize} bytes`)
    const agreed = Math.min(msize, largestMessage)
    if (version !== ninep.version) return { msize: agreed, version: 'unknown' }
    this.#messageBytes = agreed
    return { msize: agreed, version }
  }
}

const errno = (code: string): number => errnoOf(new FileError(code, '')) as number
const errorBytes = 11

const auth: Act<'auth'> = () => {
  throw new FileError('EOPNOTSUPP', 'nobody has to prove who they are')
}

/** The tree's name is a folder of the share to begin in. */
const attach: Act<'attach'> = ({ fid, authFid, tree, uid }, { volume, fids }) => {
  if (authFid !== ninep.noFid) throw new FileError('EOPNOTSUPP', 'nobody was authenticated')
  fids.free(fid)
  const node = tree.split('/').filter((name) => name !== '' && name !== '.').reduce((folder, name) => volume.lookup(folder, checked(name)), volume.root)
  const attributes = volume.attributes(node)
  if (attributes.kind !== 'folder') throw new FileError('ENOTDIR', tree)
  fids.set(fid, { node, uid: uid === ninep.noUid ? 0 : uid, folder: null, name: '', open: null, xattr: null, place: null })
  return { qid: qidOf(attributes) }
}

/** walk(5): the new fid is made when all names were found; of fewer, those that were are told. */
const walk: Act<'walk'> = ({ fid, newFid, names }, { volume, fids }) => {
  const from = fids.thing(fid)
  if (newFid !== fid) fids.free(newFid)
  else if (from.open !== null) throw new FileError('EBUSY', `fid ${fid} is open`)
  let at: Pick<Fid, 'node' | 'folder' | 'name'> = from
  const qids: ninep.Qid[] = []
  for (const name of names) {
    try {
      at = name === '..' ? { node: volume.parent(at.node), folder: null, name: '' } : { node: volume.lookup(at.node, checked(name)), folder: at.node, name }
      qids.push(qidOf(volume.attributes(at.node)))
    } catch (error) {
      if (qids.length === 0 || !(error instanceof FileError)) throw error
      return { qids }
    }
  }
  fids.set(newFid, { ...from, ...at, open: null, place: null })
  return { qids }
}

const clunk: Act<'clunk'> = ({ fid }, scene) => {
  const { xattr } = scene.fids.get(fid)
  try {
    if (xattr?.use === 'write') xattrDone(fid, scene)
  } finally {
    scene.fids.drop(fid)
  }
  return {}
}

const acts: { readonly [Name in Exclude<ninep.RequestName, 'version'>]: Act<Name> } = {
  auth, attach, walk, clunk,
  flush: () => ({}),
  statfs: statFs, lopen: open, readlink: readLink, getattr: getAttributes, read, readdir: readFolder, fsync: sync, lock, getlock: getLock, xattrwalk: xattrWalk,
  lcreate: create, symlink, mknod, mkdir, link, rename, renameat: renameAt, unlinkat: unlinkAt, remove, setattr: setAttributes, write, xattrcreate: xattrCreate,
}

function perform<Name extends Exclude<ninep.RequestName, 'version'>>(request: ninep.Request<Name>, scene: Scene): ninep.ReplyFields<Name> | Uint8Array {
  return (acts[request.message as Name] as Act<Name>)(request, scene)
}
