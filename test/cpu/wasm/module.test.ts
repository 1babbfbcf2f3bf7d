import wabt from 'wabt'
import { describe, expect, it } from 'vitest'
import { hex } from '../../../src/base/bytes.ts'
import { type Op, type Term, type Type, add, apply, c32, c64, call, ltU, mul, operators, resultType, sub } from '../../../src/cpu/term.ts'
import { Module } from '../../../src/cpu/wasm/module.ts'
import { NodeWasmEngine } from '../../../src/host/wasm-engine.ts'

/** @types/node 20 doesn't know the interface. */
const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }

describe('Module: bytes (core specification §5.5)', () => {
  it('with nothing in it imports its shared memory', () => {
    const bytes = new Module({ pages: 300 }).encode()
    expect(hex(bytes, ' ')).toBe([
      '00 61 73 6d 01 00 00 00', // magic, version
      '02 12 01', // import section, 18 bytes, one import
      '03 65 6e 76 06 6d 65 6d 6f 72 79', // env.memory
      '02 03 ac 02 ac 02', // memory, shared with a maximum, 300 to 300 pages
    ].join(' '))
    expect(WebAssembly.validate(bytes)).toBe(true)
  })

  it('writes every section in its order', () => {
    const module = new Module({ pages: 1 })
    const tick = module.import('tick', ['i32'], [])
    const counter = module.global('i64', -1n)
    const run = module.func('run', ['i32'], ['i64'], (f) => {
      f.call(tick, f.param(0))
      f.return(counter)
    })
    module.export('run', run)
    const bytes = module.encode()
    expect(hex(bytes, ' ')).toBe([
      '00 61 73 6d 01 00 00 00',
      '01 0a 02 60 01 7f 00 60 01 7f 01 7e', // types: (i32) → (), (i32) → i64
      '02 1b 02 03 65 6e 76 06 6d 65 6d 6f 72 79 02 03 01 01 03 65 6e 76 04 74 69 63 6b 00 00', // memory; tick of type 0
      '03 02 01 01', // one function of type 1
      '06 06 01 7e 01 42 7f 0b', // a mutable i64, −1
      '07 07 01 03 72 75 6e 00 01', // run is function 1: imports count first
      '0a 0b 01 09 00 20 00 10 00 23 00 0f 0b',
    ].join(' '))
    expect(WebAssembly.validate(bytes)).toBe(true)
  })

  it('imports a table behind the memory', () => {
    const module = new Module({ pages: 1 }, { size: 130 })
    const nothing = module.signature([], [])
    module.func('jump', ['i32'], [], (f) => f.callTable(nothing, f.param(0)))
    const bytes = module.encode()
    expect(hex(bytes, ' ')).toContain('02 21 02 03 65 6e 76 06 6d 65 6d 6f 72 79 02 03 01 01 03 65 6e 76 05 74 61 62 6c 65 01 70 01 82 01 82 01')
    expect(WebAssembly.validate(bytes)).toBe(true)
  })

  it('keeps one entry for equal types', () => {
    const module = new Module({ pages: 1 })
    for (const name of ['a', 'b', 'c']) module.func(name, ['i32', 'f64'], ['f32'], (f) => f.unreachable())
    const bytes = hex(module.encode(), ' ')
    expect(bytes).toContain('01 07 01 60 02 7f 7c 01 7d')
    expect(bytes).toContain('03 04 03 00 00 00')
  })

  it('starts globals of every type', () => {
    const module = new Module({ pages: 1 })
    const globals = [module.global('i32', 7), module.global('i64', 1n << 40n), module.global('f32', 0.5), module.global('f64', -2.25)]
    for (const [at, global] of globals.entries()) module.export(`g${at}`, module.func(`g${at}`, [], [global.type], (f) => f.return(global)))
    const engine = new NodeWasmEngine()
    const exports = engine.instantiate(module.encode(), engine.memory(1), {})
    expect([0, 1, 2, 3].map((at) => exports[`g${at}`]())).toEqual([7, 1n << 40n, 0.5, -2.25])
  })

  it('refuses an import after a function', () => {
    const module = new Module({ pages: 1 })
    module.func('f', [], [])
    expect(() => module.import('late', [], [])).toThrow('import late after a function')
  })
})

/** The type of an operator's operands, from its name. */
function operandType(op: Op): Type {
  const [prefix, name] = op.split('.')
  return (/_([if](?:32|64))/.exec(name)?.[1] ?? prefix) as Type
}
const unary = /^(eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|wrap.*|extend.*|trunc_.*|convert.*|demote.*|promote.*|reinterpret.*)$/

/** One function for each operator, on its parameters. */
function everyOperator(): Module {
  const module = new Module({ pages: 1 })
  for (const op of operators) {
    const type = operandType(op)
    const params: Type[] = unary.test(op.split('.')[1]) ? [type] : [type, type]
    module.export(op, module.func(op, params, [resultType(op)], (f) => f.return(apply(op, ...params.map((_, at): Term => f.param(at))))))
  }
  return module
}

describe('Module: what others read in it', () => {
  it('wabt finds the operator that each opcode was meant to be', async () => {
    const { readWasm } = await wabt()
    const read = readWasm(everyOperator().encode(), { threads: true })
    const text = read.toText({})
    read.destroy()
    const found = [...text.matchAll(/^ {4}((?:[if]\d\d)\.\S+)$/gm)].map(([, name]) => name)
    expect(found).toEqual(operators)
  })

  it('a loop with memory, calls and branches runs', () => {
    const module = new Module({ pages: 1 })
    const square = module.func('square', ['i64'], ['i64'])
    const sum = module.func('sum', ['i32'], ['i64'], (f) => {
      const [i, total] = [f.let(c32(0)), f.let(c64(0))]
      f.loop((again) => {
        f.if(ltU(i, f.param(0)), () => {
          f.set(total, add(total, call(square, apply('i64.extend_i32_u', i))))
          f.store('i64', mul(i, c32(8)), total)
          f.set(i, add(i, c32(1)))
          f.br(again)
        })
      })
      f.return(total)
    })
    square.return(mul(square.param(0), square.param(0)))
    module.export('sum', sum)
    module.export('pick', module.func('pick', ['i32'], ['i32'], (f) => {
      f.block((other) => {
        f.block((one) => {
          f.block((zero) => f.brTable(f.param(0), [zero, one], other))
          f.return(c32(100))
        })
        f.return(c32(101))
      })
      f.return(sub(c32(0), f.param(0)))
    }))
    const engine = new NodeWasmEngine()
    const memory = engine.memory(1)
    const { sum: run, pick } = engine.instantiate(module.encode(), memory, {})
    expect(run(5)).toBe(30n)
    expect([...new BigInt64Array(memory.buffer, 0, 6)]).toEqual([0n, 1n, 5n, 14n, 30n, 0n])
    expect([0, 1, 2, -1].map((index) => pick(index))).toEqual([100, 101, -2, 1])
  })
})
