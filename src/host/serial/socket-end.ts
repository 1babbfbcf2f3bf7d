/** TCP ports and unix sockets as ends of a serial line, raw or telnet; listened at, or connected to and again when that is lost. */
import { rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { SerialAddress, SerialEndPlan } from '../../lab/serial/serial-plan.ts'
import { HostError } from '../host-error.ts'
import { attachStream } from './attach-stream.ts'
import type { PortSide, SerialEnd } from './port-side.ts'
import { TelnetCoding } from './telnet-coding.ts'

type SocketPlan = SerialEndPlan & { readonly kind: 'socket' }

/** Waits between two tries to connect, in milliseconds: the first, and the longest. */
const [firstWait, longestWait] = [250, 5000]
const mostGuests = 16

/** @throws {HostError} when the address is refused. */
export async function openSocketEnd(side: PortSide, plan: SocketPlan): Promise<SerialEnd> {
  return plan.side === 'listen' ? await listen(side, plan) : dial(side, plan)
}

async function listen(side: PortSide, { at, protocol }: SocketPlan): Promise<SerialEnd> {
  const leavers = new Set<() => void>()
  const server = createServer((socket) => {
    if (leavers.size >= mostGuests) return void socket.destroy()
    leavers.add(join(side, socket, protocol, 'server', (leave) => leavers.delete(leave)))
  })
  const path = 'path' in at ? side.path(at.path) : undefined
  // A socket left behind by a killed lab is nobody's; anything else at that name is somebody's file.
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true })
  await begin(server, path === undefined ? at : { path }, side.name)
  return {
    close: () => {
      server.close()
      for (const leave of leavers) leave()
      if (path !== undefined) rmSync(path, { force: true })
    },
  }
}

function begin(server: Server, at: SerialAddress, name: string): Promise<void> {
  const where = 'path' in at ? at.path : `${at.host}:${at.port}`
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(new HostError(error.code ?? 'EIO', `cannot put the serial port ${name} on ${where}: ${taken ? 'it is taken' : error.message}`, taken ? 'stop what listens there, or name another' : 'name another under serial', error))
    })
    server.listen({ ...at }, () => {
      server.removeAllListeners('error')
      server.on('error', () => undefined)
      resolve()
    })
  })
}

function dial(side: PortSide, { at, protocol }: SocketPlan): SerialEnd {
  let [closed, wait] = [false, firstWait]
  let timer: NodeJS.Timeout | undefined
  let leave: (() => void) | undefined
  let socket: Socket
  const again = (): void => {
    leave = undefined
    if (closed) return
    timer = setTimeout(attempt, wait)
    timer.unref()
    wait = Math.min(2 * wait, longestWait)
  }
  const attempt = (): void => {
    socket = connect('path' in at ? { path: side.path(at.path) } : at)
    socket.once('error', again)
    socket.once('connect', () => {
      socket.removeListener('error', again)
      wait = firstWait
      leave = join(side, socket, protocol, 'client', again)
    })
  }
  attempt()
  return {
    close: () => {
      closed = true
      clearTimeout(timer)
      if (leave === undefined) socket.destroy()
      else leave()
    },
  }
}

function join(side: PortSide, socket: Socket, protocol: 'raw' | 'telnet', role: 'server' | 'client', gone: (leave: () => void) => void): () => void {
  socket.setNoDelay(true)
  const coding = protocol === 'raw' ? undefined : new TelnetCoding(side, role, (bytes) => void (socket.writable && socket.write(bytes)))
  const leave = attachStream(side, socket, () => {
    coding?.close()
    gone(leave)
  }, coding === undefined ? {} : { coding })
  return leave
}
