import { describe, expect, it } from 'vitest'
import { expand } from '../../../src/cpu/isa/c.ts'
import { compress } from '../../../src/cpu/isa/compress.ts'
import { rowNamed } from '../../../src/cpu/isa/rows.ts'

describe('compress', () => {
  it('finds a form for whatever a compressed word stands for', () => {
    let legal = 0
    // A prime step, so that all quadrants and immediates are met in a seventh of the time.
    for (let parcel = 0; parcel < 0x1_0000; parcel += 7) {
      const decoded = (parcel & 3) === 3 ? undefined : expand(parcel)
      if (decoded === undefined) continue
      legal++
      const again = compress(decoded.row, decoded)
      expect(again === undefined ? undefined : expand(again), `0x${parcel.toString(16)}`).toEqual(decoded)
    }
    expect(legal).toBeGreaterThan(6000)
  })

  it.each([
    ['addi', { rd: 10, rs1: 10, imm: 31 }, 0x057d],
    ['addi', { rd: 2, rs1: 2, imm: -64 }, 0x7139],
    ['addi', { rd: 8, rs1: 2, imm: 4 }, 0x0040],
    ['lw', { rd: 9, rs1: 15 }, 0x4384],
    ['jal', { rd: 0, imm: -2 }, 0xbffd],
    ['ebreak', {}, 0x9002],
    ['lui', { rd: 2, imm: 0x1000 }, undefined],
    ['addi', { rd: 10, rs1: 11, imm: 1 }, undefined],
    ['addi', { rd: 10, rs1: 10, imm: 32 }, undefined],
    ['lw', { rd: 9, rs1: 15, imm: 2 }, undefined],
    ['lw', { rd: 0, rs1: 2, imm: 4 }, undefined],
    ['mul', { rd: 10, rs1: 10, rs2: 11 }, undefined],
  ])('%s %o', (name, operands, parcel) => {
    expect(compress(rowNamed(name), operands)).toBe(parcel)
  })
})
