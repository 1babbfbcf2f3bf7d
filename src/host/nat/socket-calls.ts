/** TCP sockets without Node around them: non-blocking, by koffi. Linux; layouts of 64-bit little-endian computers (ip(7), ipv6(7), tcp(7)). */
import { putU16be, putU32be } from '../../base/bytes.ts'
import type { Endpoint } from '../../stack/sockets.ts'
import { parseIpv4, parseIpv6 } from '../../wire/address.ts'
import { type Libc, libc, openFlags, type Result } from '../uplinks/libc.ts'

const families = { inet: 2, inet6: 10 } as const
const levels = { socket: 1, tcp: 6 } as const
const options = { error: 4, linger: 13, noDelay: 1 } as const
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const quietly = 0x40 | 0x4000
const streamKind = 1
const bothWays = { write: 1 } as const
const nameBytes = 28
const vectorBytes = 16

/** Pieces that leave in one call. */
export const mostPieces = 64
const smallest = 2048
/** EINPROGRESS. */
export const underWay = -115

export class SocketCalls {
  readonly #libc: Libc
  readonly #name = new Uint8Array(128)
  readonly #nameAt: number
  readonly #value = new Uint8Array(128)
  readonly #valueView = new DataView(this.#value.buffer)
  readonly #valueAt: number
  readonly #vector = new Float64Array((mostPieces * vectorBytes) / 8)
  readonly #vectorView = new DataView(this.#vector.buffer)
  readonly #vectorAt: number

  readonly #small = new Uint8Array(smallest)
  readonly #smallAt: number
  /** Whom the name was written for last: many datagrams go to the same. */
  #to: Endpoint = { address: '', port: 0 }
  #nameBytes = 0

  constructor(calls: Libc = libc()) {
    this.#libc = calls
    this.#nameAt = calls.addressOf(this.#name)
    this.#smallAt = calls.addressOf(this.#small)
    this.#valueAt = calls.addressOf(this.#value)
    this.#vectorAt = calls.addressOf(new Uint8Array(this.#vector.buffer))
  }

  /** A socket without Nagle's algorithm that is on its way. @returns its number, or the negative errno; `state` is what connect said. */
  dial(to: Endpoint): { readonly fd: number; readonly state: Result } {
    const six = to.address.includes(':')
    const fd = this.#libc.socket(six ? families.inet6 : families.inet, streamKind | openFlags.nonBlocking | openFlags.closeOnExec, 0)
    if (fd < 0) return { fd, state: fd }
    this.#set(fd, levels.tcp, options.noDelay, 1, 4)
    this.#to = { address: '', port: 0 }
    return { fd, state: this.#libc.connect(fd, this.#nameAt, this.#write(to, six)) }
  }

  /** @returns the bytes taken, or the negative errno. */
  send(fd: number, bytes: Uint8Array): Result {
    return this.#libc.send(fd, this.#addressOf(bytes), bytes.length, quietly)
  }

  /** The first of so many pieces at once. */
  sendAll(fd: number, pieces: readonly Uint8Array[]): Result {
    const count = Math.min(pieces.length, mostPieces)
    for (let at = 0; at < count; at++) {
      this.#vectorView.setBigUint64(at * vectorBytes, BigInt(this.#libc.addressOf(pieces[at])), true)
      this.#vectorView.setUint32(at * vectorBytes + 8, pieces[at].length, true)
    }
    return this.#libc.writev(fd, this.#vectorAt, count)
  }

  /** One datagram. @returns as `send`. */
  sendTo(fd: number, bytes: Uint8Array, to: Endpoint): Result {
    if (to.port !== this.#to.port || to.address !== this.#to.address) {
      this.#nameBytes = this.#write(to, to.address.includes(':'))
      this.#to = to
    }
    return this.#libc.sendto(fd, this.#addressOf(bytes), bytes.length, quietly, this.#nameAt, this.#nameBytes)
  }

  receive(fd: number, address: number, length: number): Result {
    return this.#libc.recv(fd, address, length, quietly)
  }

  addressOf(bytes: Uint8Array): number {
    return this.#libc.addressOf(bytes)
  }

  /** Says that no more is written. */
  end(fd: number): void {
    this.#libc.shutdown(fd, bothWays.write)
  }

  /** What has befallen the socket, as a negative errno; 0: nothing. */
  failure(fd: number): Result {
    this.#valueView.setInt32(0, 0, true)
    this.#valueView.setUint32(8, 4, true)
    const result = this.#libc.getsockopt(fd, levels.socket, options.error, this.#valueAt, this.#valueAt + 8)
    return result < 0 ? result : -this.#valueView.getInt32(0, true)
  }

  close(fd: number): void {
    this.#libc.close(fd)
  }

  /** Closes with a reset. */
  reset(fd: number): void {
    this.#valueView.setInt32(4, 0, true)
    this.#set(fd, levels.socket, options.linger, 1, 8)
    this.#libc.close(fd)
  }

  /** Small ones move to where the address is known, which costs less than asking for theirs. */
  #addressOf(bytes: Uint8Array): number {
    if (bytes.length > smallest) return this.#libc.addressOf(bytes)
    this.#small.set(bytes)
    return this.#smallAt
  }

  #set(fd: number, level: number, option: number, value: number, length: number): void {
    this.#valueView.setInt32(0, value, true)
    this.#libc.setsockopt(fd, level, option, this.#valueAt, length)
  }

  #write({ address, port }: Endpoint, six: boolean): number {
    this.#name.fill(0)
    this.#name[0] = six ? families.inet6 : families.inet
    putU16be(this.#name, 2, port)
    if (!six) {
      putU32be(this.#name, 4, parseIpv4(address))
      return 16
    }
    this.#name.set(parseIpv6(address), 8)
    return nameBytes
  }
}
