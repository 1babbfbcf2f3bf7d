/** One transfer on a data connection: bytes out at the pace of who reads them, or bytes in, as they are or as text (RFC 959 §3.1.1). */
import type { Alarm } from '../../src/base/time.ts'
import type { OpenFile } from '../../src/stack/files.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import { seconds } from '../../src/base/time.ts'
import { FileError } from '../../src/stack/files.ts'
import { fromText, toText } from './ascii.ts'

/** How a transfer ended: 226, or the code and the sentence that say why not. */
export interface Outcome {
  readonly code: number
  readonly message: string
  readonly bytes: number
}

export interface TransferParts {
  readonly socket: TcpSocket
  readonly alarm: Alarm
  /** Called once. */
  readonly ended: (outcome: Outcome) => void
  /** Called whenever bytes have moved. */
  readonly moved: () => void
}

/** Where bytes come from: undefined at the end. */
export type Source = () => Uint8Array | undefined

const chunk = 65_536
/** A data connection on which nothing moves is given up. */
const patience = seconds(60)

/** @param text whether line ends go out as CR LF. */
export function fileSource(file: OpenFile, from: number, text: boolean): Source {
  let at = from
  return () => {
    const bytes = file.read(at, chunk)
    at += bytes.length
    return bytes.length === 0 ? undefined : text ? toText(bytes) : bytes
  }
}

export class Transfer {
  readonly #parts: TransferParts
  bytes = 0
  #over = false

  constructor(parts: TransferParts) {
    this.#parts = parts
    const { socket, alarm } = parts
    alarm.arm(patience)
    socket.on('error', (error) => this.#end(426, `the data connection broke: ${error.code ?? error.message}`))
    socket.on('close', () => this.#end(426, 'the data connection was closed'))
  }

  /** Nothing moved for too long. */
  expire(): void {
    this.#end(426, 'nothing moves on the data connection')
  }

  abort(): void {
    this.#end(426, 'stopped, as you wish')
  }

  send(source: Source): void {
    const { socket, alarm, moved } = this.#parts
    const pump = (): void => {
      while (!this.#over) {
        alarm.arm(patience)
        moved()
        const bytes = this.#guarded(source)
        if (bytes === undefined) return this.#sent()
        this.bytes += bytes.length
        if (!socket.write(bytes)) return
      }
    }
    socket.on('drain', pump)
    pump()
  }

  /** @param at where the first byte goes. */
  receive(file: OpenFile, at: number, text: boolean): void {
    const { socket, alarm, moved } = this.#parts
    const convert = text ? fromText() : undefined
    let place = at
    const put = (bytes: Uint8Array): void => {
      this.#guarded(() => file.write(place, bytes))
      place += bytes.length
    }
    socket.on('data', (bytes) => {
      if (this.#over) return
      alarm.arm(patience)
      moved()
      this.bytes += bytes.length
      put(convert === undefined ? bytes : convert.take(bytes))
    })
    socket.on('end', () => {
      if (!this.#over && convert !== undefined) put(convert.rest())
      this.#end(226, 'the file is whole')
    })
    socket.resume()
  }

  /** The FIN follows the last byte. Nobody is waited for: many clients close their end only when they have heard 226. */
  #sent(): void {
    this.#parts.socket.end()
    this.#end(226, 'that was all')
  }

  #guarded<Result>(act: () => Result): Result | undefined {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.#end(error.code === 'ENOSPC' ? 452 : 451, 'the file can’t be used any further')
      return undefined
    }
  }

  #end(code: number, message: string): void {
    if (this.#over) return
    this.#over = true
    this.#parts.alarm.disarm()
    if (code === 226) this.#parts.socket.end()
    else this.#parts.socket.destroy()
    // What may still come after our end is not wanted.
    this.#parts.socket.resume()
    this.#parts.ended({ code, message, bytes: this.bytes })
  }
}
