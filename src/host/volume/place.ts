/**
 * Where a thing is on the host, held so that nobody can put another one in its place: the descriptor of its folder and its name there.
 * A name is never given to the host with more than itself in it, and no link is followed (see file-tree.ts, Theory of operation).
 */
import { type BigIntStats, closeSync, constants, existsSync, fstatSync, lstatSync, openSync } from 'node:fs'
import { FileError } from '../../stack/files.ts'

/** Linux's O_PATH; Node has no name for it. */
const O_PATH = 0o10000000
export const noFollow = constants.O_NOFOLLOW ?? 0
/** A FIFO or a device put where a file was is not waited for. */
export const nonBlocking = constants.O_NONBLOCK ?? 0

export type HostPath = string | Buffer

/** Whether folders are held by descriptors here. */
export const byDescriptor = process.platform === 'linux' && existsSync('/proc/self/fd')

/** A folder that is held. */
export interface Held {
  /** Ends without a slash. */
  readonly path: HostPath
  readonly fd: number | undefined
}

export function hold(path: HostPath): Held {
  if (!byDescriptor) return { path, fd: undefined }
  const fd = openSync(path, O_PATH | noFollow)
  return { path: `/proc/self/fd/${fd}`, fd }
}

export function letGo({ fd }: Held): void {
  if (fd !== undefined) closeSync(fd)
}

/** @param name a byte string. */
export function inside({ path }: Held, name: string): HostPath {
  // Nearly every name is plain, and text is quicker than bytes.
  if (typeof path === 'string' && !/[^\0-\x7f]/.test(name)) return `${path}/${name}`
  return Buffer.concat([Buffer.from(path), Buffer.from('/'), Buffer.from(name, 'latin1')])
}

/** What stands there, links not followed. */
export const look = (path: HostPath): BigIntStats => lstatSync(path, { bigint: true })

/** What a folder that is held is. */
export const lookAt = ({ path, fd }: Held): BigIntStats => (fd === undefined ? look(path) : fstatSync(fd, { bigint: true }))

/** Tells one thing of the host from another, while both are there. */
export const keyOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

/** The host's refusals in the seam's terms; its messages, which name paths outside, stay here. */
export function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof FileError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    // What can't be opened as it was looked at has been replaced since.
    throw new FileError(code === 'ELOOP' || code === 'ENXIO' ? 'ESTALE' : code === 'EPERM' ? 'EACCES' : code === 'EMFILE' || code === 'ENFILE' ? 'EIO' : code, `the host says ${code}`)
  }
}
