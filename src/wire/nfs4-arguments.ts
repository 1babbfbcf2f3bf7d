/** NFSv4: arguments of its operations. RFC 7531 and 5662. Every length has a bound; 4.1's operations follow in nfs4-session-arguments.ts. */
import type { XdrReader } from './xdr.ts'
import { Malformed } from '../base/errors.ts'
import { type AttributeValues, type Bitmap, readBitmap, readValues } from './nfs4-attributes.ts'
import { claims, longestHandle, longestOpaque, type Operation, otherBytes, type StateId, types, verifierBytes } from './nfs4.ts'
import { type SessionArguments, sessionReaders } from './nfs4-session-arguments.ts'

/** Names are bounded by whoever has the files. */
const longestText = 8192
const mostData = 2 ** 20 + 4096

/** open_owner4 and lock_owner4. */
export interface Owner {
  readonly client: bigint
  /** A view. */
  readonly owner: Uint8Array
}

export type CreateHow4 =
  | { readonly mode: 'unchecked' | 'guarded'; readonly attributes: AttributeValues }
  | { readonly mode: 'exclusive'; readonly verifier: Uint8Array; readonly attributes: AttributeValues | undefined }

export interface OpenArguments {
  readonly sequence: number
  readonly access: number
  readonly deny: number
  readonly owner: Owner
  /** Undefined: nothing is to be made. */
  readonly create: CreateHow4 | undefined
  readonly claim: number
  /** Of claims that have one; a byte string. */
  readonly name: string
}

export interface LockArguments {
  readonly type: number
  readonly reclaim: boolean
  readonly offset: bigint
  readonly length: bigint
  /** A first lock of an owner on a file comes with the OPEN it stands on. */
  readonly first: { readonly openSequence: number; readonly open: StateId; readonly lockSequence: number; readonly owner: Owner } | undefined
  readonly state: StateId
  readonly sequence: number
}

/** Byte fields are views, names byte strings. */
export interface Arguments4 extends SessionArguments {
  readonly access: { readonly bits: number }
  readonly close: { readonly sequence: number; readonly state: StateId }
  readonly commit: { readonly offset: bigint; readonly count: number }
  readonly create: { readonly type: number; readonly target: string; readonly major: number; readonly minor: number; readonly name: string; readonly attributes: AttributeValues }
  readonly delegpurge: { readonly client: bigint }
  readonly delegreturn: { readonly state: StateId }
  readonly getattr: { readonly bitmap: Bitmap }
  readonly getfh: object
  readonly link: { readonly name: string }
  readonly lock: LockArguments
  readonly lockt: { readonly type: number; readonly offset: bigint; readonly length: bigint; readonly owner: Owner }
  readonly locku: { readonly type: number; readonly sequence: number; readonly state: StateId; readonly offset: bigint; readonly length: bigint }
  readonly lookup: { readonly name: string }
  readonly lookupp: object
  readonly nverify: { readonly attributes: AttributeValues }
  readonly open: OpenArguments
  readonly openattr: { readonly create: boolean }
  readonly openConfirm: { readonly state: StateId; readonly sequence: number }
  readonly openDowngrade: { readonly state: StateId; readonly sequence: number; readonly access: number; readonly deny: number }
  readonly putfh: { readonly handle: Uint8Array }
  readonly putpubfh: object
  readonly putrootfh: object
  readonly read: { readonly state: StateId; readonly offset: number; readonly count: number }
  readonly readdir: { readonly cookie: bigint; readonly verifier: Uint8Array; readonly nameBytes: number; readonly bytes: number; readonly bitmap: Bitmap }
  readonly readlink: object
  readonly remove: { readonly name: string }
  readonly rename: { readonly name: string; readonly toName: string }
  readonly renew: { readonly client: bigint }
  readonly restorefh: object
  readonly savefh: object
  readonly secinfo: { readonly name: string }
  readonly setattr: { readonly state: StateId; readonly attributes: AttributeValues }
  readonly setclientid: { readonly verifier: Uint8Array; readonly id: Uint8Array; readonly netid: string; readonly address: string }
  readonly setclientidConfirm: { readonly client: bigint; readonly verifier: Uint8Array }
  readonly verify: { readonly attributes: AttributeValues }
  readonly write: { readonly state: StateId; readonly offset: number; readonly stable: number; readonly data: Uint8Array }
  readonly releaseLockowner: { readonly owner: Owner }
}

type Readers = { readonly [Name in Operation]: (xdr: XdrReader) => Arguments4[Name] }

const nothing = (): object => ({})
const name = (xdr: XdrReader): string => xdr.string(longestText)
export const readState = (xdr: XdrReader): StateId => ({ sequence: xdr.u32(), other: xdr.fixed(otherBytes) })
const owner = (xdr: XdrReader): Owner => ({ client: xdr.u64(), owner: xdr.opaque(longestOpaque) })

/** What each operation is asked with. @throws {Malformed} */
export const readers: Readers = {
  ...sessionReaders,
  access: (xdr) => ({ bits: xdr.u32() }),
  close: (xdr) => ({ sequence: xdr.u32(), state: readState(xdr) }),
  commit: (xdr) => ({ offset: xdr.u64(), count: xdr.u32() }),
  create: readCreate,
  delegpurge: (xdr) => ({ client: xdr.u64() }),
  delegreturn: (xdr) => ({ state: readState(xdr) }),
  getattr: (xdr) => ({ bitmap: readBitmap(xdr) }),
  getfh: nothing,
  link: (xdr) => ({ name: name(xdr) }),
  lock: readLock,
  lockt: (xdr) => ({ type: lockType(xdr), offset: xdr.u64(), length: xdr.u64(), owner: owner(xdr) }),
  locku: (xdr) => ({ type: lockType(xdr), sequence: xdr.u32(), state: readState(xdr), offset: xdr.u64(), length: xdr.u64() }),
  lookup: (xdr) => ({ name: name(xdr) }),
  lookupp: nothing,
  nverify: (xdr) => ({ attributes: readValues(xdr) }),
  open: readOpen,
  openattr: (xdr) => ({ create: xdr.bool() }),
  openConfirm: (xdr) => ({ state: readState(xdr), sequence: xdr.u32() }),
  openDowngrade: (xdr) => ({ state: readState(xdr), sequence: xdr.u32(), access: xdr.u32(), deny: xdr.u32() }),
  putfh: (xdr) => ({ handle: xdr.opaque(longestHandle) }),
  putpubfh: nothing,
  putrootfh: nothing,
  read: (xdr) => ({ state: readState(xdr), offset: xdr.offset(), count: xdr.u32() }),
  readdir: (xdr) => ({ cookie: xdr.u64(), verifier: xdr.fixed(verifierBytes), nameBytes: xdr.u32(), bytes: xdr.u32(), bitmap: readBitmap(xdr) }),
  readlink: nothing,
  remove: (xdr) => ({ name: name(xdr) }),
  rename: (xdr) => ({ name: name(xdr), toName: name(xdr) }),
  renew: (xdr) => ({ client: xdr.u64() }),
  restorefh: nothing,
  savefh: nothing,
  secinfo: (xdr) => ({ name: name(xdr) }),
  setattr: (xdr) => ({ state: readState(xdr), attributes: readValues(xdr) }),
  setclientid: readClient,
  setclientidConfirm: (xdr) => ({ client: xdr.u64(), verifier: xdr.fixed(verifierBytes) }),
  verify: (xdr) => ({ attributes: readValues(xdr) }),
  write: readWrite,
  releaseLockowner: (xdr) => ({ owner: owner(xdr) }),
}

function readCreate(xdr: XdrReader): Arguments4['create'] {
  const type = xdr.u32()
  const target = type === types.link ? xdr.string(longestText) : ''
  const device = type === types.block || type === types.character
  const [major, minor] = device ? [xdr.u32(), xdr.u32()] : [0, 0]
  return { type, target, major, minor, name: name(xdr), attributes: readValues(xdr) }
}

function readClient(xdr: XdrReader): Arguments4['setclientid'] {
  const head = { verifier: xdr.fixed(verifierBytes), id: xdr.opaque(longestOpaque) }
  // The callback's program, address, and what calls it bears: nobody calls back here.
  xdr.u32()
  const where = { netid: xdr.string(longestOpaque), address: xdr.string(longestOpaque) }
  xdr.u32()
  return { ...head, ...where }
}

function readWrite(xdr: XdrReader): Arguments4['write'] {
  const head = { state: readState(xdr), offset: xdr.offset(), stable: xdr.u32() }
  if (head.stable > 2) throw new Malformed(`nfs4 stable_how ${head.stable}`)
  return { ...head, data: xdr.opaque(mostData) }
}

function readOpen(xdr: XdrReader): OpenArguments {
  const head = { sequence: xdr.u32(), access: xdr.u32(), deny: xdr.u32(), owner: owner(xdr) }
  const creates = xdr.u32()
  if (creates > 1) throw new Malformed(`nfs4 opentype ${creates}`)
  const create = creates === 1 ? readHow(xdr) : undefined
  const claim = xdr.u32()
  switch (claim) {
    case claims.null:
    case claims.delegatePrevious:
      return { ...head, create, claim, name: name(xdr) }
    case claims.previous:
      xdr.u32()
      break
    case claims.delegateCurrent:
      readState(xdr)
      return { ...head, create, claim, name: name(xdr) }
    case claims.delegateCurrentHandle:
      readState(xdr)
      break
    case claims.handle:
    case claims.delegatePreviousHandle:
      break
    default:
      throw new Malformed(`nfs4 claim ${claim}`)
  }
  return { ...head, create, claim, name: '' }
}

/** createhow4. EXCLUSIVE4_1 has attributes beside the verifier. */
function readHow(xdr: XdrReader): CreateHow4 {
  const mode = xdr.u32()
  if (mode > 3) throw new Malformed(`nfs4 createmode ${mode}`)
  if (mode < 2) return { mode: mode === 0 ? 'unchecked' : 'guarded', attributes: readValues(xdr) }
  return { mode: 'exclusive', verifier: xdr.fixed(verifierBytes), attributes: mode === 3 ? readValues(xdr) : undefined }
}

function lockType(xdr: XdrReader): number {
  const type = xdr.u32()
  if (type < 1 || type > 4) throw new Malformed(`nfs4 lock type ${type}`)
  return type
}

function readLock(xdr: XdrReader): LockArguments {
  const head = { type: lockType(xdr), reclaim: xdr.bool(), offset: xdr.u64(), length: xdr.u64() }
  if (!xdr.bool()) return { ...head, first: undefined, state: readState(xdr), sequence: xdr.u32() }
  const first = { openSequence: xdr.u32(), open: readState(xdr), lockSequence: xdr.u32(), owner: owner(xdr) }
  return { ...head, first, state: first.open, sequence: first.lockSequence }
}
