import { describe, expect, it } from 'vitest'
import { floatOperation } from '../../../src/cpu/oracle/float.ts'
import { type Vector, hostVectors, manualVectors } from '../fpu/vectors.ts'

const answer = ({ name, rm, args }: Vector): Vector => ({ name, rm, args, ...floatOperation(name, args, rm) })

describe('floatOperation', () => {
  it("answers as the host's FPU", () => {
    expect(hostVectors.map(answer)).toEqual(hostVectors)
  })

  it("obeys RISC-V's own rules", () => {
    expect(manualVectors.map(answer)).toEqual(manualVectors)
  })

  it('takes registers as signed or unsigned', () => {
    expect(floatOperation('fclass.s', [-0x80_0000n], 0)).toEqual(floatOperation('fclass.s', [0xffff_ffff_ff80_0000n], 0))
  })

  it.each([['fadd.q'], ['fadd'], ['fcvt.x.s'], ['fcvt.s.q'], ['frob.d']])('refuses %s', (name) => {
    expect(() => floatOperation(name, [0n, 0n], 0)).toThrow(/^no (floating-point (operation|format)|integer) /)
  })
})
