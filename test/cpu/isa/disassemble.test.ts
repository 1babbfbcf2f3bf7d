import { describe, expect, it } from 'vitest'
import { decode } from '../../../src/cpu/isa/decode.ts'
import { disassemble } from '../../../src/cpu/isa/disassemble.ts'

// GNU objdump 2.40's text, at pc 0x1000.
const words: readonly [number, string][] = [
  [0x0000_0013, 'nop'], [0x0050_0513, 'li a0,5'], [0x1234_5537, 'lui a0,0x12345'], [0xffff_f517, 'auipc a0,0xfffff'],
  [0x0005_8513, 'mv a0,a1'], [0xfff5_c513, 'not a0,a1'], [0x40b0_0533, 'neg a0,a1'], [0x40b0_053b, 'negw a0,a1'], [0x0005_851b, 'sext.w a0,a1'],
  [0x0ff5_f513, 'zext.b a0,a1'], [0x0015_b513, 'seqz a0,a1'], [0x00b0_3533, 'snez a0,a1'], [0x0005_a533, 'sltz a0,a1'], [0x00b0_2533, 'sgtz a0,a1'],
  [0x0000_006f, 'j 0x1000'], [0xffdf_f0ef, 'jal 0xffc'], [0xff9f_f5ef, 'jal a1,0xff8'], [0x0005_0067, 'jr a0'], [0x0045_0067, 'jr 4(a0)'], [0x0000_8067, 'ret'],
  [0x0005_00e7, 'jalr a0'], [0x0085_00e7, 'jalr 8(a0)'], [0x0085_05e7, 'jalr a1,8(a0)'], [0x0005_05e7, 'jalr a1,a0'],
  [0xfc05_0ae3, 'beqz a0,0xfd4'], [0xfca0_56e3, 'blez a0,0xfcc'], [0xfca0_40e3, 'bgtz a0,0xfc0'], [0xfaa5_cee3, 'blt a1,a0,0xfbc'],
  [0x3000_2573, 'csrr a0,mstatus'], [0x3005_1073, 'csrw mstatus,a0'], [0x3005_9573, 'csrrw a0,mstatus,a1'], [0x3002_e073, 'csrsi mstatus,5'],
  [0xc000_2573, 'rdcycle a0'], [0xc020_2573, 'rdinstret a0'], [0x0035_1073, 'fscsr a0'], [0x0025_15f3, 'fsrm a1,a0'], [0x7c00_2573, 'csrr a0,0x7c0'],
  [0xc000_1073, 'unimp'], [0x0ff0_000f, 'fence'], [0x0210_000f, 'fence r,w'], [0x8330_000f, 'fence.tso'], [0x0100_000f, 'pause'], [0x0000_100f, 'fence.i'],
  [0x20b5_8553, 'fmv.s fa0,fa1'], [0x22b5_9553, 'fneg.d fa0,fa1'], [0x22c5_8553, 'fsgnj.d fa0,fa1,fa2'],
  [0x00c5_9553, 'fadd.s fa0,fa1,fa2,rtz'], [0x00c5_f553, 'fadd.s fa0,fa1,fa2'], [0x00c5_8553, 'fadd.s fa0,fa1,fa2,rne'], [0xd205_0553, 'fcvt.d.w fa0,a0'], [0xd205_7553, 'fcvt.d.w fa0,a0,dyn'],
  [0x6ac5_f543, 'fmadd.d fa0,fa1,fa2,fa3'], [0xe005_0553, 'fmv.x.w a0,fa0'], [0xf200_0553, 'fmv.d.x fa0,zero'], [0xe200_9553, 'fclass.d a0,ft1'],
  [0x1005_a52f, 'lr.w a0,(a1)'], [0x1605_b52f, 'lr.d.aqrl a0,(a1)'], [0x1ac5_a52f, 'sc.w.rl a0,a2,(a1)'], [0x04c5_b52f, 'amoadd.d.aq a0,a2,(a1)'],
  [0x0045_2507, 'flw fa0,4(a0)'], [0xfea5_3c27, 'fsd fa0,-8(a0)'], [0x7ea0_3fa3, 'sd a0,2047(zero)'], [0x03f5_1513, 'slli a0,a0,0x3f'],
  [0x1200_0073, 'sfence.vma'], [0x1205_0073, 'sfence.vma a0'], [0x12b0_0073, 'sfence.vma zero,a1'], [0x1050_0073, 'wfi'],
]

describe('disassemble', () => {
  it.each(words)('%i is %s', (word, text) => {
    expect(disassemble(word, 0x1000)).toBe(text)
  })

  it('shows what is no instruction as data', () => {
    expect(disassemble(0x0000, 0)).toBe('unimp')
    expect(disassemble(0xabcd_8002, 0)).toBe('.2byte 0x8002')
    expect(disassemble(-1, 0)).toBe('.4byte 0xffffffff')
  })

  it('takes a decoded instruction, and wraps targets at 64 bits', () => {
    const decoded = decode(0xffdf_f0ef)
    expect(decoded && disassemble(decoded, 0)).toBe('jal 0xfffffffffffffffc')
    expect(decoded && disassemble(decoded, 0xffff_ffff_8000_0000n)).toBe('jal 0xffffffff7ffffffc')
  })
})
