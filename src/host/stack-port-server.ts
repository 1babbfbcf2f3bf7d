/** The stack's port (lab/stack-port) on a unix socket, or on any pair of streams: JSON lines in, JSON lines out, one stack for each connection. */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { StackPort } from '../lab/stack-port/stack-port.ts'
import { HostError } from './host-error.ts'

/** Longest line, in bytes. */
const longestLine = 64 << 20
/** While so many bytes of answers wait to be read, no more requests are taken. */
const mostUnread = 16 << 20

export class StackPortServer {
  readonly #path: string
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(path: string) {
    this.#path = path
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      void serveStack(socket, socket).then(() => socket.end())
    })
  }

  /** Only the user can open the socket. @throws {HostError} */
  async open(): Promise<void> {
    const path = this.#path
    // One that was left behind goes; anything else in its place is somebody's file.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot listen on ${path}: ${error.message}`, 'name another path: --listen PATH', error)))
      this.#server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Answers until the input ends. */
export function serveStack(input: Readable, output: Writable): Promise<void> {
  const port = new StackPort()
  const lines = new Lines()
  return new Promise((resolve) => {
    const answer = (line: string): void => {
      if (line.trim() === '') return
      output.write(`${port.line(line)}\n`)
      if (output.writableLength <= mostUnread) return
      input.pause()
      output.once('drain', () => input.resume())
    }
    input.on('data', (bytes: Buffer) => {
      for (const line of lines.feed(bytes)) answer(line)
      if (!lines.tooLong) return
      output.write(`${JSON.stringify({ id: null, ok: false, time: 0, code: 'EMSGSIZE', message: `a line is longer than ${longestLine} bytes`, packets: [] })}\n`)
      input.destroy()
    })
    input.on('end', resolve).on('close', resolve)
  })
}

class Lines {
  #parts: Buffer[] = []
  #length = 0

  get tooLong(): boolean {
    return this.#length > longestLine
  }

  feed(bytes: Buffer): string[] {
    const whole: string[] = []
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      whole.push(Buffer.concat([...this.#parts, bytes.subarray(from, end)]).toString('utf8'))
      this.#parts = []
      this.#length = 0
      from = end + 1
    }
    if (from < bytes.length) this.#parts.push(bytes.subarray(from))
    this.#length += bytes.length - from
    return whole
  }
}
