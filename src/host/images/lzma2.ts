/**
 * LZMA2 decoder, after the description in the LZMA SDK's lzma-specification and the chunk headers of "The .xz File Format" §5.3.1.
 *
 * The whole output lies in one array, so the dictionary is simply what was written since its last reset. One table holds all
 * probabilities; the constants below are the offsets of its parts. A range coder bit is `decide`; everything else is trees of them.
 */
import { Malformed } from '../../base/errors.ts'

const states = 12
const positions = 16
const isMatch = 0
const isRep = isMatch + states * positions
const isRepG0 = isRep + states
const isRepG1 = isRepG0 + states
const isRepG2 = isRepG1 + states
const isRep0Long = isRepG2 + states
const slotTrees = isRep0Long + states * positions
const distanceTrees = slotTrees + 4 * 64
const alignTree = distanceTrees + 115
const matchLength = alignTree + 16
/** choice, choice2, then the low and middle trees by position, then the high tree. */
const lengthTables = 2 + positions * 8 * 2 + 256
const repLength = matchLength + lengthTables
const literals = repLength + lengthTables
/** LZMA2 allows lc + lp ≤ 4. */
const tableSize = literals + (0x300 << 4)

export class Lzma2Decoder {
  readonly #probs = new Uint16Array(tableSize)
  readonly #in: Uint8Array
  #at: number
  #out: Uint8Array
  #written = 0
  /** Where the dictionary begins in the output. */
  #base = 0
  #range = 0
  #code = 0
  #state = 0
  readonly #reps = [0, 0, 0, 0]
  #lc = 0
  #lpMask = 0
  #pbMask = 0

  /** @param at where the first chunk starts. @param limitBytes the output never grows beyond it. */
  constructor(bytes: Uint8Array, at: number, limitBytes: number) {
    this.#in = bytes
    this.#at = at
    this.#out = new Uint8Array(Math.min(limitBytes, Math.max(65536, bytes.length * 4)))
    this.#limit = limitBytes
  }

  readonly #limit: number

  /** Decodes chunks up to the end marker. @returns the output and where the input goes on. @throws {Malformed} */
  decode(): { readonly bytes: Uint8Array; readonly end: number } {
    let fresh = true
    for (;;) {
      const control = this.#byte()
      if (control === 0) return { bytes: this.#out.subarray(0, this.#written), end: this.#at }
      if (control >= 0xe0 || control === 1) this.#base = this.#written
      else if (fresh) throw new Malformed('LZMA2: the first chunk does not reset the dictionary')
      if (control >= 0x80) this.#compressed(control, fresh)
      else if (control <= 2) this.#stored()
      else throw new Malformed(`LZMA2: no such chunk: ${control}`)
      if (control >= 0x80) fresh = false
      else fresh &&= control !== 1
    }
  }

  #stored(): void {
    const count = (this.#byte() << 8) + this.#byte() + 1
    this.#reserve(count)
    if (this.#at + count > this.#in.length) throw new Malformed('LZMA2: cut short')
    this.#out.set(this.#in.subarray(this.#at, this.#at + count), this.#written)
    this.#at += count
    this.#written += count
  }

  #compressed(control: number, fresh: boolean): void {
    const count = ((control & 0x1f) << 16) + (this.#byte() << 8) + this.#byte() + 1
    const packed = (this.#byte() << 8) + this.#byte() + 1
    if (control >= 0xc0) this.#properties(this.#byte())
    else if (fresh) throw new Malformed('LZMA2: the first chunk has no properties')
    if (control >= 0xa0) this.#reset()
    const end = this.#at + packed
    if (packed < 5 || end > this.#in.length) throw new Malformed('LZMA2: cut short')
    this.#reserve(count)
    this.#at++ // the range coder's first byte is always 0
    this.#range = 0xffff_ffff
    this.#code = 0
    for (let byte = 0; byte < 4; byte++) this.#code = ((this.#code << 8) | this.#in[this.#at++]) >>> 0
    this.#symbols(this.#written + count)
    if (this.#at !== end) throw new Malformed('LZMA2: a chunk is not as long as it says')
  }

  #properties(value: number): void {
    const lp = Math.floor(value / 9) % 5
    const pb = Math.floor(value / 45)
    this.#lc = value % 9
    if (pb > 4 || this.#lc + lp > 4) throw new Malformed(`LZMA2: properties ${value} are out of range`)
    this.#lpMask = (1 << lp) - 1
    this.#pbMask = (1 << pb) - 1
  }

  #reset(): void {
    this.#probs.fill(1024)
    this.#state = 0
    this.#reps.fill(0)
  }

  #symbols(end: number): void {
    while (this.#written < end) {
      const position = (this.#written - this.#base) & this.#pbMask
      if (this.#decide(isMatch + this.#state * positions + position) === 0) this.#literal()
      else if (this.#decide(isRep + this.#state) === 0) this.#match(position, end)
      else this.#repeat(position, end)
    }
  }

  #literal(): void {
    const before = this.#written === this.#base ? 0 : this.#out[this.#written - 1]
    const context = (((this.#written - this.#base) & this.#lpMask) << this.#lc) + (before >>> (8 - this.#lc))
    const tree = literals + 0x300 * context
    let symbol = 1
    if (this.#state >= 7) {
      let match = this.#out[this.#back(this.#reps[0])]
      while (symbol < 0x100) {
        const bit = (match >>> 7) & 1
        match <<= 1
        const decided = this.#decide(tree + ((1 + bit) << 8) + symbol)
        symbol = (symbol << 1) | decided
        if (decided !== bit) break
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#decide(tree + symbol)
    this.#out[this.#written++] = symbol
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6
  }

  #match(position: number, end: number): void {
    const reps = this.#reps
    reps[3] = reps[2]
    reps[2] = reps[1]
    reps[1] = reps[0]
    const length = this.#length(matchLength, position)
    this.#state = this.#state < 7 ? 7 : 10
    reps[0] = this.#distance(Math.min(length - 2, 3))
    this.#copy(length, end)
  }

  #repeat(position: number, end: number): void {
    const reps = this.#reps
    if (this.#decide(isRepG0 + this.#state) === 0) {
      if (this.#decide(isRep0Long + this.#state * positions + position) === 0) {
        this.#state = this.#state < 7 ? 9 : 11
        this.#copy(1, end)
        return
      }
    } else {
      let which = 1
      if (this.#decide(isRepG1 + this.#state) === 1) which = 2 + this.#decide(isRepG2 + this.#state)
      const distance = reps[which]
      for (let rep = which; rep > 0; rep--) reps[rep] = reps[rep - 1]
      reps[0] = distance
    }
    const length = this.#length(repLength, position)
    this.#state = this.#state < 7 ? 8 : 11
    this.#copy(length, end)
  }

  #length(table: number, position: number): number {
    if (this.#decide(table) === 0) return 2 + this.#tree(table + 2 + position * 8, 3)
    if (this.#decide(table + 1) === 0) return 10 + this.#tree(table + 2 + (positions + position) * 8, 3)
    return 18 + this.#tree(table + 2 + positions * 16, 8)
  }

  /** @returns the distance less one. */
  #distance(lengthClass: number): number {
    const slot = this.#tree(slotTrees + lengthClass * 64, 6)
    if (slot < 4) return slot
    const directBits = (slot >>> 1) - 1
    const top = ((2 | (slot & 1)) << directBits) >>> 0
    if (slot < 14) return top + this.#reverseTree(distanceTrees + top - slot, directBits)
    return top + this.#direct(directBits - 4) * 16 + this.#reverseTree(alignTree, 4)
  }

  #copy(length: number, end: number): void {
    if (length > end - this.#written) throw new Malformed('LZMA2: a match runs over the end of its chunk')
    const out = this.#out
    let from = this.#back(this.#reps[0])
    for (let left = length; left > 0; left--) out[this.#written++] = out[from++]
  }

  #back(distance: number): number {
    const from = this.#written - distance - 1
    if (from < this.#base) throw new Malformed('LZMA2: a match starts before the dictionary')
    return from
  }

  #tree(table: number, bits: number): number {
    let node = 1
    for (let bit = 0; bit < bits; bit++) node = (node << 1) | this.#decide(table + node)
    return node - (1 << bits)
  }

  #reverseTree(table: number, bits: number): number {
    let node = 1
    let value = 0
    for (let bit = 0; bit < bits; bit++) {
      const decided = this.#decide(table + node)
      node = (node << 1) | decided
      value |= decided << bit
    }
    return value
  }

  #direct(bits: number): number {
    let value = 0
    for (let bit = 0; bit < bits; bit++) {
      this.#range >>>= 1
      const high = this.#code >= this.#range
      if (high) this.#code -= this.#range
      value = value * 2 + (high ? 1 : 0)
      this.#refill()
    }
    return value
  }

  #decide(index: number): 0 | 1 {
    const prob = this.#probs[index]
    const bound = (this.#range >>> 11) * prob
    const low = this.#code < bound
    if (low) {
      this.#range = bound
      this.#probs[index] = prob + ((2048 - prob) >>> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      this.#probs[index] = prob - (prob >>> 5)
    }
    this.#refill()
    return low ? 0 : 1
  }

  #refill(): void {
    if (this.#range >= 0x100_0000) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | this.#in[this.#at++]) >>> 0
  }

  #byte(): number {
    if (this.#at >= this.#in.length) throw new Malformed('LZMA2: cut short')
    return this.#in[this.#at++]
  }

  #reserve(count: number): void {
    const wanted = this.#written + count
    if (wanted > this.#limit) throw new Malformed(`LZMA2: more than ${this.#limit} bytes come out`)
    if (wanted <= this.#out.length) return
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(wanted, this.#out.length * 2)))
    larger.set(this.#out.subarray(0, this.#written))
    this.#out = larger
  }
}
