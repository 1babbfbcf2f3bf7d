/** Why an NFS call fails, as the wire has it. RFC 1813 §2.6. */
import { FileError } from '../../src/stack/files.ts'
import { status } from '../../src/wire/nfs3-results.ts'

export type Reason = Exclude<keyof typeof status, 'ok'>

/** A refusal of the service's own, beside the volume's FileError. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    super(message)
    this.reason = reason
  }
}

const reasons: Readonly<Record<string, Reason>> = {
  EPERM: 'notOwner',
  ENOENT: 'notFound',
  EIO: 'io',
  EACCES: 'access',
  EEXIST: 'exists',
  EXDEV: 'crossDevice',
  ENOTDIR: 'notDirectory',
  EISDIR: 'isDirectory',
  EINVAL: 'invalid',
  EFBIG: 'tooLarge',
  ENOSPC: 'noSpace',
  EDQUOT: 'noSpace',
  EROFS: 'readOnly',
  EMLINK: 'tooManyLinks',
  ENAMETOOLONG: 'nameTooLong',
  ENOTEMPTY: 'notEmpty',
  ESTALE: 'stale',
  ENOTSUP: 'notSupported',
}

/** @returns undefined for an error that is no refusal but our fault. */
export function reasonOf(error: unknown): Reason | undefined {
  if (error instanceof Refused) return error.reason
  return error instanceof FileError ? (reasons[error.code] ?? 'io') : undefined
}
