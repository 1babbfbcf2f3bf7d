/**
 * The oracle with as much of machine mode as a trap handler needs: trap entry, MRET, the M-mode CSRs of a handler. One tick is one
 * instruction or one trap, as in the real core. Privileged architecture 20240411, §3.1, §3.3.2.
 */
import { assert } from '../../base/errors.ts'
import { csrNumber } from '../isa/csr-names.ts'
import type { Decoded } from '../isa/row.ts'
import { type Outcome, execute, step } from './execute.ts'
import type { OracleMemory, OracleState } from './state.ts'

const ecallFromMachine = 11
const ecallFromUser = 8
const illegal = 2
const handled = ['mtvec', 'mscratch', 'mepc', 'mcause', 'mtval'] as const
type Handled = (typeof handled)[number]

export class OracleMachine {
  readonly state: OracleState
  readonly csrs: Record<Handled, bigint> = { mtvec: 0n, mscratch: 0n, mepc: 0n, mcause: 0n, mtval: 0n }
  /** Machine mode; else user mode. */
  privileged = false
  /** Instructions done. */
  retired = 0
  private readonly memory: OracleMemory

  constructor(state: OracleState, memory: OracleMemory) {
    this.state = state
    this.memory = memory
  }

  /** One instruction, or the trap that it meets. @throws {AssertionError} for what lies beyond: other CSRs and operations in machine mode */
  tick(): void {
    const outcome = this.settle(step(this.state, this.memory))
    if (outcome.kind === 'trap') this.enter(outcome)
    else this.retired++
  }

  /** Like `tick` with this word instead of the one at pc. */
  tickWith(word: number): void {
    const outcome = this.settle(execute(this.state, this.memory, word))
    if (outcome.kind === 'trap') this.enter(outcome)
    else this.retired++
  }

  /** What the user-level oracle left open. */
  private settle(outcome: Outcome): Outcome {
    if (outcome.kind === 'trap') return outcome.cause === ecallFromUser && this.privileged ? { ...outcome, cause: ecallFromMachine } : outcome
    if (outcome.kind !== 'outside') return outcome
    const { decoded } = outcome
    if (!this.privileged) return { kind: 'trap', cause: illegal, value: this.wordAtPc(decoded) }
    this.privilegedOperation(decoded)
    return { kind: 'retired' }
  }

  private enter({ cause, value }: Extract<Outcome, { kind: 'trap' }>): void {
    const { state, csrs } = this
    csrs.mepc = state.pc
    csrs.mcause = BigInt(cause)
    csrs.mtval = value
    state.pc = csrs.mtvec
    state.reservation = undefined
    this.privileged = true
  }

  private wordAtPc({ length }: Decoded): bigint {
    const word = this.memory.read(this.state.pc, length)
    assert(word !== undefined, 'an instruction that was fetched is gone')
    return word
  }

  private privilegedOperation(decoded: Decoded): void {
    const { state, csrs } = this
    const { effect } = decoded.row
    if (effect.kind === 'system' && effect.operation === 'mret') {
      state.pc = csrs.mepc
      state.reservation = undefined
      this.privileged = false
      return
    }
    const name = handled.find((candidate) => csrNumber(candidate) === decoded.imm)
    assert(effect.kind === 'csr' && name !== undefined, `the oracle has no ${decoded.row.name} of ${decoded.imm}`)
    const old = csrs[name]
    const given = effect.source === 'register' ? state.x[decoded.rs1] : BigInt(decoded.rs1)
    const fresh = { write: given, set: old | given, clear: old & ~given }[effect.operation]
    if (effect.operation === 'write' || decoded.rs1 !== 0) csrs[name] = name === 'mepc' ? fresh & ~1n : fresh
    if (decoded.rd !== 0) state.x[decoded.rd] = old
    state.pc = BigInt.asUintN(64, state.pc + 4n)
  }
}
