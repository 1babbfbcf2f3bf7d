import { describe, expect, it } from 'vitest'
import { decode } from '../../../src/cpu/isa/decode.ts'
import { disassemble } from '../../../src/cpu/isa/disassemble.ts'
import { type Extension, everyExtension, profiles } from '../../../src/cpu/isa/profile.ts'
import { engines } from '../engines.ts'
import { runWords } from '../run-word.ts'

// Words assembled by GNU as 2.40, -march=rv64imac_zba_zbb_zbc_zbs_zicbom_zicboz; those of Zicond, Zawrs and Svinval by the manuals' tables.
const words: readonly [number, Extension, string][] = [
  [0x08c5_853b, 'zba', 'add.uw a0,a1,a2'], [0x20c5_a533, 'zba', 'sh1add a0,a1,a2'], [0x20c5_c53b, 'zba', 'sh2add.uw a0,a1,a2'], [0x20c5_e533, 'zba', 'sh3add a0,a1,a2'],
  [0x0a15_951b, 'zba', 'slli.uw a0,a1,0x21'], [0x40c5_f533, 'zbb', 'andn a0,a1,a2'], [0x40c5_e533, 'zbb', 'orn a0,a1,a2'], [0x40c5_c533, 'zbb', 'xnor a0,a1,a2'],
  [0x6005_9513, 'zbb', 'clz a0,a1'], [0x6015_951b, 'zbb', 'ctzw a0,a1'], [0x6025_9513, 'zbb', 'cpop a0,a1'], [0x6045_9513, 'zbb', 'sext.b a0,a1'], [0x6055_9513, 'zbb', 'sext.h a0,a1'],
  [0x0805_c53b, 'zbb', 'zext.h a0,a1'], [0x0ac5_c533, 'zbb', 'min a0,a1,a2'], [0x0ac5_f533, 'zbb', 'maxu a0,a1,a2'], [0x60c5_9533, 'zbb', 'rol a0,a1,a2'],
  [0x6285_d513, 'zbb', 'rori a0,a1,0x28'], [0x60c5_d53b, 'zbb', 'rorw a0,a1,a2'], [0x6055_d51b, 'zbb', 'roriw a0,a1,0x5'], [0x2875_d513, 'zbb', 'orc.b a0,a1'], [0x6b85_d513, 'zbb', 'rev8 a0,a1'],
  [0x0ac5_9533, 'zbc', 'clmul a0,a1,a2'], [0x0ac5_b533, 'zbc', 'clmulh a0,a1,a2'], [0x0ac5_a533, 'zbc', 'clmulr a0,a1,a2'],
  [0x28c5_a533, 'zbkx', 'xperm4 a0,a1,a2'], [0x28c5_c533, 'zbkx', 'xperm8 a0,a1,a2'],
  [0x48c5_9533, 'zbs', 'bclr a0,a1,a2'], [0x4bf5_d513, 'zbs', 'bexti a0,a1,0x3f'], [0x6875_9513, 'zbs', 'binvi a0,a1,0x7'], [0x28c5_9533, 'zbs', 'bset a0,a1,a2'],
  [0x0ec5_d533, 'zicond', 'czero.eqz a0,a1,a2'], [0x0ec5_f533, 'zicond', 'czero.nez a0,a1,a2'],
  [0x0005_200f, 'zicbom', 'cbo.inval (a0)'], [0x0015_200f, 'zicbom', 'cbo.clean (a0)'], [0x0025_200f, 'zicbom', 'cbo.flush (a0)'], [0x0045_200f, 'zicboz', 'cbo.zero (a0)'],
  [0x00d0_0073, 'zawrs', 'wrs.nto'], [0x01d0_0073, 'zawrs', 'wrs.sto'],
  [0x16b5_0073, 'svinval', 'sinval.vma a0,a1'], [0x1800_0073, 'svinval', 'sfence.w.inval'], [0x1810_0073, 'svinval', 'sfence.inval.ir'],
]

describe('extensions', () => {
  it.each(words)('%s is of %s: %s', (word, extension, text) => {
    expect(disassemble(word, 0)).toBe(text)
    expect(decode(word, new Set([extension]))?.row.extension).toBe(extension)
    expect(decode(word, new Set([...everyExtension].filter((other) => other !== extension)))).toBeUndefined()
    expect(decode(word, profiles.rv64gc.extensions)).toBeUndefined()
    expect(decode(word, profiles.rva22.extensions)).toBeDefined()
  })
})

const all = 0xffff_ffff_ffff_ffffn
const odd = 0x0123_4567_89ab_cdefn

describe.each(engines)('what they compute: %s', (_engine, threshold) => {
  it.each<[string, number, bigint, bigint, bigint]>([
    ['add.uw', 0x08c5_853b, all, 1n, 0x1_0000_0000n], ['sh1add', 0x20c5_a533, 3n, 10n, 16n], ['sh2add.uw', 0x20c5_c53b, all, 1n, 0x3_ffff_fffdn], ['sh3add', 0x20c5_e533, all, 8n, 0n],
    ['slli.uw by 33', 0x0a15_951b, all, 0n, 0xffff_fffe_0000_0000n],
    ['andn', 0x40c5_f533, 0xffn, 0x0fn, 0xf0n], ['orn', 0x40c5_e533, 1n, all - 2n, 3n], ['xnor', 0x40c5_c533, 5n, 5n, all],
    ['clz', 0x6005_9513, 1n, 0n, 63n], ['clz of 0', 0x6005_9513, 0n, 0n, 64n], ['ctzw of 0', 0x6015_951b, 1n << 40n, 0n, 32n], ['ctzw', 0x6015_951b, 8n, 0n, 3n], ['cpop', 0x6025_9513, odd, 0n, 32n],
    ['sext.b', 0x6045_9513, 0x80n, 0n, all - 0x7fn], ['sext.h', 0x6055_9513, 0x8000n, 0n, all - 0x7fffn], ['zext.h', 0x0805_c53b, all, 0n, 0xffffn],
    ['min', 0x0ac5_c533, all, 1n, all], ['maxu', 0x0ac5_f533, all, 1n, all],
    ['rol by 68', 0x60c5_9533, odd, 68n, 0x1234_5678_9abc_def0n], ['rori by 40', 0x6285_d513, odd, 0n, 0x6789_abcd_ef01_2345n], ['rorw by 36', 0x60c5_d53b, 0x1234_5678n, 36n, 0xffff_ffff_8123_4567n],
    ['roriw by 5', 0x6055_d51b, 0x1fn, 0n, 0xffff_ffff_f800_0000n],
    ['orc.b', 0x2875_d513, 0x0100_8000_7f00_0010n, 0n, 0xff00_ff00_ff00_00ffn], ['rev8', 0x6b85_d513, odd, 0n, 0xefcd_ab89_6745_2301n],
    ['clmul', 0x0ac5_9533, 0b1011n, 0b110n, 0b11_1010n], ['clmul of all ones', 0x0ac5_9533, all, all, 0x5555_5555_5555_5555n],
    ['clmulh of all ones', 0x0ac5_b533, all, all, 0x5555_5555_5555_5555n], ['clmulr of all ones', 0x0ac5_a533, all, all, 0xaaaa_aaaa_aaaa_aaaan], ['clmulh', 0x0ac5_b533, 1n << 63n, 6n, 3n],
    ['xperm4', 0x28c5_a533, odd, odd, 0xfedc_ba98_7654_3210n], ['xperm8', 0x28c5_c533, odd, 0x0007_0801_ff00_0206n, 0xef01_00cd_00ef_ab23n],
    ['bclr', 0x48c5_9533, all, 64n, all - 1n], ['bexti 63', 0x4bf5_d513, 1n << 63n, 0n, 1n], ['binvi 7', 0x6875_9513, 0x80n, 0n, 0n], ['bset', 0x28c5_9533, 0n, 63n, 1n << 63n],
    ['czero.eqz of 0', 0x0ec5_d533, 7n, 0n, 0n], ['czero.eqz', 0x0ec5_d533, 7n, 2n, 7n], ['czero.nez', 0x0ec5_f533, 7n, 2n, 0n], ['czero.nez of 0', 0x0ec5_f533, 7n, 0n, 7n],
  ])('%s', (_, word, a1, a2, expected) => {
    const [{ a0 }] = runWords(threshold, [{ word, args: [a1, a2] }])
    expect(a0).toBe(expected)
  })
})
