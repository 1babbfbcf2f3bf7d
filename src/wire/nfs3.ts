/** NFS version 3: arguments of its calls. RFC 1813 §3. Results are in nfs3-results.ts. */
import { fromUtf8, hex, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'
import { XdrReader } from './xdr.ts'

export const port = 2049
/** "#define NFS3_FHSIZE 64" (§2.4), and the sizes of verifiers there. */
export const longestHandle = 64
export const verifierBytes = 8
/** Names are bounded by whoever has the files; this keeps a message from being all name. */
const longestText = 8192
const mostData = 2 ** 20 + 4096

/** By procedure number. */
export const procedures = ['null', 'getattr', 'setattr', 'lookup', 'access', 'readlink', 'read', 'write', 'create', 'mkdir', 'symlink', 'mknod', 'remove', 'rmdir', 'rename', 'link', 'readdir', 'readdirplus', 'fsstat', 'fsinfo', 'pathconf', 'commit'] as const
export type Procedure = (typeof procedures)[number]

/** ftype3, from 1. */
export const types = { file: 1, folder: 2, block: 3, character: 4, link: 5, socket: 6, fifo: 7 } as const
/** stable_how. */
export const stability = { unstable: 0, data: 1, file: 2 } as const
/** ACCESS3 bits. */
export const access = { read: 0x01, lookup: 0x02, modify: 0x04, extend: 0x08, delete: 0x10, execute: 0x20 } as const

/** nfstime3. */
export interface Time {
  readonly seconds: number
  readonly nanoseconds: number
}

/** sattr3: what is undefined stays. */
export interface SetAttributes {
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** In bytes. */
  readonly size: number | undefined
  readonly accessed: Time | 'server' | undefined
  readonly modified: Time | 'server' | undefined
}

interface OnHandle {
  /** A view. */
  readonly handle: Uint8Array
}
interface OnName extends OnHandle {
  /** A byte string. */
  readonly name: string
}

export type Arguments =
  | { readonly procedure: 'null' }
  | ({ readonly procedure: 'getattr' | 'readlink' | 'fsstat' | 'fsinfo' | 'pathconf' } & OnHandle)
  | ({ readonly procedure: 'setattr'; readonly attributes: SetAttributes; readonly guard: Time | undefined } & OnHandle)
  | ({ readonly procedure: 'lookup' | 'remove' | 'rmdir' } & OnName)
  | ({ readonly procedure: 'access'; readonly bits: number } & OnHandle)
  | ({ readonly procedure: 'read' | 'commit'; readonly offset: number; readonly count: number } & OnHandle)
  | ({ readonly procedure: 'write'; readonly offset: number; readonly count: number; readonly stable: number; readonly data: Uint8Array } & OnHandle)
  | ({ readonly procedure: 'create'; readonly how: CreateHow } & OnName)
  | ({ readonly procedure: 'mkdir'; readonly attributes: SetAttributes } & OnName)
  | ({ readonly procedure: 'symlink'; readonly attributes: SetAttributes; readonly target: string } & OnName)
  | ({ readonly procedure: 'mknod'; readonly type: number; readonly attributes: SetAttributes; readonly major: number; readonly minor: number } & OnName)
  | ({ readonly procedure: 'rename' | 'link'; readonly to: OnName } & OnName)
  | ({ readonly procedure: 'readdir'; readonly cookie: bigint; readonly verifier: Uint8Array; readonly maxBytes: number } & OnHandle)
  | ({ readonly procedure: 'readdirplus'; readonly cookie: bigint; readonly verifier: Uint8Array; readonly maxNames: number; readonly maxBytes: number } & OnHandle)

export type CreateHow = { readonly mode: 'unchecked' | 'guarded'; readonly attributes: SetAttributes } | { readonly mode: 'exclusive'; readonly verifier: Uint8Array }
export type ArgumentsOf<Name extends Procedure, Each = Arguments> = Each extends { readonly procedure: infer Own } ? (Name extends Own ? Each : never) : never

const none: SetAttributes = { mode: undefined, uid: undefined, gid: undefined, size: undefined, accessed: undefined, modified: undefined }

/** @param bytes the procedure's number and its arguments, as `rpc.carries` has them. @throws {Malformed} */
export function parse(bytes: Uint8Array): Arguments {
  const xdr = new XdrReader(bytes)
  const number = xdr.u32()
  const procedure = procedures[number]
  if (procedure === undefined) throw new Malformed(`nfs3 procedure ${number}`)
  return parseArguments(procedure, xdr)
}

/** @throws {Malformed} */
export function parseArguments(procedure: Procedure, xdr: XdrReader): Arguments {
  const parsed = read(procedure, xdr)
  xdr.end()
  return parsed
}

export function format(call: Arguments): string {
  const parts: string[] = [`nfs3 ${call.procedure}`]
  if ('handle' in call) parts.push(`of ${hex(call.handle.subarray(0, 12))}${call.handle.length > 12 ? '…' : ''}`)
  if ('name' in call) parts.push(show(call.name))
  if ('to' in call) parts.push(`to ${show(call.to.name)}`)
  if ('target' in call) parts.push(`to ${show(call.target)}`)
  if ('offset' in call) parts.push(`${call.count} bytes at ${call.offset}`)
  if ('cookie' in call) parts.push(`from ${call.cookie}`)
  return parts.join(' ')
}

const show = (text: string): string => JSON.stringify(legible(fromUtf8(latin1(text))))

function read(procedure: Procedure, xdr: XdrReader): Arguments {
  switch (procedure) {
    case 'null':
      return { procedure }
    case 'getattr':
    case 'readlink':
    case 'fsstat':
    case 'fsinfo':
    case 'pathconf':
      return { procedure, handle: handle(xdr) }
    case 'setattr':
      return { procedure, handle: handle(xdr), attributes: setAttributes(xdr), guard: xdr.optional(() => time(xdr)) }
    case 'lookup':
    case 'remove':
    case 'rmdir':
      return { procedure, ...named(xdr) }
    case 'access':
      return { procedure, handle: handle(xdr), bits: xdr.u32() }
    case 'read':
    case 'commit':
      return { procedure, handle: handle(xdr), offset: xdr.offset(), count: xdr.u32() }
    case 'write':
      return write(xdr)
    case 'rename':
      return { procedure, ...named(xdr), to: named(xdr) }
    case 'link':
      return link(xdr)
    case 'readdir':
      return { procedure, handle: handle(xdr), cookie: xdr.u64(), verifier: xdr.fixed(verifierBytes), maxBytes: xdr.u32() }
    case 'readdirplus':
      return { procedure, handle: handle(xdr), cookie: xdr.u64(), verifier: xdr.fixed(verifierBytes), maxNames: xdr.u32(), maxBytes: xdr.u32() }
    default:
      return making(procedure, xdr)
  }
}

function making(procedure: 'create' | 'mkdir' | 'symlink' | 'mknod', xdr: XdrReader): Arguments {
  switch (procedure) {
    case 'create':
      return { procedure, ...named(xdr), how: createHow(xdr) }
    case 'mkdir':
      return { procedure, ...named(xdr), attributes: setAttributes(xdr) }
    case 'symlink':
      return { procedure, ...named(xdr), attributes: setAttributes(xdr), target: xdr.string(longestText) }
    case 'mknod':
      return makeNode(xdr)
  }
}

const handle = (xdr: XdrReader): Uint8Array => xdr.opaque(longestHandle)
const named = (xdr: XdrReader): OnName => ({ handle: handle(xdr), name: xdr.string(longestText) })
const time = (xdr: XdrReader): Time => ({ seconds: xdr.u32(), nanoseconds: xdr.u32() })

function setAttributes(xdr: XdrReader): SetAttributes {
  const word = (): number => xdr.u32()
  return { mode: xdr.optional(word), uid: xdr.optional(word), gid: xdr.optional(word), size: xdr.optional(() => xdr.offset()), accessed: setTime(xdr), modified: setTime(xdr) }
}

/** time_how: leave, the server's time, the client's time. */
function setTime(xdr: XdrReader): Time | 'server' | undefined {
  const how = xdr.u32()
  if (how > 2) throw new Malformed(`nfs3 time_how ${how}`)
  return how === 0 ? undefined : how === 1 ? 'server' : time(xdr)
}

function write(xdr: XdrReader): ArgumentsOf<'write'> {
  const head = { handle: handle(xdr), offset: xdr.offset(), count: xdr.u32(), stable: xdr.u32() }
  if (head.stable > stability.file) throw new Malformed(`nfs3 stable_how ${head.stable}`)
  return { procedure: 'write', ...head, data: xdr.opaque(mostData) }
}

/** The thing comes first, then where its new name goes. */
function link(xdr: XdrReader): Arguments {
  const thing = handle(xdr)
  const to = named(xdr)
  return { procedure: 'link', handle: thing, name: to.name, to }
}

function createHow(xdr: XdrReader): CreateHow {
  const mode = xdr.u32()
  if (mode > 2) throw new Malformed(`nfs3 createmode ${mode}`)
  return mode === 2 ? { mode: 'exclusive', verifier: xdr.fixed(verifierBytes) } : { mode: mode === 0 ? 'unchecked' : 'guarded', attributes: setAttributes(xdr) }
}

function makeNode(xdr: XdrReader): ArgumentsOf<'mknod'> {
  const where = named(xdr)
  const type = xdr.u32()
  const device = type === types.block || type === types.character
  const attributes = device || type === types.socket || type === types.fifo ? setAttributes(xdr) : none
  return { procedure: 'mknod', ...where, type, attributes, major: device ? xdr.u32() : 0, minor: device ? xdr.u32() : 0 }
}
