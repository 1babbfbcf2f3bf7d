/** The MOUNT protocol, versions 1 and 3. RFC 1094 appendix A, RFC 1813 §5 (appendix I). */
import { fromUtf8, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'
import { XdrReader } from './xdr.ts'

/** By procedure number; the last one only in version 1. */
export const procedures = ['null', 'mnt', 'dump', 'umnt', 'umntall', 'export', 'exportall'] as const
export type Procedure = (typeof procedures)[number]

/** mountstat3, and in version 1 the same numbers by UNIX. */
export const status = { ok: 0, permission: 1, notFound: 2, io: 5, access: 13, notDirectory: 20, invalid: 22, nameTooLong: 63, notSupported: 10_004, serverFault: 10_006 } as const

/** MNTPATHLEN and MNTNAMLEN. */
export const longestPath = 1024
export const longestName = 255
/** Of version 1, fixed; of version 3, at most. */
export const handleBytes1 = 32

export type Arguments = { readonly procedure: Exclude<Procedure, 'mnt' | 'umnt'> } | { readonly procedure: 'mnt' | 'umnt'; /** A byte string. */ readonly path: string }

/** @param bytes the procedure's number and its arguments. @throws {Malformed} */
export function parse(bytes: Uint8Array): Arguments {
  const xdr = new XdrReader(bytes)
  const number = xdr.u32()
  const procedure = procedures[number]
  if (procedure === undefined) throw new Malformed(`mount procedure ${number}`)
  return parseArguments(procedure, xdr)
}

/** @throws {Malformed} */
export function parseArguments(procedure: Procedure, xdr: XdrReader): Arguments {
  const parsed: Arguments = procedure === 'mnt' || procedure === 'umnt' ? { procedure, path: xdr.string(longestPath) } : { procedure }
  xdr.end()
  return parsed
}

export function format(call: Arguments): string {
  return 'path' in call ? `mount ${call.procedure} ${JSON.stringify(legible(fromUtf8(latin1(call.path))))}` : `mount ${call.procedure}`
}
