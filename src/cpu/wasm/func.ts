/** A wasm function body, written statement by statement. Labels are values, so nobody counts nesting depths by hand. */
import { ByteWriter } from './bytes.ts'
import { assert } from '../../base/errors.ts'
import { type FuncRef, type LoadKind, type StoreKind, type Term, type Type, opcode } from '../term.ts'

const typeCodes: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c }
export const typeCode = (type: Type): number => typeCodes[type]

/** Opcode and natural alignment (log2). */
const loads: Readonly<Record<LoadKind, readonly [number, number]>> = {
  i32: [0x28, 2], i64: [0x29, 3], 'i32.8s': [0x2c, 0], 'i32.8u': [0x2d, 0], 'i32.16s': [0x2e, 1], 'i32.16u': [0x2f, 1],
  'i64.8s': [0x30, 0], 'i64.8u': [0x31, 0], 'i64.16s': [0x32, 1], 'i64.16u': [0x33, 1], 'i64.32s': [0x34, 2], 'i64.32u': [0x35, 2],
}
const stores: Readonly<Record<StoreKind, readonly [number, number]>> = {
  i32: [0x36, 2], i64: [0x37, 3], 'i32.8': [0x3a, 0], 'i32.16': [0x3b, 1], 'i64.8': [0x3c, 0], 'i64.16': [0x3d, 1], 'i64.32': [0x3e, 2],
}

/** The instruction that pushes a constant (§5.4.9). */
export function constant(into: ByteWriter, type: Type, value: bigint | number): void {
  if (type === 'i32') {
    into.byte(0x41)
    return into.s32(Number(value))
  }
  if (type === 'i64') {
    into.byte(0x42)
    return into.s64(BigInt(value))
  }
  const bytes = new Uint8Array(type === 'f32' ? 4 : 8)
  const view = new DataView(bytes.buffer)
  if (type === 'f32') view.setFloat32(0, Number(value), true)
  else view.setFloat64(0, Number(value), true)
  into.byte(type === 'f32' ? 0x43 : 0x44)
  into.bytes(bytes)
}

/** A branch target; made by `block` and `loop`. */
export class Label {
  readonly depth: number
  constructor(depth: number) {
    this.depth = depth
  }
}

export type LocalTerm = Extract<Term, { kind: 'local' }>

/** What a term can't say by itself: where operands live and which function an FPU name means. */
export interface Resolver {
  /** The term that stands for an operand, e.g. a local or a load. */
  operand?(name: Extract<Term, { kind: 'operand' }>['name']): Term
  fpu?(name: string): FuncRef
}

export class Func implements FuncRef {
  readonly name: string
  readonly index: number
  readonly params: readonly Type[]
  readonly results: readonly Type[]
  readonly #code = new ByteWriter()
  readonly #locals: Type[] = []
  #depth = 1
  resolver: Resolver = {}

  constructor(name: string, index: number, params: readonly Type[], results: readonly Type[]) {
    this.name = name
    this.index = index
    this.params = params
    this.results = results
  }

  param(at: number): LocalTerm {
    return { kind: 'local', type: this.params[at], index: at }
  }

  local(type: Type): LocalTerm {
    this.#locals.push(type)
    return { kind: 'local', type, index: this.params.length + this.#locals.length - 1 }
  }

  /** A fresh local that holds `value`. */
  let(value: Term): LocalTerm {
    const local = this.local(value.type)
    this.set(local, value)
    return local
  }

  set(local: LocalTerm, value: Term): void {
    assert(local.type === value.type, `${this.name}: ${value.type} set to a local of type ${local.type}`)
    this.push(value)
    this.#code.byte(0x21)
    this.#code.u32(local.index)
  }

  /**
   * `local` = a · b + c of f64 by f64x2.relaxed_madd (relaxed SIMD proposal), in one lane. Whether it rounds once or twice is the
   * host's choice; see fpu/fused.ts for who may use it.
   */
  setRelaxedMadd(local: LocalTerm, a: Term, b: Term, c: Term): void {
    assert([local, a, b, c].every((term) => term.type === 'f64'), `${this.name}: relaxed_madd of (${a.type}, ${b.type}, ${c.type})`)
    for (const term of [a, b, c]) {
      this.push(term)
      this.#code.bytes([0xfd, 0x14]) // f64x2.splat
    }
    this.#code.bytes([0xfd, 0x87, 0x02, 0xfd, 0x21, 0x00]) // f64x2.relaxed_madd, f64x2.extract_lane 0
    this.#code.byte(0x21)
    this.#code.u32(local.index)
  }

  tee(local: LocalTerm, value: Term): Term {
    return { kind: 'tee', type: local.type, index: local.index, value }
  }

  store(kind: StoreKind, address: Term, value: Term, offset = 0): void {
    assert(address.type === 'i32' && value.type === kind.slice(0, 3), `${this.name}: store ${kind} of ${value.type} at ${address.type}`)
    this.push(address)
    this.push(value)
    this.#memory(stores[kind], offset)
  }

  /** Calls for effect; results are dropped. */
  call(func: FuncRef, ...args: readonly Term[]): void {
    this.#pushCall(func, args)
    for (const _ of func.results) this.#code.byte(0x1a)
  }

  /** Calls the function at `index` of the module's table; it takes nothing and gives nothing. `signature`: Module.signature([], []). */
  callTable(signature: number, index: Term): void {
    this.push(index)
    this.#code.byte(0x11)
    this.#code.u32(signature)
    this.#code.u32(0)
  }

  /** Evaluates and drops. */
  drop(value: Term): void {
    this.push(value)
    this.#code.byte(0x1a)
  }

  if(condition: Term, yes: () => void, no?: () => void): void {
    assert(condition.type === 'i32', `${this.name}: condition of type ${condition.type}`)
    this.push(condition)
    this.#open(0x04)
    yes()
    if (no !== undefined) {
      this.#code.byte(0x05)
      no()
    }
    this.#close()
  }

  /** `br` to the label goes behind the block. */
  block(body: (label: Label) => void): void {
    this.#open(0x02)
    body(new Label(this.#depth))
    this.#close()
  }

  /** `br` to the label goes back to the start; falling out of the body leaves the loop. */
  loop(body: (label: Label) => void): void {
    this.#open(0x03)
    body(new Label(this.#depth))
    this.#close()
  }

  br(label: Label): void {
    this.#code.byte(0x0c)
    this.#code.u32(this.#depth - label.depth)
  }

  brIf(label: Label, condition: Term): void {
    assert(condition.type === 'i32', `${this.name}: condition of type ${condition.type}`)
    this.push(condition)
    this.#code.byte(0x0d)
    this.#code.u32(this.#depth - label.depth)
  }

  brTable(index: Term, labels: readonly Label[], fallback: Label): void {
    this.push(index)
    this.#code.byte(0x0e)
    this.#code.u32(labels.length)
    for (const label of labels) this.#code.u32(this.#depth - label.depth)
    this.#code.u32(this.#depth - fallback.depth)
  }

  return(...values: readonly Term[]): void {
    assert(values.length === this.results.length && values.every((value, at) => value.type === this.results[at]), `${this.name}: return of (${values.map((value) => value.type).join(', ')}), wants (${this.results.join(', ')})`)
    for (const value of values) this.push(value)
    this.#code.byte(0x0f)
  }

  unreachable(): void {
    this.#code.byte(0x00)
  }

  /** memory.fill: `length` bytes of `value` from `address`. */
  fill(address: Term, value: Term, length: Term): void {
    for (const term of [address, value, length]) this.push(term)
    this.#code.bytes([0xfc, 0x0b, 0x00])
  }

  setGlobal(index: number, value: Term): void {
    this.push(value)
    this.#code.byte(0x24)
    this.#code.u32(index)
  }

  /** Leaves the term's value on the operand stack. */
  push(term: Term): void {
    const code = this.#code
    switch (term.kind) {
      case 'const':
        return constant(code, term.type, term.value)
      case 'operand': {
        assert(this.resolver.operand !== undefined, `${this.name}: operand ${term.name} has no home`)
        return this.push(this.resolver.operand(term.name))
      }
      case 'local':
        code.byte(0x20)
        return code.u32(term.index)
      case 'global':
        code.byte(0x23)
        return code.u32(term.index)
      case 'load':
        this.push(term.address)
        return this.#memory(loads[term.load], term.offset)
      case 'op':
        for (const arg of term.args) this.push(arg)
        return code.byte(opcode(term.op))
      case 'select':
        for (const arg of term.args) this.push(arg)
        return code.byte(0x1b)
      case 'call':
        return this.#pushCall(term.func, term.args)
      case 'fpu': {
        assert(this.resolver.fpu !== undefined, `${this.name}: no floating-point unit for ${term.name}`)
        return this.#pushCall(this.resolver.fpu(term.name), term.args)
      }
      case 'tee':
        this.push(term.value)
        code.byte(0x22)
        return code.u32(term.index)
    }
  }

  /** The code section's entry: locals, then the expression (§5.5.13). */
  encode(into: ByteWriter): void {
    assert(this.#depth === 1, `${this.name}: a block was left open`)
    into.sized((inner) => {
      const runs: [number, Type][] = []
      for (const type of this.#locals) {
        const last = runs.at(-1)
        if (last !== undefined && last[1] === type) last[0]++
        else runs.push([1, type])
      }
      inner.u32(runs.length)
      for (const [count, type] of runs) {
        inner.u32(count)
        inner.byte(typeCode(type))
      }
      inner.bytes(this.#code.take())
      inner.byte(0x0b)
    })
  }

  #pushCall(func: FuncRef, args: readonly Term[]): void {
    assert(args.length === func.params.length && args.every((arg, at) => arg.type === func.params[at]), `${this.name}: call of ${func.name} with (${args.map((arg) => arg.type).join(', ')}), wants (${func.params.join(', ')})`)
    for (const arg of args) this.push(arg)
    this.#code.byte(0x10)
    this.#code.u32(func.index)
  }

  #memory([code, align]: readonly [number, number], offset: number): void {
    this.#code.byte(code)
    this.#code.u32(align)
    this.#code.u32(offset)
  }

  #open(code: number): void {
    this.#code.byte(code)
    this.#code.byte(0x40)
    this.#depth++
  }

  #close(): void {
    this.#depth--
    this.#code.byte(0x0b)
  }
}
