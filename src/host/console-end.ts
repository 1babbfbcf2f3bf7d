/** A node's console on the host: a TCP port, a unix socket, a log file. Whoever connects sees what was said before and may type. */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import type { ConsolePlan } from '../lab/topology.ts'
import type { Transcript } from '../lab/transcript.ts'
import { HostError } from './host-error.ts'

/** Whoever reads slower than the guest prints is let go when so much waits for him, in bytes. */
const mostWaiting = 4 << 20

/** Connects a socket to a console, both ways, until either side goes. `rest` is what the client has said already. */
export function attach(socket: Socket, transcript: Transcript, type: (bytes: Uint8Array) => void, rest: Uint8Array = new Uint8Array(0)): void {
  socket.write(transcript.bytes)
  const leave = transcript.listen((bytes) => {
    if (socket.writableLength > mostWaiting) socket.destroy()
    else socket.write(bytes.slice())
  })
  if (rest.length > 0) type(rest)
  socket.on('data', (bytes) => type(new Uint8Array(bytes)))
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
  socket.on('close', leave)
}

/** What the lab file's `console:` asks for. */
export class ConsoleEnd {
  readonly #transcript: Transcript
  readonly #type: (bytes: Uint8Array) => void
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #closers: (() => void)[] = []

  constructor(transcript: Transcript, type: (bytes: Uint8Array) => void) {
    this.#transcript = transcript
    this.#type = type
  }

  /** @param folder what paths are relative to, already applied by the caller's `path`. @throws {HostError} when a port or file is refused. */
  async open(plan: ConsolePlan, path: (name: string) => string): Promise<void> {
    if (plan.log !== undefined) this.#log(path(plan.log))
    if (plan.tcp !== undefined) await this.#listen({ host: plan.tcp.host, port: plan.tcp.port }, `${plan.tcp.host}:${plan.tcp.port}`)
    if (plan.unix !== undefined) await this.#unix(path(plan.unix))
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroySoon()
    for (const close of this.#closers) close()
  }

  #log(file: string): void {
    let descriptor: number
    try {
      descriptor = openSync(file, 'w')
    } catch (error) {
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      throw new HostError(code, `cannot write the console log ${file}: ${message}`, 'name another file under console.log', error)
    }
    // Of a lab that was brought back; any other has said nothing yet.
    writeSync(descriptor, this.#transcript.bytes)
    const leave = this.#transcript.listen((bytes) => writeSync(descriptor, bytes))
    this.#closers.push(leave, () => closeSync(descriptor))
  }

  async #unix(file: string): Promise<void> {
    // A socket left behind by a killed lab is nobody's; anything else at that name is somebody's file.
    if (statSync(file, { throwIfNoEntry: false })?.isSocket() === true) rmSync(file, { force: true })
    await this.#listen({ path: file }, file)
    this.#closers.push(() => rmSync(file, { force: true }))
  }

  #listen(options: ListenOptions, name: string): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      attach(socket, this.#transcript, this.#type)
    })
    this.#servers.push(server)
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE'
        reject(new HostError(error.code ?? 'EIO', `cannot put the console of ${this.#transcript.node} on ${name}: ${taken ? 'it is taken' : error.message}`, taken ? 'stop what listens there, or name another port' : 'name another under console', error))
      })
      server.listen(options, resolve)
    })
  }
}
