/** The floating-point unit alone in a module, for tests: flags at byte 64 of one page. */
import { defineFpu } from '../../../src/cpu/fpu/fpu.ts'
import { Module } from '../../../src/cpu/wasm/module.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'
import type { OperandKind } from './operands.ts'

export interface Operation {
  readonly name: string
  readonly operands: readonly OperandKind[]
  readonly rounds: boolean
}

const both = (rounds: boolean, count: number, ...stems: readonly string[]): Operation[] =>
  stems.flatMap((stem) => (['s', 'd'] as const).map((suffix) => ({ name: `${stem}.${suffix}`, operands: Array.from({ length: count }, () => suffix), rounds })))

export const operations: readonly Operation[] = [
  ...both(true, 2, 'fadd', 'fsub', 'fmul', 'fdiv'),
  ...both(true, 1, 'fsqrt', 'fcvt.w', 'fcvt.wu', 'fcvt.l', 'fcvt.lu'),
  ...both(true, 3, 'fmadd', 'fmsub', 'fnmsub', 'fnmadd'),
  ...both(false, 2, 'fmin', 'fmax', 'feq', 'flt', 'fle'),
  ...both(false, 1, 'fclass'),
  ...['s', 'd'].flatMap((suffix) => ['w', 'wu', 'l', 'lu'].map((from): Operation => ({ name: `fcvt.${suffix}.${from}`, operands: ['x'], rounds: true }))),
  { name: 'fcvt.s.d', operands: ['d'], rounds: true },
  { name: 'fcvt.d.s', operands: ['s'], rounds: true },
]

const flagsAddress = 64

/** The unit, compiled: runs one operation with the flags word at `before` and gives the result, unsigned, and the flags word after. */
export function floatUnit(fused = false): (operation: Operation, args: readonly bigint[], rm: number, before?: number) => { value: bigint; flags: number } {
  const module = new Module({ pages: 1 })
  const resolve = defineFpu(module, flagsAddress, fused)
  for (const { name } of operations) module.export(name, resolve(name))
  const engine = new NodeWasmEngine()
  const memory = engine.memory(1)
  const exports = engine.instantiate(module.encode(), memory, {})
  const words = new Uint32Array(memory.buffer)
  return ({ name, rounds }, args, rm, before = 0) => {
    words[flagsAddress / 4] = before
    const value = exports[name](...args, ...(rounds ? [rm] : [])) as bigint
    return { value: BigInt.asUintN(64, value), flags: words[flagsAddress / 4] }
  }
}
