/**
 * Lock step: a core and the oracle run the same random program, and their registers, memory and traps are compared, tick by tick or
 * at the end. The first difference is named with its instruction.
 *
 * The program runs in user mode. Machine mode has a boot stub before it and a trap handler that goes on behind the instruction; the
 * handler is compared like all else.
 */
import type { Plain } from '../../base/state.ts'
import type { Instant } from '../../base/time.ts'
import { assemble } from '../asm/assemble.ts'
import type { Core } from '../core.ts'
import type { Extensions } from '../isa/profile.ts'
import { disassemble } from '../isa/disassemble.ts'
import { floatNames, integerNames } from '../isa/registers.ts'
import { fBase, slot, xBase } from '../layout.ts'
import { OracleMachine } from './machine.ts'
import { dataBytes } from './random-program.ts'
import { oracleMemory, oracleState } from './state.ts'
import { type Traced, tell } from './trace.ts'

/** Where things lie, from the start of RAM. */
const places = { stub: 0, handler: 0x400, save: 0x800, data: 0x2000, program: 0x8000 } as const

export interface LockStepConfig {
  /** One hart, nothing run yet; RAM of at least 256 KiB. */
  readonly core: Core
  readonly ramBase: number
  readonly program: Uint8Array
  /** At most `dataBytes`. */
  readonly data: Uint8Array
  /** Ticks after which to stop. */
  readonly ticks: number
  /** What the core's harts have beyond RV64GC. */
  readonly extensions?: Extensions
  /** Ticks between comparisons, or what says it each time: 1 finds the instruction. Compiled code only runs where it is larger. */
  readonly stride: number | (() => number)
}

/** Address at which `randomProgram` should expect its data. */
export const dataAddress = (ramBase: number): number => ramBase + places.data

/** @returns undefined when all was equal, else a text that says where it first wasn't */
export function lockStep(config: LockStepConfig): string | undefined {
  const { core, ramBase, ticks, stride } = config
  const machine = prepare(config)
  const start = core.now
  const retired = core.retired
  for (let done = 0; done < ticks; ) {
    const count = Math.min(typeof stride === 'number' ? stride : stride(), ticks - done)
    const trace: Traced[] = []
    for (let index = 0; index < count; index++) {
      trace.push({ pc: machine.state.pc, word: wordAt(memoryOf(machine), ramBase, machine.state.pc) })
      machine.tick()
    }
    done += count
    core.run((start + done) as Instant)
    const differences = compare(stateOf(core), machine)
    if (core.retired - retired !== machine.retired) differences.push(`retired are ${core.retired - retired}, oracle ${machine.retired}`)
    const [{ pc, word }] = trace
    const where = `after tick ${done}, at ${pc.toString(16)} ${count === 1 ? disassemble(word, pc) : `and ${count - 1} more`}`
    if (differences.length > 0) return `${where}: ${differences.join('; ')}${count === 1 ? '' : tell(trace, differences.map((text) => text.split(' ')[0]))}`
    const memory = compareMemory(core.ram, memoryOf(machine))
    if (memory !== undefined) return `${where}: ${memory}${count === 1 ? '' : tell(trace, [])}`
  }
  return undefined
}

const memories = new WeakMap<OracleMachine, Uint8Array>()
const memoryOf = (machine: OracleMachine): Uint8Array => memories.get(machine) as Uint8Array

/** Loads the core, runs it up to the program's first instruction and makes an oracle of the state it then has. */
function prepare({ core, ramBase, program, data, extensions }: LockStepConfig): OracleMachine {
  if (data.length > dataBytes) throw new RangeError(`${data.length} bytes of data, at most ${dataBytes} fit`)
  const stub = assemble(ramBase, startUp(ramBase))
  const image = new Uint8Array(places.program + program.length)
  image.set(stub.bytes)
  image.set(data, places.data)
  image.set(program, places.program)
  core.ram.set(image)
  core.wrote(0, image.length)
  core.reset(ramBase, 0, 0)
  const entry = BigInt(ramBase + places.program)
  for (let count = 0; stateOf(core).getBigUint64(slot.pc, true) !== entry; count++) {
    if (count > 1000) throw new Error('the core never came to the program')
    core.run((core.now + 1) as Instant)
  }
  const ram = core.ram.slice()
  const machine = new OracleMachine(oracleState(entry), oracleMemory(ramBase, ram))
  memories.set(machine, ram)
  if (extensions !== undefined) machine.state.extensions = extensions
  const state = stateOf(core)
  for (let register = 0; register < 32; register++) {
    machine.state.x[register] = state.getBigUint64(xBase + 8 * register, true)
    machine.state.f[register] = state.getBigUint64(fBase + 8 * register, true)
  }
  for (const name of ['mtvec', 'mscratch', 'mepc', 'mcause', 'mtval'] as const) machine.csrs[name] = name === 'mtvec' ? BigInt(ramBase + places.handler) : state.getBigUint64(slot[name], true)
  return machine
}

/** Opens all memory to user mode, switches floating point on, and goes there; the handler steps over what trapped. */
function startUp(ramBase: number): string {
  return `
    li t0, -1
    csrw pmpaddr0, t0
    csrwi pmpcfg0, 0x1f
    la t0, handler
    csrw mtvec, t0
    li t0, ${ramBase + places.save}
    csrw mscratch, t0
    li t0, 0x6000
    csrw mstatus, t0
    li t0, ${ramBase + places.program}
    csrw mepc, t0
    mret
    .space ${places.handler} - (. - ${ramBase})
  handler:
    csrrw t0, mscratch, t0
    sd t1, 0(t0)
    sd t2, 8(t0)
    csrr t2, mcause
    csrr t1, mtval
    add t2, t2, t1
    ld t1, 16(t0)
    add t1, t1, t2
    sd t1, 16(t0)
    csrr t1, mepc
    lbu t2, 0(t1)
    andi t2, t2, 3
    addi t2, t2, -3
    addi t1, t1, 2
    bnez t2, short
    addi t1, t1, 2
  short:
    csrw mepc, t1
    ld t1, 0(t0)
    ld t2, 8(t0)
    csrrw t0, mscratch, t0
    mret`
}

/** The only hart's state page, as it is saved. */
function stateOf(core: Core): DataView {
  const { states } = core.save() as Plain & { states: readonly Uint8Array[] }
  const [bytes] = states
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function compare(core: DataView, { state, csrs }: OracleMachine): string[] {
  const differences: string[] = []
  const equal = (name: string, ours: bigint, oracle: bigint): void => {
    if (ours !== oracle) differences.push(`${name} is ${ours.toString(16)}, oracle ${oracle.toString(16)}`)
  }
  equal('pc', core.getBigUint64(slot.pc, true), state.pc)
  for (let register = 0; register < 32; register++) {
    equal(integerNames[register], core.getBigUint64(xBase + 8 * register, true), state.x[register])
    equal(floatNames[register], core.getBigUint64(fBase + 8 * register, true), state.f[register])
  }
  equal('fflags', BigInt(core.getInt32(slot.fflags, true)), BigInt(state.fflags))
  equal('frm', BigInt(core.getInt32(slot.frm, true)), BigInt(state.frm))
  for (const name of ['mepc', 'mcause', 'mtval'] as const) equal(name, core.getBigUint64(slot[name], true), csrs[name])
  return differences
}

function compareMemory(ours: Uint8Array, oracle: Uint8Array): string | undefined {
  const [one, other] = [words(ours), words(oracle)]
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  return at === one.length ? undefined : `memory at offset ${(8 * at).toString(16)} is ${one[at].toString(16)}, oracle ${other[at].toString(16)}`
}

const words = (bytes: Uint8Array): BigUint64Array => new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3)

/** 32 bits at pc; 0, which is illegal, outside RAM. */
function wordAt(ram: Uint8Array, ramBase: number, pc: bigint): number {
  const at = Number(pc) - ramBase
  return at < 0 || at + 4 > ram.length ? 0 : new DataView(ram.buffer, ram.byteOffset).getUint32(at, true)
}
