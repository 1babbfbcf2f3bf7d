/** One copy or command that the outside has asked of a guest's agent: what has come in for it, what may still go out, and its script. */
import { u32le } from '../../base/bytes.ts'
import { errors } from './calls.ts'
import { GuestFailure, type SystemCall } from './linux.ts'
import { type Job, type Message, type MessageKind, numberBytes, pieceBytes, type Result, windowBytes } from './message.ts'
import type { GuestProcess } from './process.ts'

/** The script has nothing to do before one of these descriptors stirs or something comes in. `ready`: it only lets others have their turn. */
export interface Wait {
  readonly watch: readonly { readonly fd: number; readonly events: number }[]
  readonly ready: boolean
}

export type SessionScript = Generator<SystemCall | Wait, Result, number>

export const isWait = (step: SystemCall | Wait): step is Wait => 'watch' in step

/** Lets the agent's other sessions have their turn. */
export const turn: Wait = { watch: [], ready: true }

/** SIGHUP, for a command that nobody waits for any more. */
const hangUp = 1

export class Session {
  readonly number: number
  readonly job: Job
  readonly guest: GuestProcess
  readonly #say: (message: Message) => void
  readonly #pieces: Uint8Array[] = []
  #waiting = 0
  #credit = windowBytes
  #ended = false
  /** A signal to be passed on, once. */
  signal = 0
  /** Nobody waits for it any more. */
  gone = false

  constructor(number: number, job: Job, guest: GuestProcess, say: (message: Message) => void) {
    this.number = number
    this.job = job
    this.guest = guest
    this.#say = say
  }

  /** From outside. More than the window is a fault of whoever sends, and lost. */
  take(kind: MessageKind, bytes: Uint8Array): void {
    if (kind === 'data' && this.#waiting + bytes.length <= windowBytes && bytes.length > 0) {
      this.#pieces.push(bytes)
      this.#waiting += bytes.length
    } else if (kind === 'end') this.#ended = true
    else if (kind === 'taken' && bytes.length === 4) this.#credit = Math.min(windowBytes, this.#credit + u32le(bytes, 0))
    else if (kind === 'signal') this.signal = bytes[0] ?? 0
    else if (kind === 'gone') {
      this.gone = true
      this.signal = hangUp
    }
  }

  /** The next piece that has come in, at most `pieceBytes`. */
  get piece(): Uint8Array | undefined {
    const [first] = this.#pieces
    return first?.subarray(0, pieceBytes)
  }

  /** So many bytes of the first piece are used up. */
  used(count: number): void {
    const [first] = this.#pieces
    if (count < first.length) this.#pieces[0] = first.subarray(count)
    else this.#pieces.shift()
    this.#waiting -= count
    this.tell('taken', numberBytes(count))
  }

  /** All has come in, and all of it was used. */
  get exhausted(): boolean {
    return this.#ended && this.#pieces.length === 0
  }

  /** Bytes that may go out now. */
  get room(): number {
    return this.gone ? pieceBytes : Math.min(this.#credit, pieceBytes)
  }

  /** Bytes of a file or of the command. */
  send(kind: 'data' | 'complaint', bytes: Uint8Array): void {
    if (this.gone) return
    this.#credit -= bytes.length
    this.tell(kind, bytes)
  }

  tell(kind: MessageKind, bytes: Uint8Array): void {
    this.#say({ session: this.number, kind, bytes })
  }
}

/** Why a copy is not done, as its result. */
export function failed(path: string, error: unknown): Result {
  if (!(error instanceof GuestFailure)) throw error
  return { code: error.number === errors['ENOENT'] ? 2 : 1, trouble: error.message.startsWith(path) ? error.message : `${path}: ${error.message}` }
}
