/**
 * A file on its way to a client. RFC 1350; windows by RFC 7440.
 *
 * Blocks count from 1 without end; on the wire they roll over to 0 after 65535. An acknowledgement for a block already acknowledged is never
 * answered when the window is 1: answering it doubles all that follows (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1). In a larger
 * window it says that the first block of the window was lost, and is answered once until something moves.
 */
import type { Packet } from '../../src/wire/tftp.ts'
import type { Blocks } from './blocks.ts'
import type { TransferParts } from './transfer.ts'
import { Transfer } from './transfer.ts'

export class Sending extends Transfer {
  readonly #blocks: Blocks
  /** The last block acknowledged; -1 while the OACK is not. */
  #acked: number
  /** The last block sent. */
  #sent = 0
  /** The number of the last block, once it was read. */
  #last: number | undefined
  #lastBytes = 0
  #again = false

  /** @param close called once, when the file is no longer needed. */
  constructor(parts: TransferParts, blocks: Blocks, close: () => void) {
    super({ ...parts, ended: (outcome) => {
      close()
      parts.ended(outcome)
    } })
    this.#blocks = blocks
    this.#acked = parts.terms.accepted.length > 0 ? -1 : 0
  }

  get fresh(): boolean {
    return this.#acked === -1 || (this.#acked === 0 && this.terms.accepted.length === 0)
  }

  start(): void {
    this.#push()
    this.arm()
  }

  protected receive(packet: Packet): void {
    if (packet.kind !== 'ack') return
    if (this.#acked === -1) {
      if (packet.block === 0) this.#advance(0)
      return
    }
    const block = this.#acked + ((packet.block - this.#acked) & 0xffff)
    if (block > this.#sent) return
    if (block > this.#acked) return this.#advance(block)
    if (this.terms.windowsize > 1 && !this.#again && this.#sent > this.#acked) {
      this.#again = true
      this.repeat()
      this.arm()
    }
  }

  protected repeat(): void {
    this.repeats++
    this.#sent = Math.max(0, this.#acked)
    this.#push()
  }

  #advance(block: number): void {
    this.#acked = block
    this.#again = false
    this.tries = 0
    this.bytes = Math.max(this.bytes, this.#bytesUpTo(block))
    this.#blocks.forget(block)
    if (block === this.#last) return this.end({ kind: 'done' })
    // A receiver that lost a block acknowledges what it has; what follows is sent again from there (RFC 7440 §4).
    if (block < this.#sent) this.repeats++
    this.#sent = block
    this.#push()
    this.arm()
  }

  /** Sends the OACK, or the blocks of a window. */
  #push(): void {
    if (this.#acked === -1) return this.send({ kind: 'oack', options: this.terms.accepted })
    const until = this.#acked + this.terms.windowsize
    while (this.#sent < until && this.#sent !== this.#last) {
      const block = this.#sent + 1
      const data = this.#blocks.read(block)
      if (data.length < this.terms.blksize) {
        this.#last = block
        this.#lastBytes = data.length
      }
      this.send({ kind: 'data', block: block & 0xffff, data })
      this.#sent = block
    }
  }

  #bytesUpTo(block: number): number {
    return block === this.#last ? (block - 1) * this.terms.blksize + this.#lastBytes : block * this.terms.blksize
  }
}
