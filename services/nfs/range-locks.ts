/** Byte-range locks of one file, as POSIX has them: advisory, merged and split by their owner's later ones. For NLM and NFSv4 together. */

/** Whoever has locks; two are the same when they are one object. */
export interface LockHolder {
  /** Of NFSv4; 0 for NLM. */
  readonly clientId: bigint
  /** As the client calls itself, for whoever is told of the conflict. */
  readonly name: Uint8Array
  /** A process on the client, for NLM. */
  readonly process: number
}

export interface Range {
  readonly from: bigint
  /** The last byte; `lastByte` for "to the end". */
  readonly to: bigint
  readonly write: boolean
}

export interface HeldRange extends Range {
  readonly holder: LockHolder
}

export const lastByte = 0xffff_ffff_ffff_ffffn
/** Ranges that one file may have. */
const mostRanges = 2048

/** The bytes from `offset`, `length` of them; all ones is "to the end". Undefined for what is no range. */
export function rangeOf(offset: bigint, length: bigint): { readonly from: bigint; readonly to: bigint } | undefined {
  if (length === 0n) return undefined
  if (length === lastByte) return { from: offset, to: lastByte }
  const to = offset + length - 1n
  return to > lastByte ? undefined : { from: offset, to }
}

export class RangeLocks {
  #held: HeldRange[] = []

  get held(): readonly HeldRange[] {
    return this.#held
  }

  /** What stands in the way of a lock. */
  conflict(holder: LockHolder, { from, to, write }: Range): HeldRange | undefined {
    return this.#held.find((each) => each.holder !== holder && each.from <= to && from <= each.to && (write || each.write))
  }

  /** Takes a range that nothing stands in the way of; what its holder had there before is this now. @returns false when there are too many. */
  take(holder: LockHolder, range: Range): boolean {
    const rest = this.#without(holder, range)
    if (rest.length >= mostRanges) return false
    let { from, to } = range
    // A holder's ranges of one kind that touch become one.
    this.#held = rest.filter((each) => {
      const touches = each.holder === holder && each.write === range.write && each.from <= to + 1n && from <= each.to + 1n
      if (touches) [from, to] = [each.from < from ? each.from : from, each.to > to ? each.to : to]
      return !touches
    })
    this.#held.push({ from, to, write: range.write, holder })
    return true
  }

  /** @returns false when the cut would leave too many. */
  free(holder: LockHolder, range: Pick<Range, 'from' | 'to'>): boolean {
    const rest = this.#without(holder, range)
    if (rest.length > mostRanges) return false
    this.#held = rest
    return true
  }

  freeAll(holder: LockHolder): void {
    this.#held = this.#held.filter((each) => each.holder !== holder)
  }

  has(holder: LockHolder): boolean {
    return this.#held.some((each) => each.holder === holder)
  }

  /** All ranges, what `holder` has of one cut out. */
  #without(holder: LockHolder, { from, to }: Pick<Range, 'from' | 'to'>): HeldRange[] {
    return this.#held.flatMap((each) => {
      if (each.holder !== holder || each.to < from || to < each.from) return [each]
      const left = each.from < from ? [{ ...each, to: from - 1n }] : []
      const right = each.to > to ? [{ ...each, from: to + 1n }] : []
      return [...left, ...right]
    })
  }
}
