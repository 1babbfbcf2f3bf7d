/** Why a 9P request fails, as a guest's Linux has it: the numbers of include/uapi/asm-generic/errno.h. */
import { FileError } from '../../stack/files.ts'

const numbers: Readonly<Record<string, number>> = {
  EPERM: 1, ENOENT: 2, EIO: 5, ENXIO: 6, E2BIG: 7, EBADF: 9, ENOMEM: 12, EACCES: 13, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENOTDIR: 20, EISDIR: 21, EINVAL: 22, ENFILE: 23, EFBIG: 27,
  ENOSPC: 28, EROFS: 30, EMLINK: 31, ERANGE: 34, ENAMETOOLONG: 36, ENOLCK: 37, ENOTEMPTY: 39, ELOOP: 40, ENODATA: 61, EPROTO: 71, EMSGSIZE: 90, EOPNOTSUPP: 95, ESTALE: 116, EDQUOT: 122,
}

/** @returns undefined for an error that is no refusal but our fault. */
export function errnoOf(error: unknown): number | undefined {
  return error instanceof FileError ? (numbers[error.code] ?? numbers['EIO']) : undefined
}
