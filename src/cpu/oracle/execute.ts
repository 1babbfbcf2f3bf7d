/**
 * Executes instructions slowly and plainly, for what a program in user mode can see: registers, memory, floating-point flags. It is the
 * witness against which interpreter and JIT run in lock step; the meaning of an instruction comes from its row, that of effects from here.
 */
import { decode } from '../isa/decode.ts'
import type { Decoded, Effect } from '../isa/row.ts'
import type { OperandName, Term } from '../term.ts'
import { evaluate } from './evaluate.ts'
import { floatOperation } from './float.ts'
import type { OracleMemory, OracleState } from './state.ts'

/**
 * - `retired`: the instruction is done, pc stands behind it.
 * - `trap`: nothing has changed; `cause` and `value` as mcause and mtval would have them (privileged architecture §3.1.15–16).
 * - `outside`: it is for the caller to do: a CSR other than fflags, frm and fcsr, or a privileged operation. Nothing has changed.
 */
export type Outcome =
  | { readonly kind: 'retired' }
  | { readonly kind: 'trap'; readonly cause: number; readonly value: bigint }
  | { readonly kind: 'outside'; readonly decoded: Decoded }

const retired: Outcome = { kind: 'retired' }

const cause = { fetchAccess: 1, illegal: 2, breakpoint: 3, loadMisaligned: 4, loadAccess: 5, storeMisaligned: 6, storeAccess: 7, ecallFromUser: 8 } as const

/** Executes the instruction at pc. ECALL counts as made in user mode. */
export function step(state: OracleState, memory: OracleMemory): Outcome {
  const low = memory.read(state.pc, 2)
  if (low === undefined) return trap(cause.fetchAccess, state.pc)
  if ((low & 3n) !== 3n) return execute(state, memory, Number(low))
  const behind = BigInt.asUintN(64, state.pc + 2n)
  const high = memory.read(behind, 2)
  return high === undefined ? trap(cause.fetchAccess, behind) : execute(state, memory, Number(low | (high << 16n)))
}

/** Executes `word` as if it stood at pc. */
export function execute(state: OracleState, memory: OracleMemory, word: number): Outcome {
  const bits = (word & 3) === 3 ? word >>> 0 : word & 0xffff
  const illegal = trap(cause.illegal, BigInt(bits))
  const decoded = decode(bits, state.extensions)
  if (decoded === undefined) return illegal
  const { row } = decoded
  if (row.float && !state.floatOn) return illegal
  if (row.rounding && roundingOf(state, decoded) > 4) return illegal
  if (row.float) state.floatDirty = true
  return new Execution(state, memory, decoded).perform(row.effect)
}

function trap(code: number, value: bigint): Outcome {
  return { kind: 'trap', cause: code, value }
}

function roundingOf(state: OracleState, { rm }: Decoded): number {
  return rm === 7 ? state.frm : rm
}

/** One instruction on its way. */
class Execution {
  private readonly state: OracleState
  private readonly memory: OracleMemory
  private readonly decoded: Decoded
  private readonly next: bigint
  /** What an atomic found in memory. */
  private old = 0n

  constructor(state: OracleState, memory: OracleMemory, decoded: Decoded) {
    this.state = state
    this.memory = memory
    this.decoded = decoded
    this.next = BigInt.asUintN(64, state.pc + BigInt(decoded.length))
  }

  perform(effect: Effect): Outcome {
    switch (effect.kind) {
      case 'compute':
        return this.retire(effect.file, this.value(effect.result))
      case 'load':
        return this.load(effect)
      case 'store':
        if (!this.memory.write(this.value(effect.address), effect.width, cut(effect.width, this.value(effect.value)))) return trap(cause.storeAccess, this.value(effect.address))
        return this.retire('x', undefined)
      case 'branch':
        return this.retire('x', undefined, this.value(effect.taken) !== 0n ? this.value(effect.target) : this.next)
      case 'jump':
        return this.retire('x', this.next, this.value(effect.target))
      case 'amo':
      case 'load-reserved':
      case 'store-conditional':
        return this.atomic(effect)
      case 'csr':
        return this.csr(effect)
      case 'system':
        return this.system(effect.operation)
    }
  }

  private load({ address, width, signed, file }: Extract<Effect, { kind: 'load' }>): Outcome {
    const from = this.value(address)
    const found = this.memory.read(from, width)
    if (found === undefined) return trap(cause.loadAccess, from)
    if (file === 'f') return this.retire('f', width === 4 ? found | (0xffff_ffffn << 32n) : found)
    return this.retire('x', signed ? BigInt.asIntN(8 * width, found) : found)
  }

  private atomic(effect: Extract<Effect, { kind: 'amo' | 'load-reserved' | 'store-conditional' }>): Outcome {
    const { state, memory } = this
    const { width, kind } = effect
    const address = this.operand('rs1')
    const reads = kind === 'load-reserved'
    if (address % BigInt(width) !== 0n) return trap(reads ? cause.loadMisaligned : cause.storeMisaligned, address)
    const found = memory.read(address, width)
    if (found === undefined) return trap(reads ? cause.loadAccess : cause.storeAccess, address)
    this.old = BigInt.asIntN(8 * width, found)
    if (kind === 'load-reserved') {
      state.reservation = address
      return this.retire('x', this.old)
    }
    const holds = state.reservation === address
    if (kind === 'store-conditional') state.reservation = undefined
    if (kind === 'store-conditional' && !holds) return this.retire('x', 1n)
    const value = kind === 'amo' ? this.value(effect.value) : this.operand('rs2')
    if (!memory.write(address, width, cut(width, value))) return trap(cause.storeAccess, address)
    return this.retire('x', kind === 'amo' ? this.old : 0n)
  }

  private csr({ operation, source }: Extract<Effect, { kind: 'csr' }>): Outcome {
    const { state, decoded } = this
    const { imm } = decoded
    if (imm < 1 || imm > 3) return { kind: 'outside', decoded }
    if (!state.floatOn) return { kind: 'outside', decoded }
    const old = BigInt([0, state.fflags, state.frm, (state.frm << 5) | state.fflags][imm])
    const given = source === 'register' ? this.operand('rs1') : BigInt(decoded.rs1)
    if (operation === 'write') this.writeFloatCsr(imm, given)
    else if (decoded.rs1 !== 0) this.writeFloatCsr(imm, operation === 'set' ? old | given : old & ~given)
    return this.retire('x', old)
  }

  /** fflags, frm, fcsr (unprivileged architecture §21.2). */
  private writeFloatCsr(number: number, value: bigint): void {
    const { state } = this
    const bits = Number(value & 0xffn)
    if (number !== 2) state.fflags = bits & 31
    if (number === 2) state.frm = bits & 7
    if (number === 3) state.frm = bits >> 5
    state.floatDirty = true
  }

  private system(operation: Extract<Effect, { kind: 'system' }>['operation']): Outcome {
    switch (operation) {
      case 'fence':
      case 'fence.i':
      case 'magic':
        return this.retire('x', undefined)
      case 'ecall':
        return trap(cause.ecallFromUser, 0n)
      case 'ebreak':
        return trap(cause.breakpoint, this.state.pc)
      default:
        return { kind: 'outside', decoded: this.decoded }
    }
  }

  /** rd, if the instruction has a result; then pc. */
  private retire(file: 'x' | 'f', result: bigint | undefined, pc = this.next): Outcome {
    const { state, decoded } = this
    if (result !== undefined && file === 'f') state.f[decoded.rd] = result
    else if (result !== undefined && decoded.rd !== 0) state.x[decoded.rd] = result
    state.pc = pc
    return retired
  }

  private value(term: Term): bigint {
    return evaluate(term, {
      operand: (name) => this.operand(name),
      // The row gives rm as last argument; an operation without it has no use for the mode.
      fpu: (name, args) => {
        const rounds = this.decoded.row.rounding
        const { value, flags } = floatOperation(name, rounds ? args.slice(0, -1) : args, rounds ? Number(args.at(-1)) : 0)
        this.state.fflags |= flags
        return value
      },
    })
  }

  private operand(name: OperandName): bigint {
    const { state, decoded } = this
    switch (name) {
      case 'rs1': return state.x[decoded.rs1]
      case 'rs2': return state.x[decoded.rs2]
      case 'rs3': return state.x[decoded.rs3]
      case 'frs1': return state.f[decoded.rs1]
      case 'frs2': return state.f[decoded.rs2]
      case 'frs3': return state.f[decoded.rs3]
      case 'imm': return BigInt(decoded.imm)
      case 'pc': return state.pc
      case 'next': return this.next
      case 'old': return this.old
      case 'rm': return BigInt(roundingOf(state, decoded))
    }
  }
}

function cut(width: number, value: bigint): bigint {
  return BigInt.asUintN(8 * width, value)
}
