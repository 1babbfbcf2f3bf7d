/** A device of one's own, as docs/write-a-device.md makes it: a stopwatch that counts microseconds of virtual time and rings once. */
import type { Alarm, Instant, Scheduler } from '../../src/base/time.ts'
import { microseconds } from '../../src/base/time.ts'
import type { IrqLine, Width } from '../../src/board/bus.ts'
import type { Row } from '../../src/board/memory-map.ts'
import { phandles } from '../../src/board/memory-map.ts'
import type { Model } from '../../src/board/model.ts'
import { dueOf, rearm } from '../../src/board/model.ts'

const register = { id: 0x00, elapsed: 0x04, ring: 0x08, rang: 0x0c } as const
/** "STOP", as bytes in memory. */
const id = 0x504f_5453

type StopwatchState = { readonly since: number; readonly rang: boolean; readonly due: number | null }

export class Stopwatch implements Model {
  readonly name = 'stopwatch'
  readonly span = 0x1000
  readonly #scheduler: Scheduler
  readonly #irq: IrqLine
  readonly #alarm: Alarm
  #since = 0 as Instant
  #rang = false

  constructor(scheduler: Scheduler, irq: IrqLine) {
    this.#scheduler = scheduler
    this.#irq = irq
    this.#alarm = scheduler.alarm('stopwatch', () => this.#setRang(true))
  }

  read(offset: number, width: Width): number {
    if (width !== 4) return 0
    if (offset === register.id) return id
    if (offset === register.elapsed) return Math.floor((this.#scheduler.now - this.#since) / 1000) % 2 ** 32
    return offset === register.rang ? Number(this.#rang) : 0
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return
    if (offset === register.elapsed) this.#since = this.#scheduler.now
    else if (offset === register.ring) this.#alarm.arm(microseconds(value))
    else if (offset === register.rang) this.#setRang(false)
  }

  reset(): void {
    this.#since = this.#scheduler.now
    this.#alarm.disarm()
    this.#setRang(false)
  }

  save(): StopwatchState {
    return { since: this.#since, rang: this.#rang, due: dueOf(this.#alarm) }
  }

  load(state: StopwatchState): void {
    this.#since = state.since as Instant
    rearm(this.#alarm, this.#scheduler, state.due)
    this.#setRang(state.rang)
  }

  #setRang(rang: boolean): void {
    this.#rang = rang
    this.#irq.set(rang)
  }
}

/** One row of the memory map: where it is, how it interrupts, how it is made, what the device tree says of it. */
export const stopwatchRow: Row = {
  name: 'stopwatch',
  address: 0x1003_0000,
  span: 0x1000,
  irq: 40,
  make: (board, irq) => new Stopwatch(board.scheduler, irq),
  soc: () => ({
    name: 'stopwatch@10030000',
    properties: { compatible: 'netloom,stopwatch', reg: [0, 0x1003_0000, 0, 0x1000], interrupts: 40, 'interrupt-parent': phandles.plic },
  }),
}
