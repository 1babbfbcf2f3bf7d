/**
 * Small user-mode programs on the oracle, the interpreter and in compiled code, up to their first trap. The machines run them three times
 * from the same registers and the same data, so that with a threshold of 1 the last time is compiled code's. Stores must go to the
 * second page of the window: where code is written, its regions are dropped.
 */
import { expect } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import { integerRegister } from '../../src/cpu/isa/registers.ts'
import { fBase, slot, xBase } from '../../src/cpu/layout.ts'
import { type Outcome, step } from '../../src/cpu/oracle/execute.ts'
import { oracleMemory, oracleState } from '../../src/cpu/oracle/state.ts'
import { statesOf } from '../contract/engine/compare.ts'
import { type Threshold, coresOf } from './engines.ts'

/** Where programs begin. Two pages from there are memory; behind them nothing is. */
export const base = 0x8000_0000
const windowBytes = 0x2000

export interface Ended {
  /** By name, signed. */
  readonly x: (name: string) => bigint
  /** By number, unsigned. */
  readonly f: (register: number) => bigint
  /** Of the instruction that trapped. */
  readonly pc: bigint
  readonly fflags: number
  readonly frm: number
  readonly floatDirty: boolean
  readonly outcome: Outcome
  /** The window. */
  readonly memory: Uint8Array
  readonly symbol: (name: string) => bigint
}

type Registers = Readonly<Record<string, bigint>>

/** @param floatOn mstatus.FS isn't off */
export function runProgram(threshold: Threshold, source: string, registers: Registers = {}, floatOn = true): Ended {
  const { bytes, symbols } = assemble(base, source)
  const memory = new Uint8Array(windowBytes)
  memory.set(bytes)
  const ended = threshold === undefined ? onOracle(memory, registers, floatOn) : onCore(threshold, memory, registers, floatOn)
  return { ...ended, symbol: (name) => symbols.get(name) as bigint }
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value)
const numberOf = (name: string): number => integerRegister(name) as number

function onOracle(memory: Uint8Array, registers: Registers, floatOn: boolean): Omit<Ended, 'symbol'> {
  const state = oracleState(base)
  state.floatOn = floatOn
  for (const [name, value] of Object.entries(registers)) state.x[numberOf(name)] = value
  for (let count = 0; count < 1000; count++) {
    const outcome = step(state, oracleMemory(base, memory))
    if (outcome.kind === 'retired') continue
    const { pc, fflags, frm, floatDirty } = state
    return { x: (name) => signed(state.x[numberOf(name)]), f: (register) => state.f[register], pc, fflags, frm, floatDirty, outcome, memory }
  }
  return expect.fail('it runs on')
}

/** RAM below the window: the stub's code, its save area (t5, passes left, the registers), and what the second page is to hold. */
const below = 0x4_0000
const ramBase = base - below
const places = { save: 0x1000, data: 0x2000 } as const
const coreFor = coresOf({ ramBase, ramBytes: below + windowBytes, cpu: 'rv64gc' })

/** Machine mode round the program: before it, and at its trap. mscratch points at the save area. */
const stub = (floatOn: boolean): string => `
    li t0, -1
    csrw pmpaddr0, t0
    csrwi pmpcfg0, 0x1f
    la t0, handler
    csrw mtvec, t0
    li t6, ${ramBase + places.save}
  again:
    csrw mscratch, t6
    li t0, ${ramBase + places.data}
    li t1, ${base + 0x1000}
    li t2, ${ramBase + places.data + 0x1000}
  1:
    ld t3, 0(t0)
    sd t3, 0(t1)
    addi t0, t0, 8
    addi t1, t1, 8
    bne t0, t2, 1b
    li t0, 0x6000
    csrw mstatus, t0
    ${Array.from({ length: 32 }, (_, register) => `fmv.d.x f${register}, zero`).join('; ')}
    csrw fcsr, zero
    csrc mstatus, t0
    li t0, ${floatOn ? 0x2000 : 0}
    csrs mstatus, t0
    la t0, enter
    csrw mepc, t0
    ${Array.from({ length: 31 }, (_, index) => `ld x${index + 1}, ${16 + 8 * (index + 1)}(t6)`).join('; ')}
    mret
  enter:
    j ${base}
    .align 2
  handler:
    csrrw t6, mscratch, t6
    sd t5, 0(t6)
    ld t5, 8(t6)
    addi t5, t5, -1
    sd t5, 8(t6)
    bnez t5, again
    ld t5, 0(t6)
    csrrw t6, mscratch, t6
  done:
    j done`

const stubs = new Map([true, false].map((floatOn) => [floatOn, assemble(ramBase, stub(floatOn))]))

function onCore(threshold: number, memory: Uint8Array, registers: Registers, floatOn: boolean): Omit<Ended, 'symbol'> {
  const core = coreFor(threshold)
  const view = new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.byteLength)
  const { bytes, symbols } = stubs.get(floatOn) as ReturnType<typeof assemble>
  core.ram.fill(0)
  core.ram.set(bytes)
  core.ram.set(memory, below)
  core.ram.set(memory.subarray(0x1000), places.data)
  view.setBigUint64(places.save + 8, 3n, true)
  for (const [name, value] of Object.entries(registers)) view.setBigUint64(places.save + 16 + 8 * numberOf(name), BigInt.asUintN(64, value), true)
  core.wrote(0, core.ram.length)
  core.reset(ramBase, 0, 0)
  core.run((core.now + 20_000) as Instant)
  const [state] = statesOf(core)
  expect(state.getBigUint64(slot.pc, true), 'the program trapped three times').toBe(symbols.get('done'))
  return {
    x: (name) => state.getBigInt64(xBase + 8 * numberOf(name), true),
    f: (register) => state.getBigUint64(fBase + 8 * register, true),
    pc: state.getBigUint64(slot.mepc, true),
    fflags: state.getInt32(slot.fflags, true),
    frm: state.getInt32(slot.frm, true),
    floatDirty: (state.getBigUint64(slot.mstatus, true) & 0x6000n) === 0x6000n,
    outcome: { kind: 'trap', cause: Number(state.getBigUint64(slot.mcause, true)), value: state.getBigUint64(slot.mtval, true) },
    memory: core.ram.slice(below),
  }
}
