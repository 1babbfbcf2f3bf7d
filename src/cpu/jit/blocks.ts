/** What a region consists of: the executed code of one page that its head reaches, as basic blocks. */
import { decode } from '../isa/decode.ts'
import type { Extensions } from '../isa/profile.ts'
import type { Decoded } from '../isa/row.ts'

/** Code of one page, by byte offset. */
export interface CodeView {
  /** Up to 32 bits at `offset`; the upper half is 0 at the page's last halfword. */
  word(offset: number): number
  /** Has the interpreter been here since the page was decoded? What it hasn't met is cold. */
  seen(offset: number): boolean
  /** What the harts have beyond RV64GC. */
  readonly extensions: Extensions
}

export interface Instruction extends Decoded {
  /** Byte offset in the page. */
  readonly offset: number
}

/** How control leaves a block. Offsets are relative to the page and may lie outside it; those that are no block's start leave the region. */
export type End =
  | { readonly kind: 'fall'; readonly to: number }
  | { readonly kind: 'branch'; readonly taken: number; readonly to: number }
  | { readonly kind: 'jump'; readonly to: number }
  /** jalr: the target is known at run time only. */
  | { readonly kind: 'indirect' }

export interface Block {
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

/** @returns blocks by their start, or undefined when the head itself can't be compiled. */
export function discover(code: CodeView, head: number): ReadonlyMap<number, Block> | undefined {
  const found = new Map<number, Instruction>()
  const leaders = new Set([head])
  const work = [head]
  for (let from = work.pop(); from !== undefined; from = work.pop()) {
    for (let at = from; !found.has(at); ) {
      const instruction = found.size < regionLimit ? instructionAt(code, at) : undefined
      if (instruction === undefined) break
      found.set(at, instruction)
      const after = at + instruction.length
      if (endsBlock(instruction)) {
        for (const target of targetsOf(instruction)) {
          leaders.add(target)
          work.push(target)
        }
        break
      }
      at = after
    }
  }
  return found.has(head) ? blocksOf(found, leaders) : undefined
}

function instructionAt(code: CodeView, offset: number): Instruction | undefined {
  if (offset < 0 || offset > 4094 || !code.seen(offset)) return undefined
  const word = code.word(offset)
  if ((word & 3) === 3 && offset === 4094) return undefined
  const decoded = decode(word, code.extensions)
  return decoded !== undefined && compilable(decoded) ? { ...decoded, offset } : undefined
}

/** Where a block's last instruction goes on within the region. Calls leave it: their return address becomes hot by itself. */
function targetsOf(instruction: Instruction): readonly number[] {
  const { row, offset, imm, rd, length } = instruction
  if (row.effect.kind === 'branch') return [offset + imm, offset + length]
  return row.format === 'J' && rd === 0 ? [offset + imm] : []
}

function blocksOf(found: ReadonlyMap<number, Instruction>, leaders: ReadonlySet<number>): ReadonlyMap<number, Block> {
  const blocks = new Map<number, Block>()
  for (const start of leaders) {
    if (!found.has(start)) continue
    const instructions: Instruction[] = []
    let at = start
    let instruction = found.get(at)
    while (instruction !== undefined) {
      instructions.push(instruction)
      at += instruction.length
      if (endsBlock(instruction) || leaders.has(at)) break
      instruction = found.get(at)
    }
    const end = endOf(instructions[instructions.length - 1], at)
    const next = [...new Set(followers(end))].filter((to) => leaders.has(to) && found.has(to))
    blocks.set(start, { start, instructions, end, next })
  }
  return blocks
}

function endOf(last: Instruction, after: number): End {
  const { effect, format } = last.row
  if (effect.kind === 'branch') return { kind: 'branch', taken: last.offset + last.imm, to: after }
  if (effect.kind === 'jump') return format === 'J' ? { kind: 'jump', to: last.offset + last.imm } : { kind: 'indirect' }
  return { kind: 'fall', to: after }
}

function followers(end: End): readonly number[] {
  if (end.kind === 'branch') return [end.taken, end.to]
  return end.kind === 'indirect' ? [] : [end.to]
}
