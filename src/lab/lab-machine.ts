/** A machine as a lab uses it, whether it runs in the lab's own thread (board/machine.ts) or in another (threads/far-machine.ts). */
import type { Chardev } from '../board/bus.ts'
import type { Machine } from '../board/machine.ts'

export type LabMachine = Pick<Machine, 'name' | 'timeline' | 'core' | 'nics' | 'magic' | 'state' | 'finish' | 'endedAt' | 'next' | 'start' | 'powerOff' | 'run' | 'yieldNow' | 'save' | 'load'> & {
  readonly console: Chardev
}
