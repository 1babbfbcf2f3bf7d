import { describe, expect, it } from 'vitest'
import { encode } from '../../../src/cpu/isa/encode.ts'
import type { Row } from '../../../src/cpu/isa/row.ts'
import { rows } from '../../../src/cpu/isa/rows.ts'
import { engines } from '../engines.ts'
import { type WordCase, runWords } from '../run-word.ts'
import { floatUnit, operations } from './unit.ts'
import { type Vector, hostVectors, manualVectors } from './vectors.ts'

const run = floatUnit()
const byName = new Map(operations.map((operation) => [operation.name, operation]))

/** In the exact layer, and with NX standing, where the fast layer may answer. */
function answers({ name, rm, args }: Vector): unknown {
  const operation = byName.get(name) as (typeof operations)[number]
  const [clear, standing] = [0, 1].map((before) => run(operation, args, rm, before))
  return { name, rm, args, clear, standing }
}
const wanted = ({ name, rm, args, value, flags }: Vector): unknown => ({ name, rm, args, clear: { value, flags }, standing: { value, flags: flags | 1 } })

describe('the floating-point unit', () => {
  it("answers as the host's FPU", () => {
    expect(hostVectors.map(answers)).toEqual(hostVectors.map(wanted))
    expect(hostVectors.length).toBe(336)
  })

  it('obeys what RISC-V says beyond IEEE 754: boxes, canonical NaNs, saturation, tininess after rounding', () => {
    expect(manualVectors.map(answers)).toEqual(manualVectors.map(wanted))
  })
})

const rowOf = new Map(rows.map((row) => [row.name, row]))

/** As an instruction: rounding by its own rm with fflags clear, then by frm with NX standing. */
function asWords({ name, rm, args }: Vector): readonly WordCase[] {
  const operands = { rd: 10, rs1: 11, rs2: 12, rs3: 13 }
  const row = rowOf.get(name) as Row
  return [{ word: encode(row, { ...operands, rm }), args }, { word: encode(row, { ...operands, rm: 7 }), args, fcsr: (rm << 5) | 1 }]
}

describe.each(engines)('instructions: %s', (_engine, threshold) => {
  it.each([['the host\'s FPU', hostVectors], ['the manual', manualVectors]])('answer as %s', (_, vectors) => {
    const results = runWords(threshold, vectors.flatMap(asWords))
    const told = results.map(({ a0, fa0, fcsr }, index) => {
      const { name } = vectors[index >> 1]
      const { effect } = rowOf.get(name) as Row
      return { index, name, value: effect.kind === 'compute' && effect.file === 'f' ? fa0 : a0, fcsr }
    })
    expect(told).toEqual(vectors.flatMap(({ name, rm, value, flags }, index) => [
      { index: 2 * index, name, value, fcsr: flags },
      { index: 2 * index + 1, name, value, fcsr: (rm << 5) | flags | 1 },
    ]))
  })
})
