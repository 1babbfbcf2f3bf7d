/**
 * 16550A UART. PC16550D datasheet, National Semiconductor 1995 (section numbers are its own).
 * A byte is sent in the instant it is written; what comes in waits in a bounded queue, from which the FIFO is refilled, so the line never overruns.
 */
import type { Alarm, Scheduler } from '../base/time.ts'
import { nanoseconds } from '../base/time.ts'
import type { Chardev, IrqLine, Width } from './bus.ts'
import type { Model } from './model.ts'
import { dueOf, rearm } from './model.ts'

/** Interrupt identification, §8.7: in the order of their priority. */
const iirNone = 0x01
const iirLineStatus = 0x06
const iirData = 0x04
const iirTimeout = 0x0c
const iirTransmit = 0x02
const iirModem = 0x00
const iirFifos = 0xc0

const ier = { data: 0x01, transmit: 0x02, lineStatus: 0x04, modem: 0x08 } as const
const lsr = { data: 0x01, overrun: 0x02, break: 0x10, transmitEmpty: 0x60, errors: 0x1e, fifoError: 0x80 } as const
const fcr = { enable: 0x01, clearReceiver: 0x02, trigger: 0xc0 } as const
const mcr = { dtr: 0x01, rts: 0x02, out1: 0x04, out2: 0x08, loop: 0x10 } as const
const divisorLatch = 0x80

/** CTS, DSR and DCD are up: somebody is always at the other end. */
const modemUp = 0xb0
const fifoDepth = 16
const triggers = [1, 4, 8, 14]
/** Bytes that wait outside the FIFO. */
const queueBytes = 4096

/** The UART's input clock in Hz, as the device tree tells it. */
export const uartClockHz = 3_686_400

export type UartState = {
  readonly registers: Uint8Array
  readonly fifo: Uint8Array
  readonly queue: Uint8Array
  readonly transmitPending: boolean
  readonly timedOut: boolean
  readonly due: number | null
}

export class Uart implements Model {
  readonly name = 'uart'
  readonly span = 0x100
  /** The other end of the line: what the guest prints is heard, what is written reaches the guest. */
  readonly line: Chardev
  readonly #scheduler: Scheduler
  readonly #irq: IrqLine
  /** Rings four character times after the FIFO was last touched (§8.7, "FIFO timeout"). */
  readonly #timeout: Alarm
  #hear: (bytes: Uint8Array) => void = () => undefined
  #fifo: number[] = []
  #queue: number[] = []
  #ier = 0
  #fcr = 0
  #lcr = 0
  #mcr = 0
  /** Overrun and break, until LSR is read. */
  #lineStatus = 0
  /** Delta bits, until MSR is read. */
  #modemDelta = 0
  #scratch = 0
  #divisor = 0
  #transmitPending = false
  #timedOut = false

  constructor(scheduler: Scheduler, irq: IrqLine, name = 'uart') {
    this.#scheduler = scheduler
    this.#irq = irq
    this.#timeout = scheduler.alarm(`${name}.timeout`, () => {
      this.#timedOut = true
      this.#update()
    })
    const room = (): number => queueBytes - this.#queue.length
    this.line = {
      get room() {
        return room()
      },
      write: (bytes) => this.#arrive(bytes),
      listen: (hear) => {
        this.#hear = hear
      },
    }
  }

  /** Prints without the registers, for firmware that shares the line. */
  say(bytes: Uint8Array): void {
    this.#hear(bytes)
  }

  /** Takes up to `count` bytes that have come in, without the registers. */
  heard(count: number): Uint8Array {
    const bytes: number[] = []
    while (bytes.length < count && this.#fifo.length > 0) bytes.push(this.#receive())
    return Uint8Array.from(bytes)
  }

  read(offset: number, _width: Width): number {
    const latch = (this.#lcr & divisorLatch) !== 0
    switch (offset) {
      case 0:
        return latch ? this.#divisor & 0xff : this.#receive()
      case 1:
        return latch ? this.#divisor >> 8 : this.#ier
      case 2:
        return this.#identify()
      case 3:
        return this.#lcr
      case 4:
        return this.#mcr
      case 5:
        return this.#readLineStatus()
      case 6:
        return this.#readModemStatus()
      case 7:
        return this.#scratch
      default:
        return 0
    }
  }

  write(offset: number, _width: Width, value: number): void {
    const byte = value & 0xff
    const latch = (this.#lcr & divisorLatch) !== 0
    if (offset === 0 && !latch) this.#transmit(byte)
    else if (offset === 0) this.#divisor = (this.#divisor & 0xff00) | byte
    else if (offset === 1 && latch) this.#divisor = (this.#divisor & 0x00ff) | (byte << 8)
    else if (offset === 1) this.#writeIer(byte & 0x0f)
    else if (offset === 2) this.#writeFcr(byte)
    else if (offset === 3) this.#lcr = byte
    else if (offset === 4) this.#writeMcr(byte & 0x1f)
    else if (offset === 7) this.#scratch = byte
    this.#update()
  }

  reset(): void {
    this.#fifo = []
    this.#queue = []
    this.#ier = this.#fcr = this.#lcr = this.#mcr = this.#scratch = this.#divisor = 0
    this.#lineStatus = this.#modemDelta = 0
    this.#transmitPending = this.#timedOut = false
    this.#timeout.disarm()
    this.#update()
  }

  save(): UartState {
    const { low, high } = { low: this.#divisor & 0xff, high: this.#divisor >> 8 }
    return {
      registers: Uint8Array.of(this.#ier, this.#fcr, this.#lcr, this.#mcr, this.#lineStatus, this.#modemDelta, this.#scratch, low, high),
      fifo: Uint8Array.from(this.#fifo),
      queue: Uint8Array.from(this.#queue),
      transmitPending: this.#transmitPending,
      timedOut: this.#timedOut,
      due: dueOf(this.#timeout),
    }
  }

  load(state: UartState): void {
    const [ierByte, fcrByte, lcrByte, mcrByte, lineStatus, modemDelta, scratch, low, high] = state.registers
    this.#ier = ierByte
    this.#fcr = fcrByte
    this.#lcr = lcrByte
    this.#mcr = mcrByte
    this.#lineStatus = lineStatus
    this.#modemDelta = modemDelta
    this.#scratch = scratch
    this.#divisor = low | (high << 8)
    this.#fifo = [...state.fifo]
    this.#queue = [...state.queue]
    this.#transmitPending = state.transmitPending
    this.#timedOut = state.timedOut
    rearm(this.#timeout, this.#scheduler, state.due)
    this.#update()
  }

  get #depth(): number {
    return this.#fcr & fcr.enable ? fifoDepth : 1
  }

  get #trigger(): number {
    return this.#fcr & fcr.enable ? triggers[this.#fcr >> 6] : 1
  }

  #arrive(bytes: Uint8Array): void {
    const taken = Math.min(bytes.length, queueBytes - this.#queue.length)
    for (let at = 0; at < taken; at++) this.#queue.push(bytes[at])
    this.#refill()
    this.#update()
  }

  /** In loop-back the receiver is cut off from the line (§8.6). */
  #refill(): void {
    if (this.#mcr & mcr.loop) return
    const count = Math.min(this.#depth - this.#fifo.length, this.#queue.length)
    if (count <= 0) return
    this.#fifo.push(...this.#queue.splice(0, count))
    this.#touched()
  }

  #receive(): number {
    const byte = this.#fifo.shift() ?? 0
    this.#timedOut = false
    this.#touched()
    this.#refill()
    this.#update()
    return byte
  }

  #transmit(byte: number): void {
    if (this.#mcr & mcr.loop) this.#loop(byte)
    else this.#hear(Uint8Array.of(byte))
    // The holding register is empty again at once, which is a new event (§8.7).
    this.#transmitPending = true
  }

  #loop(byte: number): void {
    if (this.#fifo.length >= this.#depth) {
      this.#lineStatus |= lsr.overrun
      // Without FIFOs the byte in the receiver buffer is overwritten; with them the one in the shift register is lost (§8.4, bit 1).
      if ((this.#fcr & fcr.enable) === 0) this.#fifo[0] = byte
      return
    }
    this.#fifo.push(byte)
    this.#touched()
  }

  #writeIer(value: number): void {
    // Enabling the interrupt while the register is empty raises it: drivers probe for this.
    if (value & ier.transmit & ~this.#ier) this.#transmitPending = true
    this.#ier = value
  }

  #writeFcr(value: number): void {
    const switched = ((value ^ this.#fcr) & fcr.enable) !== 0
    if (switched || (value & fcr.enable && value & fcr.clearReceiver)) {
      this.#fifo = []
      this.#timedOut = false
      this.#timeout.disarm()
    }
    // The other bits are heard only together with bit 0 (§8.5).
    this.#fcr = value & fcr.enable ? value & (fcr.enable | fcr.trigger) : 0
    this.#refill()
  }

  #writeMcr(value: number): void {
    const before = this.#modemLines()
    this.#mcr = value
    const changed = before ^ this.#modemLines()
    this.#modemDelta |= changed >> 4
    // Bit 2 is the trailing edge of the ring indicator only (§8.8).
    if (changed & 0x40 && this.#modemLines() & 0x40) this.#modemDelta &= ~0x04
    this.#refill()
  }

  #modemLines(): number {
    if ((this.#mcr & mcr.loop) === 0) return modemUp
    const { rts, dtr, out1, out2 } = mcr
    const looped: readonly (readonly [number, number])[] = [[rts, 0x10], [dtr, 0x20], [out1, 0x40], [out2, 0x80]]
    return looped.reduce((lines, [output, input]) => lines | (this.#mcr & output ? input : 0), 0)
  }

  #readLineStatus(): number {
    const value = lsr.transmitEmpty | this.#lineStatus | Number(this.#fifo.length > 0)
    this.#lineStatus = 0
    this.#update()
    return value
  }

  #readModemStatus(): number {
    const value = this.#modemLines() | this.#modemDelta
    this.#modemDelta = 0
    this.#update()
    return value
  }

  /** Four characters of the set length, start and stop bits included. */
  #touched(): void {
    if ((this.#fcr & fcr.enable) === 0 || this.#fifo.length === 0) {
      this.#timeout.disarm()
      return
    }
    const bits = 1 + 5 + (this.#lcr & 3) + ((this.#lcr >> 3) & 1) + 1 + ((this.#lcr >> 2) & 1)
    this.#timeout.arm(nanoseconds((4 * bits * 16 * Math.max(1, this.#divisor) * 1e9) / uartClockHz))
  }

  #cause(): number {
    if (this.#ier & ier.lineStatus && this.#lineStatus & lsr.errors) return iirLineStatus
    if (this.#ier & ier.data && this.#fifo.length >= this.#trigger) return iirData
    if (this.#ier & ier.data && this.#timedOut && this.#fifo.length > 0) return iirTimeout
    if (this.#ier & ier.transmit && this.#transmitPending) return iirTransmit
    if (this.#ier & ier.modem && this.#modemDelta) return iirModem
    return iirNone
  }

  /** Reading IIR takes the transmitter's interrupt back, if it was the one told. */
  #identify(): number {
    const cause = this.#cause()
    if (cause === iirTransmit) {
      this.#transmitPending = false
      this.#update()
    }
    return cause | (this.#fcr & fcr.enable ? iirFifos : 0)
  }

  #update(): void {
    this.#irq.set(this.#cause() !== iirNone)
  }
}
