/** Tests of a guest's own state: bytes of its memory, a register. Looked at over and over on the machine's own clock, until they are as wanted. */
import { fromUtf8, hex } from '../../base/bytes.ts'
import { ramBase } from '../../board/memory-map.ts'
import type { LabMachine } from '../lab-machine.ts'
import type { Duration } from '../../base/time.ts'
import type { Decide, Watch, Witnesses } from './watch.ts'

/** Where and what, physically: `at` is an address as the board has it. */
export interface MemoryLook {
  readonly at: number
  readonly wanted: Uint8Array
  /** How it is shown: as it was asked for. */
  readonly as: 'number' | 'text' | 'bytes'
}

export interface RegisterLook {
  /** As the ABI and the privileged manual call it: `a0`, `pc`, `satp`. */
  readonly name: string
  readonly hart: number
  readonly wanted: bigint
}

/** Often enough for what stays; what comes and goes within it is not for such a test. */
const every = 10_000_000 as Duration

export function watchMemory({ node, at, wanted, as }: { readonly node: string } & MemoryLook, witnesses: Witnesses, decide: Decide): Watch {
  const machine = witnesses.machine(node)
  const bytes = (): Uint8Array => machine.core.ram.subarray(at - ramBase, at - ramBase + wanted.length)
  const where = `memory of ${node} at ${address(at)}`
  return watchState(machine, `memory ${address(at)} ${hex(wanted)}`, decide, {
    there: () => bytes().length === wanted.length && bytes().every((byte, index) => byte === wanted[index]),
    said: () => `${where} is ${show(bytes(), as)}`,
    missing: () => `${where} is ${show(bytes(), as)}, ${show(wanted, as)} wanted`,
  })
}

export function watchRegister({ node, name, hart, wanted }: { readonly node: string } & RegisterLook, witnesses: Witnesses, decide: Decide): Watch {
  const machine = witnesses.machine(node)
  const value = (): bigint | undefined => registerOf(machine.core.dump(hart), name)
  const shown = (): string => `${name} of ${node} hart ${hart} is ${value() === undefined ? 'not there' : word(value() as bigint)}`
  return watchState(machine, `register ${hart} ${name} ${wanted}`, decide, { there: () => value() === wanted, said: shown, missing: () => `${shown()}, ${word(wanted)} wanted` })
}

/** A register in what a hart's dump says. */
export function registerOf(dump: string, name: string): bigint | undefined {
  const found = new RegExp(`(?:^|\\s)${name} ([0-9a-f]{16})(?=\\s|$)`).exec(dump)?.[1]
  return found === undefined ? undefined : BigInt(`0x${found}`)
}

function watchState(machine: LabMachine, name: string, decide: Decide, state: { readonly there: () => boolean; readonly said: () => string; readonly missing: () => string }): Watch {
  const alarm = machine.timeline.alarm(`test ${name}`, () => look())
  const look = (): void => {
    if (machine.state === 'running' && state.there()) return decide('passed', machine.timeline.now, state.said())
    alarm.arm(every)
  }
  alarm.arm(every)
  return { missing: state.missing, stop: () => alarm.disarm() }
}

function show(bytes: Uint8Array, as: MemoryLook['as']): string {
  if (as === 'text') return JSON.stringify(fromUtf8(bytes))
  return as === 'number' ? `0x${hex(bytes.slice().reverse())}` : hex(bytes)
}

const address = (at: number): string => `0x${at.toString(16)}`
const word = (value: bigint): string => `0x${value.toString(16)}`
