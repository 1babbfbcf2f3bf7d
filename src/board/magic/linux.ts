/** Linux' system calls as the guest's programs are told to make them: numbers and constants of the riscv64 ABI (asm-generic/unistd.h, fcntl.h, sched.h, mman.h). */
import { errorName } from './calls.ts'

/** A system call for the guest to make. Addresses and numbers alike fit a double. */
export interface SystemCall {
  readonly call: number
  readonly args: readonly number[]
}

/** A program of ours in the guest, whose thinking is done here: it yields the calls that the guest makes, and is sent their results. */
export type Script<Result = void> = Generator<SystemCall, Result, number>

export const sys = {
  dup3: 24, fcntl: 25, mkdirat: 34, unlinkat: 35, renameat2: 276, chdir: 49, fchmod: 52, openat: 56, close: 57, pipe2: 59, read: 63, write: 64, ppoll: 73, fstat: 80, exit: 93,
  nanosleep: 101, kill: 129, sigaction: 134, setpgid: 154, setsid: 157, getpid: 172, munmap: 215, clone: 220, execve: 221, mmap: 222, madvise: 233, wait4: 260,
} as const

export const flags = {
  cwd: -100,
  readOnly: 0, writeOnly: 0o1, create: 0o100, truncate: 0o1000, nonBlock: 0o4000, closeOnExec: 0o2000000,
  protRead: 1, protWrite: 2, mapPrivate: 2, mapAnonymous: 0x20, mapPopulate: 0x8000, populateWrite: 23,
  cloneVm: 0x100, cloneVfork: 0x4000, childEnds: 17,
  noHang: 1, pollIn: 1, pollOut: 4,
  setStatusFlags: 4,
} as const

/** struct stat (asm-generic/stat.h): where st_mode and st_size stand, and how long it is. */
export const stat = { mode: 16, size: 48, bytes: 128 } as const
export const fileType = { mask: 0o170000, regular: 0o100000, folder: 0o040000 } as const

export const call = (number: number, ...args: number[]): SystemCall => ({ call: number, args })

/** A call that failed, inside a script. */
export class GuestFailure extends Error {
  override readonly name = 'GuestFailure'
  readonly number: number

  /** @param number Linux' error number, negated or not. */
  constructor(number: number, what: string) {
    super(`${what}: ${errorName(number)}`)
    this.number = Math.abs(number)
  }
}

/** @throws {GuestFailure} */
export function* need(what: string, wanted: SystemCall): Script<number> {
  const result = yield wanted
  if (result < 0) throw new GuestFailure(result, what)
  return result
}
