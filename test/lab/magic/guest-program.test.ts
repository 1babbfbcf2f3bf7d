import { describe, expect, it } from 'vitest'
import { u32le, u64le } from '../../../src/base/bytes.ts'
import { magicWord } from '../../../src/cpu/isa/magic.ts'
import { guestProgram } from '../../../src/lab/magic/guest-program.ts'

describe('the guest’s program', () => {
  const program = guestProgram()

  it('is a static ELF file for riscv64 with one segment, entered behind its heads', () => {
    expect([...program.subarray(0, 20)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 243, 0])
    expect(u64le(program, 24)).toBe(0x1_0078n)
    expect(u64le(program, 96)).toBe(BigInt(program.length))
    expect(program.length).toBeLessThan(512)
  })

  it('has the magic word twice: once to begin, once in its loop', () => {
    const found = Array.from({ length: (program.length - 0x78) >> 2 }, (_, index) => u32le(program, 0x78 + 4 * index)).filter((word) => word === magicWord)
    expect(found.length).toBe(2)
  })
})
