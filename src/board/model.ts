/** What every model on the board is made of: registers on the bus, and state that can be taken out and put back. */
import type { Stateful, Plain } from '../base/state.ts'
import type { Alarm, Instant, Scheduler } from '../base/time.ts'
import { between } from '../base/time.ts'
import type { IrqLine, MmioDevice } from './bus.ts'

/** A device of the board. Instants in its state are of the machine's own timeline. */
export interface Model extends MmioDevice, Stateful<Plain> {}

/** A line that ends nowhere, for a device whose interrupt is not wired. */
export const unwired: IrqLine = { set: () => undefined }

/** When an alarm is due, as plain state; `rearm` is its inverse. */
export const dueOf = (alarm: Alarm): number | null => alarm.due ?? null

/** Arms `alarm` for the instant that `dueOf` told, or disarms it. */
export function rearm(alarm: Alarm, scheduler: Scheduler, due: number | null): void {
  if (due === null) alarm.disarm()
  else alarm.arm(between(scheduler.now, due as Instant))
}
