/** UDP sockets on our host. RFC 768, RFC 1122 §4.1; ports by RFC 6056 §3.3.1, drawn from the lab's seed. */
import type { Random } from '../base/random.ts'
import type { Ip } from './ip.ts'
import type { ArrivingDatagram, DatagramFamily } from './datagram-family.ts'
import type { Failure, FailureCode, Incoming, IpProtocol } from './protocol.ts'
import type { Address } from './tcp/family.ts'
import type { Endpoint, HearDatagram, HearError, SendOptions, UdpSocket } from './sockets.ts'
import { Malformed } from '../base/errors.ts'
import { unreachable } from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as udp from '../wire/udp.ts'
import { DatagramFamily4 } from './datagram-family4.ts'

/** Dynamic ports (RFC 6335 §6). */
const firstEphemeral = 49_152
const ephemeralCount = 16_384
/** Groups that one socket may listen to; Linux' igmp_max_memberships is 20. */
const mostJoined = 64

interface Bound {
  readonly family: DatagramFamily
  /** The family's `any`: any of our addresses. */
  readonly address: Address
  readonly port: number
  readonly hear: HearDatagram
  readonly hearError: HearError | undefined
  readonly socket: UdpSocket
  /** Groups that it listens to, and on which interface. */
  readonly joined: { readonly group: Address; readonly interface: string | undefined }[]
}

export class Udp implements IpProtocol {
  readonly number = ipv4.protocols.udp
  readonly counters = { received: 0, sent: 0, malformed: 0, noPort: 0 }
  /** Takes datagrams for our addresses that no socket hears: NAT does. @returns whether it took this one. */
  stranger: ((datagram: udp.Parsed, incoming: Incoming) => boolean) | undefined
  readonly families: DatagramFamily[]
  readonly #ip: Ip
  readonly #four: DatagramFamily
  readonly #random: Random
  readonly #ports = new Map<number, Bound[]>()
  /** The last address read and the last one written: a transfer names the same one thousands of times. */
  #read: { text: string; family: DatagramFamily; address: Address }
  #written: { text: string; family: DatagramFamily; address: Address }

  constructor(ip: Ip, random: Random) {
    this.#ip = ip
    this.#four = new DatagramFamily4(ip)
    this.families = [this.#four]
    this.#random = random.fork('udp')
    this.#read = { text: '0.0.0.0', family: this.#four, address: 0 }
    this.#written = this.#read
  }

  bind(at: Endpoint, hear: HearDatagram, hearError?: HearError): UdpSocket {
    const { family, address } = this.#addressOf(at)
    if (!family.equal(address, family.any) && !family.mayBind(address)) throw refused('EADDRNOTAVAIL', at, 'this host does not have that address')
    if (!Number.isInteger(at.port) || at.port < 0 || at.port > 0xffff) throw refused('ERR_SOCKET_BAD_PORT', at, 'a port is from 0 to 65535')
    const port = at.port === 0 ? this.#freePort(family, address) : at.port
    if (port === undefined || this.#taken(family, address, port)) throw refused('EADDRINUSE', at, 'another socket has that port')
    const bound: Bound = { family, address, port, hear, hearError, joined: [], socket: this.#socket(family, address, port, () => this.#unbind(bound), () => bound) }
    this.#ports.set(port, [...(this.#ports.get(port) ?? []), bound])
    return bound.socket
  }

  receive(incoming: Incoming): void {
    const { packet, trusted, group, segmentSize } = incoming
    const refuse = (): void => this.#ip.complain(incoming, { kind: 'unreachable', code: unreachable.port, mtu: 0 })
    this.arrive({ family: this.#four, source: packet.source, destination: packet.destination, bytes: packet.payload, trusted, group, segmentSize, interface: incoming.interface.name, stranger: (datagram) => this.stranger?.(datagram, incoming) === true, refuse })
  }

  /** A datagram came by any family. Never throws on its bytes. */
  arrive(arriving: ArrivingDatagram): void {
    const { family, source, destination, bytes, trusted } = arriving
    try {
      const datagram = udp.parse(bytes, trusted ? undefined : family.addressSum(source, destination))
      if (datagram.checksum === 'wrong' || (datagram.checksum === 'absent' && !family.mayLackChecksum && !trusted)) throw new Malformed('UDP checksum')
      this.#deliver(datagram, arriving)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  failed({ code, quoted }: Failure): void {
    const { sourcePort, destinationPort } = quoted
    if (sourcePort !== undefined && destinationPort !== undefined) this.hearFailure(this.#four, code, { address: quoted.source, port: sourcePort }, { address: quoted.destination, port: destinationPort })
  }

  /** An error about a datagram of ours. Only the socket that could have sent it hears (RFC 5927 §4.1 in spirit). */
  hearFailure(family: DatagramFamily, code: FailureCode, from: { readonly address: Address; readonly port: number }, to: { readonly address: Address; readonly port: number }): void {
    this.#find(family, from.address, from.port)?.hearError?.({ code, to: { address: family.format(to.address), port: to.port } })
  }

  /** A super-frame is many datagrams with one header (virtio 1.2 §5.1.6.2, UDP segmentation). */
  #deliver(datagram: udp.Parsed, arriving: ArrivingDatagram): void {
    const { sourcePort, destinationPort, payload } = datagram
    const { family, source, destination, group, segmentSize } = arriving
    const bound = this.#find(family, destination, destinationPort) ?? (group ? this.#find(family, family.any, destinationPort) : undefined)
    if (bound === undefined) {
      if (!group && arriving.stranger(datagram)) return
      this.counters.noPort++
      return arriving.refuse()
    }
    if (family !== this.#written.family || !family.equal(source, this.#written.address)) this.#written = { family, address: source, text: family.format(source) }
    const from = { address: this.#written.text, port: sourcePort }
    const arrival = { from, to: { address: family.format(destination), port: destinationPort }, interface: arriving.interface }
    const step = segmentSize === 0 ? Math.max(1, payload.length) : segmentSize
    for (let at = 0; at === 0 || at < payload.length; at += step) {
      this.counters.received++
      bound.hear(payload.subarray(at, at + step), arrival)
    }
  }

  /** A socket on the very address goes before one on any address. */
  #find(family: DatagramFamily, address: Address, port: number): Bound | undefined {
    const here = this.#ports.get(port)
    if (here === undefined) return undefined
    return here.find((each) => each.family === family && family.equal(each.address, address)) ?? here.find((each) => each.family === family && family.equal(each.address, family.any))
  }

  #taken(family: DatagramFamily, address: Address, port: number): boolean {
    const any = family.equal(address, family.any)
    return (this.#ports.get(port) ?? []).some((each) => each.family === family && (any || family.equal(each.address, address) || family.equal(each.address, family.any)))
  }

  #freePort(family: DatagramFamily, address: Address): number | undefined {
    const from = this.#random.below(ephemeralCount)
    for (let step = 0; step < ephemeralCount; step++) {
      const port = firstEphemeral + ((from + step) % ephemeralCount)
      if (!this.#taken(family, address, port)) return port
    }
    return undefined
  }

  #unbind(bound: Bound): void {
    for (const { group, interface: name } of bound.joined.splice(0)) bound.family.leave(group, name)
    const left = (this.#ports.get(bound.port) ?? []).filter((each) => each !== bound)
    if (left.length === 0) this.#ports.delete(bound.port)
    else this.#ports.set(bound.port, left)
  }

  #socket(family: DatagramFamily, address: Address, port: number, close: () => void, self: () => Bound): UdpSocket {
    let open = true
    return {
      local: { address: family.format(address), port },
      send: (payload, to, options = {}) => {
        if (!open) throw refused('ERR_SOCKET_DGRAM_NOT_RUNNING', to, 'the socket is closed')
        this.#send(self(), payload, to, options)
      },
      join: (group, name) => {
        if (open) this.#join(self(), group, name)
      },
      leave: (group, name) => this.#leave(self(), group, name),
      close: () => {
        if (open) close()
        open = false
      },
    }
  }

  #join(bound: Bound, text: string, name: string | undefined): void {
    const at = { address: text, port: bound.port }
    const { family, address: group } = this.#addressOf(at)
    const known = bound.joined.some((each) => each.interface === name && family.equal(each.group, group))
    const code = family !== bound.family ? 'EINVAL' : known ? 'EADDRINUSE' : bound.joined.length >= mostJoined ? 'ENOBUFS' : family.join(group, name)
    if (code !== undefined) throw refused(code, at, 'the group can not be joined')
    bound.joined.push({ group, interface: name })
  }

  #leave(bound: Bound, text: string, name: string | undefined): void {
    const { family, address: group } = this.#addressOf({ address: text, port: bound.port })
    const at = bound.joined.findIndex((each) => each.interface === name && family === bound.family && family.equal(each.group, group))
    if (at < 0) return
    bound.joined.splice(at, 1)
    family.leave(group, name)
  }

  #send(from: Bound, payload: Uint8Array, to: Endpoint, options: SendOptions): void {
    const code = this.#put(from, payload, to, options)
    // What went wrong is told like an ICMP error: later.
    if (code !== undefined) this.#ip.soon.do(() => from.hearError?.({ code, to }))
  }

  #put(from: Bound, payload: Uint8Array, to: Endpoint, options: SendOptions): string | undefined {
    const { family } = from
    if (payload.length > family.largestPayload) return 'EMSGSIZE'
    if (to.port < 1 || to.port > 0xffff) return 'EINVAL'
    if (to.address !== this.#read.text) this.#read = { text: to.address, ...this.#addressOf(to) }
    const { address: destination } = this.#read
    if (this.#read.family !== family) return 'EINVAL'
    if (options.interface !== undefined && !this.#ip.interfaces.some((each) => each.name === options.interface)) return 'ENODEV'
    const chosen = options.source === undefined ? from.address : this.#addressOf({ address: options.source, port: 0 }).address
    const sending = { source: family.equal(chosen, family.any) ? undefined : chosen, destination, interface: options.interface, hardware: options.hardware, dontFragment: options.dontFragment }
    const source = family.sourceOf(sending)
    if (source === undefined) return 'ENETUNREACH'
    const buffer = new Uint8Array(family.headroom + udp.headerBytes + payload.length)
    buffer.set(payload, family.headroom + udp.headerBytes)
    udp.write(buffer, family.headroom, { sourcePort: from.port, destinationPort: to.port }, payload.length, family.addressSum(source, destination))
    this.counters.sent++
    return family.send(buffer, { ...sending, source })
  }

  /** @throws {Error} with `code` EINVAL for what is no address, EAFNOSUPPORT for one that this host doesn't speak. */
  #addressOf(at: Endpoint): { readonly family: DatagramFamily; readonly address: Address } {
    const version = at.address.includes(':') ? 6 : 4
    const family = this.families.find((each) => each.version === version)
    if (family === undefined) throw refused('EAFNOSUPPORT', at, `this host does not speak IPv${version}`)
    try {
      return { family, address: family.parse(at.address) }
    } catch {
      throw refused('EINVAL', at, `not an IPv${version} address`)
    }
  }
}

function refused(code: string, at: Endpoint, why: string): Error {
  return Object.assign(new Error(`${code}: ${at.address}:${at.port}: ${why}`), { code })
}
