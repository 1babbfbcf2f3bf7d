import { describe, expect, it } from 'vitest'
import { steps } from '../../../src/cpu/asm/constant.ts'

/** What the steps leave in the register. */
function run(value: bigint): bigint {
  let register = 0n
  for (const { row, imm } of steps(value)) {
    if (row === 'lui') register = BigInt(imm)
    else if (row === 'slli') register = BigInt.asIntN(64, register << BigInt(imm))
    else register = BigInt.asIntN(row === 'addiw' ? 32 : 64, register + BigInt(imm))
  }
  return register
}

describe('steps', () => {
  it.each([
    0n, 1n, -1n, 2047n, 2048n, -2048n, -2049n, 0x7fff_f7ffn, 0x7fff_f800n, 0x7fff_ffffn, -0x8000_0000n, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n,
    0x1234_5678_9abc_def0n, -0x1234_5678_9abc_def0n, 0x7fff_ffff_ffff_ffffn, -(1n << 63n), 0x8000_0000_0000_0001n, 0xffff_ffff_ffff_ffffn, 0xdead_beef_cafe_f00dn, 0x7fff_ffff_ffff_f800n,
  ])('make %s', (value) => {
    expect(run(value)).toBe(BigInt.asIntN(64, value))
    expect(steps(value).length).toBeLessThanOrEqual(8)
  })

  it('are few for simple values', () => {
    expect(steps(5n)).toEqual([{ row: 'addi', imm: 5 }])
    expect(steps(0x1234_5000n)).toEqual([{ row: 'lui', imm: 0x1234_5000 }])
    expect(steps(0x8000_0000n)).toEqual([{ row: 'addi', imm: 1 }, { row: 'slli', imm: 31 }])
    expect(steps(0x1000_0001n)).toEqual([{ row: 'lui', imm: 0x1000_0000 }, { row: 'addiw', imm: 1 }])
  })
})
