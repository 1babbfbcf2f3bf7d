/** Words that look alike, for "did you mean" in errors and logs. */

/** Levenshtein's distance, letters' case passed over. */
export function distance(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}

/** Up to `count` of `words` that are no more than a third (or two letters exchanged) away from `word`, the nearest first. */
export function nearest(word: string, words: readonly string[], count: number): readonly string[] {
  const bound = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3))
  const ranked = words.filter((each) => Math.abs(each.length - word.length) <= bound).map((each) => ({ each, far: distance(word, each) }))
  return ranked.filter(({ far }) => far <= bound).sort((a, b) => a.far - b.far || (a.each < b.each ? -1 : 1)).slice(0, count).map(({ each }) => each)
}

/** `did you mean "range"?`, or the words there are. */
export function hintFor(word: string, words: readonly string[]): string | undefined {
  const [near] = nearest(word, words, 1)
  if (near !== undefined) return `did you mean "${near}"?`
  return words.length === 0 ? undefined : `one of: ${words.slice(0, 20).join(', ')}`
}
