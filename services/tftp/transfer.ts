/** What sending and receiving a file have in common: a socket of their own, a client, a timer, an end. RFC 1350 §4 (transfer identifiers). */
import type { Alarm, Scheduler } from '../../src/base/time.ts'
import type { Arrival, Endpoint, Sockets, UdpSocket } from '../../src/stack/sockets.ts'
import type { Packet } from '../../src/wire/tftp.ts'
import type { Terms } from './negotiate.ts'
import { Malformed } from '../../src/base/errors.ts'
import { FileError } from '../../src/stack/files.ts'
import { build, errors, parse } from '../../src/wire/tftp.ts'

/** Times that the same thing is sent before a client is given up. */
export const mostTries = 6

export type Outcome =
  | { readonly kind: 'done' }
  /** The client sent an error; GRUB and U-Boot do so when they only wanted the size. */
  | { readonly kind: 'aborted'; readonly code: number; readonly message: string }
  | { readonly kind: 'gave up' }
  | { readonly kind: 'failed'; readonly message: string }
  /** The client asked anew, or the service closes. */
  | { readonly kind: 'dropped' }

export interface TransferParts {
  /** Unique on its scheduler. */
  readonly name: string
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  readonly client: Endpoint
  /** The address that the client spoke to. */
  readonly local: string
  readonly file: string
  readonly terms: Terms
  readonly ended: (outcome: Outcome) => void
}

export abstract class Transfer {
  readonly client: Endpoint
  readonly file: string
  readonly terms: Terms
  /** Bytes of file data acknowledged (or received) so far. */
  bytes = 0
  /** Packets sent again. */
  repeats = 0
  protected tries = 0
  readonly #socket: UdpSocket
  readonly #alarm: Alarm
  readonly #ended: (outcome: Outcome) => void
  #over = false

  constructor(parts: TransferParts) {
    this.client = parts.client
    this.file = parts.file
    this.terms = parts.terms
    this.#ended = parts.ended
    this.#alarm = parts.scheduler.alarm(parts.name, () => this.#ring())
    this.#socket = parts.sockets.bind({ address: parts.local, port: 0 }, (payload, arrival) => this.#hear(payload, arrival), () => this.end({ kind: 'failed', message: 'the client is gone' }))
  }

  /** Whether nothing came back yet: a repeated request is then just that. */
  abstract get fresh(): boolean
  /** Sends the first packet. */
  abstract start(): void
  protected abstract receive(packet: Packet): void
  /** Sends again what got no answer. */
  protected abstract repeat(): void

  /** Whether the file is whole, and only a last acknowledgement may have to be sent again. */
  get dallies(): boolean {
    return false
  }

  /** Ends a transfer that dallies, when its place is wanted. */
  settle(): void {
    this.end({ kind: 'done' })
  }

  /** Ends without a word, as when the client starts anew. */
  drop(): void {
    this.end({ kind: 'dropped' })
  }

  protected send(packet: Packet): void {
    if (!this.#over) this.#socket.send(build(packet), this.client)
  }

  /** Waits for an answer from now on. */
  protected arm(): void {
    if (!this.#over) this.#alarm.arm(this.terms.timeout)
  }

  protected end(outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#alarm.disarm()
    this.#socket.close()
    this.#ended(outcome)
  }

  /** Tells the client what is wrong and ends. */
  protected fail(code: number, message: string): void {
    this.send({ kind: 'error', code, message })
    this.end({ kind: 'failed', message })
  }

  #hear(payload: Uint8Array, { from }: Arrival): void {
    try {
      const packet = parse(payload)
      if (from.address !== this.client.address || from.port !== this.client.port) return this.#stranger(packet, from)
      if (packet.kind === 'error') return this.end({ kind: 'aborted', code: packet.code, message: packet.message })
      this.receive(packet)
    } catch (error) {
      if (error instanceof FileError) this.fail(errors.other, 'the file can’t be read any more')
      else if (!(error instanceof Malformed)) throw error
    }
  }

  /** "an error packet should be sent to the source of the incorrect packet, while not disturbing the transfer"; never about an error. */
  #stranger(packet: Packet, from: Endpoint): void {
    if (packet.kind !== 'error') this.#socket.send(build({ kind: 'error', code: errors.unknownTransfer, message: 'unknown transfer' }), from)
  }

  #ring(): void {
    this.tries++
    if (this.tries >= mostTries) {
      this.send({ kind: 'error', code: errors.other, message: 'timed out' })
      return this.end({ kind: 'gave up' })
    }
    try {
      this.repeat()
      this.arm()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.fail(errors.other, 'the file can’t be read any more')
    }
  }
}
