/** A moment of a run, as the command line names it: `frame:412`, `3.2s`, `console:"Kernel panic"`. */
import { ConfigError } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import { duration } from '../units.ts'

export type Moment =
  | { readonly kind: 'time'; readonly time: Instant }
  /** As the run's frames.pcapng counts them: from 1. */
  | { readonly kind: 'frame'; readonly number: number }
  /** When a console first says it from here on. */
  | { readonly kind: 'console'; readonly text: string }

/** @throws {ConfigError} */
export function parseMoment(text: string): Moment {
  const [, word, rest] = /^(frame|console):(.*)$/s.exec(text) ?? []
  if (word === 'frame') {
    if (!/^[1-9]\d{0,8}$/.test(rest)) throw new ConfigError(`${text} names no frame`, undefined, 'the first is frame:1, as in frames.pcapng')
    return { kind: 'frame', number: Number(rest) }
  }
  if (word === 'console') {
    const said = /^"(.*)"$/s.exec(rest)?.[1] ?? rest
    if (said === '') throw new ConfigError(`${text} names no text`, undefined, 'console:"Kernel panic"')
    return { kind: 'console', text: said }
  }
  if (!duration.pattern.test(text)) throw new ConfigError(`${text} is no moment of a run`, undefined, 'frame:412, 3.2s or console:"Kernel panic"')
  return { kind: 'time', time: duration.read(text) as number as Instant }
}
