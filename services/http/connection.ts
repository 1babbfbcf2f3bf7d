/** One HTTP connection: requests in, one after the other, answers out at the pace of who reads them. RFC 9112 §9. */
import type { Alarm } from '../../src/base/time.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import type { Answer, Piece } from './answer.ts'
import type { Request } from './request.ts'
import { concat, latin1 } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { FileError } from '../../src/stack/files.ts'
import { plainAnswer, statusText } from './answer.ts'
import { headEnd, keeps, longestHead, parseRequest } from './request.ts'

export interface ConnectionParts {
  readonly socket: TcpSocket
  readonly alarm: (ring: () => void) => Alarm
  /** Seconds. */
  readonly idle: number
  /** The time, for the Date header. */
  readonly date: () => string
  readonly answer: (request: Request) => Answer
  /** Told once an answer is out, or was given up. @param bytes of content. */
  readonly done: (request: Request | undefined, answer: Answer, bytes: number) => void
  readonly closed: () => void
}

/** Bytes of a file read at once. */
const chunk = 65_536
/** Content of a request that we don't want is read and forgotten up to here, so that its sender hears our answer. */
const mostForgotten = 1 << 20

/** An answer on its way. */
interface Sending {
  readonly request: Request | undefined
  readonly answer: Answer
  readonly pieces: Piece[]
  readonly keep: boolean
  bytes: number
}

export class Connection {
  readonly #parts: ConnectionParts
  readonly #alarm: Alarm
  #input: Uint8Array = new Uint8Array(0)
  /** Bytes of a request's content still to be passed over. */
  #forget = 0
  #sending: Sending | undefined
  #open = true
  #ended = false

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#alarm = parts.alarm(() => this.#timeout())
    this.#alarm.arm(seconds(parts.idle))
    const { socket } = parts
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('drain', () => this.#pump())
    socket.on('end', () => {
      this.#ended = true
      if (this.#sending === undefined) socket.end()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => this.#closed())
  }

  close(): void {
    this.#parts.socket.destroy()
  }

  #take(bytes: Uint8Array): void {
    if (!this.#open) return
    this.#alarm.arm(seconds(this.#parts.idle))
    const skip = Math.min(this.#forget, bytes.length)
    this.#forget -= skip
    this.#input = concat(this.#input, bytes.subarray(skip))
    this.#next()
    // Requests sent ahead wait in the stack, where the window bounds them.
    if (this.#sending !== undefined && this.#input.length > longestHead) this.#parts.socket.pause()
  }

  /** Starts with the next request, if one is whole and nothing is being sent. */
  #next(): void {
    while (this.#sending === undefined && this.#open && this.#forget === 0) {
      // "a server … SHOULD ignore at least one empty line received prior to the request-line" (RFC 9112 §2.2).
      const blank = this.#input.findIndex((byte) => byte !== 10 && byte !== 13)
      this.#input = blank < 0 ? new Uint8Array(0) : this.#input.subarray(blank)
      const end = headEnd(this.#input.subarray(0, longestHead))
      if (end < 0) {
        if (this.#input.length >= longestHead) this.#refuse(431, 'the head of the request is too long')
        return
      }
      const request = parseRequest(this.#input.slice(0, end))
      this.#input = this.#input.slice(end)
      if ('status' in request) return this.#refuse(request.status, request.message)
      this.#respond(request)
    }
  }

  #respond(request: Request): void {
    const { contentBytes } = request
    if (contentBytes === undefined || contentBytes > mostForgotten) return this.#refuse(413, 'no content is taken')
    const here = Math.min(contentBytes, this.#input.length)
    this.#input = this.#input.slice(here)
    this.#forget = contentBytes - here
    this.#send(request, this.#parts.answer(request), keeps(request))
  }

  #refuse(status: number, message: string): void {
    this.#send(undefined, plainAnswer({ status, message }), false)
  }

  #send(request: Request | undefined, answer: Answer, keep: boolean): void {
    const fields = [['Date', this.#parts.date()], ['Server', 'netloom'], ...answer.headers, ...connectionHeader(request, keep)]
    const head = latin1(`HTTP/1.1 ${statusText(answer.status)}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    const pieces = request?.method === 'HEAD' ? [] : answer.pieces.filter((piece) => piece instanceof Uint8Array || piece.to > piece.from)
    this.#sending = { request, answer, pieces: [...pieces], keep, bytes: 0 }
    if (this.#parts.socket.write(head)) this.#pump()
  }

  /** Writes as long as the socket takes it. */
  #pump(): void {
    const sending = this.#sending
    if (sending === undefined || !this.#open) return
    this.#alarm.arm(seconds(this.#parts.idle))
    while (sending.pieces.length > 0) {
      const bytes = this.#read(sending)
      if (bytes === undefined) return this.close()
      sending.bytes += bytes.length
      if (!this.#parts.socket.write(bytes)) return
    }
    this.#finish(sending)
  }

  /** The next bytes; undefined: the file is shorter by now, and nothing but an end of the connection can tell. */
  #read({ pieces, answer }: Sending): Uint8Array | undefined {
    const [piece] = pieces
    if (piece instanceof Uint8Array) {
      pieces.shift()
      return piece
    }
    try {
      const bytes = answer.file?.read(piece.from, Math.min(chunk, piece.to - piece.from)) ?? new Uint8Array(0)
      if (bytes.length === 0) return undefined
      const from = piece.from + bytes.length
      if (from === piece.to) pieces.shift()
      else pieces[0] = { from, to: piece.to }
      return bytes
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      return undefined
    }
  }

  #finish({ request, answer, bytes, keep }: Sending): void {
    this.#sending = undefined
    answer.file?.close()
    this.#parts.done(request, answer, bytes)
    if (!keep || this.#ended) {
      this.#open = false
      this.#parts.socket.end()
      // What its sender still has to say is read and forgotten, or it would hear a reset before our answer (RFC 9112 §9.6).
      this.#parts.socket.resume()
      return
    }
    this.#parts.socket.resume()
    this.#next()
  }

  #timeout(): void {
    if (this.#sending !== undefined || this.#input.length === 0 || !this.#open) return this.close()
    this.#refuse(408, 'the request never ended')
    this.#alarm.arm(seconds(this.#parts.idle))
  }

  #closed(): void {
    this.#open = false
    this.#alarm.disarm()
    const sending = this.#sending
    this.#sending = undefined
    sending?.answer.file?.close()
    if (sending !== undefined) this.#parts.done(sending.request, sending.answer, sending.bytes)
    this.#parts.closed()
  }
}

function connectionHeader(request: Request | undefined, keep: boolean): (readonly [string, string])[] {
  if (!keep) return [['Connection', 'close']]
  return request?.minor === 0 ? [['Connection', 'keep-alive']] : []
}
