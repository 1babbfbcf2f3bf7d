/** One client of a network block device, from its first byte to its last: fixed newstyle negotiation, then simple replies. The NBD protocol, doc/proto.md. */
import { concat, fromUtf8, latin1, putU16be, putU32be, u16be, u32be, utf8 } from '../base/bytes.ts'
import { type BlockDevice, DiskError, writeZeros } from '../disk/block.ts'
import { big, putBig } from '../disk/number.ts'

const optionMagic = latin1('IHAVEOPT')
const replyMagic = Uint8Array.of(0x00, 0x03, 0xe8, 0x89, 0x04, 0x55, 0x65, 0xa9)
const requestMagic = 0x2560_9513
const simpleReply = 0x6744_6698
const option = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 } as const
const answer = { ack: 1, server: 2, info: 3, unsupported: 0x8000_0001, invalid: 0x8000_0003, unknown: 0x8000_0006, tooBig: 0x8000_0009 } as const
const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, zero: 6 } as const
const errors: Readonly<Record<string, number>> = { EPERM: 1, EROFS: 1, EIO: 5, ENOMEM: 12, EINVAL: 22, ENOSPC: 28 }
/** HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES. */
const featureBits = 1 | 4 | 8 | 0x20 | 0x40
const readOnlyBit = 2
const forceUnitAccess = 1
/** What a client may ask for at once, and say in one option. */
export const mostRequestBytes = 32 << 20
const mostOptionBytes = 8192

/** Thrown when the client is to be let go. */
export class Farewell extends Error {}

export class NbdSession {
  readonly #disk: BlockDevice
  readonly #name: string
  readonly #send: (bytes: Uint8Array) => void
  #parts: Uint8Array[] = []
  #length = 0
  #wanted = 4
  #step: (bytes: Uint8Array) => void = (bytes) => this.#clientFlags(bytes)
  #noZeroes = false

  /** @param name under which the disk is offered; the empty name means it, too. */
  constructor(disk: BlockDevice, name: string, send: (bytes: Uint8Array) => void) {
    this.#disk = disk
    this.#name = name
    this.#send = send
    send(concat(latin1('NBDMAGIC'), optionMagic, Uint8Array.of(0, 3)))
  }

  /** Takes what the client sent. @throws {Farewell} when the connection is over. */
  hear(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
    while (this.#length >= this.#wanted) {
      const whole = this.#parts.length === 1 ? this.#parts[0] : concat(...this.#parts)
      const rest = whole.subarray(this.#wanted)
      const head = whole.subarray(0, this.#wanted)
      this.#parts = rest.length === 0 ? [] : [rest]
      this.#length = rest.length
      this.#step(head)
    }
  }

  #want(count: number, step: (bytes: Uint8Array) => void): void {
    this.#wanted = count
    this.#step = step
  }

  #clientFlags(bytes: Uint8Array): void {
    const flags = u32be(bytes, 0)
    if ((flags & ~3) !== 0 || (flags & 1) === 0) throw new Farewell('a client of before the fixed newstyle negotiation')
    this.#noZeroes = (flags & 2) !== 0
    this.#nextOption()
  }

  #nextOption(): void {
    this.#want(16, (head) => {
      if (!optionMagic.every((byte, at) => byte === head[at])) throw new Farewell('not an option')
      const kind = u32be(head, 8)
      const length = u32be(head, 12)
      if (length > mostOptionBytes) throw new Farewell('an option of unlikely length')
      if (length === 0) this.#option(kind, new Uint8Array(0))
      else this.#want(length, (data) => this.#option(kind, data))
    })
  }

  #option(kind: number, data: Uint8Array): void {
    this.#nextOption()
    switch (kind) {
      case option.exportName: {
        if (!this.#isOurs(fromUtf8(data))) throw new Farewell('an unknown export')
        const bytes = new Uint8Array(this.#noZeroes ? 10 : 134)
        bytes.set(this.#sizeAndFlags())
        this.#send(bytes)
        return this.#nextRequest()
      }
      case option.abort:
        this.#answer(kind, answer.ack)
        throw new Farewell('as asked')
      case option.list: {
        const name = utf8(this.#name)
        const length = new Uint8Array(4)
        putU32be(length, 0, name.length)
        this.#answer(kind, answer.server, concat(length, name))
        return this.#answer(kind, answer.ack)
      }
      case option.info:
      case option.go:
        return this.#inform(kind, data)
      default:
        return this.#answer(kind, answer.unsupported)
    }
  }

  #inform(kind: number, data: Uint8Array): void {
    const length = data.length < 6 ? Number.POSITIVE_INFINITY : u32be(data, 0)
    if (length > data.length - 6 || data.length !== 6 + length + 2 * u16be(data, 4 + length)) return this.#answer(kind, answer.invalid)
    if (!this.#isOurs(fromUtf8(data.subarray(4, 4 + length)))) return this.#answer(kind, answer.unknown)
    this.#answer(kind, answer.info, concat(Uint8Array.of(0, 0), this.#sizeAndFlags()))
    const sizes = new Uint8Array(14)
    putU16be(sizes, 0, 3)
    for (const [index, value] of [1, 4096, mostRequestBytes].entries()) putU32be(sizes, 2 + index * 4, value)
    this.#answer(kind, answer.info, sizes)
    this.#answer(kind, answer.ack)
    if (kind === option.go) this.#nextRequest()
  }

  #isOurs(name: string): boolean {
    return name === '' || name === this.#name
  }

  #sizeAndFlags(): Uint8Array {
    const bytes = new Uint8Array(10)
    putBig(bytes, 0, this.#disk.size)
    putU16be(bytes, 8, featureBits | (this.#disk.readOnly ? readOnlyBit : 0))
    return bytes
  }

  #answer(kind: number, type: number, data: Uint8Array = new Uint8Array(0)): void {
    const head = new Uint8Array(20)
    head.set(replyMagic)
    putU32be(head, 8, kind)
    putU32be(head, 12, type)
    putU32be(head, 16, data.length)
    this.#send(concat(head, data))
  }

  #nextRequest(): void {
    this.#want(28, (head) => {
      if (u32be(head, 0) !== requestMagic) throw new Farewell('not a request')
      const kind = u16be(head, 6)
      const length = u32be(head, 24)
      if (kind === command.disconnect) throw new Farewell('as asked')
      if (kind !== command.write) return this.#serve(head.slice(), new Uint8Array(0))
      if (length > mostRequestBytes) throw new Farewell('a write of unlikely length')
      const request = head.slice()
      if (length === 0) this.#serve(request, new Uint8Array(0))
      else this.#want(length, (data) => this.#serve(request, data))
    })
  }

  #serve(head: Uint8Array, data: Uint8Array): void {
    this.#nextRequest()
    let error = 0
    let content: Uint8Array = new Uint8Array(0)
    try {
      content = this.#perform(u16be(head, 6), big(head, 16), u32be(head, 24), data)
      if ((u16be(head, 4) & forceUnitAccess) !== 0 && u16be(head, 6) !== command.read) this.#disk.flush()
    } catch (failure) {
      if (!(failure instanceof DiskError)) throw failure
      error = errors[failure.code] ?? 5
    }
    const reply = new Uint8Array(16)
    putU32be(reply, 0, simpleReply)
    putU32be(reply, 4, error)
    reply.set(head.subarray(8, 16), 8)
    this.#send(error === 0 && content.length > 0 ? concat(reply, content) : reply)
  }

  #perform(kind: number, offset: number, length: number, data: Uint8Array): Uint8Array {
    const nothing = new Uint8Array(0)
    if (offset + length > this.#disk.size) throw new DiskError(kind === command.read ? 'EINVAL' : 'ENOSPC', 'behind the end')
    switch (kind) {
      case command.read: {
        if (length > mostRequestBytes) throw new DiskError('EINVAL', 'too much at once')
        const bytes = new Uint8Array(length)
        this.#disk.read(offset, bytes)
        return bytes
      }
      case command.write:
        this.#disk.write(offset, data)
        return nothing
      case command.flush:
        this.#disk.flush()
        return nothing
      case command.trim:
        if (this.#disk.readOnly) throw new DiskError('EPERM', 'read-only')
        // A hint: taken where zeros take no room, else passed over.
        this.#disk.zero?.(offset, length)
        return nothing
      case command.zero:
        if (this.#disk.readOnly) throw new DiskError('EPERM', 'read-only')
        writeZeros(this.#disk, offset, length)
        return nothing
      default:
        throw new DiskError('EINVAL', `command ${kind}`)
    }
  }
}
