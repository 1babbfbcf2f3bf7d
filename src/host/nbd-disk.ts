/** A disk that an NBD server has: fixed newstyle negotiation, one request at a time, simple replies. The NBD protocol, doc/proto.md. Big-endian. */
import { isIPv4, isIPv6 } from 'node:net'
import { concat, fromLatin1, latin1, putU16be, putU32be, u16be, u32be, utf8 } from '../base/bytes.ts'
import { type BlockDevice, checkRange, DiskError, refuseWrite } from '../disk/block.ts'
import { big, putBig } from '../disk/number.ts'
import { type BlockingStream, openStream, type StreamPlace } from './blocking-stream.ts'
import { HostError } from './host-error.ts'

/** Where a disk is served, and under which name. */
export interface NbdAddress {
  readonly place: StreamPlace
  readonly name: string
}

const flag = { readOnly: 2, flush: 4, zero: 0x40 } as const
const command = { read: 0, write: 1, disconnect: 2, flush: 3, zero: 6 } as const
const go = 7
const reply = { ack: 1, info: 3, error: 0x8000_0000 } as const
const errors: Readonly<Record<number, string>> = { 1: 'EPERM', 5: 'EIO', 12: 'ENOMEM', 22: 'EINVAL', 28: 'ENOSPC', 75: 'EOVERFLOW', 95: 'ENOTSUP', 108: 'ESHUTDOWN' }
const usualPort = 10_809
/** What every server takes. */
const mostPartBytes = 1 << 20
const mostReplyBytes = 65_536
const mostReplies = 64
/** A disk of this computer's, or of a near one: what takes longer is gone. */
const patienceSeconds = 30

/** `host:port/export`, `[::1]:10809/export`, `./socket` or `./socket:export`. @throws {HostError} */
export function parseNbd(text: string, resolvePath: (path: string) => string): NbdAddress {
  if (/^\.{0,2}\//.test(text)) {
    const cut = text.lastIndexOf(':')
    return cut < 0 ? { place: { unix: resolvePath(text) }, name: '' } : { place: { unix: resolvePath(text.slice(0, cut)) }, name: text.slice(cut + 1) }
  }
  const { six, four, port, name } = /^(?:nbd:\/\/)?(?:\[(?<six>[^\]]+)\]|(?<four>[^:/[\]]+))(?::(?<port>\d{1,5}))?(?:\/(?<name>.*))?$/.exec(text)?.groups ?? {}
  const host = six ?? four
  const number = port === undefined ? usualPort : Number(port)
  if (host === undefined || number > 65_535 || !(host === 'localhost' || (six === undefined ? isIPv4(host) : isIPv6(host)))) throw new HostError('EINVAL', `"${text}" is no place of an NBD server`, 'write an address, as in nbd: "127.0.0.1:10809/disk", or a socket: nbd: ./nbd.sock')
  return { place: { host, port: number }, name: name ?? '' }
}

/** @param where as the user wrote it. @throws {HostError} */
export function openNbd({ place, name }: NbdAddress, readOnly: boolean, where: string): NbdDisk {
  const stream = openStream(place, patienceSeconds)
  try {
    return new NbdDisk(stream, name, readOnly)
  } catch (error) {
    stream.close()
    if (error instanceof DiskError) throw new HostError(error.code, `the disk ${where}: ${error.message}`, 'look which disks the server has: nbdinfo --list', error)
    throw error
  }
}

export class NbdDisk implements BlockDevice {
  readonly size: number
  readonly readOnly: boolean
  readonly #stream: BlockingStream
  readonly #flags: number
  readonly #head = new Uint8Array(28)
  readonly #answer = new Uint8Array(16)
  #handle = 0
  /** Why nothing is asked any more: what was under way then is lost, and with it what later requests stand on. */
  #gone: DiskError | undefined

  /** Negotiates. @throws {DiskError} when the server has no such disk, or speaks another protocol. */
  constructor(stream: BlockingStream, name: string, readOnly: boolean) {
    this.#stream = stream
    const { size, flags } = negotiate(stream, name)
    if (!Number.isSafeInteger(size) || size % 512 !== 0) throw new DiskError('EINVAL', `${size} bytes are not whole sectors`)
    this.size = size
    this.#flags = flags
    this.readOnly = readOnly || (flags & flag.readOnly) !== 0
  }

  read(offset: number, into: Uint8Array): void {
    checkRange(this, offset, into.length)
    for (let done = 0; done < into.length; done += mostPartBytes) {
      const part = into.subarray(done, done + mostPartBytes)
      this.#ask(command.read, offset + done, part.length, undefined, part)
    }
  }

  write(offset: number, from: Uint8Array): void {
    refuseWrite(this)
    checkRange(this, offset, from.length)
    for (let done = 0; done < from.length; done += mostPartBytes) {
      const part = from.subarray(done, done + mostPartBytes)
      this.#ask(command.write, offset + done, part.length, part)
    }
  }

  flush(): void {
    if ((this.#flags & flag.flush) !== 0) this.#ask(command.flush, 0, 0)
  }

  zero(offset: number, length: number): void {
    refuseWrite(this)
    checkRange(this, offset, length)
    const able = (this.#flags & flag.zero) !== 0
    const zeros = able ? undefined : new Uint8Array(Math.min(length, mostPartBytes))
    for (let done = 0; done < length; done += mostPartBytes) {
      const part = Math.min(mostPartBytes, length - done)
      if (able) this.#ask(command.zero, offset + done, part)
      else this.#ask(command.write, offset + done, part, zeros?.subarray(0, part))
    }
  }

  close(): void {
    if (this.#gone === undefined) {
      try {
        if (!this.readOnly) this.flush()
        this.#put(command.disconnect, 0, 0)
      } finally {
        this.#stream.close()
        this.#gone = new DiskError('EIO', 'the disk is closed')
      }
    }
  }

  #ask(kind: number, offset: number, length: number, data?: Uint8Array, into?: Uint8Array): void {
    if (this.#gone !== undefined) throw this.#gone
    try {
      this.#put(kind, offset, length)
      if (data !== undefined) this.#stream.send(data)
      this.#stream.receive(this.#answer)
      if (u32be(this.#answer, 0) !== 0x6744_6698 || u32be(this.#answer, 12) !== this.#handle) throw new DiskError('EIO', 'the server answers what was not asked')
      const error = u32be(this.#answer, 4)
      if (error === 0 && into !== undefined) this.#stream.receive(into)
      if (error !== 0) throw new Refused(errors[error] ?? 'EIO', `the server refuses with ${error}`)
    } catch (error) {
      if (error instanceof Refused) throw new DiskError(error.code, error.message)
      this.#gone = error as DiskError
      this.#stream.close()
      throw error
    }
  }

  #put(kind: number, offset: number, length: number): void {
    this.#handle = (this.#handle + 1) >>> 0
    putU32be(this.#head, 0, 0x2560_9513)
    putU16be(this.#head, 6, kind)
    putU32be(this.#head, 12, this.#handle)
    putBig(this.#head, 16, offset)
    putU32be(this.#head, 24, length)
    this.#stream.send(this.#head)
  }
}

/** The server said no; the connection is as good as before. */
class Refused extends DiskError {}

function negotiate(stream: BlockingStream, name: string): { readonly size: number; readonly flags: number } {
  const take = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    stream.receive(bytes)
    return bytes
  }
  const greeting = take(18)
  if (fromLatin1(greeting.subarray(0, 16)) !== 'NBDMAGICIHAVEOPT' || (u16be(greeting, 16) & 1) === 0) throw new DiskError('EPROTO', 'it is no NBD server of the fixed newstyle kind')
  const export_ = utf8(name)
  const option = new Uint8Array(20)
  // The client's flags: fixed newstyle, no zeroes; then the option's head, and its length.
  putU32be(option, 0, 3)
  option.set(latin1('IHAVEOPT'), 4)
  putU32be(option, 12, go)
  putU32be(option, 16, export_.length + 6)
  const length = new Uint8Array(4)
  putU32be(length, 0, export_.length)
  stream.send(concat(option, length, export_, new Uint8Array(2)))
  let found: { readonly size: number; readonly flags: number } | undefined
  for (let count = 0; count < mostReplies; count++) {
    const head = take(20)
    const kind = u32be(head, 12)
    const bytes = u32be(head, 16)
    if (u32be(head, 8) !== go || bytes > mostReplyBytes) throw new DiskError('EPROTO', 'it answers what was not asked')
    const data = take(bytes)
    if (kind === reply.ack && found !== undefined) return found
    if (kind === reply.info && data.length === 12 && u16be(data, 0) === 0) found = { size: big(data, 2), flags: u16be(data, 10) }
    if (kind >= reply.error) throw new DiskError('ENOENT', `the server has no disk "${name}"${data.length > 0 ? ` (${fromLatin1(data).replace(/[^ -~]/g, '?').slice(0, 200)})` : ''}`)
  }
  throw new DiskError('EPROTO', 'it does not come to an end with its answers')
}
