/** WebSockets (RFC 6455) as the end of a serial line: bytes in binary frames; what comes as text is taken as UTF-8. The library is ws. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { SerialEndPlan } from '../../lab/serial/serial-plan.ts'
import { HostError } from '../host-error.ts'
import { Outflow } from './outflow.ts'
import type { PortSide, SerialEnd } from './port-side.ts'
import { SafeOutput } from './safe-output.ts'

type WebSocketPlan = SerialEndPlan & { readonly kind: 'websocket' }

/** Of one message, in bytes. */
const longestMessage = 64 << 10
const mostGuests = 16
/** Waits between two tries to connect, in milliseconds: the first, and the longest. */
const [firstWait, longestWait] = [250, 5000]
/** How often the guest is looked at while it is behind, in milliseconds. */
const look = 20

/** @throws {HostError} when the address is refused. */
export async function openWebSocketEnd(side: PortSide, plan: WebSocketPlan): Promise<SerialEnd> {
  return plan.side === 'listen' ? await listen(side, plan.at) : dial(side, plan.url)
}

/** Any page of a browser may open a WebSocket to this computer: only those that are this computer's own are let in. */
export function ownOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true
  try {
    return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname)
  } catch {
    return false
  }
}

async function listen(side: PortSide, at: { readonly host: string; readonly port: number }): Promise<SerialEnd> {
  const http = createServer((_, answer) => void answer.writeHead(426, { upgrade: 'websocket' }).end())
  const server = new WebSocketServer({ server: http, maxPayload: longestMessage, verifyClient: ({ origin }: { origin: string | undefined }) => ownOrigin(origin) && server.clients.size < mostGuests })
  server.on('connection', (socket) => join(side, socket))
  server.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot put the serial port ${side.name} on ${at.host}:${at.port}: ${error.code === 'EADDRINUSE' ? 'it is taken' : error.message}`, 'name another under serial.websocket', error)))
    http.listen(at, resolve)
  })
  side.tell(`${side.name} is on ws://${at.host}:${(http.address() as AddressInfo).port}/`)
  return {
    close: () => {
      for (const client of server.clients) client.close(1001, 'the lab has ended')
      server.close()
      http.close()
      const kill = setTimeout(() => server.clients.forEach((client) => client.terminate()), 500)
      kill.unref()
    },
  }
}

function dial(side: PortSide, url: string): SerialEnd {
  let [closed, wait] = [false, firstWait]
  let timer: NodeJS.Timeout | undefined
  let socket: WebSocket
  const attempt = (): void => {
    socket = new WebSocket(url, { maxPayload: longestMessage })
    socket.on('error', () => undefined)
    socket.once('open', () => {
      wait = firstWait
      join(side, socket)
    })
    socket.once('close', () => {
      if (closed) return
      timer = setTimeout(attempt, wait)
      timer.unref()
      wait = Math.min(2 * wait, longestWait)
    })
  }
  attempt()
  return {
    close: () => {
      closed = true
      clearTimeout(timer)
      if (socket.readyState === WebSocket.OPEN) socket.close(1001, 'the lab has ended')
      else socket.terminate()
    },
  }
}

function join(side: PortSide, socket: WebSocket): void {
  const { bufferBytes, full, safe } = side.plan
  const filter = safe ? new SafeOutput() : undefined
  // One message under way at a time; what comes meanwhile waits, within its bound, and goes as one.
  const outflow: Outflow = new Outflow({
    bufferBytes,
    full,
    write: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes, { binary: true }, () => outflow.ready())
      return false
    },
    hold: (held) => side.hold(outflow, held),
  })
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    timer = undefined
    if (side.crowded) timer = setTimeout(wait, look)
    else socket.resume()
  }
  const say = (bytes: Uint8Array): void => {
    const shown = filter === undefined ? bytes : filter.feed(bytes)
    if (shown.length > 0) outflow.push(shown)
  }
  say(side.past)
  const stop = side.listen(say)
  socket.on('message', (data: RawData) => {
    side.type(bytesOf(data))
    if (!side.crowded || timer !== undefined) return
    socket.pause()
    timer = setTimeout(wait, look)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearTimeout(timer)
    stop()
    outflow.close()
  })
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data))
  return new Uint8Array(data)
}
