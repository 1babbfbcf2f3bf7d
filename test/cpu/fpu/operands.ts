/** Operands that find faults: every special value and its neighbours, and random ones whose exponents meet. */
import type { Random } from '../../../src/base/random.ts'
import { u64le } from '../../../src/base/bytes.ts'

const singles = [
  0x0000_0000, 0x0000_0001, 0x0040_0000, 0x007f_fffe, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x3380_0000, 0x3f00_0000, 0x3f7f_ffff,
  0x3f80_0000, 0x3f80_0001, 0x3fc0_0000, 0x4000_0000, 0x4b7f_ffff, 0x4b80_0000, 0x4eff_ffff, 0x4f00_0000, 0x4f80_0000, 0x5f00_0000,
  0x5f80_0000, 0x7e80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fbf_ffff, 0x7fc0_0000, 0x7fc0_1234, 0x7fff_ffff,
].map(BigInt)

const doubles = [
  0x0000_0000_0000_0000n, 0x0000_0000_0000_0001n, 0x0008_0000_0000_0000n, 0x000f_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x0010_0000_0000_0001n,
  0x3690_0000_0000_0000n, 0x36a0_0000_0000_0000n, 0x380f_ffff_f000_0000n, 0x3810_0000_0000_0000n, 0x3ca0_0000_0000_0000n, 0x3fe0_0000_0000_0000n,
  0x3fef_ffff_ffff_ffffn, 0x3ff0_0000_0000_0000n, 0x3ff0_0000_0000_0001n, 0x3ff0_0000_1000_0000n, 0x3ff8_0000_0000_0000n, 0x4000_0000_0000_0000n,
  0x41df_ffff_ffe0_0000n, 0x41e0_0000_0000_0000n, 0x41ef_ffff_fff0_0000n, 0x433f_ffff_ffff_ffffn, 0x4340_0000_0000_0000n, 0x43e0_0000_0000_0000n,
  0x43f0_0000_0000_0000n, 0x47ef_ffff_e000_0000n, 0x47ef_ffff_f000_0000n, 0x7fe0_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn, 0x7ff0_0000_0000_0000n,
  0x7ff0_0000_0000_0001n, 0x7ff7_ffff_ffff_ffffn, 0x7ff8_0000_0000_0000n, 0x7ff8_0000_0000_1234n, 0x7fff_ffff_ffff_ffffn,
]

const integers = [0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0001n, 0x1ff_ffffn, 0x3f_ffff_ffff_ffffn, 0x7fff_ffff_ffff_fc00n, 0x7fff_ffff_ffff_ffffn]

export type OperandKind = 's' | 'd' | 'x'

const boxed = (bits: bigint): bigint => bits | 0xffff_ffff_0000_0000n

/** Raw register contents, singles boxed, one of them wrongly. */
export const specials: Readonly<Record<OperandKind, readonly bigint[]>> = {
  s: [...singles.flatMap((bits) => [boxed(bits), boxed(bits | 0x8000_0000n)]), 0x3f80_0000n],
  d: doubles.flatMap((bits) => [bits, bits | (1n << 63n)]),
  x: integers.flatMap((value) => [value, BigInt.asUintN(64, -value), BigInt.asUintN(64, ~value)]),
}

/** One operand; `near` centres its exponent so that sums cancel and products meet the ends of the range. */
export function draw(random: Random, kind: OperandKind, near: number): bigint {
  if (random.below(8) === 0) return specials[kind][random.below(specials[kind].length)]
  const value = u64le(random.bytes(8), 0)
  if (kind === 'x') return BigInt.asUintN(64, BigInt.asIntN(64, value) >> BigInt(random.below(64)))
  const fraction = sparse(random, value)
  const [width, places] = kind === 's' ? [8n, 23n] : [11n, 52n]
  const top = (1 << Number(width)) - 1
  const exponent = random.below(4) === 0 ? random.below(top + 1) : (near + random.below(9) - 4 + top) % top
  const bits = (BigInt(random.below(2)) << (width + places)) | (BigInt(exponent) << places) | (fraction & ((1n << places) - 1n))
  return kind === 's' ? boxed(bits) : bits
}

/** Half the fractions have runs of zeros or ones, which is where ties and carries are. */
function sparse(random: Random, value: bigint): bigint {
  const shift = BigInt(random.below(60))
  return [value, value, (value >> shift) << shift, value | ((1n << shift) - 1n)][random.below(4)]
}
