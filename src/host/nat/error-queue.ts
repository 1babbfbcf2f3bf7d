/**
 * ICMP errors about what a datagram socket has sent: Linux keeps them in the socket's error queue (ip(7), IP_RECVERR), with who said it and
 * about whom. Without koffi, or elsewhere, there are none, and the guest hears silence.
 */
import type { Socket } from 'node:dgram'
import { icmpCalls, type QueuedError } from './icmp-calls.ts'

export interface ErrorQueue {
  /** Tells all that waits. @returns whether there was anything: else the socket's error was another. */
  drain(): boolean
}

/** Errors read at once; a socket's queue holds fewer. */
const most = 1024

/** @param socket bound, of IPv6 if `six`. @returns undefined where there is no such thing. */
export function errorQueue(socket: Socket, hear: (error: QueuedError) => void, six = false): ErrorQueue | undefined {
  const calls = icmpCalls()
  const fd = calls === undefined ? -1 : fdOf(socket)
  if (calls === undefined || fd < 0) return undefined
  calls.wantErrors(fd, six)
  const drain = (): boolean => {
    let count = 0
    for (let error = calls.readError(fd); error !== undefined && count < most; error = calls.readError(fd), count++) hear(error)
    return count > 0
  }
  return { drain }
}

/** Node knows the number, and has no name for it. -1 where it hasn't. */
export function fdOf(socket: Socket): number {
  const states = Object.getOwnPropertySymbols(socket).map((symbol) => (socket as unknown as Record<symbol, { handle?: { fd?: number } } | undefined>)[symbol])
  return states.find((state) => state?.handle?.fd !== undefined)?.handle?.fd ?? -1
}
