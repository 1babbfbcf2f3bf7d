/** Several impairments of one way as one: chances are independent, spans add up, the narrowest line counts. */
import type { Duration } from '../../base/time.ts'
import type { Faults } from '../../link/impair.ts'

const chances = ['loss', 'duplicate', 'corrupt', 'reorder'] as const
const spans = ['delay', 'jitter'] as const
const least = ['rateBps', 'queueBytes'] as const

export function combine(all: readonly Faults[]): Faults {
  const sum: { -readonly [Key in keyof Faults]?: Faults[Key] } = {}
  for (const faults of all) {
    for (const key of chances) if (faults[key] !== undefined) sum[key] = 1 - (1 - (sum[key] ?? 0)) * (1 - faults[key])
    for (const key of spans) if (faults[key] !== undefined) sum[key] = ((sum[key] ?? 0) + faults[key]) as Duration
    for (const key of least) if (faults[key] !== undefined) sum[key] = Math.min(sum[key] ?? Infinity, faults[key])
    if (faults.lossBurst !== undefined) sum.lossBurst = Math.max(sum.lossBurst ?? 1, faults.lossBurst)
    if (faults.reorderBy !== undefined) sum.reorderBy = Math.max(sum.reorderBy ?? 0, faults.reorderBy) as Duration
  }
  // Bursts so long that they can't come out at this loss are no bursts: the loss counts.
  const { loss = 0, lossBurst = 1 } = sum
  if (lossBurst > 1 && loss !== 1 && loss > lossBurst / (lossBurst + 1)) delete sum.lossBurst
  return sum
}
