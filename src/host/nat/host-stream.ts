/** One stream of NAT's outside: a TCP connection of this computer's, dialled or accepted, in commands and events of the seam (nat/outside.ts). */
import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../stack/sockets.ts'
import type { OutsideEvent } from '../../nat/outside.ts'

/** What the streams of one outside share. */
export interface StreamGround {
  /** Bytes that one stream may have told of before they are taken. */
  readonly window: number
  /** Where reads go, all the same: what is read is copied before the next. */
  readonly buffer: () => Uint8Array
  readonly enter: (event: OutsideEvent) => void
  /** The stream is gone. */
  readonly forget: (flow: number) => void
}

export class HostStream {
  readonly #flow: number
  readonly #ground: StreamGround
  readonly #socket: Socket
  #untaken = 0
  #paused = false
  #code: string | undefined

  /** @param at a connection that is there, or an IP address and port to dial. */
  constructor(flow: number, ground: StreamGround, at: Socket | Endpoint) {
    this.#flow = flow
    this.#ground = ground
    if ('port' in at) {
      this.#socket = connect({ host: at.address, port: at.port, allowHalfOpen: true, noDelay: true, onread: { buffer: ground.buffer, callback: (count, bytes) => this.#read(bytes.subarray(0, count)) } })
      this.#socket.on('connect', () => ground.enter({ kind: 'open', flow }))
    } else {
      this.#socket = at
      at.setNoDelay(true)
      // An accepted one has no buffer of ours to read into.
      at.on('data', (bytes: Buffer) => void (this.#read(bytes) || at.pause()))
    }
    this.#socket.on('end', () => ground.enter({ kind: 'end', flow }))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => void (this.#code ??= error.code ?? 'EIO'))
    this.#socket.on('close', () => {
      ground.forget(flow)
      ground.enter({ kind: 'closed', flow, code: this.#code })
    })
  }

  write(bytes: Uint8Array): void {
    const { length } = bytes
    this.#socket.write(bytes, (error) => {
      if (!(error instanceof Error)) this.#ground.enter({ kind: 'room', flow: this.#flow, count: length })
    })
  }

  took(count: number): void {
    this.#untaken -= count
    if (!this.#paused || this.#untaken > this.#ground.window / 2) return
    this.#paused = false
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  /** `closed` follows, without a code: it was our own doing. */
  reset(): void {
    if (this.#socket.connecting) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** @returns whether more may be read now. */
  #read(bytes: Uint8Array): boolean {
    this.#untaken += bytes.length
    this.#ground.enter({ kind: 'data', flow: this.#flow, bytes: bytes.slice() })
    this.#paused = this.#untaken >= this.#ground.window
    return !this.#paused
  }
}
