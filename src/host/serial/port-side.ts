/** A guest's serial port as the ends on this computer see it: what it says, what may be typed, its modem lines. All that goes in goes by the lab's door. */
import { modemInputs, modemUp, type LineView } from '../../link/modem.ts'
import { breakSignal } from '../../lab/door.ts'
import type { SerialPlan } from '../../lab/serial/serial-plan.ts'
import type { Transcript } from '../../lab/transcript.ts'

export interface PortTraits {
  /** At the lab's door. */
  readonly name: string
  readonly plan: SerialPlan
  readonly line: LineView
  readonly transcript: Transcript
  /** Whoever comes late is told what was said before: so for a console. */
  readonly replays: boolean
  readonly type: (bytes: Uint8Array) => void
  readonly signal: (signal: number) => void
  /** Bytes that the guest hasn't taken yet. */
  readonly waiting: () => number
  /** Calls back on every change of the guest's outputs. */
  readonly hearOutputs: (hear: (outputs: number) => void) => void
  /** Said to the user, in a line. */
  readonly tell: (sentence: string) => void
  /** A path of the lab file. */
  readonly path: (name: string) => string
}

/** So much may wait for the guest before a sender is made to wait; the door takes a megabyte. */
const mostTyped = 64 << 10

export class PortSide {
  readonly name: string
  readonly plan: SerialPlan
  readonly line: LineView
  readonly tell: (sentence: string) => void
  readonly path: (name: string) => string
  readonly #traits: PortTraits
  readonly #holders = new Set<unknown>()
  readonly #outputHearers = new Set<(outputs: number) => void>()
  #inputs = modemUp

  constructor(traits: PortTraits) {
    this.#traits = traits
    this.name = traits.name
    this.plan = traits.plan
    this.line = traits.line
    this.tell = traits.tell
    this.path = traits.path
    traits.hearOutputs((outputs) => {
      for (const hear of this.#outputHearers) hear(outputs)
    })
    // A lab that was brought back may have been saved with its guest made to wait, by somebody who is gone.
    if (traits.transcript.total > 0) this.#signal()
  }

  /** What whoever connects now is told first. */
  get past(): Uint8Array {
    return this.#traits.replays ? this.#traits.transcript.bytes : new Uint8Array(0)
  }

  /** All that is kept of what it said, for a log. */
  get said(): Uint8Array {
    return this.#traits.transcript.bytes
  }

  /** The guest is behind with what was typed. */
  get crowded(): boolean {
    return this.#traits.waiting() > mostTyped
  }

  type(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#traits.type(bytes)
  }

  /** The bytes are the lab's: who wants to keep them copies them. @returns how to stop. */
  listen(hear: (bytes: Uint8Array) => void): () => void {
    return this.#traits.transcript.listen(hear)
  }

  /** Told of the guest's DTR, RTS and break. @returns how to stop. */
  hearOutputs(hear: (outputs: number) => void): () => void {
    this.#outputHearers.add(hear)
    return () => void this.#outputHearers.delete(hear)
  }

  /** Raises and drops the guest's modem inputs. */
  raise(inputs: number): void {
    if (inputs === this.#inputs) return
    this.#inputs = inputs
    this.#signal()
  }

  break(): void {
    this.#traits.signal(breakSignal)
  }

  /** Makes the guest wait, as long as anybody holds it. */
  hold(who: unknown, held: boolean): void {
    const before = this.#holders.size
    if (held) this.#holders.add(who)
    else this.#holders.delete(who)
    if ((before > 0) !== (this.#holders.size > 0)) this.#signal()
  }

  #signal(): void {
    // A null modem's other end drives the inputs.
    const inputs = this.plan.to === undefined ? this.#inputs : 0
    this.#traits.signal(inputs | (this.#holders.size > 0 ? modemInputs.hold : 0))
  }
}

/** One end of a line on this computer. */
export interface SerialEnd {
  close(): void
}
