/** Delta debugging (Zeller and Hildebrandt 2002, ddmin): the smallest part of a list that still fails, as far as the budget goes. */

/** How many runs a shrinking may cost. */
export interface Budget {
  runs: number
}

/** @param fails whether the lab fails with only these. @returns a part of `items` of which, budget permitting, no element can be left out. */
export async function shrink<Item>(items: readonly Item[], fails: (items: readonly Item[]) => Promise<boolean>, budget: Budget): Promise<readonly Item[]> {
  let kept = items
  for (let parts = 2; kept.length > 0 && budget.runs > 0; ) {
    const size = Math.max(1, Math.ceil(kept.length / parts))
    const smaller = await without(kept, size, fails, budget)
    if (smaller !== undefined) {
      kept = smaller
      parts = Math.max(2, parts - 1)
    } else if (size === 1) break
    else parts *= 2
  }
  return kept
}

/** The first list that fails with one stretch of `size` left out. */
async function without<Item>(items: readonly Item[], size: number, fails: (items: readonly Item[]) => Promise<boolean>, budget: Budget): Promise<readonly Item[] | undefined> {
  for (let from = 0; from < items.length && budget.runs > 0; from += size) {
    const rest = [...items.slice(0, from), ...items.slice(from + size)]
    budget.runs--
    if (await fails(rest)) return rest
  }
  return undefined
}
