/** What is told of a row of measurements. */

export interface Summary {
  readonly least: number
  readonly median: number
  readonly most: number
}

export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return { least: sorted[0], median: sorted[Math.floor(sorted.length / 2)], most: sorted[sorted.length - 1] }
}
