/** A hart between two runs, as a debugger sees it: all its registers, and memory through its own page tables, whoever may read it. */
import type { HartInspection } from './core.ts'
import type { HaltedHart } from './halted-hart.ts'
import type { Extensions } from './isa/profile.ts'
import { slot } from './layout.ts'
import { csrsFor, type CsrRow } from './system/csr-table.ts'
import { mstatus } from './system/state.ts'

export interface InspectedParts {
  /** The hart's state. */
  readonly view: DataView
  readonly halted: HaltedHart
  readonly extensions: Extensions
  /** Of the instruction that comes next. */
  readonly ticks: number
  readonly ticksPerTime: number
}

/** CSR numbers with this bit are M-mode's view: sip and sie show what is handed down alone. */
const machineView = 0x200

export class InspectedHart implements HartInspection {
  readonly #parts: InspectedParts

  constructor(parts: InspectedParts) {
    this.#parts = parts
  }

  get hart(): number {
    return this.#parts.halted.hart
  }

  get privilege(): number {
    return this.#parts.halted.privilege
  }

  get waits(): boolean {
    return this.#parts.view.getInt32(slot.waiting, true) !== 0
  }

  get pc(): bigint {
    return this.#get(slot.pc)
  }

  set pc(value: bigint) {
    this.#parts.view.setBigUint64(slot.pc, BigInt.asUintN(64, value) & ~1n, true)
  }

  x(register: number): bigint {
    return this.#parts.halted.x(register)
  }

  setX(register: number, value: bigint): void {
    this.#parts.halted.setX(register, value)
  }

  f(register: number): bigint {
    return this.#parts.halted.f(register)
  }

  setF(register: number, value: bigint): void {
    this.#parts.halted.setF(register, value)
  }

  csr(number: number): bigint | undefined {
    const row = csrsFor(this.#parts.extensions).find((one) => one.number === number)
    return row === undefined ? undefined : this.#value(row)
  }

  setFcsr(value: number): void {
    this.#parts.view.setInt32(slot.fflags, value & 31, true)
    this.#parts.view.setInt32(slot.frm, (value >> 5) & 7, true)
  }

  read(address: bigint, into: Uint8Array): number {
    return this.#parts.halted.inspect(address, into)
  }

  write(address: bigint, from: Uint8Array): number {
    return this.#parts.halted.patch(address, from)
  }

  physical(address: bigint): number | undefined {
    return this.#parts.halted.physical(address, 'inspect')
  }

  dump(): string {
    return this.#parts.halted.dump()
  }

  #get(at: number): bigint {
    return this.#parts.view.getBigUint64(at, true)
  }

  /** As system/csr.ts reads it for the guest, without asking for a right to it. */
  #value({ number, slot: at, special, readMask }: CsrRow): bigint {
    const { view, ticks, ticksPerTime } = this.#parts
    const flags = (where: number): bigint => BigInt(view.getUint32(where, true))
    const shown = (number & machineView) !== 0 ? -1n : this.#get(slot.mideleg)
    switch (special) {
      case 'fflags':
      case 'frm':
        return flags(at)
      case 'fcsr':
        return flags(slot.fflags) | (flags(slot.frm) << 5n)
      case 'time':
        return BigInt(Math.floor(ticks / ticksPerTime))
      case 'cycle':
        return BigInt.asUintN(64, this.#get(at) + BigInt(ticks))
      case 'instret':
        return BigInt.asUintN(64, this.#get(at) + BigInt(ticks) - this.#get(slot.skipped))
      case 'status':
        return (this.#get(at) & readMask) | ((this.#get(at) & mstatus.FS) === mstatus.FS ? mstatus.SD : 0n)
      case 'pending':
        return (this.#get(slot.mip) | flags(slot.lines)) & BigInt.asUintN(64, shown)
      case 'enable':
        return this.#get(slot.mie) & BigInt.asUintN(64, shown)
      default:
        return this.#get(at) & readMask
    }
  }
}
