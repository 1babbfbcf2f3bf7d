/** The network lock manager: arguments of its calls. X/Open, "Protocols for Interworking: XNFS", chapter 10; version 4 is RFC 1813's appendix II. */
import { fromUtf8, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'
import { XdrReader, type XdrWriter } from './xdr.ts'

/** Procedures that are asked and answered at once; those between them, a message each way, are nobody's any more. */
export const procedures = new Map([[0, 'null'], [1, 'test'], [2, 'lock'], [3, 'cancel'], [4, 'unlock'], [5, 'granted'], [20, 'share'], [21, 'unshare'], [22, 'lockUnmonitored'], [23, 'freeAll']] as const)
export type Procedure = 'null' | 'test' | 'lock' | 'cancel' | 'unlock' | 'granted' | 'share' | 'unshare' | 'lockUnmonitored' | 'freeAll'
export const grantedProcedure = 5
/** nlm4_stats; versions before 4 have the first five. */
export const status = { granted: 0, denied: 1, noLocks: 2, blocked: 3, grace: 4, readOnly: 6, staleHandle: 7, failed: 9 } as const

/** MAXNETOBJ_SZ, LM_MAXSTRLEN. */
const longest = 1024

/** nlm4_lock. Byte fields are views. */
export interface LockWords {
  /** As the client's machine calls itself: a byte string. */
  readonly host: string
  readonly handle: Uint8Array
  readonly owner: Uint8Array
  /** A process, or what the client has in its place. */
  readonly process: number
  readonly offset: bigint
  /** 0: to the end. */
  readonly length: bigint
}

export type Arguments =
  | { readonly procedure: 'null' }
  | { readonly procedure: 'test' | 'granted'; readonly cookie: Uint8Array; readonly exclusive: boolean; readonly lock: LockWords }
  | { readonly procedure: 'lock' | 'lockUnmonitored'; readonly cookie: Uint8Array; readonly block: boolean; readonly exclusive: boolean; readonly lock: LockWords; readonly reclaim: boolean }
  | { readonly procedure: 'cancel'; readonly cookie: Uint8Array; readonly block: boolean; readonly exclusive: boolean; readonly lock: LockWords }
  | { readonly procedure: 'unlock'; readonly cookie: Uint8Array; readonly lock: LockWords }
  | { readonly procedure: 'share' | 'unshare'; readonly cookie: Uint8Array; readonly host: string; readonly handle: Uint8Array; readonly owner: Uint8Array }
  | { readonly procedure: 'freeAll'; readonly host: string }

/** @param bytes the procedure's number and its arguments, as `rpc.carries` has them. @throws {Malformed} */
export function parse(bytes: Uint8Array): Arguments {
  return parseNumbered(bytes, 3)
}

/** The same of version 4, whose offsets have 64 bits. @throws {Malformed} */
export function parse4(bytes: Uint8Array): Arguments {
  return parseNumbered(bytes, 4)
}

function parseNumbered(bytes: Uint8Array, version: number): Arguments {
  const xdr = new XdrReader(bytes)
  const number = xdr.u32()
  const procedure = procedures.get(number as 0)
  if (procedure === undefined) throw new Malformed(`nlm procedure ${number}`)
  return parseArguments(procedure, version, xdr)
}

/** @param version 1, 3 or 4. @throws {Malformed} */
export function parseArguments(procedure: Procedure, version: number, xdr: XdrReader): Arguments {
  if (procedure === 'null') return { procedure }
  if (procedure === 'freeAll') return { procedure, host: xdr.string(longest) }
  const cookie = xdr.opaque(longest)
  switch (procedure) {
    case 'test':
    case 'granted':
      return { procedure, cookie, exclusive: xdr.bool(), lock: readLock(xdr, version) }
    case 'lock':
    case 'lockUnmonitored':
      return { procedure, cookie, block: xdr.bool(), exclusive: xdr.bool(), lock: readLock(xdr, version), reclaim: xdr.bool() }
    case 'cancel':
      return { procedure, cookie, block: xdr.bool(), exclusive: xdr.bool(), lock: readLock(xdr, version) }
    case 'unlock':
      return { procedure, cookie, lock: readLock(xdr, version) }
    default:
      return { procedure, cookie, host: xdr.string(longest), handle: xdr.opaque(longest), owner: xdr.opaque(longest) }
  }
}

function readLock(xdr: XdrReader, version: number): LockWords {
  const head = { host: xdr.string(longest), handle: xdr.opaque(longest), owner: xdr.opaque(longest), process: xdr.u32() }
  return version === 4 ? { ...head, offset: xdr.u64(), length: xdr.u64() } : { ...head, offset: BigInt(xdr.u32()), length: BigInt(xdr.u32()) }
}

export function putLock(xdr: XdrWriter, version: number, { host, handle, owner, process: number, offset, length }: LockWords): XdrWriter {
  xdr.string(host).opaque(handle).opaque(owner).u32(number)
  return version === 4 ? xdr.u64(offset).u64(length) : xdr.u32(Number(offset)).u32(Number(length))
}

export function format(call: Arguments): string {
  if (!('lock' in call)) return 'host' in call ? `nlm ${call.procedure} for ${show(call.host)}` : `nlm ${call.procedure}`
  const { lock } = call
  const kind = 'exclusive' in call ? (call.exclusive ? ' exclusive' : ' shared') : ''
  return `nlm ${call.procedure}${kind} ${lock.length === 0n ? 'to the end' : `${lock.length} bytes`} from ${lock.offset} for ${show(lock.host)}`
}

const show = (text: string): string => JSON.stringify(legible(fromUtf8(latin1(text))))
