import { describe, expect, it } from 'vitest'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import { type Block, type CodeView, discover, offsetOf, spotOf } from '../../../src/cpu/jit/blocks.ts'
import { profiles } from '../../../src/cpu/isa/profile.ts'

function view(text: string, warm: readonly number[] = []): CodeView {
  const { bytes } = assemble(0, text)
  const half = (offset: number): number => (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8)
  return {
    word: (offset) => (half(offset) | (half(offset + 2) << 16)) >>> 0,
    seen: (offset) => offset < bytes.length,
    warm: (offset) => warm.includes(offset),
    extensions: profiles.rv64gc.extensions,
  }
}

const shape = (blocks: ReadonlyMap<number, Block> | undefined): readonly string[] =>
  [...(blocks ?? new Map<number, Block>()).values()].map(({ start, instructions, next }) => `${offsetOf(start)}:${instructions.length}>${next.map(offsetOf).join()}`)

describe('the blocks of a region', () => {
  it('go round a loop', () => expect(shape(discover(view('1: addi a0, a0, -1\n bnez a0, 1b\n ecall'), 0))).toEqual(['0:2>0']))

  it('take a small leaf in, with its return', () => {
    expect(shape(discover(view('jal ra, 2f\n addi a0, a0, 1\n ecall\n2: addi a1, a1, 1\n ret'), 0))).toEqual(['0:1>12', '12:2>4', '4:1>'])
  })

  it('begin with the head, and leave out what lies behind a leaf that never comes back', () => {
    expect(shape(discover(view('jal ra, 2f\n addi a0, a0, 1\n ecall\n2: addi a1, a1, 1\n ecall'), 0))).toEqual(['0:1>12', '12:1>'])
  })

  it('take in the warm places round a jump by table', () => {
    expect(shape(discover(view('jr a5\n addi a0, a0, 1\n ecall\n addi a1, a1, 1\n ecall', [4, 12]), 0))).toEqual(['0:1>4,12', '12:1>', '4:1>'])
  })

  it('are none where the head is the interpreter’s', () => expect(discover(view('ecall'), 0)).toBeUndefined())

  it('have spots that can be added to', () => expect(offsetOf(spotOf(3, 100) + 8)).toBe(108))
})
