import { describe, expect, it } from 'vitest'
import { hex } from '../../../src/base/bytes.ts'
import { ByteWriter } from '../../../src/cpu/wasm/bytes.ts'
import { Func } from '../../../src/cpu/wasm/func.ts'
import { type LoadKind, type Op, type StoreKind, type Term, type Type, add, apply, c32, c64, eqz, load, ltS, operand, opcode, operators, resultType, select, sub, xor } from '../../../src/cpu/term.ts'

/** The body's entry in the code section: size, locals, expression. */
function body(write: (f: Func) => void, params: readonly Type[] = [], results: readonly Type[] = []): string {
  const f = new Func('tested', 3, params, results)
  write(f)
  const out = new ByteWriter()
  f.encode(out)
  return hex(out.take(), ' ')
}

/** The expression of a body without locals. */
const code = (write: (f: Func) => void, params: readonly Type[] = []): string => {
  const whole = body(write, params)
  expect(whole).toMatch(/^.. 00 .*0b$/)
  return whole.slice(6, -3)
}

const float = (type: 'f32' | 'f64', value: number): Term => ({ kind: 'const', type, value })

describe('Func: bytes of expressions (core specification §5.4)', () => {
  it('starts empty: no locals, end', () => {
    expect(body(() => undefined)).toBe('02 00 0b')
  })

  it('writes constants', () => {
    expect(code((f) => f.push(c32(-1)))).toBe('41 7f')
    expect(code((f) => f.push(c64(-128n)))).toBe('42 80 7f')
    expect(code((f) => f.push(float('f32', 1.5)))).toBe('43 00 00 c0 3f')
    expect(code((f) => f.push(float('f64', -0)))).toBe('44 00 00 00 00 00 00 00 80')
  })

  it('pushes operands in order, then the operator', () => {
    expect(code((f) => f.push(sub(f.param(1), f.param(0))), ['i64', 'i64'])).toBe('20 01 20 00 7d')
    expect(code((f) => f.push(select(f.param(0), c64(1), c64(2))), ['i32'])).toBe('42 01 42 02 20 00 1b')
  })

  it('gathers neighbouring locals of a type, numbered behind the parameters', () => {
    const bytes = body((f) => {
      f.let(c64(1))
      f.let(c64(2))
      const third = f.local('i32')
      f.set(third, f.tee(f.local('i32'), c32(3)))
    }, ['i32'])
    // size, two runs: 2 × i64, 2 × i32; then the code; local 0 is the parameter.
    expect(bytes).toBe('14 02 02 7e 02 7f 42 01 21 01 42 02 21 02 41 03 22 04 21 03 0b')
  })

  it.each<[LoadKind, string]>([
    ['i32', '28 02'], ['i64', '29 03'], ['i32.8s', '2c 00'], ['i32.8u', '2d 00'], ['i32.16s', '2e 01'], ['i32.16u', '2f 01'],
    ['i64.8s', '30 00'], ['i64.8u', '31 00'], ['i64.16s', '32 01'], ['i64.16u', '33 01'], ['i64.32s', '34 02'], ['i64.32u', '35 02'],
  ])('loads %s with its natural alignment', (kind, want) => {
    expect(code((f) => f.push(load(kind, c32(0), 300)))).toBe(`41 00 ${want} ac 02`)
  })

  it.each<[StoreKind, string]>([
    ['i32', '36 02'], ['i64', '37 03'], ['i32.8', '3a 00'], ['i32.16', '3b 01'], ['i64.8', '3c 00'], ['i64.16', '3d 01'], ['i64.32', '3e 02'],
  ])('stores %s with its natural alignment', (kind, want) => {
    const value = kind.startsWith('i32') ? c32(7) : c64(7)
    expect(code((f) => f.store(kind, c32(0), value, 4))).toBe(`41 00 ${kind.startsWith('i32') ? '41' : '42'} 07 ${want} 04`)
  })

  it('counts branch depths from the innermost block outwards', () => {
    const bytes = code((f) => {
      f.block((out) => {
        f.loop((again) => {
          f.brIf(again, c32(1))
          f.if(c32(0), () => f.br(out), () => f.br(again))
          f.brTable(c32(2), [again, out], out)
        })
      })
    })
    expect(bytes).toBe(['02 40', '03 40', '41 01 0d 00', '41 00 04 40 0c 02 05 0c 01 0b', '41 02 0e 02 00 01 01', '0b', '0b'].join(' '))
  })

  it('calls, and drops what nobody wants', () => {
    const two = { name: 'two', index: 200, params: ['i32'], results: ['i64', 'i64'] } as const
    expect(code((f) => f.call(two, c32(5)))).toBe('41 05 10 c8 01 1a 1a')
    expect(code((f) => f.drop(c32(5)))).toBe('41 05 1a')
    expect(code((f) => f.push({ kind: 'call', type: 'i64', func: two, args: [c32(5)] }))).toBe('41 05 10 c8 01')
  })

  it('writes the rest', () => {
    expect(code((f) => f.return())).toBe('0f')
    expect(body((f) => f.return(c32(1), c64(2)), [], ['i32', 'i64'])).toBe('07 00 41 01 42 02 0f 0b')
    expect(code((f) => f.unreachable())).toBe('00')
    expect(code((f) => f.fill(c32(1), c32(2), c32(3)))).toBe('41 01 41 02 41 03 fc 0b 00')
    expect(code((f) => f.setGlobal(1, c32(1)))).toBe('41 01 24 01')
    expect(code((f) => f.push({ kind: 'global', type: 'i32', index: 1 }))).toBe('23 01')
  })

  it('calls through the table', () => {
    expect(code((f) => f.callTable(2, c32(300)))).toBe('41 ac 02 11 02 00')
  })

  it('writes relaxed_madd on one lane', () => {
    expect(code((f) => f.setRelaxedMadd(f.param(0), f.param(0), f.param(1), f.param(2)), ['f64', 'f64', 'f64'])).toBe('20 00 fd 14 20 01 fd 14 20 02 fd 14 fd 87 02 fd 21 00 21 00')
  })

  it('asks its resolver for operands and for the floating-point unit', () => {
    const fadd = { name: 'fadd.s', index: 9, params: ['i64', 'i32'], results: ['i64'] } as const
    const write = (f: Func): void => {
      f.resolver = { operand: (name) => (name === 'rm' ? c32(4) : f.param(0)), fpu: () => fadd }
      f.push({ kind: 'fpu', type: 'i64', name: 'fadd.s', args: [operand('frs1'), operand('rm')] })
    }
    expect(code(write, ['i64'])).toBe('20 00 41 04 10 09')
  })
})

describe('Func: what it refuses', () => {
  it.each<[string, (f: Func) => void, string]>([
    ['a value of another type than the local', (f) => f.set(f.param(0), c64(1)), 'tested: i64 set to a local of type i32'],
    ['a wide condition', (f) => f.if(c64(1), () => undefined), 'tested: condition of type i64'],
    ['a wide branch condition', (f) => f.block((out) => f.brIf(out, c64(1))), 'tested: condition of type i64'],
    ['a wide store address', (f) => f.store('i32', c64(0), c32(0)), 'tested: store i32 of i32 at i64'],
    ['a narrow stored value', (f) => f.store('i64.8', c32(0), c32(0)), 'tested: store i64.8 of i32 at i32'],
    ['a wrong argument', (f) => f.call(f, c64(0), c64(0)), 'tested: call of tested with (i64, i64), wants (i32, i64)'],
    ['an operand without a home', (f) => f.push(operand('rs1')), 'tested: operand rs1 has no home'],
    ['floating point without a unit', (f) => f.push({ kind: 'fpu', type: 'i64', name: 'fadd.s', args: [] }), 'tested: no floating-point unit for fadd.s'],
    ['relaxed_madd of integers', (f) => f.setRelaxedMadd(f.local('f64'), c64(0), c64(0), c64(0)), 'tested: relaxed_madd of (i64, i64, i64)'],
    ['a result too many', (f) => f.return(c32(1)), 'tested: return of (i32), wants ()'],
  ])('%s', (_, write, message) => {
    expect(() => body(write, ['i32', 'i64'])).toThrow(message)
  })
})

describe('term', () => {
  /** First and last opcode of each group in §5.4.9. */
  it.each<[Op, number, Type]>([
    ['i32.eqz', 0x45, 'i32'], ['i32.ge_u', 0x4f, 'i32'], ['i64.eqz', 0x50, 'i32'], ['i64.ge_u', 0x5a, 'i32'], ['f32.eq', 0x5b, 'i32'], ['f32.ge', 0x60, 'i32'],
    ['f64.eq', 0x61, 'i32'], ['f64.ge', 0x66, 'i32'], ['i32.clz', 0x67, 'i32'], ['i32.rotr', 0x78, 'i32'], ['i64.clz', 0x79, 'i64'], ['i64.rotr', 0x8a, 'i64'],
    ['f32.abs', 0x8b, 'f32'], ['f32.copysign', 0x98, 'f32'], ['f64.abs', 0x99, 'f64'], ['f64.copysign', 0xa6, 'f64'], ['i32.wrap_i64', 0xa7, 'i32'],
    ['i64.extend_i32_s', 0xac, 'i64'], ['f32.demote_f64', 0xb6, 'f32'], ['f64.promote_f32', 0xbb, 'f64'], ['f64.reinterpret_i64', 0xbf, 'f64'], ['i64.extend32_s', 0xc4, 'i64'],
  ])('%s', (op, want, type) => {
    expect(opcode(op)).toBe(want)
    expect(resultType(op)).toBe(type)
  })

  it('has all 128 operators, once each', () => {
    expect(operators.length).toBe(0xc5 - 0x45)
    expect(new Set(operators).size).toBe(operators.length)
  })

  it('chooses the operator by the type of its operands', () => {
    expect(add(c64(1), c64(2))).toEqual(apply('i64.add', c64(1), c64(2)))
    expect(xor(c32(1), c32(2))).toEqual(apply('i32.xor', c32(1), c32(2)))
    expect(ltS(c64(1), c64(2)).type).toBe('i32')
    expect(eqz(c64(1)).type).toBe('i32')
  })
})
