import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { hostFuses } from '../../../src/cpu/fpu/fused.ts'
import { floatOperation } from '../../../src/cpu/oracle/float.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'
import { draw } from './operands.ts'
import { floatUnit, operations } from './unit.ts'
import { hostVectors, manualVectors } from './vectors.ts'

// Node 20 has relaxed SIMD behind a flag; later ones don't know the flag and need none.
setFlagsFromString('--experimental-wasm-relaxed-simd')
const engine = new NodeWasmEngine()
const fuses = hostFuses(engine)
const fmas = new Map(operations.filter(({ name }) => /^fn?m(add|sub)\.d$/.test(name)).map((operation) => [operation.name, operation]))

describe('hostFuses', () => {
  it('is false where the engine refuses the instruction', () => {
    const refusing: Parameters<typeof hostFuses>[0] = {
      memory: (pages) => engine.memory(pages),
      instantiate: () => {
        throw new Error('invalid numeric opcode')
      },
    }
    expect(hostFuses(refusing)).toBe(false)
  })

  it.each([[0, false], [1, true]])('believes a probe that says %i', (says, want) => {
    const answering: Parameters<typeof hostFuses>[0] = { memory: (pages) => engine.memory(pages), instantiate: () => ({ probe: () => says }) }
    expect(hostFuses(answering)).toBe(want)
  })
})

describe.runIf(fuses)("multiply-add by the host's own", () => {
  const run = floatUnit(true)

  it('agrees with exact arithmetic', () => {
    const random = new SeededRandom('fused')
    for (const operation of fmas.values()) {
      for (let round = 0; round < 2000; round++) {
        const near = random.below(2047)
        const args = operation.operands.map((kind) => draw(random, kind, near))
        const { value, flags } = floatOperation(operation.name, args, 0)
        expect({ args, ...run(operation, args, 0, 1) }).toEqual({ args, value, flags: flags | 1 })
      }
    }
  })

  it('agrees with the literal cases', () => {
    for (const { name, rm, args, value, flags } of [...hostVectors, ...manualVectors]) {
      const operation = fmas.get(name)
      if (operation !== undefined) expect({ args, ...run(operation, args, rm, 1) }).toEqual({ args, value, flags: flags | 1 })
    }
  })
})
