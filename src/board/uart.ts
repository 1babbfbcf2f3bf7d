/**
 * 16550A UART. PC16550D datasheet, National Semiconductor 1995 (section numbers are its own).
 * Registers and interrupts; the halves of the line are uart-transmitter.ts and uart-receiver.ts. Unless a rate is asked for, a character takes no time: it is
 * sent in the instant it is written, and what comes in waits in a bounded queue, from which the FIFO is refilled, so the line never overruns.
 *
 * One deviation: the datasheet delays the transmitter's interrupt by a character where the FIFO held less than two (§8.5, note); here it comes when the FIFO is empty.
 */
import type { Alarm, Scheduler } from '../base/time.ts'
import { nanoseconds } from '../base/time.ts'
import { type LineSettings, modemInputs, modemOutputs, modemUp } from '../link/modem.ts'
import type { IrqLine, Width } from './bus.ts'
import type { Model } from './model.ts'
import { dueOf, rearm } from './model.ts'
import { bitsOf, bitSpan, plainConsole, type SerialConfig, type SerialLine, settingsOf } from './serial-line.ts'
import { characterErrors, type ReceiverState, UartReceiver } from './uart-receiver.ts'
import { divisorLatch, fcr, fifoDepth, fullRoom, ier, iirData, iirFifos, iirLineStatus, iirModem, iirNone, iirTimeout, iirTransmit, lsr, mcr, releaseRoom, tolerance, triggers, usualDivisor } from './uart-registers.ts'
import { type TransmitterState, UartTransmitter } from './uart-transmitter.ts'

/** The UART's input clock in Hz, as the device tree tells it. */
export const uartClockHz = 3_686_400

export type UartState = {
  readonly registers: Uint8Array
  readonly fifo: Uint8Array
  readonly queue: Uint8Array
  readonly transmitPending: boolean
  readonly timedOut: boolean
  readonly due: number | null
  readonly inputs?: number
  readonly outputs?: number
  readonly transmitter?: TransmitterState
  readonly receiver?: ReceiverState
}

export class Uart implements Model {
  readonly name: string
  readonly span = 0x100
  /** The other end of the line: what the guest prints is heard, what is written reaches the guest. */
  readonly line: SerialLine
  readonly #scheduler: Scheduler
  readonly #irq: IrqLine
  /** Rings four character times after the FIFO was last touched (§8.7, "FIFO timeout"). */
  readonly #timeout: Alarm
  readonly #rate: SerialConfig['rate']
  readonly #wired: boolean
  readonly #transmitter: UartTransmitter
  readonly #receiver: UartReceiver
  #hear: (bytes: Uint8Array) => void = () => undefined
  #hearOutputs: (outputs: number) => void = () => undefined
  /** As last told. */
  #outputs = 0
  #inputs: number
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

  constructor(scheduler: Scheduler, irq: IrqLine, name = 'uart', { rate, wired }: SerialConfig = plainConsole) {
    this.name = name
    this.#scheduler = scheduler
    this.#irq = irq
    this.#rate = rate
    this.#wired = wired
    this.#inputs = wired ? 0 : modemUp
    this.#timeout = scheduler.alarm(`${name}.timeout`, () => {
      this.#timedOut = true
      this.#update()
    })
    const pace = { charTime: () => bitSpan(bitsOf(this.#lcr), this.#bitTime), depth: () => this.#depth }
    this.#transmitter = new UartTransmitter(scheduler, name, { ...pace, send: (byte) => this.#send(byte), emptied: () => this.#emptied() })
    this.#receiver = new UartReceiver(scheduler, name, {
      ...pace,
      cutOff: () => (this.#mcr & mcr.loop) !== 0,
      touched: () => this.#touched(),
      status: (bits) => void (this.#lineStatus |= bits),
      arrived: () => this.#update(),
    })
    this.line = this.#makeLine()
  }

  /** Prints without the registers, for firmware that shares the line. */
  say(bytes: Uint8Array): void {
    this.#hear(bytes)
  }

  /** Takes up to `count` bytes that have come in, without the registers. */
  heard(count: number): Uint8Array {
    const bytes: number[] = []
    while (bytes.length < count && this.#receiver.count > 0) bytes.push(this.#receive())
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
    else if (offset === 3) this.#writeLcr(byte)
    else if (offset === 4) this.#writeMcr(byte & 0x1f)
    else if (offset === 7) this.#scratch = byte
    this.#update()
  }

  reset(): void {
    this.#receiver.reset()
    this.#transmitter.reset()
    this.#ier = this.#fcr = this.#lcr = this.#mcr = this.#scratch = this.#divisor = 0
    this.#lineStatus = this.#modemDelta = 0
    this.#transmitPending = this.#timedOut = false
    this.#timeout.disarm()
    this.#tellOutputs()
    this.#update()
  }

  save(): UartState {
    const { low, high } = { low: this.#divisor & 0xff, high: this.#divisor >> 8 }
    return {
      registers: Uint8Array.of(this.#ier, this.#fcr, this.#lcr, this.#mcr, this.#lineStatus, this.#modemDelta, this.#scratch, low, high),
      ...this.#receiver.contents,
      transmitPending: this.#transmitPending,
      timedOut: this.#timedOut,
      due: dueOf(this.#timeout),
      inputs: this.#inputs,
      outputs: this.#outputs,
      transmitter: this.#transmitter.save(),
      receiver: this.#receiver.save(),
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
    this.#inputs = state.inputs ?? this.#inputs
    this.#receiver.load(state, state.receiver ?? { errors: new Uint8Array(0), queueErrors: new Uint8Array(0), due: null })
    if (state.transmitter !== undefined) this.#transmitter.load(state.transmitter)
    this.#outputs = state.outputs ?? this.#outputsNow()
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

  /** Nanoseconds of one bit; 0 where it takes none. */
  get #bitTime(): number {
    if (this.#rate === 'max') return 0
    return this.#rate === 'latch' ? this.#latchedBitTime : 1e9 / this.#rate
  }

  get #latchedBitTime(): number {
    return ((this.#divisor === 0 ? usualDivisor : this.#divisor) * 16e9) / uartClockHz
  }

  #makeLine(): SerialLine {
    const receiver = this.#receiver
    const [bitTime, settings, outputs] = [() => this.#bitTime, () => settingsOf(this.#lcr, Math.round(1e9 / (this.#bitTime || this.#latchedBitTime))), () => this.#outputsNow()]
    return {
      get room() {
        return receiver.room
      },
      get bitTime() {
        return bitTime()
      },
      get settings(): LineSettings {
        return settings()
      },
      get outputs() {
        return outputs()
      },
      write: (bytes) => this.#arrived(() => receiver.enqueue(bytes)),
      break: () => this.#arrived(() => receiver.enqueueBreak()),
      receive: (byte, theirs) => this.#arrived(() => this.#hearLine(byte, theirs)),
      drive: (inputs) => this.#drive(inputs),
      listen: (hear) => {
        this.#hear = hear
      },
      listenOutputs: (hear) => {
        this.#hearOutputs = hear
      },
    }
  }

  #arrived(enter: () => void): void {
    enter()
    if (this.#wired) this.#tellOutputs()
    this.#update()
  }

  /** A character of another port, which has had its time on the line: it comes when it comes. At another rate, stop bits are not where they are looked for. */
  #hearLine(byte: number, theirs: number): void {
    const ours = this.#bitTime
    if (theirs === 0 || ours === 0) return this.#receiver.enqueue([byte])
    if (this.#mcr & mcr.loop) return
    const astray = Math.abs(theirs - ours) > ours * tolerance
    this.#receiver.take(astray ? 0 : byte, astray ? characterErrors.framing : 0)
  }

  #receive(): number {
    this.#timedOut = false
    const byte = this.#receiver.read()
    if (this.#wired) this.#tellOutputs()
    this.#update()
    return byte
  }

  /** Writing takes the transmitter's interrupt back (§8.7), until there is room again: at once where a character takes no time. */
  #transmit(byte: number): void {
    this.#transmitPending = false
    this.#transmitter.write(byte)
  }

  #send(byte: number): void {
    if (this.#mcr & mcr.loop) this.#receiver.take(byte)
    else this.#hear(Uint8Array.of(byte))
    // Within a write the line of the interrupt is set at its end, once.
    if (this.#rate !== 'max') this.#update()
  }

  #emptied(): void {
    this.#transmitPending = true
  }

  #writeIer(value: number): void {
    // Enabling the interrupt while the register is empty raises it: drivers probe for this.
    if (value & ier.transmit & ~this.#ier) this.#transmitPending = true
    this.#ier = value
  }

  #writeFcr(value: number): void {
    const switched = ((value ^ this.#fcr) & fcr.enable) !== 0
    if (switched || (value & fcr.enable && value & fcr.clearTransmitter)) this.#transmitter.clear()
    if (switched || (value & fcr.enable && value & fcr.clearReceiver)) {
      this.#receiver.clear()
      this.#timedOut = false
      this.#timeout.disarm()
    }
    // The other bits are heard only together with bit 0 (§8.5).
    this.#fcr = value & fcr.enable ? value & (fcr.enable | fcr.trigger) : 0
    this.#receiver.refill()
  }

  #writeLcr(value: number): void {
    this.#lcr = value
    this.#tellOutputs()
  }

  #writeMcr(value: number): void {
    this.#changeModem(() => (this.#mcr = value))
    this.#tellOutputs()
    this.#receiver.refill()
  }

  #drive(inputs: number): void {
    this.#changeModem(() => (this.#inputs = inputs))
    this.#transmitter.hold((inputs & modemInputs.hold) !== 0)
    this.#update()
  }

  #changeModem(change: () => void): void {
    const before = this.#modemLines()
    change()
    const changed = before ^ this.#modemLines()
    this.#modemDelta |= changed >> 4
    // Bit 2 is the trailing edge of the ring indicator only (§8.8).
    if (changed & 0x40 && this.#modemLines() & 0x40) this.#modemDelta &= ~0x04
  }

  /** In loop-back the outputs are inactive and the line is marking (§8.6). */
  #outputsNow(): number {
    const full = this.#receiver.room < (this.#outputs & modemOutputs.full ? releaseRoom : fullRoom) ? modemOutputs.full : 0
    return this.#mcr & mcr.loop ? full : (this.#mcr & (mcr.dtr | mcr.rts)) | (this.#lcr & modemOutputs.break) | full
  }

  #tellOutputs(): void {
    const outputs = this.#outputsNow()
    if (outputs === this.#outputs) return
    this.#outputs = outputs
    this.#hearOutputs(outputs)
  }

  #modemLines(): number {
    if ((this.#mcr & mcr.loop) === 0) return this.#inputs & 0xf0
    const { rts, dtr, out1, out2 } = mcr
    const looped: readonly (readonly [number, number])[] = [[rts, 0x10], [dtr, 0x20], [out1, 0x40], [out2, 0x80]]
    return looped.reduce((lines, [output, input]) => lines | (this.#mcr & output ? input : 0), 0)
  }

  #readLineStatus(): number {
    const flawed = (this.#fcr & fcr.enable) !== 0 && ((this.#lineStatus & lsr.flaws) !== 0 || this.#receiver.flawed)
    const sending = (this.#transmitter.holdingEmpty ? lsr.holdingEmpty : 0) | (this.#transmitter.idle ? lsr.transmitterEmpty : 0)
    const value = sending | this.#lineStatus | Number(this.#receiver.count > 0) | (flawed ? lsr.fifoError : 0)
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
    if ((this.#fcr & fcr.enable) === 0 || this.#receiver.count === 0) {
      this.#timeout.disarm()
      return
    }
    const bits = 1 + 5 + (this.#lcr & 3) + ((this.#lcr >> 3) & 1) + 1 + ((this.#lcr >> 2) & 1)
    const bitTime = this.#rate === 'max' ? (16 * Math.max(1, this.#divisor) * 1e9) / uartClockHz : this.#bitTime
    this.#timeout.arm(nanoseconds(4 * bits * bitTime))
  }

  #cause(): number {
    if (this.#ier & ier.lineStatus && this.#lineStatus & lsr.errors) return iirLineStatus
    if (this.#ier & ier.data && this.#receiver.count >= this.#trigger) return iirData
    if (this.#ier & ier.data && this.#timedOut && this.#receiver.count > 0) return iirTimeout
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
