/**
 * PCI host bridge with memory-mapped configuration (ECAM, PCI Express Base Specification §7.2.2), as QEMU's `virt` has it: one bus, a function to a slot.
 *
 * The bridge is no function of its own bus. Interrupts are the four pins INTA to INTD, wired to the PLIC by slot; there is no MSI or MSI-X, because a message is a
 * write that an interrupt controller understands, and a PLIC understands none (RISC-V has that with the AIA's IMSIC, which this board has not).
 * A driver that prefers messages finds no such capability, and takes the pin.
 */
import { assert } from '../../base/errors.ts'
import type { Plain } from '../../base/state.ts'
import type { GuestMemory, IrqLine, Width } from '../bus.ts'
import { BusError } from '../bus.ts'
import type { Model } from '../model.ts'
import { command, configBytes, ConfigSpace, type Mapped } from './config-space.ts'
import type { PciFunction, PciSlot } from './function.ts'

/** Slot 0 is left free: QEMU has its bridge there, and drivers' scripts name slots from 1 on. */
const firstSlot = 1
export const pciFunctionsMax = 31
/** Pins of a slot, and lines to the PLIC. */
export const pciPins = 4

export const ecamBytes = 0x1000_0000
const functionShift = 12

export type PciState = { readonly functions: readonly { readonly config: Uint8Array; readonly pin: boolean; readonly state: Plain }[] }

interface Seat {
  readonly fn: PciFunction
  readonly config: ConfigSpace
  /** The level that the function wants on its pin. */
  pin: boolean
  mapped: readonly Mapped[]
}

/** The bridge as a model is its configuration window; `memory` and `ports` are its other two. */
export class PciHostBridge implements Model {
  readonly name = 'pci'
  readonly span = ecamBytes
  readonly #lines: readonly IrqLine[]
  readonly #seats: readonly Seat[]

  /** @param lines the PLIC's, for the pins of slot 0, in their order. */
  constructor(functions: readonly PciFunction[], memory: GuestMemory, lines: readonly IrqLine[]) {
    assert(functions.length <= pciFunctionsMax && lines.length === pciPins, `${functions.length} functions and ${lines.length} lines on a PCI bus`)
    this.#lines = lines
    this.#seats = functions.map((fn) => ({ fn, config: new ConfigSpace(fn), pin: false, mapped: [] }))
    for (const seat of this.#seats) seat.fn.attach(this.#slot(seat, memory))
  }

  /** The window into one of the address spaces; `base` is the bus address of its first byte. */
  window(name: string, kind: Mapped['kind'], base: number, span: number): Model {
    return {
      name,
      span,
      read: (offset, width) => this.#read(kind, base + offset, width),
      write: (offset, width, value) => this.#write(kind, base + offset, width, value),
      reset: () => undefined,
      save: () => null,
      load: () => undefined,
    }
  }

  /** Where nobody is, all ones are read (§6.1). */
  read(offset: number, width: Width): number {
    const seat = this.#seat(offset)
    const register = offset & ((1 << functionShift) - 1)
    return seat === undefined || register >= configBytes ? allOnes(width) : seat.config.read(register, width)
  }

  write(offset: number, width: Width, value: number): void {
    const seat = this.#seat(offset)
    const register = offset & ((1 << functionShift) - 1)
    if (seat === undefined || register >= configBytes) return
    seat.config.write(register, width, value)
    this.#settle(seat)
  }

  reset(): void {
    for (const seat of this.#seats) {
      seat.fn.reset()
      seat.config.reset()
      seat.pin = false
      seat.mapped = []
    }
    for (const line of this.#lines) line.set(false)
  }

  save(): PciState {
    return { functions: this.#seats.map(({ fn, config, pin }) => ({ config: config.save(), pin, state: fn.save() })) }
  }

  load({ functions }: PciState): void {
    this.#seats.forEach((seat, index) => {
      seat.config.load(functions[index].config)
      seat.pin = functions[index].pin
      seat.fn.load(functions[index].state)
      this.#settle(seat)
    })
  }

  /** Bus, device and function number are the address's upper bits; there is bus 0 alone, and function 0 in every slot. */
  #seat(offset: number): Seat | undefined {
    const number = offset >>> functionShift
    return (number & 7) === 0 ? this.#seats[(number >>> 3) - firstSlot] : undefined
  }

  #slot(seat: Seat, memory: GuestMemory): PciSlot {
    const master = <Verb extends keyof GuestMemory>(verb: Verb) => (address: number, length: number): Uint8Array => {
      if ((seat.config.command & command.master) === 0) throw new BusError(`${seat.fn.name} is no bus master`)
      return memory[verb](address, length)
    }
    return {
      memory: { window: master('window'), writable: master('writable') },
      interrupt: (high) => {
        if (seat.pin === high) return
        seat.pin = high
        this.#drive(seat)
      },
    }
  }

  #settle(seat: Seat): void {
    seat.mapped = seat.config.mapped()
    this.#drive(seat)
  }

  /** Pin A of slot n goes to line n modulo 4, so that neighbours do not share; a line is high while anyone on it is. */
  #drive(seat: Seat): void {
    seat.config.interrupt = seat.pin
    const index = (this.#seats.indexOf(seat) + firstSlot) % pciPins
    const sharing = this.#seats.filter((_, other) => (other + firstSlot) % pciPins === index)
    this.#lines[index].set(sharing.some(({ pin, config }) => pin && (config.command & command.interruptDisable) === 0))
  }

  #find(kind: Mapped['kind'], address: number, width: Width): { seat: Seat; bar: number; offset: number } | undefined {
    for (const seat of this.#seats) {
      for (const { bar, kind: mapped, address: base, bytes } of seat.mapped) {
        if (mapped === kind && address >= base && address + width <= base + bytes) return { seat, bar, offset: address - base }
      }
    }
    return undefined
  }

  #read(kind: Mapped['kind'], address: number, width: Width): number {
    const found = this.#find(kind, address, width)
    return found === undefined ? allOnes(width) : found.seat.fn.read(found.bar, found.offset, width)
  }

  #write(kind: Mapped['kind'], address: number, width: Width, value: number): void {
    const found = this.#find(kind, address, width)
    found?.seat.fn.write(found.bar, found.offset, width, value)
  }
}

const allOnes = (width: Width): number => (width === 4 ? 0xffff_ffff : width === 2 ? 0xffff : 0xff)
