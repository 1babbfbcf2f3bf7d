/** Which registers code reads and writes, as bits: x0–x31 in 0–31, f0–f31 in 32–63. */
import type { Decoded } from '../isa/row.ts'
import type { Block } from './blocks.ts'

export interface Usage {
  readonly reads: bigint
  readonly writes: bigint
}

const bit = (register: number, file: 'x' | 'f'): bigint => (file === 'x' ? (register === 0 ? 0n : 1n << BigInt(register)) : 1n << BigInt(register + 32))

export function usageOf(instruction: Decoded): Usage {
  const { row, rs1, rs2, rs3 } = instruction
  const homes = { rs1: bit(rs1, 'x'), rs2: bit(rs2, 'x'), rs3: bit(rs3, 'x'), frs1: bit(rs1, 'f'), frs2: bit(rs2, 'f'), frs3: bit(rs3, 'f') }
  return { reads: row.reads.reduce((sum, name) => sum | homes[name], 0n), writes: written(instruction) }
}

function written({ row: { effect }, rd }: Decoded): bigint {
  switch (effect.kind) {
    case 'compute':
    case 'load':
      return bit(rd, effect.file)
    case 'jump':
    case 'amo':
    case 'load-reserved':
    case 'store-conditional':
      return bit(rd, 'x')
    default:
      return 0n
  }
}

/** All that a region touches. */
export function regionUsage(blocks: ReadonlyMap<number, Block>): Usage {
  let [reads, writes] = [0n, 0n]
  for (const block of blocks.values()) {
    for (const instruction of block.instructions) {
      const usage = usageOf(instruction)
      reads |= usage.reads
      writes |= usage.writes
    }
  }
  return { reads, writes }
}

/** For each block, the registers that may have been written when it ends, on any way from the head. */
export function dirtyAtEnd(blocks: ReadonlyMap<number, Block>): ReadonlyMap<number, bigint> {
  const own = new Map([...blocks.values()].map((block) => [block.start, block.instructions.reduce((sum, instruction) => sum | usageOf(instruction).writes, 0n)]))
  const before = new Map([...blocks.keys()].map((start) => [start, 0n]))
  const work = [...blocks.keys()]
  for (let start = work.shift(); start !== undefined; start = work.shift()) {
    const after = (before.get(start) as bigint) | (own.get(start) as bigint)
    for (const next of (blocks.get(start) as Block).next) {
      const known = before.get(next) as bigint
      if ((known | after) === known) continue
      before.set(next, known | after)
      work.push(next)
    }
  }
  return new Map([...before].map(([start, dirty]) => [start, dirty | (own.get(start) as bigint)]))
}

/** The register numbers in a set, x and f apart. */
export function registersIn(set: bigint): { readonly x: readonly number[]; readonly f: readonly number[] } {
  const has = (at: number): boolean => ((set >> BigInt(at)) & 1n) === 1n
  const all = Array.from({ length: 32 }, (_, register) => register)
  return { x: all.filter((register) => has(register)), f: all.filter((register) => has(register + 32)) }
}
