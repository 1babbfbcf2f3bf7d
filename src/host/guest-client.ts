/** The other end of a session with a guest: what `netloom cp` and `netloom exec` do, from another process than the lab's. */
import type { Socket } from 'node:net'
import { type GuestResult, guestPiece, guestWindow } from '../lab/magic/guest-link.ts'
import { open } from './control-client.ts'
import { formatGuestFrame, type GuestFrame, GuestFrames } from './guest-frames.ts'
import type { GuestRequest } from './guest-server.ts'
import { HostError } from './host-error.ts'

/** What a session is given and gives. */
export interface GuestEnds {
  /** Of a file that goes in, or for the command. */
  readonly input?: AsyncIterable<Uint8Array> | undefined
  /** The guest's agent hasn't spoken yet: what is asked waits for it. */
  readonly waiting?: () => void
  /** A file's content, or standard output. */
  readonly data?: (bytes: Uint8Array) => Promise<void> | void
  readonly complaint?: (bytes: Uint8Array) => Promise<void> | void
  readonly file?: (mode: number, size: number) => void
  /** Told once it can be signalled. */
  readonly begun?: (signal: (number: number) => void) => void
}

/** @throws {ConfigError | HostError} what the lab refused, or that it went away. */
export async function askGuest(lab: string, request: GuestRequest, ends: GuestEnds): Promise<GuestResult> {
  const { value, socket, rest } = await open(lab, { do: 'guest', ...request })
  if (!(value as { present: boolean }).present) ends.waiting?.()
  const session = new Session(socket, ends)
  ends.begun?.((number) => session.say('signal', Uint8Array.of(number)))
  if (ends.input !== undefined) void session.pump(ends.input)
  return session.listen(rest)
}

class Session {
  readonly #socket: Socket
  readonly #ends: GuestEnds
  readonly #frames = new GuestFrames()
  #underWay = 0
  #room: (() => void) | undefined

  constructor(socket: Socket, ends: GuestEnds) {
    this.#socket = socket
    this.#ends = ends
  }

  say(kind: GuestFrame['kind'], bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(formatGuestFrame({ kind, bytes }))
  }

  /** Sends what comes, never more ahead than the window. */
  async pump(input: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of input) {
        for (let at = 0; at < bytes.length; at += guestPiece) {
          const piece = bytes.subarray(at, at + guestPiece)
          while (this.#underWay + piece.length > guestWindow) await new Promise<void>((resolve) => void (this.#room = resolve))
          this.#underWay += piece.length
          this.say('data', piece)
        }
      }
      this.say('end', new Uint8Array(0))
    } catch (error) {
      // An input that fails ends the session, which then says so.
      this.#socket.destroy(error as Error)
    }
  }

  listen(rest: Uint8Array): Promise<GuestResult> {
    return new Promise((resolve, reject) => {
      let result: GuestResult | undefined
      let work = Promise.resolve()
      const hear = (bytes: Uint8Array): void => {
        for (const frame of this.#cut(bytes)) {
          work = work.then(async () => {
            result ??= await this.#take(frame)
          })
          work.catch((error: unknown) => this.#socket.destroy(error as Error))
        }
      }
      this.#socket.removeAllListeners('error')
      this.#socket.on('error', reject)
      this.#socket.on('data', hear)
      this.#socket.on('close', () => {
        work.then(() => (result === undefined ? reject(new HostError('ECONNRESET', 'the lab went away before it was done', 'netloom ps')) : resolve(result))).catch(reject)
      })
      this.#socket.resume()
      hear(rest)
    })
  }

  /** What is no message comes from no lab of ours. */
  #cut(bytes: Uint8Array): readonly GuestFrame[] {
    try {
      return this.#frames.feed(bytes)
    } catch (error) {
      this.#socket.destroy(error as Error)
      return []
    }
  }

  /** @returns the result, once it has come. */
  async #take({ kind, bytes }: GuestFrame): Promise<GuestResult | undefined> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    switch (kind) {
      case 'data':
      case 'complaint':
        await (kind === 'data' ? this.#ends.data : this.#ends.complaint)?.(bytes)
        this.say('taken', numberBytes(bytes.length))
        return undefined
      case 'taken':
        this.#underWay -= view.getUint32(0, true)
        this.#room?.()
        return undefined
      case 'file':
        this.#ends.file?.(view.getUint32(0, true), Number(view.getBigUint64(4, true)))
        return undefined
      case 'result':
        return JSON.parse(Buffer.from(bytes).toString('utf8')) as GuestResult
      default:
        return undefined
    }
  }
}

function numberBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value, 0)
  return bytes
}
