/** "Did you mean": the nearest valid word to the one that was found. */

/** The nearest of `words` by edit distance, if one is near enough to be meant. */
export function nearest(found: string, words: Iterable<string>): string | undefined {
  const wanted = found.toLowerCase()
  let best: string | undefined
  // One slip in a short word, a third of a long one; a word of one letter has no neighbours.
  let limit = found.length === 1 ? 0 : Math.min(3, Math.floor((found.length + 2) / 3))
  for (const word of words) {
    const distance = editDistance(wanted, word.toLowerCase(), limit)
    if (distance > limit || (distance === limit && best !== undefined)) continue
    best = word
    limit = distance
  }
  return best
}

/** `did you mean "cmdline"?`, or the valid words when none is near and they are few; empty otherwise. */
export function suggestion(found: string, words: Iterable<string>): string {
  const valid = [...new Set(words)].sort()
  const near = nearest(found, valid)
  if (near !== undefined) return `did you mean "${near}"?`
  if (valid.length === 0) return ''
  return valid.length <= 24 ? `expected ${list(valid)}` : ''
}

/** `a, b or c`. */
export function list(words: readonly string[], joint = 'or'): string {
  if (words.length <= 1) return words[0] ?? ''
  return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1) as string}`
}

/** Damerau-Levenshtein (adjacent swaps count one), given up on beyond `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) cost = Math.min(cost, before[column - 2] + 1)
      current.push(cost)
    }
    before = previous
    previous = current
  }
  return previous[b.length]
}
