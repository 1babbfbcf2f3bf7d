/** The socket by which a running lab is reached from another terminal. Only its owner can open it. */
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ConfigError } from '../base/errors.ts'
import { type ControlAnswer, type ControlRequest, FirstLine } from './control-protocol.ts'
import { HostError } from './host-error.ts'
import { socketPath } from './runtime-folder.ts'

/** Answers a request, or takes the connection over: then `stream` is called once the answer is sent. */
export interface ControlReply {
  readonly value: unknown
  /** @param rest bytes that came behind the request. */
  readonly stream?: (socket: Socket, rest: Uint8Array) => void
}

export class ControlServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(answer: (request: ControlRequest) => ControlReply | Promise<ControlReply>) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // A client that vanishes is no news.
      socket.on('error', () => socket.destroy())
      serve(socket, answer)
    })
  }

  /** @throws {HostError} when a lab of this name runs already. */
  async open(name: string): Promise<void> {
    const path = socketPath(name)
    if (await answers(path)) throw new HostError('EADDRINUSE', `a lab called ${name} is running already`, `netloom down ${name}, or give this one another name: --name`)
    if (process.platform !== 'win32') rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot open the control socket ${path}: ${error.message}`, 'name another folder: NETLOOM_RUNTIME_DIR=… netloom …', error)))
      this.#server.listen(path, resolve)
    })
    if (process.platform !== 'win32') chmodSync(path, 0o600)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroySoon()
  }
}

function serve(socket: Socket, answer: (request: ControlRequest) => ControlReply | Promise<ControlReply>): void {
  const first = new FirstLine()
  const fail = (error: unknown): void => {
    socket.off('data', hear)
    say(socket, refusal(error))
    socket.end()
  }
  const hear = (bytes: Buffer): void => {
    try {
      const cut = first.feed(bytes)
      if (cut === undefined) return
      socket.off('data', hear)
      const reply = answer(JSON.parse(cut.line) as ControlRequest)
      if (reply instanceof Promise) reply.then((late) => finish(socket, late, cut.rest)).catch(fail)
      else finish(socket, reply, cut.rest)
    } catch (error) {
      fail(error)
    }
  }
  socket.on('data', hear)
}

function finish(socket: Socket, { value, stream }: ControlReply, rest: Uint8Array): void {
  say(socket, { ok: true, value })
  if (stream === undefined) socket.end()
  else stream(socket, rest)
}

function refusal(error: unknown): ControlAnswer {
  const { message } = error as Error
  if (error instanceof ConfigError) return { ok: false, code: 'config', message, hint: error.hint }
  return { ok: false, code: 'host', message, hint: error instanceof HostError ? error.hint : undefined }
}

function say(socket: Socket, answer: ControlAnswer): void {
  socket.write(`${JSON.stringify(answer)}\n`)
}

/** Whether somebody listens at `path`; a socket left behind by a killed lab doesn't. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
