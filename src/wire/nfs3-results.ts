/** NFS version 3: what its results are made of. RFC 1813 §2.5, §2.6. */
import type { Time } from './nfs3.ts'
import type { XdrWriter } from './xdr.ts'

/** nfsstat3 (§2.6). */
export const status = {
  ok: 0,
  notOwner: 1,
  notFound: 2,
  io: 5,
  access: 13,
  exists: 17,
  crossDevice: 18,
  notDirectory: 20,
  isDirectory: 21,
  invalid: 22,
  tooLarge: 27,
  noSpace: 28,
  readOnly: 30,
  tooManyLinks: 31,
  nameTooLong: 63,
  notEmpty: 66,
  stale: 70,
  badHandle: 10_001,
  notSync: 10_002,
  badCookie: 10_003,
  notSupported: 10_004,
  tooSmall: 10_005,
  serverFault: 10_006,
  badType: 10_007,
} as const
export type Status = (typeof status)[keyof typeof status]

/** fattr3. Sizes in bytes. */
export interface FileAttributes {
  /** ftype3. */
  readonly type: number
  readonly mode: number
  readonly links: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly used: number
  readonly major: number
  readonly minor: number
  readonly fsid: bigint
  readonly fileid: number
  readonly accessed: Time
  readonly modified: Time
  readonly changed: Time
}

/** wcc_attr. */
export type BeforeAttributes = Pick<FileAttributes, 'size' | 'modified' | 'changed'>

/** wcc_data: what a thing was like before the call, and is after it; either may be unknown. */
export interface CacheData {
  readonly before: BeforeAttributes | undefined
  readonly after: FileAttributes | undefined
}

export function putTime(xdr: XdrWriter, { seconds, nanoseconds }: Time): XdrWriter {
  return xdr.u32(seconds).u32(nanoseconds)
}

/** 84 bytes. */
export function putAttributes(xdr: XdrWriter, each: FileAttributes): XdrWriter {
  xdr.u32(each.type).u32(each.mode).u32(each.links).u32(each.uid).u32(each.gid).offset(each.size).offset(each.used)
  xdr.u32(each.major).u32(each.minor).u64(each.fsid).offset(each.fileid)
  return putTime(putTime(putTime(xdr, each.accessed), each.modified), each.changed)
}

/** post_op_attr. */
export function putAfter(xdr: XdrWriter, attributes: FileAttributes | undefined): XdrWriter {
  return xdr.optional(attributes, (each) => putAttributes(xdr, each))
}

export function putCacheData(xdr: XdrWriter, { before, after }: CacheData): XdrWriter {
  xdr.optional(before, (each) => putTime(putTime(xdr.offset(each.size), each.modified), each.changed))
  return putAfter(xdr, after)
}

/** post_op_fh3. */
export function putHandle(xdr: XdrWriter, handle: Uint8Array | undefined): XdrWriter {
  return xdr.optional(handle, (each) => xdr.opaque(each))
}
