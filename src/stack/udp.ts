/** UDP sockets on our host. RFC 768, RFC 1122 §4.1; ports by RFC 6056 §3.3.1, drawn from the lab's seed. */
import type { Random } from '../base/random.ts'
import type { Ip } from './ip.ts'
import type { Failure, Incoming, IpProtocol } from './protocol.ts'
import type { Endpoint, HearDatagram, HearError, SendOptions, UdpSocket } from './sockets.ts'
import { Malformed } from '../base/errors.ts'
import { addressSum4 } from '../wire/checksum.ts'
import { formatIpv4, parseIpv4 } from '../wire/address.ts'
import { unreachable } from '../wire/icmp.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as udp from '../wire/udp.ts'
import { headroom } from './ip.ts'

/** Dynamic ports (RFC 6335 §6). */
const firstEphemeral = 49_152
const ephemeralCount = 16_384
const largestPayload = ipv4.largestPacket - ipv4.headerBytes - udp.headerBytes

interface Bound {
  /** 0: any of our addresses. */
  readonly address: number
  readonly port: number
  readonly hear: HearDatagram
  readonly hearError: HearError | undefined
  readonly socket: UdpSocket
}

export class Udp implements IpProtocol {
  readonly number = ipv4.protocols.udp
  readonly counters = { received: 0, sent: 0, malformed: 0, noPort: 0 }
  /** Takes datagrams for our addresses that no socket hears: NAT does. @returns whether it took this one. */
  stranger: ((datagram: udp.Parsed, incoming: Incoming) => boolean) | undefined
  readonly #ip: Ip
  readonly #random: Random
  readonly #ports = new Map<number, Bound[]>()
  /** The last address read and the last one written: a transfer names the same one thousands of times. */
  #read = { text: '0.0.0.0', address: 0 }
  #written = { address: 0, text: '0.0.0.0' }

  constructor(ip: Ip, random: Random) {
    this.#ip = ip
    this.#random = random.fork('udp')
  }

  bind(at: Endpoint, hear: HearDatagram, hearError?: HearError): UdpSocket {
    const address = localAddress(at.address)
    if (address !== 0 && !this.#ip.owns(address) && !this.#ip.interfaces.some((each) => each.isBroadcast(address))) throw refused('EADDRNOTAVAIL', at, 'this host does not have that address')
    if (!Number.isInteger(at.port) || at.port < 0 || at.port > 0xffff) throw refused('ERR_SOCKET_BAD_PORT', at, 'a port is from 0 to 65535')
    const port = at.port === 0 ? this.#freePort(address) : at.port
    if (port === undefined || this.#taken(address, port)) throw refused('EADDRINUSE', at, 'another socket has that port')
    const bound: Bound = { address, port, hear, hearError, socket: this.#socket(address, port, () => this.#unbind(bound), () => bound) }
    this.#ports.set(port, [...(this.#ports.get(port) ?? []), bound])
    return bound.socket
  }

  receive(incoming: Incoming): void {
    const { packet } = incoming
    try {
      const sum = addressSum4(packet.source, packet.destination, packet.protocol)
      const datagram = udp.parse(packet.payload, incoming.trusted ? undefined : sum)
      if (datagram.checksum === 'wrong') throw new Malformed('UDP checksum')
      this.#deliver(datagram, incoming)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  /** Only the socket that could have sent the quoted datagram hears (RFC 5927 §4.1 in spirit). */
  failed({ code, quoted }: Failure): void {
    const { sourcePort, destinationPort } = quoted
    if (sourcePort === undefined || destinationPort === undefined) return
    const bound = this.#find(quoted.source, sourcePort)
    bound?.hearError?.({ code, to: { address: formatIpv4(quoted.destination), port: destinationPort } })
  }

  /** A super-frame is many datagrams with one header (virtio 1.2 §5.1.6.2, UDP segmentation). */
  #deliver(datagram: udp.Parsed, incoming: Incoming): void {
    const { sourcePort, destinationPort, payload } = datagram
    const { packet, segmentSize } = incoming
    const bound = this.#find(packet.destination, destinationPort) ?? (incoming.group ? this.#find(0, destinationPort) : undefined)
    if (bound === undefined) {
      if (!incoming.group && this.stranger?.(datagram, incoming) === true) return
      this.counters.noPort++
      return this.#ip.complain(incoming, { kind: 'unreachable', code: unreachable.port, mtu: 0 })
    }
    if (packet.source !== this.#written.address) this.#written = { address: packet.source, text: formatIpv4(packet.source) }
    const from = { address: this.#written.text, port: sourcePort }
    const arrival = { from, to: { address: formatIpv4(packet.destination), port: destinationPort }, interface: incoming.interface.name }
    const step = segmentSize === 0 ? Math.max(1, payload.length) : segmentSize
    for (let at = 0; at === 0 || at < payload.length; at += step) {
      this.counters.received++
      bound.hear(payload.subarray(at, at + step), arrival)
    }
  }

  /** A socket on the very address goes before one on any address. */
  #find(address: number, port: number): Bound | undefined {
    const bound = this.#ports.get(port)
    return bound?.find((each) => each.address === address && address !== 0) ?? bound?.find((each) => each.address === 0)
  }

  #taken(address: number, port: number): boolean {
    return (this.#ports.get(port) ?? []).some((each) => each.address === address || each.address === 0 || address === 0)
  }

  #freePort(address: number): number | undefined {
    const from = this.#random.below(ephemeralCount)
    for (let step = 0; step < ephemeralCount; step++) {
      const port = firstEphemeral + ((from + step) % ephemeralCount)
      if (!this.#taken(address, port)) return port
    }
    return undefined
  }

  #unbind(bound: Bound): void {
    const left = (this.#ports.get(bound.port) ?? []).filter((each) => each !== bound)
    if (left.length === 0) this.#ports.delete(bound.port)
    else this.#ports.set(bound.port, left)
  }

  #socket(address: number, port: number, close: () => void, self: () => Bound): UdpSocket {
    let open = true
    return {
      local: { address: formatIpv4(address), port },
      send: (payload, to, options = {}) => {
        if (!open) throw refused('ERR_SOCKET_DGRAM_NOT_RUNNING', to, 'the socket is closed')
        this.#send(self(), payload, to, options)
      },
      close: () => {
        if (open) close()
        open = false
      },
    }
  }

  #send(from: Bound, payload: Uint8Array, to: Endpoint, options: SendOptions): void {
    const code = this.#put(from, payload, to, options)
    // What went wrong is told like an ICMP error: later.
    if (code !== undefined) this.#ip.soon.do(() => from.hearError?.({ code, to }))
  }

  #put(from: Bound, payload: Uint8Array, to: Endpoint, options: SendOptions): string | undefined {
    if (payload.length > largestPayload) return 'EMSGSIZE'
    if (to.port < 1 || to.port > 0xffff) return 'EINVAL'
    if (to.address !== this.#read.text) this.#read = { text: to.address, address: localAddress(to.address) }
    const destination = this.#read.address
    const by = options.interface === undefined ? undefined : this.#ip.interfaces.find((each) => each.name === options.interface)
    if (options.interface !== undefined && by === undefined) return 'ENODEV'
    const chosen = options.source === undefined ? from.address : localAddress(options.source)
    const way = this.#ip.way({ destination, source: chosen === 0 ? undefined : chosen, interface: by })
    if (way === undefined) return 'ENETUNREACH'
    const buffer = new Uint8Array(headroom + udp.headerBytes + payload.length)
    buffer.set(payload, headroom + udp.headerBytes)
    udp.write(buffer, headroom, { sourcePort: from.port, destinationPort: to.port }, payload.length, addressSum4(way.source, destination, this.number))
    this.counters.sent++
    return this.#ip.send(buffer, { protocol: this.number, source: way.source, destination, interface: by, hardware: options.hardware, dontFragment: options.dontFragment })
  }
}

/** @throws {Error} with `code` EINVAL for what is no IPv4 address. */
function localAddress(text: string): number {
  try {
    return parseIpv4(text)
  } catch {
    throw refused('EINVAL', { address: text, port: 0 }, 'not an IPv4 address')
  }
}

function refused(code: string, at: Endpoint, why: string): Error {
  return Object.assign(new Error(`${code}: ${at.address}:${at.port}: ${why}`), { code })
}
