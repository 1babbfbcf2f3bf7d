/**
 * What the guest's program does as the first process of all (`rdinit=`): a child becomes the agent, and it gives its place to the init that
 * the initramfs has, with the words and the environment that the kernel gave. So a guest needs nothing prepared for `netloom cp` and `exec`.
 */
import { concat, utf8 } from '../../base/bytes.ts'
import { errors } from './calls.ts'
import { call, flags, GuestFailure, type Script, sys } from './linux.ts'
import type { GuestProcess } from './process.ts'

/** Where the lab puts the program, which the kernel is told by `rdinit=`. */
export const guestProgramPath = '/netloom/magic'

/** As the kernel tries them (init/main.c), the initramfs' own first. */
const inits = ['/init', '/sbin/init', '/etc/init', '/bin/init', '/bin/sh']

/** @param expectAgent called before the child is born. */
export function* boot(guest: GuestProcess, stack: number, words: readonly Uint8Array[], expectAgent: () => void): Script<number> {
  expectAgent()
  const child = yield call(sys.clone, flags.childEnds, 0, 0, 0, 0)
  if (child < 0) throw new GuestFailure(child, 'clone')
  // The name stands in memory that the kernel filled with ours, which is longer.
  const name = guest.number(stack + 8)
  const environment = stack + 8 * (words.length + 2)
  for (const init of inits) {
    yield* guest.put(name, concat(utf8(init), Uint8Array.of(0)))
    const result = yield call(sys.execve, name, stack + 8, environment)
    if (result !== -errors['ENOENT']) break
  }
  return 127
}
