/** Runs a CommonJS package that hard-codes `require('dgram')` inside the lab: its datagrams go through our stack. For tests only. */
import { EventEmitter } from 'node:events'
import Module, { createRequire } from 'node:module'
import type { Timeline } from '../../src/base/timeline.ts'
import type { Endpoint, Sockets, UdpSocket } from '../../src/stack/sockets.ts'

type Loader = (request: string, parent: unknown, isMain: boolean) => unknown
const loader = Module as unknown as { _load: Loader }
const require = createRequire(import.meta.url)

/** @returns the package, freshly loaded, with a `dgram` on `sockets`. */
export function loadInside(name: string, sockets: Sockets): unknown {
  const original = loader._load
  const dgram = { createSocket: () => new Socket(sockets), Socket }
  const path = require.resolve(name)
  const folder = path.slice(0, path.lastIndexOf(`/${name}/`) + name.length + 2)
  for (const loaded of Object.keys(require.cache)) if (loaded.startsWith(folder)) delete require.cache[loaded]
  loader._load = (request, parent, isMain) => (request === 'dgram' || request === 'node:dgram' ? dgram : original(request, parent, isMain))
  try {
    return require(name)
  } finally {
    loader._load = original
  }
}

/** Steps virtual time, letting Node's own queues run dry in between, until `done`. @throws after 100,000 steps. */
export async function runUntil(time: Timeline, done: () => boolean): Promise<void> {
  for (let count = 0; !done(); count++) {
    if (count > 100_000) throw new Error('it never ended')
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (!done()) time.step()
  }
}

/** The part of dgram.Socket that the packages under test use. */
class Socket extends EventEmitter {
  readonly #sockets: Sockets
  #socket: UdpSocket | undefined

  constructor(sockets: Sockets) {
    super()
    this.#sockets = sockets
  }

  bind(port: number, address: string, done?: () => void): this {
    this.#open({ address, port })
    process.nextTick(() => {
      this.emit('listening')
      done?.()
    })
    return this
  }

  send(bytes: Uint8Array, offset: number, length: number, port: number, address: string, done?: (error: Error | null, bytes: number) => void): void {
    this.#open({ address: '0.0.0.0', port: 0 }).send(bytes.subarray(offset, offset + length), { address, port })
    process.nextTick(() => done?.(null, length))
  }

  address(): { address: string; port: number; family: string } {
    return { ...this.#open({ address: '0.0.0.0', port: 0 }).local, family: 'IPv4' }
  }

  setBroadcast(): void {}

  close(done?: () => void): void {
    this.#socket?.close()
    process.nextTick(() => {
      this.emit('close')
      done?.()
    })
  }

  #open(at: Endpoint): UdpSocket {
    this.#socket ??= this.#sockets.bind(at, (payload, { from }) => this.emit('message', Buffer.from(payload), { ...from, family: 'IPv4', size: payload.length }))
    return this.#socket
  }
}
