import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { defineFpu } from '../../../src/cpu/fpu/fpu.ts'
import { floatOperation } from '../../../src/cpu/oracle/float.ts'
import { Module } from '../../../src/cpu/wasm/module.ts'
import { draw, specials } from './operands.ts'
import { floatUnit, operations } from './unit.ts'

const run = floatUnit()
const modes = [0, 1, 2, 3, 4]
const hex = (value: bigint): string => value.toString(16).padStart(16, '0')

/** Both layers: with a clear flags word, and with NX standing, where the fast path may answer. */
function check(operation: (typeof operations)[number], args: readonly bigint[], rm: number): void {
  const want = floatOperation(operation.name, args, rm)
  for (const before of [0, 1]) {
    const got = run(operation, args, rm, before)
    if (got.value === want.value && got.flags === (want.flags | before)) continue
    expect.fail(`${operation.name} rm=${rm} ${args.map(hex).join(' ')} with flags ${before}: ${hex(got.value)} ${got.flags}, wanted ${hex(want.value)} ${want.flags | before}`)
  }
}

describe.each(operations)('$name', (operation) => {
  const { operands, rounds } = operation

  it('agrees with exact arithmetic on special values', () => {
    const random = new SeededRandom(`special/${operation.name}`)
    const [first, ...others] = operands.map((kind) => specials[kind])
    for (const a of first) {
      if (others.length === 0) for (const rm of modes) check(operation, [a], rm)
      // All pairs, each in one mode drawn; of triples, one for each pair.
      else for (const b of others[0]) check(operation, [a, b, ...others.slice(1).map((list) => list[random.below(list.length)])], rounds ? random.below(5) : 0)
    }
  })

  it('agrees with exact arithmetic on random values', () => {
    const random = new SeededRandom(`random/${operation.name}`)
    for (let round = 0; round < 1500; round++) {
      const near = random.below(operands[0] === 's' ? 255 : 2047)
      check(operation, operands.map((kind) => draw(random, kind, near)), random.below(5))
    }
  })
})

describe.each(operations.filter(({ name }) => name.startsWith('fmadd')))('$name', (operation) => {
  it('keeps every bit of a product that its addend all but cancels', () => {
    const [suffix] = operation.operands
    const random = new SeededRandom(`cancel/${suffix}`)
    for (let round = 0; round < 4000; round++) {
      const [a, b] = [draw(random, suffix, suffix === 's' ? 110 : 1000), draw(random, suffix, suffix === 's' ? 140 : 1050)]
      const { value } = floatOperation(`fmul.${suffix}`, [a, b], 0)
      const sign = suffix === 's' ? 1n << 31n : 1n << 63n
      check(operation, [a, b, (value ^ sign) + BigInt([0, 0, 1, -1][random.below(4)])], round % 2 === 0 ? 0 : random.below(5))
    }
  })
})

describe('defineFpu', () => {
  it('names the operation that it does not have', () => {
    expect(() => defineFpu(new Module({ pages: 1 }), 0)('fadd.q')).toThrow('no floating-point operation fadd.q')
  })

  it('keeps flags that were raised before', () => {
    const [add] = operations
    expect(run(add, [0xffff_ffff_3f80_0000n, 0xffff_ffff_3f80_0000n], 0, 0x1e)).toEqual({ value: 0xffff_ffff_4000_0000n, flags: 0x1e })
  })
})
