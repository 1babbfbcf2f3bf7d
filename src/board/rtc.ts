/** Goldfish real-time clock: nanoseconds since 1970 and one alarm. Android emulator, docs/GOLDFISH-VIRTUAL-HARDWARE, "Goldfish timer". */
import type { Alarm, Scheduler } from '../base/time.ts'
import { nanoseconds } from '../base/time.ts'
import type { IrqLine, Width } from './bus.ts'
import type { Model } from './model.ts'
import { dueOf, rearm } from './model.ts'

const registers = {
  timeLow: 0x00,
  timeHigh: 0x04,
  alarmLow: 0x08,
  alarmHigh: 0x0c,
  irqEnabled: 0x10,
  clearAlarm: 0x14,
  alarmStatus: 0x18,
  clearInterrupt: 0x1c,
} as const

export type RtcState = {
  readonly offset: bigint
  readonly timeHigh: number
  readonly alarmLow: number
  readonly alarmHigh: number
  readonly enabled: boolean
  readonly pending: boolean
  readonly due: number | null
}

/** Beyond this many nanoseconds an alarm is never: doubles stop being exact. */
const never = 1n << 52n

export class GoldfishRtc implements Model {
  readonly name = 'rtc'
  readonly span = 0x1000
  readonly #scheduler: Scheduler
  readonly #irq: IrqLine
  readonly #alarm: Alarm
  readonly #epoch: bigint
  /** Nanoseconds since 1970 at the lab's start; moves when the guest sets the clock. */
  #offset: bigint
  /** TIME_HIGH as it was when TIME_LOW was read. */
  #timeHigh = 0
  #alarmLow = 0
  #alarmHigh = 0
  #enabled = false
  #pending = false

  /** @param epochSeconds seconds since 1970 at virtual time zero. */
  constructor(scheduler: Scheduler, irq: IrqLine, epochSeconds: number) {
    this.#scheduler = scheduler
    this.#irq = irq
    this.#epoch = BigInt(Math.trunc(epochSeconds)) * 1_000_000_000n
    this.#offset = this.#epoch
    this.#alarm = scheduler.alarm('rtc', () => this.#ring())
  }

  read(offset: number, width: Width): number {
    if (width !== 4) return 0
    switch (offset) {
      case registers.timeLow: {
        const time = this.#time()
        this.#timeHigh = Number(time >> 32n)
        return Number(time & 0xffff_ffffn)
      }
      case registers.timeHigh:
        return this.#timeHigh
      case registers.alarmLow:
        return this.#alarmLow
      case registers.alarmHigh:
        return this.#alarmHigh
      case registers.irqEnabled:
        return Number(this.#enabled)
      case registers.alarmStatus:
        return Number(this.#alarm.due !== undefined)
      default:
        return 0
    }
  }

  write(offset: number, width: Width, value: number): void {
    if (width !== 4) return
    switch (offset) {
      case registers.timeHigh:
        this.#timeHigh = value
        break
      case registers.timeLow:
        // The driver writes the high word first; the low word sets the clock.
        this.#offset = ((BigInt(this.#timeHigh) << 32n) | BigInt(value)) - BigInt(this.#scheduler.now)
        break
      case registers.alarmHigh:
        this.#alarmHigh = value
        break
      case registers.alarmLow:
        this.#alarmLow = value
        this.#arm()
        break
      case registers.irqEnabled:
        this.#enabled = (value & 1) !== 0
        this.#update()
        break
      case registers.clearAlarm:
        this.#alarm.disarm()
        break
      case registers.clearInterrupt:
        this.#pending = false
        this.#update()
        break
      default:
    }
  }

  reset(): void {
    this.#offset = this.#epoch
    this.#timeHigh = this.#alarmLow = this.#alarmHigh = 0
    this.#enabled = this.#pending = false
    this.#alarm.disarm()
    this.#update()
  }

  save(): RtcState {
    return {
      offset: this.#offset,
      timeHigh: this.#timeHigh,
      alarmLow: this.#alarmLow,
      alarmHigh: this.#alarmHigh,
      enabled: this.#enabled,
      pending: this.#pending,
      due: dueOf(this.#alarm),
    }
  }

  load(state: RtcState): void {
    this.#offset = state.offset
    this.#timeHigh = state.timeHigh
    this.#alarmLow = state.alarmLow
    this.#alarmHigh = state.alarmHigh
    this.#enabled = state.enabled
    this.#pending = state.pending
    rearm(this.#alarm, this.#scheduler, state.due)
    this.#update()
  }

  #time(): bigint {
    return BigInt.asUintN(64, this.#offset + BigInt(this.#scheduler.now))
  }

  #arm(): void {
    const wait = ((BigInt(this.#alarmHigh) << 32n) | BigInt(this.#alarmLow)) - this.#time()
    if (wait > never) this.#alarm.disarm()
    else this.#alarm.arm(nanoseconds(Number(wait > 0n ? wait : 0n)))
  }

  #ring(): void {
    this.#pending = true
    this.#update()
  }

  #update(): void {
    this.#irq.set(this.#pending && this.#enabled)
  }
}
