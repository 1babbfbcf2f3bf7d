import { describe, expect, it } from 'vitest'
import { compressed, expand } from '../../../src/cpu/isa/c.ts'
import { places } from '../../../src/cpu/isa/compressed.ts'
import { disassemble } from '../../../src/cpu/isa/disassemble.ts'

// What GNU objdump 2.40 makes of these words, at pc 0x8000; its `add` and `sll` with a constant are our addi and slli.
const words: readonly [number, string][] = [
  [0x0534, 'addi a3,sp,648'], [0x14c8, 'addi a0,sp,612'],
  [0x245c, 'fld fa5,136(s0)'], [0x4384, 'lw s1,0(a5)'], [0x5318, 'lw a4,32(a4)'], [0x62ac, 'ld a1,64(a3)'],
  [0xa0fc, 'fsd fa5,192(s1)'], [0xc024, 'sw s1,64(s0)'], [0xcfb8, 'sw a4,88(a5)'], [0xfe74, 'sd a3,248(a2)'],
  [0x0001, 'nop'], [0x0a65, 'addi s4,s4,25'], [0x19f9, 'addi s3,s3,-2'],
  [0x298d, 'addiw s3,s3,3'], [0x3921, 'addiw s2,s2,-24'], [0x2501, 'sext.w a0,a0'],
  [0x48b5, 'li a7,13'], [0x5849, 'li a6,-14'], [0x67dd, 'lui a5,0x17'], [0x7771, 'lui a4,0xffffc'],
  [0x6105, 'addi sp,sp,32'], [0x7139, 'addi sp,sp,-64'],
  [0x8305, 'srli a4,a4,0x1'], [0x9699, 'srai a3,a3,0x26'], [0x8705, 'srai a4,a4,0x1'], [0x997d, 'andi a0,a0,-1'],
  [0x8d0d, 'sub a0,a0,a1'], [0x8d2d, 'xor a0,a0,a1'], [0x8d4d, 'or a0,a0,a1'], [0x8d6d, 'and a0,a0,a1'], [0x9d0d, 'subw a0,a0,a1'], [0x9d2d, 'addw a0,a0,a1'],
  [0xa62d, 'j 0x832a'], [0xb5c1, 'j 0x7ec0'], [0xc555, 'beqz a0,0x80ac'], [0xd4e9, 'beqz s1,0x7fca'], [0xe47d, 'bnez s0,0x80ee'], [0xf411, 'bnez s0,0x7f0c'],
  [0x0f96, 'slli t6,t6,0x5'], [0x1f2a, 'slli t5,t5,0x2a'],
  [0x2ebe, 'fld ft9,456(sp)'], [0x4de6, 'lw s11,88(sp)'], [0x6d0e, 'ld s10,192(sp)'],
  [0xbaf2, 'fsd ft8,368(sp)'], [0xca86, 'sw ra,84(sp)'], [0xe9ae, 'sd a1,208(sp)'],
  [0x8082, 'ret'], [0x8502, 'jr a0'], [0x9502, 'jalr a0'], [0x8c36, 'mv s8,a3'], [0x9bca, 'add s7,s7,s2'], [0x9002, 'ebreak'],
]

describe('expand', () => {
  it.each(words)('%i is %s', (word, text) => {
    expect(disassemble(word, 0x8000)).toBe(text)
    expect(expand(word)?.length).toBe(2)
  })

  it.each([
    ['all zeroes', 0x0000], ['c.addi4spn with 0', 0x0004], ['quadrant 0, funct3 4', 0x8000], ['c.addiw x0', 0x2005],
    ['c.addi16sp with 0', 0x6101], ['c.lui with 0', 0x6501], ['c.lwsp x0', 0x4002], ['c.ldsp x0', 0x6002], ['c.jr x0', 0x8002],
    ['100 1 11 --- 10', 0x9c41], ['100 1 11 --- 11', 0x9c61],
  ])('%s is reserved', (_, word) => {
    expect(expand(word)).toBeUndefined()
    expect(expand(word), 'asked again').toBeUndefined()
  })

  it.each([
    ['c.nop with an immediate', 0x0005, 'addi'], ['c.addi with 0', 0x0081, 'addi'], ['c.li x0', 0x4005, 'addi'], ['c.lui x0', 0x6005, 'lui'],
    ['c.slli by 0', 0x0082, 'slli'], ['c.slli x0', 0x0006, 'slli'], ['c.mv x0', 0x8006, 'add'], ['c.add x0', 0x9006, 'add'], ['c.srli by 0', 0x8001, 'srli'],
  ])('%s is a hint and legal', (_, word, base) => {
    expect(expand(word)?.row.name).toBe(base)
  })

  it('gives the same object for the same word', () => {
    expect(expand(0x8082)).toBe(expand(0x8082))
  })
})

describe('places', () => {
  it('reads the manual\'s notation', () => {
    expect(places('-12=5 6:5=4|2')).toEqual([{ from: 12, to: 5 }, { from: 6, to: 4 }, { from: 5, to: 2 }])
  })

  it('has every bit of every immediate once', () => {
    for (const { name, imm } of compressed) {
      if (typeof imm !== 'string') continue
      const all = places(imm)
      expect(new Set(all.map(({ from }) => from)).size, name).toBe(all.length)
      expect(new Set(all.map(({ to }) => to)).size, name).toBe(all.length)
    }
  })

  it('refuses sides of unequal length', () => {
    expect(() => places('12:10=5')).toThrow('not an immediate')
  })
})
