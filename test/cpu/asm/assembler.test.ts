import { describe, expect, it } from 'vitest'
import { hex, u32le, unhex } from '../../../src/base/bytes.ts'
import { assemble } from '../../../src/cpu/asm/assemble.ts'
import { disassemble } from '../../../src/cpu/isa/disassemble.ts'
import { rows } from '../../../src/cpu/isa/rows.ts'
import { decode } from '../../../src/cpu/isa/decode.ts'

const words = (source: string, origin = 0x8000_0000): string[] =>
  (hex(assemble(origin, source).bytes).match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).reverse().join(''))

describe('Assembler', () => {
  it('takes back what the disassembler shows, for every row', () => {
    let state = 0x2545_f491
    for (const row of rows) {
      for (let round = 0; round < 20; round++) {
        let word = 0
        for (const place of row.bits.replaceAll(' ', '')) {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
          word = (word << 1) | (place === '-' ? state >>> 31 : Number(place))
        }
        // fm and the reserved fields of fence and fence.i aren't shown.
        if (row.name === 'fence') word &= 0x0ff0_707f
        if (row.name === 'fence.i') word &= 0x0000_707f
        if (decode(word) === undefined) continue
        const text = disassemble(word, 0x8000_0000)
        const { bytes } = assemble(0x8000_0000, text)
        expect(bytes.length, text).toBe(4)
        expect(u32le(bytes, 0).toString(16), text).toBe((word >>> 0).toString(16))
      }
    }
  })

  it('puts labels where they stand, before and behind', () => {
    expect(words(`
      start: beqz a0, end
             j start       # back
      1:     bnez a1, 1b; bnez a1, 1f
      1:     call end
      end:   la a0, start
             .dword end - start`)).toEqual([
      '00050c63', 'ffdff06f', '00059063', '00059263', '00000097', '008080e7', '00000517', 'fe850513', '00000018', '00000000',
    ])
  })

  it('knows the address of every label', () => {
    const { symbols, origin } = assemble(0x8000_0000, '.equ size, 4 * 3\nnop\nhere: .space size\nthere:')
    expect(origin).toBe(0x8000_0000n)
    expect([...symbols]).toEqual([['size', 12n], ['here', 0x8000_0004n], ['there', 0x8000_0010n]])
  })

  it('is a builder, too', () => {
    const { bytes } = assemble(0, (a) => {
      a.label('loop')
      a.op('addi', 't0', 't0', -1)
      a.op('bnez', 't0', 'loop')
      a.data(2, 0xffff, -1)
    })
    expect(hex(bytes)).toBe('9382f2ffe39e02feffffffff')
  })

  it('compresses when told to, but never what depends on a label', () => {
    expect(assemble(0, '.option rvc; mv a0,a1; addi sp,sp,-16; lw s1,0(a5); add a0,a0,a1; li a0,5; mul a0,a0,a1; j .; ret').bytes)
      .toEqual(unhex('2e85 4111 8443 2e95 1545 3305b502 6f000000 8280'))
  })

  it('lays out data', () => {
    expect(assemble(0, `.byte 1, -1, 'A', '\\n' ; .half 0x1234 ; .balign 4 ; .word 1 << 31 ; .asciz "a,b;#\\x7f\\"" ; .p2align 4 ; .quad ~0`).bytes)
      .toEqual(unhex('01ff410a 34120000 00000080 612c623b237f2200 000000000000000000000000 ffffffffffffffff'))
  })

  it.each([
    ['frob a0', 'line 1: no instruction is called frob'],
    ['nop\n add a0, a1', 'line 2: add a0,a1: operands should be rd,rs1,rs2'],
    ['addi a0, a1, 4096', 'line 1: addi: imm is 4096, should be -2048 to 2047'],
    ['beqz a0, far\n .space 5000\nfar:', 'line 1: beq: imm is 5004, should be -4096 to 4094'],
    ['j nowhere', 'line 1: nowhere is not known'],
    ['x: x:', 'line 1: x is defined twice'],
    ['li a0, later\nlater:', 'line 1: later is not known'],
    ['li a0, 1 << 63 << 1 ', undefined],
    ['li a0, 0x1_0000_0000_0000_0000', "line 1: li: 0x1_0000_0000_0000_0000 doesn't fit 64 bits"],
    ['lui a0, 0x100000', 'line 1: upper immediate is 1048576, should be -0x80000 to 0xfffff'],
    ['lr.w a0, 4(a1)', 'line 1: 4(a1): no offset is possible here'],
    ['fadd.s fa0,fa1,fa2,up', 'line 1: up: should be one of rne rtz rdn rup rmm dyn'],
    ['fence wr, rw', 'line 1: wr: should be of the letters iorw, in this order'],
    ['.word 0x1ffffffff', "line 1: 8589934591 doesn't fit 32 bits"],
    ['.space 1 << 40', 'line 1: the program is larger than 67108864 bytes'],
    ['.frob', 'line 1: no directive is called .frob'],
    ['.ascii hello', 'line 1: hello: a string in double quotes is wanted'],
    ['.option pic', 'line 1: .option should be rvc or norvc'],
    ['addi a0, a0, 1 +', 'line 1: 1 +: a value is missing'],
    ['addi a0, a0, (1', 'line 1: (1: ) is missing'],
    ['addi a0, a0, 1 2', 'line 1: 1 2: 2 is left over'],
    ['addi a0, a0, 1/0', 'line 1: 1/0: division by zero'],
    ['la a0, 1 << 40', 'line 1: la: 1 << 40 is 1099511627776 bytes away, out of reach'],
  ])('%s', (source, message) => {
    if (message === undefined) expect(() => assemble(0, source)).toThrow()
    else expect(() => assemble(0, source)).toThrow(expect.objectContaining({ name: 'AssemblyError', message }))
  })
})
