/**
 * What a region consists of: the executed code of one page that its head reaches, as basic blocks. Small leaf functions on the page are
 * taken in once for each call, so that a call and its return cost nothing but a comparison of the return address.
 *
 * A *spot* is a byte offset in the page together with the copy it belongs to: copy 0 is the region's own code, each further one a leaf
 * for one call. Spots of one copy can be added to like offsets.
 */
import { decode } from '../isa/decode.ts'
import type { Extensions } from '../isa/profile.ts'
import type { Decoded } from '../isa/row.ts'

/** Code of one page, by byte offset. */
export interface CodeView {
  /** Up to 32 bits at `offset`; the upper half is 0 at the page's last halfword. */
  word(offset: number): number
  /** Has the interpreter been here since the page was decoded? What it hasn't met is cold. */
  seen(offset: number): boolean
  /** Has it often been jumped to, by something else than a jump forward on this page? */
  warm(offset: number): boolean
  /** What the harts have beyond RV64GC. */
  readonly extensions: Extensions
}

export interface Instruction extends Decoded {
  /** Byte offset in the page. */
  readonly offset: number
}

const copySpan = 0x40_0000
/** Spots of copy 0 begin here, so that jumps to the front of the page have one, too. */
const copyMiddle = 0x20_0000

export const spotOf = (copy: number, offset: number): number => copy * copySpan + copyMiddle + offset
export const offsetOf = (spot: number): number => (spot % copySpan) - copyMiddle
const copyOf = (spot: number): number => Math.floor(spot / copySpan)

/** How control leaves a block, in spots. They may lie outside the page; those that are no block's start leave the region. */
export type End =
  | { readonly kind: 'fall'; readonly to: number }
  | { readonly kind: 'branch'; readonly taken: number; readonly to: number }
  | { readonly kind: 'jump'; readonly to: number }
  /** A leaf's return, to behind its call unless the return address says otherwise. */
  | { readonly kind: 'return'; readonly to: number }
  /** jalr: the target is known at run time only; these are likely ones in the region, in ascending order. */
  | { readonly kind: 'indirect'; readonly likely: readonly number[] }

export interface Block {
  /** A spot. */
  readonly start: number
  /** A branch or jump is the last one. */
  readonly instructions: readonly Instruction[]
  readonly end: End
  /** Starts of blocks of this region that follow. */
  readonly next: readonly number[]
}

/** Instructions a region may have. */
const regionLimit = 600

/** CSRs, traps and waiting change what compiled code relies on, so they are the interpreter's. */
export function compilable({ row }: Decoded): boolean {
  const { effect } = row
  return effect.kind !== 'csr' && (effect.kind !== 'system' || effect.operation === 'fence')
}

const endsBlock = ({ row }: Decoded): boolean => row.effect.kind === 'branch' || row.effect.kind === 'jump'

/** How far from an indirect jump its likely targets lie in bytes, and how many are taken in. */
const switchSpan = 1024
const switchLimit = 32

/** Instructions a leaf may have to be taken in. */
const leafLimit = 48
const returnAddress = 1

const isReturn = ({ row, rd, rs1, imm }: Decoded): boolean => row.name === 'jalr' && rd === 0 && rs1 === returnAddress && imm === 0
const isSwitch = ({ row, rd, rs1 }: Decoded): boolean => row.name === 'jalr' && rd === 0 && rs1 !== returnAddress
const isCall = ({ row, rd }: Decoded): boolean => row.format === 'J' && rd === returnAddress

/** @returns blocks by their start, or undefined when the head itself can't be compiled. */
export function discover(code: CodeView, head: number): ReadonlyMap<number, Block> | undefined {
  const first = spotOf(0, head)
  const finding = new Finding(code)
  finding.follow(first)
  return finding.found.has(first) ? reachable(finding.blocks(), first) : undefined
}

/** What the head reaches, the head first: behind the call of a leaf that never came back lies code that nothing in the region goes to. */
function reachable(blocks: ReadonlyMap<number, Block>, head: number): ReadonlyMap<number, Block> {
  const reached = new Map<number, Block>()
  const work = [head]
  for (let start = work.pop(); start !== undefined; start = work.pop()) {
    const block = blocks.get(start)
    if (block === undefined || reached.has(start)) continue
    reached.set(start, block)
    work.push(...block.next)
  }
  return reached
}

class Finding {
  readonly found = new Map<number, Instruction>()
  readonly #code: CodeView
  readonly #leaders = new Set<number>()
  readonly #ends = new Map<number, End>()
  /** Where each copy returns to; copy 0 has no such place. */
  readonly #returns: number[] = [-1]
  readonly #leaves = new Map<number, number>()

  constructor(code: CodeView) {
    this.#code = code
  }

  follow(head: number): void {
    this.#leaders.add(head)
    const work = [head]
    for (let from = work.pop(); from !== undefined; from = work.pop()) {
      for (let at = from; !this.found.has(at); ) {
        const instruction = this.found.size < regionLimit ? instructionAt(this.#code, offsetOf(at)) : undefined
        if (instruction === undefined) break
        this.found.set(at, instruction)
        if (endsBlock(instruction)) {
          const targets = this.#targets(at, instruction)
          for (const target of targets) this.#leaders.add(target)
          work.push(...targets)
          break
        }
        at += instruction.length
      }
    }
  }

  /** Notes how the block ends and says where it goes on within the region. */
  #targets(at: number, instruction: Instruction): readonly number[] {
    const after = at + instruction.length
    const copy = copyOf(at)
    if (copy > 0 && isReturn(instruction)) {
      this.#ends.set(at, { kind: 'return', to: this.#returns[copy] })
      return []
    }
    if (isCall(instruction) && copy === 0 && this.#leafSize(instruction.offset + instruction.imm) + this.found.size < regionLimit) {
      const leaf = spotOf(this.#returns.length, instruction.offset + instruction.imm)
      this.#returns.push(after)
      this.#ends.set(at, { kind: 'jump', to: leaf })
      return [after, leaf]
    }
    const end = isSwitch(instruction) && copy === 0 ? this.#switchAt(instruction.offset) : endOf(instruction, at)
    this.#ends.set(at, end)
    // Other calls leave the region: their return address becomes hot by itself.
    return isCall(instruction) ? [] : followers(end)
  }

  /** A jump by table: what is warm round about is where it goes to, for all we know. Whatever else it goes to leaves the region. */
  #switchAt(offset: number): End {
    const likely: number[] = []
    const stop = Math.min(4096, offset + switchSpan)
    for (let at = Math.max(0, offset - switchSpan); at < stop && likely.length < switchLimit; at += 2) {
      if (this.#code.warm(at) && instructionAt(this.#code, at) !== undefined) likely.push(spotOf(0, at))
    }
    return { kind: 'indirect', likely }
  }

  /** Instructions of the function that begins at this offset of the page, if it is a small leaf; otherwise Infinity. */
  #leafSize(offset: number): number {
    const known = this.#leaves.get(offset)
    if (known !== undefined) return known
    const seen = new Set<number>()
    const work = [offset]
    let leaf = true
    for (let at = work.pop(); at !== undefined && leaf; at = work.pop()) {
      while (!seen.has(at)) {
        const instruction: Instruction | undefined = instructionAt(this.#code, at)
        // What was never met ends it: there the region is left.
        if (instruction === undefined) break
        seen.add(at)
        if (seen.size > leafLimit || (instruction.row.effect.kind === 'jump' && instruction.rd !== 0) || (instruction.row.name === 'jalr' && !isReturn(instruction))) {
          leaf = false
          break
        }
        if (instruction.row.effect.kind === 'branch') work.push(at + instruction.imm)
        if (isReturn(instruction)) break
        at = instruction.row.format === 'J' ? at + instruction.imm : at + instruction.length
      }
    }
    const size = leaf && seen.size > 0 ? seen.size : Infinity
    this.#leaves.set(offset, size)
    return size
  }

  blocks(): ReadonlyMap<number, Block> {
    const blocks = new Map<number, Block>()
    for (const start of this.#leaders) {
      if (!this.found.has(start)) continue
      const instructions: Instruction[] = []
      let at = start
      let last = start
      for (let instruction = this.found.get(at); instruction !== undefined; instruction = this.found.get(at)) {
        instructions.push(instruction)
        last = at
        at += instruction.length
        if (endsBlock(instruction) || this.#leaders.has(at)) break
      }
      const end = this.#ends.get(last) ?? { kind: 'fall', to: at }
      const next = [...new Set(followers(end))].filter((to) => this.#leaders.has(to) && this.found.has(to))
      blocks.set(start, { start, instructions, end, next })
    }
    return blocks
  }
}

function instructionAt(code: CodeView, offset: number): Instruction | undefined {
  if (offset < 0 || offset > 4094 || !code.seen(offset)) return undefined
  const word = code.word(offset)
  if ((word & 3) === 3 && offset === 4094) return undefined
  const decoded = decode(word, code.extensions)
  return decoded !== undefined && compilable(decoded) ? { ...decoded, offset } : undefined
}

/** How a block ends whose last instruction, at this spot, is a branch or jump. */
function endOf({ row: { effect, format }, imm, length }: Instruction, at: number): End {
  if (effect.kind === 'branch') return { kind: 'branch', taken: at + imm, to: at + length }
  return format === 'J' ? { kind: 'jump', to: at + imm } : { kind: 'indirect', likely: [] }
}

function followers(end: End): readonly number[] {
  if (end.kind === 'branch') return [end.taken, end.to]
  return end.kind === 'indirect' ? end.likely : [end.to]
}
