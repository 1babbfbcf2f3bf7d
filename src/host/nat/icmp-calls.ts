/** What Node has no words for: sockets that ping, and what came back as ICMP errors. Linux, by koffi; layouts of 64-bit little-endian computers. */
import { getSystemErrorName } from 'node:util'
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../wire/address.ts'
import * as icmp from '../../wire/icmp.ts'
import * as icmpv6 from '../../wire/icmpv6.ts'
import { type Libc, libc } from '../uplinks/libc.ts'

/** An ICMP error about something sent, or the host's own refusal. */
export interface QueuedError {
  /** Whom it was sent to. */
  readonly to: string
  readonly port: number
  /** Who said it; undefined: this computer. */
  readonly by: string | undefined
  readonly code: string
  readonly mtu: number
  /** The beginning of what was sent. */
  readonly about: Uint8Array
}

const family = { inet: 2, inet6: 10 } as const
const protocols = { icmp: 1, icmp6: 58 } as const
const kinds = { datagram: 2, raw: 3, nonBlocking: 0x800, closeOnExec: 0x80000 } as const
const options = { ip: 0, ttl: 2, receiveErrors: 11, ip6: 41, hopLimit: 16, receiveErrors6: 25 } as const
const flags = { errorQueue: 0x2000, dontWait: 0x40 } as const
const origins = { icmp: 2, icmp6: 3 } as const

/** Codes of ICMP destination unreachable (RFC 792, RFC 1122, RFC 1812). */
const unreachableCodes: Readonly<Record<number, string>> = { 0: 'ENETUNREACH', 2: 'EPROTO', 3: 'ECONNREFUSED', 4: 'EMSGSIZE', 6: 'ENETUNREACH', 9: 'EPROHIBITED', 10: 'EPROHIBITED', 11: 'ENETUNREACH', 13: 'EPROHIBITED' }

/** The same of ICMPv6 (RFC 4443 §3.1). */
const unreachableCodes6: Readonly<Record<number, string>> = { 0: 'ENETUNREACH', 1: 'EPROHIBITED', 4: 'ECONNREFUSED', 5: 'EPROHIBITED', 6: 'EPROHIBITED' }

/** Node's code for an ICMPv6 error. */
export function icmp6Code(type: number, code: number): string {
  if (type === icmpv6.types.timeExceeded) return 'ETTL'
  if (type === icmpv6.types.packetTooBig) return 'EMSGSIZE'
  return type === icmpv6.types.unreachable ? (unreachableCodes6[code] ?? 'EHOSTUNREACH') : 'EPROTO'
}

/** Node's code for an ICMP error. */
export function icmpCode(type: number, code: number): string {
  if (type === icmp.types.timeExceeded) return 'ETTL'
  if (type === icmp.types.unreachable) return unreachableCodes[code] ?? 'EHOSTUNREACH'
  return 'EPROTO'
}

let loaded: IcmpCalls | undefined | 'none'

/** Undefined where this can't be done. */
export function icmpCalls(): IcmpCalls | undefined {
  if (loaded === undefined) {
    try {
      loaded = ['x64', 'arm64', 'riscv64'].includes(process.arch) ? new IcmpCalls(libc()) : 'none'
    } catch {
      loaded = 'none'
    }
  }
  return loaded === 'none' ? undefined : loaded
}

/** More than 64 bytes each, so that they don't move (libc.ts). */
const nameBytes = 128
const controlBytes = 512
const payloadBytes = 2048
const headBytes = 128
const sockaddr6Bytes = 28

export class IcmpCalls {
  readonly #libc: Libc
  readonly #name = new Uint8Array(nameBytes)
  readonly #control = new Uint8Array(controlBytes)
  readonly #payload = new Uint8Array(payloadBytes)
  readonly #vector = new Uint8Array(headBytes)
  readonly #head = new Uint8Array(headBytes)
  readonly #value = new Uint8Array(headBytes)

  constructor(calls: Libc) {
    this.#libc = calls
    const vector = new DataView(this.#vector.buffer)
    vector.setBigUint64(0, BigInt(calls.addressOf(this.#payload)), true)
    vector.setBigUint64(8, BigInt(payloadBytes), true)
  }

  /** A socket that pings without rights, where net.ipv4.ping_group_range lets our group; Node's dgram takes it over. @returns its number, or the negative errno. */
  pingSocket(six: boolean): number {
    return this.#libc.socket(six ? family.inet6 : family.inet, kinds.datagram | kinds.nonBlocking | kinds.closeOnExec, six ? protocols.icmp6 : protocols.icmp)
  }

  /** One that hears and sends all ICMP, for who has the right. @returns its number, or the negative errno. */
  rawSocket(six: boolean): number {
    return this.#libc.socket(six ? family.inet6 : family.inet, kinds.raw | kinds.nonBlocking | kinds.closeOnExec, six ? protocols.icmp6 : protocols.icmp)
  }

  wantErrors(fd: number, six: boolean): void {
    if (six) this.#set(fd, options.ip6, options.receiveErrors6, 1)
    else this.#set(fd, options.ip, options.receiveErrors, 1)
  }

  close(fd: number): void {
    this.#libc.close(fd)
  }

  /** @returns bytes sent, or the negative errno. */
  send(fd: number, to: string, bytes: Uint8Array, ttl: number): number {
    const six = to.includes(':')
    if (six) this.#set(fd, options.ip6, options.hopLimit, ttl)
    else this.#set(fd, options.ip, options.ttl, ttl)
    const length = Math.min(bytes.length, payloadBytes)
    this.#payload.set(bytes.subarray(0, length))
    const name = new DataView(this.#name.buffer)
    name.setUint16(0, six ? family.inet6 : family.inet, true)
    name.setUint16(2, 0)
    if (six) this.#name.fill(0, 4, sockaddr6Bytes).set(parseIpv6(to), 8)
    else name.setUint32(4, parseIpv4(to))
    return this.#libc.sendto(fd, this.#libc.addressOf(this.#payload), length, flags.dontWait, this.#libc.addressOf(this.#name), six ? sockaddr6Bytes : 16)
  }

  /** The next packet of a raw socket, its IP header in front; undefined: none is there. */
  read(fd: number): Uint8Array | undefined {
    const count = this.#libc.read(fd, this.#libc.addressOf(this.#payload), payloadBytes)
    return count < 0 ? undefined : this.#payload.slice(0, count)
  }

  /** The next message of a raw ICMPv6 socket, which has no IP header, and who sent it. */
  receive6(fd: number): { readonly from: string; readonly bytes: Uint8Array } | undefined {
    const count = this.#receive(fd, flags.dontWait)
    return count < 0 ? undefined : { from: formatIpv6(this.#name.subarray(8, 24)), bytes: this.#payload.slice(0, count) }
  }

  /** The next error of the socket's queue. */
  readError(fd: number): QueuedError | undefined {
    const count = this.#receive(fd, flags.errorQueue | flags.dontWait)
    if (count < 0) return undefined
    const name = new DataView(this.#name.buffer)
    const to = name.getUint16(0, true) === family.inet6 ? formatIpv6(this.#name.subarray(8, 24)) : formatIpv4(name.getUint32(4))
    return { to, port: name.getUint16(2), about: this.#payload.slice(0, count), ...this.#extended(Number(new DataView(this.#head.buffer).getBigUint64(40, true))) }
  }

  #receive(fd: number, how: number): number {
    const head = new DataView(this.#head.buffer)
    head.setBigUint64(0, BigInt(this.#libc.addressOf(this.#name)), true)
    head.setUint32(8, nameBytes, true)
    head.setBigUint64(16, BigInt(this.#libc.addressOf(this.#vector)), true)
    head.setBigUint64(24, 1n, true)
    head.setBigUint64(32, BigInt(this.#libc.addressOf(this.#control)), true)
    head.setBigUint64(40, BigInt(controlBytes), true)
    return this.#libc.recvmsg(fd, this.#libc.addressOf(this.#head), how)
  }

  /** struct sock_extended_err and the offender's address behind it, in the control message (ip(7)). */
  #extended(length: number): Pick<QueuedError, 'by' | 'code' | 'mtu'> {
    const control = new DataView(this.#control.buffer)
    for (let at = 0; at + 16 <= length; ) {
      const size = Number(control.getBigUint64(at, true))
      const [level, type] = [control.getUint32(at + 8, true), control.getUint32(at + 12, true)]
      if ((level === options.ip && type === options.receiveErrors) || (level === options.ip6 && type === options.receiveErrors6)) return extendedError(control, at + 16)
      at += (Math.max(16, size) + 7) & ~7
    }
    return { by: undefined, code: 'EPROTO', mtu: 0 }
  }

  #set(fd: number, level: number, option: number, value: number): void {
    new DataView(this.#value.buffer).setInt32(0, value, true)
    this.#libc.setsockopt(fd, level, option, this.#libc.addressOf(this.#value), 4)
  }
}

function extendedError(control: DataView, at: number): Pick<QueuedError, 'by' | 'code' | 'mtu'> {
  const errno = control.getUint32(at, true)
  const [origin, type, code] = [control.getUint8(at + 4), control.getUint8(at + 5), control.getUint8(at + 6)]
  if (origin === origins.icmp6) {
    const code6 = icmp6Code(type, code)
    return { by: formatIpv6(new Uint8Array(control.buffer, at + 24, 16)), code: code6, mtu: code6 === 'EMSGSIZE' ? control.getUint32(at + 8, true) : 0 }
  }
  if (origin !== origins.icmp) return { by: undefined, code: getSystemErrorName(-errno), mtu: control.getUint32(at + 8, true) }
  const name = icmpCode(type, code)
  return { by: formatIpv4(control.getUint32(at + 20)), code: name, mtu: name === 'EMSGSIZE' ? control.getUint32(at + 8, true) : 0 }
}
