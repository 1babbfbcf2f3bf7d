/** COM port control, RFC 2217: the server's half, by which a client sees and sets the port at our end of a guest's line; and the client's, which sets a remote port as the guest has set its own. */
import { type LineSettings, modemInputs, modemOutputs, modemUp } from '../../link/modem.ts'
import { comPort, control, fromServer } from './telnet-options.ts'

export interface ComPortTraits {
  /** The guest's own settings. */
  readonly settings: () => LineSettings
  /** What the guest raises: `modemOutputs`. */
  readonly outputs: () => number
  /** Sends a command of ours. */
  readonly send: (command: number, bytes: Uint8Array) => void
  /** What we raise at the guest: `modemInputs`. */
  readonly raise: (inputs: number) => void
  readonly break: () => void
  /** The client can take no more, or can again. */
  readonly suspend: (suspended: boolean) => void
}

const signature = Uint8Array.from('netloom', (char) => char.charCodeAt(0))
const parities = ['none', 'odd', 'even', 'mark', 'space'] as const
const { cts, dsr, ri, dcd } = modemInputs
/** LSR's break bit, as NOTIFY-LINESTATE has it. */
const breakDetected = 0x10

/** Our port's settings are the client's to choose; until it does they are the guest's. */
export class ComPortServer {
  readonly #traits: ComPortTraits
  #baud: number | undefined
  readonly #bytes: { [command: number]: number } = {}
  #inputs = modemUp
  #flow: number = control.flowNone
  #breaking = false
  #lineMask = 0
  #modemMask = 0xff
  #modem = 0

  constructor(traits: ComPortTraits) {
    this.#traits = traits
  }

  /** The option is on: the client is told how the guest's lines stand. */
  begin(): void {
    this.#modem = modemOf(this.#traits.outputs())
    this.#traits.send(fromServer + comPort.modemState, Uint8Array.of(this.#modem))
  }

  /** The guest has changed what it raises, or breaks the line. */
  changed(outputs: number): void {
    const modem = modemOf(outputs)
    const delta = (modem ^ this.#modem) >> 4
    this.#modem = modem
    if (delta !== 0 && ((delta << 4) & this.#modemMask) !== 0) this.#traits.send(fromServer + comPort.modemState, Uint8Array.of(modem | delta))
    if (outputs & modemOutputs.break && this.#lineMask & breakDetected) this.#traits.send(fromServer + comPort.lineState, Uint8Array.of(breakDetected))
  }

  /** @param bytes of a subnegotiation: the command and its value. What is unknown or cut short is ignored. */
  receive(bytes: Uint8Array): void {
    const [command, value] = bytes
    switch (command) {
      case comPort.signature:
        return bytes.length === 1 ? this.#answer(command, signature) : undefined
      case comPort.baudRate:
        return bytes.length < 5 ? undefined : this.#setBaud(new DataView(bytes.buffer, bytes.byteOffset).getUint32(1))
      case comPort.suspend:
      case comPort.resume:
        return this.#traits.suspend(command === comPort.suspend)
    }
    if (value === undefined) return
    switch (command) {
      case comPort.dataSize:
      case comPort.parity:
      case comPort.stopSize:
        return this.#set(command, value)
      case comPort.control:
        return this.#control(value)
      case comPort.lineStateMask:
        this.#lineMask = value
        return this.#answer(command, Uint8Array.of(value))
      case comPort.modemStateMask:
        this.#modemMask = value
        return this.#answer(command, Uint8Array.of(value))
      case comPort.purge:
        return this.#answer(command, Uint8Array.of(value))
    }
  }

  #answer(command: number, bytes: Uint8Array): void {
    this.#traits.send(fromServer + command, bytes)
  }

  /** 0 asks for what it is. */
  #setBaud(rate: number): void {
    if (rate !== 0) this.#baud = rate
    this.#answer(comPort.baudRate, bigEndian(this.#baud ?? this.#traits.settings().rateBps))
  }

  #set(command: number, value: number): void {
    const { dataBits, parity, stopBits } = this.#traits.settings()
    const most = command === comPort.dataSize ? 8 : command === comPort.parity ? 5 : 3
    const least = command === comPort.dataSize ? 5 : 1
    if (value >= least && value <= most) this.#bytes[command] = value
    const guests = command === comPort.dataSize ? dataBits : command === comPort.parity ? parities.indexOf(parity) + 1 : stopSize(stopBits)
    this.#answer(command, Uint8Array.of(this.#bytes[command] ?? guests))
  }

  #control(value: number): void {
    if (value <= control.flowHardware || value === control.flowDcd || value === control.flowDsr) {
      if (value !== control.flowAsk) this.#flow = value
      return this.#answer(comPort.control, Uint8Array.of(this.#flow))
    }
    if (value <= control.breakOff) return this.#break(value)
    if (value <= control.dtrOff) return this.#line(value, control.dtrAsk, dsr | dcd)
    if (value <= control.rtsOff) return this.#line(value, control.rtsAsk, cts)
    this.#answer(comPort.control, Uint8Array.of(control.inboundNone))
  }

  #break(value: number): void {
    if (value === control.breakOn && !this.#breaking) this.#traits.break()
    if (value !== control.breakAsk) this.#breaking = value === control.breakOn
    this.#answer(comPort.control, Uint8Array.of(this.#breaking ? control.breakOn : control.breakOff))
  }

  /** @param ask one below "on", two below "off". */
  #line(value: number, ask: number, inputs: number): void {
    if (value === ask + 1) this.#inputs |= inputs
    else if (value === ask + 2) this.#inputs &= ~inputs
    if (value !== ask) this.#traits.raise(this.#inputs)
    this.#answer(comPort.control, Uint8Array.of((this.#inputs & inputs) === inputs ? ask + 1 : ask + 2))
  }
}

/** Sets the remote port as the guest sets its own. */
export class ComPortClient {
  readonly #traits: ComPortTraits

  constructor(traits: ComPortTraits) {
    this.#traits = traits
  }

  begin(): void {
    const { rateBps, dataBits, parity, stopBits } = this.#traits.settings()
    this.#traits.send(comPort.baudRate, bigEndian(rateBps))
    this.#traits.send(comPort.dataSize, Uint8Array.of(dataBits))
    this.#traits.send(comPort.parity, Uint8Array.of(parities.indexOf(parity) + 1))
    this.#traits.send(comPort.stopSize, Uint8Array.of(stopSize(stopBits)))
    this.#traits.send(comPort.modemStateMask, Uint8Array.of(0xff))
    this.changed(this.#traits.outputs())
  }

  changed(outputs: number): void {
    const { dtr, rts, break: broken } = modemOutputs
    const values = [outputs & dtr ? control.dtrOn : control.dtrOff, outputs & rts ? control.rtsOn : control.rtsOff, outputs & broken ? control.breakOn : control.breakOff]
    for (const value of values) this.#traits.send(comPort.control, Uint8Array.of(value))
  }

  receive(bytes: Uint8Array): void {
    const [command, value] = bytes
    if (command === fromServer + comPort.suspend || command === fromServer + comPort.resume) return this.#traits.suspend(command === fromServer + comPort.suspend)
    if (value === undefined) return
    if (command === fromServer + comPort.modemState) this.#traits.raise(value & (cts | dsr | ri | dcd))
    else if (command === fromServer + comPort.lineState && value & breakDetected) this.#traits.break()
  }
}

/** As the other end of a null modem sees it. */
function modemOf(outputs: number): number {
  return (outputs & modemOutputs.rts ? cts : 0) | (outputs & modemOutputs.dtr ? dsr | dcd : 0)
}

/** 1, 2 and 1.5 have the numbers 1, 2 and 3. */
const stopSize = (bits: number): number => (bits === 1.5 ? 3 : bits)

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}
