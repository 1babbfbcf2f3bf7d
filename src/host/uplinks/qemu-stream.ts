/** An uplink to QEMU's `-netdev stream`: one guest at a time, over TCP or a unix socket, and whoever goes may come again. */
import { lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { OutsideLink } from '../../lab/uplink.ts'
import type { Frame } from '../../link/port.ts'
import { takesNothing } from '../../link/settle.ts'
import { HostError } from '../host-error.ts'
import { frameHead, StreamFrames } from './stream-frames.ts'

export type StreamAddress = { readonly host: string; readonly port: number } | { readonly path: string }

export interface StreamPlan {
  readonly side: 'listen' | 'connect'
  readonly at: StreamAddress
  /** A frame for the lab. */
  readonly enter: (frame: Frame) => void
  /** What is worth telling: who came, who went, who spoke something else. */
  readonly say: (event: 'uplink.joined' | 'uplink.left' | 'uplink.nonsense' | 'uplink.busy', message: string) => void
}

/** What may wait for a peer that reads slowly, in bytes: some hundred full-sized frames of a second. Beyond it frames are lost, as on any line. */
const mostWaiting = 4 << 20
/** Between two attempts to reach a QEMU that isn't there yet, in milliseconds. */
const patience = 250

export class QemuStream implements OutsideLink {
  readonly takes = takesNothing
  readonly #plan: StreamPlan
  #server: Server | undefined
  #socket: Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false
  #corked = false

  constructor(plan: StreamPlan) {
    this.#plan = plan
  }

  /** Listens, or begins to call. @throws {HostError} when the address can't be had. */
  async open(): Promise<void> {
    if (this.#plan.side === 'connect') return this.#call()
    const { at } = this.#plan
    if ('path' in at) await sweep(at.path)
    const server = createServer((socket) => this.#welcome(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot listen on ${addressText(at)}: ${error.code === 'EADDRINUSE' ? 'it is taken' : error.message}`, error.code === 'EADDRINUSE' ? 'stop what listens there, or name another one: listen' : undefined, error)))
      server.listen(at, resolve)
    })
  }

  send({ bytes }: Frame): boolean {
    const socket = this.#socket
    if (socket === undefined || socket.writableLength > mostWaiting) return false
    // A batch of frames goes out as one write.
    if (!this.#corked) {
      this.#corked = true
      socket.cork()
      queueMicrotask(() => {
        this.#corked = false
        socket.uncork()
      })
    }
    socket.write(frameHead(bytes.length))
    socket.write(bytes)
    return true
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#socket?.destroy()
    this.#server?.close()
    if (this.#server !== undefined && 'path' in this.#plan.at) rmSync(this.#plan.at.path, { force: true })
  }

  #call(): void {
    const socket = connect(this.#plan.at)
    socket.once('connect', () => this.#join(socket))
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (!this.#closed) this.#retry = setTimeout(() => this.#call(), patience)
    })
  }

  #welcome(socket: Socket): void {
    if (this.#socket === undefined) return this.#join(socket)
    this.#plan.say('uplink.busy', 'a second QEMU called; an uplink takes one at a time')
    socket.destroy()
  }

  #join(socket: Socket): void {
    const frames = new StreamFrames()
    this.#socket = socket
    this.#corked = false
    socket.setNoDelay?.(true)
    this.#plan.say('uplink.joined', `QEMU is on ${addressText(this.#plan.at)}`)
    socket.on('data', (bytes: Uint8Array) => {
      if (frames.feed(bytes, (frame) => this.#plan.enter({ bytes: frame, offload: undefined }))) return
      this.#plan.say('uplink.nonsense', 'what came is no frame of -netdev stream; the connection is closed')
      socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      if (!this.#closed) this.#plan.say('uplink.left', `QEMU has left ${addressText(this.#plan.at)}`)
    })
  }
}

export function addressText(at: StreamAddress): string {
  return 'path' in at ? at.path : `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
}

/** Removes a socket that a killed lab left behind; one that somebody listens on, and any other file, stays. */
async function sweep(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (!alive) rmSync(path, { force: true })
}
