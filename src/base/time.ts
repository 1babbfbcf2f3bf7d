/** Virtual time: integer nanoseconds since the lab's start. Doubles hold them exactly for 104 days. */

declare const instant: unique symbol
declare const duration: unique symbol

/** A point in virtual time, in integer nanoseconds since the lab started. */
export type Instant = number & { readonly [instant]: true }
/** A span of virtual time, in integer nanoseconds; never negative. */
export type Duration = number & { readonly [duration]: true }

export const start = 0 as Instant

export const nanoseconds = (count: number): Duration => Math.round(count) as Duration
export const microseconds = (count: number): Duration => nanoseconds(count * 1e3)
export const milliseconds = (count: number): Duration => nanoseconds(count * 1e6)
export const seconds = (count: number): Duration => nanoseconds(count * 1e9)

/** The instant `span` after `from`. */
export const after = (from: Instant, span: Duration): Instant => (from + span) as Instant
/** How long from `from` until `until`; zero when it has passed. */
export const between = (from: Instant, until: Instant): Duration => Math.max(0, until - from) as Duration

export interface Clock {
  readonly now: Instant
}

/** A standing alarm: made once with its ring, armed again and again. Arming an armed alarm moves it. */
export interface Alarm {
  readonly due: Instant | undefined
  arm(wait: Duration): void
  disarm(): void
}

export interface Scheduler extends Clock {
  /** @param name what rings, unique on its scheduler where order matters: it breaks ties between alarms due at the same instant. */
  alarm(name: string, ring: () => void): Alarm
}

/** `1.234567s`, the way times are shown to people. */
export function formatTime(time: Instant | Duration): string {
  return `${(time / 1e9).toFixed(6)}s`
}
