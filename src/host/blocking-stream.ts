/**
 * A connection whose reads and writes wait, for what may not be asynchronous: a guest's disk. By koffi; Linux; layouts of 64-bit little-endian computers
 * (ip(7), ipv6(7), unix(7), socket(7)). While it waits the whole lab does, so it waits for a bounded time.
 */
import { isIPv6 } from 'node:net'
import { putU16be, putU32be, utf8 } from '../base/bytes.ts'
import { DiskError } from '../disk/block.ts'
import { parseIpv4, parseIpv6 } from '../wire/address.ts'
import { HostError } from './host-error.ts'
import { errorName, interrupted, type Libc, libc, openFlags, type Result } from './uplinks/libc.ts'

/** `host` is an address: names would have to be asked for, and that takes its time. */
export type StreamPlace = { readonly unix: string } | { readonly host: string; readonly port: number }

/** Bytes both ways, in order. */
export interface BlockingStream {
  /** @throws {DiskError} EIO when the far end is gone or says nothing for too long. */
  send(bytes: Uint8Array): void
  /** Fills `into`. @throws {DiskError} EIO */
  receive(into: Uint8Array): void
  close(): void
}

const families = { unix: 1, inet: 2, inet6: 10 } as const
const levels = { socket: 1, tcp: 6 } as const
const options = { noDelay: 1, receiveTimeout: 20, sendTimeout: 21 } as const
const streamKind = 1
/** MSG_NOSIGNAL. */
const noSignal = 0x4000
const bufferBytes = 1 << 18
/** sun_path, with the zero at its end. */
const mostUnixPath = 108

/** @param patienceSeconds how long the far end may say nothing. @throws {HostError} where nobody listens. */
export function openStream(place: StreamPlace, patienceSeconds: number): BlockingStream {
  const calls = libc()
  const { family, name } = nameOf(place)
  const where = 'unix' in place ? place.unix : `${place.host}:${place.port}`
  const check = (result: Result): number => {
    if (result >= 0) return result
    throw new HostError(errorName(result), `nothing answers at ${where}: ${errorName(result)}`, 'start the server first: qemu-nbd, nbdkit, or netloom images serve')
  }
  const fd = check(calls.socket(family, streamKind | openFlags.closeOnExec, 0))
  try {
    const value = new Uint8Array(128)
    const set = (level: number, option: number, number: number, length: number): void => {
      new DataView(value.buffer).setBigUint64(0, BigInt(number), true)
      check(calls.setsockopt(fd, level, option, calls.addressOf(value), length))
    }
    for (const option of [options.receiveTimeout, options.sendTimeout]) set(levels.socket, option, patienceSeconds, 16)
    if (family !== families.unix) set(levels.tcp, options.noDelay, 1, 4)
    const room = new Uint8Array(128)
    room.set(name)
    check(calls.connect(fd, calls.addressOf(room), name.length))
    return new SocketStream(calls, fd, where)
  } catch (error) {
    calls.close(fd)
    throw error
  }
}

/** The struct sockaddr. @throws {HostError} */
function nameOf(place: StreamPlace): { readonly family: number; readonly name: Uint8Array } {
  if ('unix' in place) {
    const path = utf8(place.unix)
    if (path.length >= mostUnixPath) throw new HostError('ENAMETOOLONG', `${place.unix} is too long for a socket’s name`, 'choose a shorter path, or a TCP port')
    const name = new Uint8Array(2 + path.length + 1)
    name[0] = families.unix
    name.set(path, 2)
    return { family: families.unix, name }
  }
  const host = place.host === 'localhost' ? '127.0.0.1' : place.host
  const six = isIPv6(host)
  const name = new Uint8Array(six ? 28 : 16)
  name[0] = six ? families.inet6 : families.inet
  putU16be(name, 2, place.port)
  if (six) name.set(parseIpv6(host), 8)
  else putU32be(name, 4, parseIpv4(host))
  return { family: name[0], name }
}

class SocketStream implements BlockingStream {
  readonly #libc: Libc
  readonly #fd: number
  readonly #where: string
  /** The host's calls see this one only: small arrays, and a guest's memory, may move. */
  readonly #buffer = new Uint8Array(bufferBytes)
  readonly #at: number
  #closed = false

  constructor(calls: Libc, fd: number, where: string) {
    this.#libc = calls
    this.#fd = fd
    this.#where = where
    this.#at = calls.addressOf(this.#buffer)
  }

  send(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + bufferBytes)
      this.#buffer.set(part)
      for (let sent = 0; sent < part.length; ) sent += this.#moved(() => this.#libc.send(this.#fd, this.#at + sent, part.length - sent, noSignal))
      done += part.length
    }
  }

  receive(into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const count = this.#moved(() => this.#libc.recv(this.#fd, this.#at, Math.min(bufferBytes, into.length - done), 0))
      into.set(this.#buffer.subarray(0, count), done)
      done += count
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#libc.close(this.#fd)
  }

  /** How many bytes went; at least one. */
  #moved(call: () => Result): number {
    if (this.#closed) throw new DiskError('EIO', `${this.#where} is closed`)
    for (;;) {
      const result = call()
      if (result > 0) return result
      if (result !== interrupted) throw new DiskError('EIO', `${this.#where}: ${result === 0 ? 'the far end has closed' : errorName(result)}`)
    }
  }
}
