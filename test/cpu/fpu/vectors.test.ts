import { describe, expect, it } from 'vitest'
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
