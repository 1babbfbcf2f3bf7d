/**
 * The words between a guest's magic instruction and its handler; docs/magic.md is their reference.
 *
 * a7 holds `signature | number`, a0 to a5 the arguments, and a0 the result: 0 or more, or a negated Linux error number. An instruction
 * whose a7 doesn't bear the signature does nothing at all, so a word that only looks like it can do no harm.
 */

/** The upper half of a7's 32 bits: "NL". */
export const signature = 0x4e4c_0000

/** Numbers of the calls. Those from `own` on are for handlers of a lab's own. */
export const calls = {
  probe: 0, log: 1, record: 2, breakpoint: 3, snapshot: 4, mark: 5, measure: 6, exit: 7, random: 8, time: 9,
  open: 16, read: 17, write: 18, close: 19, seek: 20, size: 21,
  start: 32, next: 33,
  own: 256,
} as const

/** What `probe` answers: the version of these words. */
export const version = 1

/** Linux' error numbers (asm-generic/errno-base.h, errno.h), by the names that Node and the FileTree use. */
export const errors: Readonly<Record<string, number>> = {
  EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, E2BIG: 7, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14, EEXIST: 17, ENOTDIR: 20, EISDIR: 21,
  EINVAL: 22, ENFILE: 23, EMFILE: 24, EFBIG: 27, ENOSPC: 28, ESPIPE: 29, EROFS: 30, EPIPE: 32, ENAMETOOLONG: 36, ENOSYS: 38, ELOOP: 40,
}

const names = new Map(Object.entries(errors).map(([name, number]) => [number, name]))

/** @returns the name of an error number, negated or not. */
export const errorName = (number: number): string => names.get(Math.abs(number)) ?? `error ${Math.abs(number)}`

/** The error number for a failure of the host's files; EIO for whatever has no number here. */
export function errorNumber(error: unknown): number {
  const code = (error as { readonly code?: unknown } | null)?.code
  return (typeof code === 'string' ? errors[code] : undefined) ?? errors['EIO']
}
