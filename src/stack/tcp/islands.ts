/** What has arrived out of order: islands of bytes beyond `rcvNxt`, and how they are reported. RFC 9293 §3.10.7.4, RFC 2018 §4. */

/** Beyond this a segment that would make one more is dropped, as if it were lost. */
export const mostIslands = 512
/** Blocks that fit beside timestamps (RFC 2018 §3). */
const mostBlocks = 3

export interface Island {
  start: number
  end: number
  /** Rises with every segment that touched an island. */
  touched: number
}

export class Islands {
  /** In order, not touching one another. */
  readonly all: Island[] = []
  #touches = 0

  /** @returns how many bytes of [start, end) were there already. */
  add(start: number, end: number): number {
    let first = 0
    while (first < this.all.length && this.all[first].end < start) first++
    let last = first
    let known = 0
    const merged: Island = { start, end, touched: ++this.#touches }
    for (; last < this.all.length && this.all[last].start <= end; last++) {
      const each = this.all[last]
      known += Math.max(0, Math.min(each.end, end) - Math.max(each.start, start))
      merged.start = Math.min(merged.start, each.start)
      merged.end = Math.max(merged.end, each.end)
    }
    this.all.splice(first, last - first, merged)
    return known
  }

  /** Whether [start, end) could be added without passing the bound. */
  hasRoom(start: number, end: number): boolean {
    return this.all.length < mostIslands || this.all.some((each) => each.start <= end && each.end >= start)
  }

  /** Takes away what begins at or before `next`. @returns the end of the stream's unbroken beginning. */
  join(next: number): number {
    let end = next
    while (this.all.length > 0 && this.all[0].start <= end) end = Math.max(end, (this.all.shift() as Island).end)
    return end
  }

  /** "The first SACK block MUST specify the contiguous block containing the segment which triggered this ACK"; then the most recent others. */
  blocks(duplicate: readonly [number, number] | undefined): (readonly [number, number])[] {
    // A duplicate is reported first, whatever its place (RFC 2883 §4).
    const blocks: (readonly [number, number])[] = duplicate === undefined ? [] : [duplicate]
    for (let before = Number.POSITIVE_INFINITY; blocks.length < mostBlocks; ) {
      let recent: Island | undefined
      for (const each of this.all) if (each.touched < before && each.touched > (recent?.touched ?? -1)) recent = each
      if (recent === undefined) break
      before = recent.touched
      blocks.push([recent.start, recent.end])
    }
    return blocks
  }
}
