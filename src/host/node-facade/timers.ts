/** Timers and dates of a library inside a lab: virtual time. `setImmediate` stays Node's own: the lab is held meanwhile. */
import type { Alarm } from '../../base/time.ts'
import type { Inside } from './inside.ts'
import { usualEpoch } from '../../base/calendar.ts'
import { milliseconds } from '../../base/time.ts'

type Ring = (...words: unknown[]) => void

/** As Node bounds them: what is longer, or no number, is 1 ms. */
const longest = 0x7fff_ffff
const bounded = (wait: unknown): number => (Number(wait) >= 1 && Number(wait) <= longest ? Math.trunc(Number(wait)) : 1)

/** What setTimeout gives back, shaped like Node's. */
export class Timeout {
  readonly #alarm: Alarm
  readonly #wait: number
  #armed = true

  constructor(inside: Inside, ring: Ring, wait: unknown, again: boolean, words: unknown[]) {
    this.#wait = bounded(wait)
    this.#alarm = inside.scheduler.alarm(inside.alarmName('timer'), () => {
      if (again) this.refresh()
      else this.#armed = false
      inside.deliver(() => ring(...words))
    })
    this.#alarm.arm(milliseconds(this.#wait))
  }

  refresh(): this {
    this.#armed = true
    this.#alarm.arm(milliseconds(this.#wait))
    return this
  }

  close(): this {
    this.#armed = false
    this.#alarm.disarm()
    return this
  }

  hasRef(): boolean {
    return this.#armed
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

const clear = (timeout: unknown): void => {
  if (timeout instanceof Timeout) timeout.close()
  else clearTimeout(timeout as NodeJS.Timeout)
}

/** The globals that a module inside is compiled with. */
export function timerGlobals(inside: Inside): Record<string, unknown> {
  return {
    setTimeout: (ring: Ring, wait?: unknown, ...words: unknown[]) => new Timeout(inside, ring, wait, false, words),
    setInterval: (ring: Ring, wait?: unknown, ...words: unknown[]) => new Timeout(inside, ring, wait, true, words),
    clearTimeout: clear,
    clearInterval: clear,
    Date: labDate(inside),
  }
}

/** The module, for `require('timers')`. */
export function timersModule(inside: Inside): Record<string, unknown> {
  const { Date: _date, ...timers } = timerGlobals(inside)
  void _date
  const promises = { setTimeout: (wait?: unknown, value?: unknown) => new Promise((resolve) => void new Timeout(inside, () => resolve(value), wait, false, [])), setImmediate: (value?: unknown) => new Promise((resolve) => void setImmediate(resolve, value)) }
  return { ...timers, setImmediate, clearImmediate, promises }
}

/** `performance` as far as it tells the time. */
export function performanceOf(inside: Inside): Record<string, unknown> {
  const now = (): number => inside.scheduler.now / 1e6
  return { now, timeOrigin: usualEpoch * 1000, mark: () => undefined, measure: () => undefined, toJSON: () => ({ timeOrigin: usualEpoch * 1000 }) }
}

function labDate(inside: Inside): typeof Date {
  const now = (): number => usualEpoch * 1000 + Math.floor(inside.scheduler.now / 1e6)
  return class LabDate extends Date {
    constructor(...words: [] | [number | string | Date]) {
      if (words.length === 0) super(now())
      else super(...(words as [number]))
    }

    static override now(): number {
      return now()
    }

    /** Dates that Node made are dates here, too. */
    static override [Symbol.hasInstance](value: unknown): boolean {
      return Object.prototype.toString.call(value) === '[object Date]'
    }
  } as unknown as typeof Date
}
