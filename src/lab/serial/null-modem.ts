/**
 * A null modem between two machines: what one sends the other hears, RTS is the other's CTS, DTR its DSR and DCD, and a break a break.
 *
 * The two ends live on different islands, as a cable's do (link/lane.ts): the sender's clock says when something leaves, the latency when it arrives, and the far
 * end's alarm when it is heard. Characters have had their time on the line already when they leave (board/uart-transmitter.ts). Nothing of it is saved: a lab that is
 * brought back does it again, from what the ports are logged to have done.
 */
import { after, type Alarm, between, type Duration, type Instant, type Scheduler } from '../../base/time.ts'
import type { SerialLine } from '../../board/serial-line.ts'
import { modemInputs, modemOutputs } from '../../link/modem.ts'

/** What a port has done. `bitTime` in picoseconds; 0: its characters take no time. */
export type SerialAct =
  | { readonly kind: 'serial'; readonly port: number; readonly bitTime: number; readonly bytes: Uint8Array }
  | { readonly kind: 'outputs'; readonly port: number; readonly outputs: number }

/** One end. */
export interface NullModemEnd {
  readonly name: string
  readonly scheduler: Scheduler
  readonly line: SerialLine
  /** A machine that is off hears nothing; the levels of its modem lines are there all the same. */
  readonly running: () => boolean
}

/** One direction. */
export class NullModem {
  readonly #far: NullModemEnd
  readonly #latency: Duration
  readonly #sent: (arrival: Instant) => void
  readonly #alarm: Alarm
  #flight: { readonly arrival: Instant; readonly act: SerialAct }[] = []
  #outputs = 0

  /** @param sent told when something will arrive. */
  constructor(far: NullModemEnd, latency: Duration, sent: (arrival: Instant) => void) {
    this.#far = far
    this.#latency = latency
    this.#sent = sent
    this.#alarm = far.scheduler.alarm(`serial>${far.name}`, () => this.#arrive())
  }

  /** @param time on the sender's clock. */
  carry(act: SerialAct, time: Instant): void {
    const arrival = after(time, this.#latency)
    this.#flight.push({ arrival, act })
    if (this.#alarm.due === undefined) this.#alarm.arm(between(this.#far.scheduler.now, arrival))
    this.#sent(arrival)
  }

  #arrive(): void {
    const { now } = this.#far.scheduler
    const due = this.#flight.filter(({ arrival }) => arrival <= now)
    this.#flight = this.#flight.slice(due.length)
    for (const { act } of due) this.#hear(act)
    if (this.#flight.length > 0) this.#alarm.arm(between(now, this.#flight[0].arrival))
  }

  #hear(act: SerialAct): void {
    const { line, running } = this.#far
    if (act.kind === 'outputs') {
      const began = act.outputs & ~this.#outputs
      this.#outputs = act.outputs
      line.drive(inputsOf(act.outputs))
      if (began & modemOutputs.break && running()) line.break()
    } else if (running()) for (const byte of act.bytes) line.receive(byte, act.bitTime / 1000)
  }
}

function inputsOf(outputs: number): number {
  const { cts, dsr, dcd, hold } = modemInputs
  return (outputs & modemOutputs.rts ? cts : 0) | (outputs & modemOutputs.dtr ? dsr | dcd : 0) | (outputs & modemOutputs.full ? hold : 0)
}
