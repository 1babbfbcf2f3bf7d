/** `impair:` as it is written → link/impair.ts's own words. */
import type { Faults } from '../../link/impair.ts'
import type { ImpairText } from '../schema.ts'

const words = ['delay', 'jitter', 'loss', 'burst', 'duplicate', 'corrupt', 'reorder', 'reorder_by', 'rate', 'queue'] as const
const renamed: Readonly<Record<string, keyof Faults>> = { burst: 'lossBurst', reorder_by: 'reorderBy', rate: 'rateBps', queue: 'queueBytes' }

/** The words of `text` that are an impairment; what else it holds is passed over. */
export function impairWords(text: ImpairText): (typeof words)[number][] {
  return words.filter((word) => text[word] !== undefined)
}

/** @throws {RangeError} for what can't be together. */
export function readImpair(text: ImpairText): Faults {
  const { loss = 0, burst = 1 } = text
  if (burst > 1 && loss !== 1 && loss > burst / (burst + 1)) throw new RangeError(`runs of ${burst} packets can't lose ${loss * 100}% of all: between two runs at least one passes`)
  if (text.rate === 0) throw new RangeError('a rate of 0 is a link that is down')
  return Object.fromEntries(impairWords(text).map((word) => [renamed[word] ?? word, text[word]]))
}
