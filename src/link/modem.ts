/** A serial line beside its characters: modem lines and settings. Bits stand where the PC16550D's registers have them (section numbers are its datasheet's). */

/** What the other side raises: inputs of the modem status register (§8.8), and that it takes no more for now. */
export const modemInputs = { cts: 0x10, dsr: 0x20, ri: 0x40, dcd: 0x80, hold: 0x100 } as const
/** What a port raises: outputs of the modem control register (§8.6), a break that lasts (line control register, bit 6, §8.1), and that its queue takes no more. */
export const modemOutputs = { dtr: 0x01, rts: 0x02, break: 0x40, full: 0x80 } as const
/** Somebody is at the other end, and ready. */
export const modemUp = modemInputs.cts | modemInputs.dsr | modemInputs.dcd

export interface LineSettings {
  /** Bits a second. */
  readonly rateBps: number
  /** 5 to 8. */
  readonly dataBits: number
  readonly parity: 'none' | 'odd' | 'even' | 'mark' | 'space'
  /** 1.5 stands with 5 data bits only. */
  readonly stopBits: 1 | 1.5 | 2
}

/** What can be seen of a port from the other side of its line. */
export interface LineView {
  /** Of a port whose characters take no time: what the guest has set. */
  readonly settings: LineSettings
  /** Bits of `modemOutputs`. */
  readonly outputs: number
}
