/**
 * A file on its way from a client (WRQ). RFC 1350; windows by RFC 7440. After the last block it stays for one more timeout, so that a lost
 * last acknowledgement can be sent again (RFC 1350 §6, "dallying").
 */
import type { OpenFile } from '../../src/stack/files.ts'
import type { Packet } from '../../src/wire/tftp.ts'
import type { Outcome, TransferParts } from './transfer.ts'
import { FileError } from '../../src/stack/files.ts'
import { errors } from '../../src/wire/tftp.ts'
import { NetasciiReader } from './netascii.ts'
import { Transfer } from './transfer.ts'

export class Receiving extends Transfer {
  readonly #file: OpenFile
  readonly #most: number
  readonly #reader: NetasciiReader | undefined
  /** The last block taken. */
  #taken = 0
  #unacknowledged = 0
  #heard = false
  #complete = false
  /** Whether the gap before the present block was told. */
  #told = false

  constructor(parts: TransferParts, file: OpenFile, mode: 'octet' | 'netascii', mostBytes: number) {
    const ended = (outcome: Outcome): void => {
      file.close()
      parts.ended(outcome)
    }
    super({ ...parts, ended })
    this.#file = file
    this.#most = mostBytes
    this.#reader = mode === 'netascii' ? new NetasciiReader() : undefined
  }

  get fresh(): boolean {
    return !this.#heard
  }

  override get dallies(): boolean {
    return this.#complete
  }

  start(): void {
    this.#acknowledge()
    this.arm()
  }

  protected receive(packet: Packet): void {
    if (packet.kind !== 'data') return
    this.#heard = true
    const ahead = (packet.block - this.#taken) & 0xffff
    if (ahead === 1 && !this.#complete) return this.#take(packet.data)
    // The last block again: its acknowledgement was lost.
    if (ahead === 0) return this.#acknowledge()
    // A gap: what we have is told once, and the client goes on from there (RFC 7440 §4).
    if (ahead < 0x8000 && !this.#complete && !this.#told) {
      this.#told = true
      this.#acknowledge()
    }
  }

  protected repeat(): void {
    if (this.#complete) return this.end({ kind: 'done' })
    this.repeats++
    this.#acknowledge()
  }

  #take(data: Uint8Array): void {
    const last = data.length < this.terms.blksize
    if (data.length > this.terms.blksize) return this.fail(errors.illegalOperation, 'a block larger than agreed')
    const bytes = this.#reader?.read(data, last) ?? data
    if (this.bytes + bytes.length > this.#most) return this.fail(errors.diskFull, 'the file is too large')
    if (!this.#write(bytes)) return
    this.#taken++
    this.#told = false
    this.tries = 0
    this.#unacknowledged++
    this.#complete = last
    if (last || this.#unacknowledged >= this.terms.windowsize) this.#acknowledge()
    this.arm()
  }

  #write(bytes: Uint8Array): boolean {
    try {
      this.#file.write(this.bytes, bytes)
      this.bytes += bytes.length
      return true
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.fail(error.code === 'ENOSPC' ? errors.diskFull : errors.other, 'the file can’t be written any more')
      return false
    }
  }

  #acknowledge(): void {
    this.#unacknowledged = 0
    if (this.#taken === 0 && this.terms.accepted.length > 0) this.send({ kind: 'oack', options: this.terms.accepted })
    else this.send({ kind: 'ack', block: this.#taken & 0xffff })
  }
}
