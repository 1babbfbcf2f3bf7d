/** `li`: the instructions that make a 64-bit constant. */

/** One instruction that works on the register alone; the first of a sequence starts from x0. */
export interface Step {
  readonly row: 'lui' | 'addi' | 'addiw' | 'slli'
  readonly imm: number
}

/** At most eight steps, fewest for what fits 32 bits or has few bits set. @param value any; its low 64 bits count. */
export function steps(value: bigint): readonly Step[] {
  const wanted = BigInt.asIntN(64, value)
  if (wanted === BigInt.asIntN(32, wanted)) return word(Number(wanted))
  // The low 12 bits are added last, sign-extended, so that the rest is rounded up when they are negative.
  const low = Number(BigInt.asIntN(12, wanted))
  let high = BigInt.asIntN(52, (wanted - BigInt(low)) >> 12n)
  let shift = 12
  for (; (high & 1n) === 0n; high >>= 1n) shift++
  const rest = low === 0 ? [] : [{ row: 'addi', imm: low } as const]
  return [...steps(high), { row: 'slli', imm: shift }, ...rest]
}

function word(value: number): readonly Step[] {
  const low = (value << 20) >> 20
  const high = (value - low) | 0
  if (high === 0) return [{ row: 'addi', imm: low }]
  return low === 0 ? [{ row: 'lui', imm: high }] : [{ row: 'lui', imm: high }, { row: 'addiw', imm: low }]
}
