/** The other side of the hello guest's cable, for its tests: a DHCP and TFTP server at 10.0.0.1 and a machine at 10.0.0.11, written against wire/ only. */
import { latin1 } from '../../src/base/bytes.ts'
import { nanoseconds } from '../../src/base/time.ts'
import type { Scheduler } from '../../src/base/time.ts'
import { cable } from '../../src/link/cable.ts'
import type { Port } from '../../src/link/port.ts'
import * as address from '../../src/wire/address.ts'
import * as arp from '../../src/wire/arp.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as dhcp from '../../src/wire/dhcp.ts'
import { codes } from '../../src/wire/dhcp-options.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tftp from '../../src/wire/tftp.ts'
import * as udp from '../../src/wire/udp.ts'

export interface PeerConfig {
  readonly file: Uint8Array
  /** Whether to lose what is named so: `offer`, `ack`, `data 1`, `echo 2` … Called once for every answer that would go out. */
  readonly lose?: (name: string) => boolean
  /** Type of the answer to a request, an ACK unless told otherwise. */
  readonly answer?: () => number
  readonly refuse?: string
  /** Of the DHCP answers: changes what they say. */
  readonly change?: (message: dhcp.Message) => dhcp.Message
}

const serverMac = address.parseMac('02:00:00:00:00:01')
const otherMac = address.parseMac('02:00:00:00:00:0b')
const ip = address.parseIpv4
const server = ip('10.0.0.1')
const other = ip('10.0.0.11')
export const guest = ip('10.0.0.10')

/** Everything heard and wrong ends up in `heard`, in order, one line each. */
export class HelloPeer {
  readonly heard: string[] = []
  readonly port: Port
  readonly #config: PeerConfig
  readonly #end: Port
  #guestMac: Uint8Array = address.broadcastMac
  /** The client's port of the transfer. */
  #client = 0

  constructor(scheduler: Scheduler, config: PeerConfig) {
    this.#config = config
    const [near, far] = cable({ near: { name: 'guest', scheduler }, far: { name: 'peer', scheduler }, latency: nanoseconds(5000) })
    this.port = near
    this.#end = far
    far.listen({ receive: ({ bytes }) => this.#receive(bytes) })
  }

  /** An echo request from 10.0.0.11 to the guest. */
  ping(sequence: number, payload = 'is there anybody?'): void {
    this.#ip(other, guest, ipv4.protocols.icmp, icmp.build({ kind: 'echo', identifier: 7, sequence, payload: latin1(payload) }))
  }

  ask(target: number): void {
    const message = arp.build({ operation: arp.operations.request, senderMac: otherMac, senderIp: other, targetMac: new Uint8Array(6), targetIp: target })
    this.raw(ethernet.build({ destination: address.broadcastMac, source: otherMac, type: ethernet.types.arp, payload: message }))
  }

  raw(bytes: Uint8Array): void {
    this.#end.send({ bytes, offload: undefined })
  }

  #receive(bytes: Uint8Array): void {
    const frame = ethernet.parse(bytes)
    this.#guestMac = frame.source.slice()
    if (frame.type === ethernet.types.arp) return this.#arp(arp.parse(frame.payload))
    const packet = ipv4.parse(frame.payload)
    if (packet.checksum !== 'right') this.heard.push('a wrong header checksum')
    if (packet.protocol === ipv4.protocols.icmp) return this.#icmp(packet)
    const datagram = udp.parse(packet.payload, addressSum4(packet.source, packet.destination, ipv4.protocols.udp))
    if (datagram.checksum !== 'right') this.heard.push('a wrong datagram checksum')
    if (datagram.destinationPort === dhcp.serverPort) this.#dhcp(dhcp.parse(datagram.payload))
    else this.#tftp(datagram)
  }

  #arp(message: arp.Message): void {
    this.heard.push(arp.format(message))
    const mac = message.targetIp === server ? serverMac : message.targetIp === other ? otherMac : undefined
    if (message.operation !== arp.operations.request || mac === undefined || this.#loses('arp')) return
    const reply = arp.build({ operation: arp.operations.reply, senderMac: mac, senderIp: message.targetIp, targetMac: message.senderMac, targetIp: message.senderIp })
    this.raw(ethernet.build({ destination: message.senderMac, source: mac, type: ethernet.types.arp, payload: reply }))
  }

  #icmp(packet: ipv4.Parsed): void {
    const message = icmp.parse(packet.payload)
    if (message.checksum !== 'right') this.heard.push('a wrong message checksum')
    this.heard.push(`${icmp.format(message)} to ${address.formatIpv4(packet.destination)}`)
    if (message.kind !== 'echo' || packet.destination !== other || this.#loses(`echo ${message.sequence}`)) return
    this.#ip(other, packet.source, ipv4.protocols.icmp, icmp.build({ ...message, kind: 'echo reply' }))
  }

  #dhcp(message: dhcp.Message): void {
    this.heard.push(dhcp.format(message))
    const type = dhcp.typeOf(message) === dhcp.types.discover ? dhcp.types.offer : (this.#config.answer?.() ?? dhcp.types.ack)
    if (this.#loses(type === dhcp.types.offer ? 'offer' : 'ack')) return
    const nak = type === dhcp.types.nak
    const reply: dhcp.Message = {
      ...message, op: 'reply', yiaddr: nak ? 0 : guest, siaddr: nak ? 0 : server, file: nak ? '' : 'motd',
      options: [
        { code: codes.messageType, data: Uint8Array.of(type) },
        { code: codes.serverId, data: address.ipv4Bytes(server) },
        { code: 1, data: Uint8Array.of(255, 255, 255, 0) },
        { code: 3, data: address.ipv4Bytes(server) },
      ],
    }
    this.#udp(guest, dhcp.serverPort, dhcp.clientPort, dhcp.build(this.#config.change?.(reply) ?? reply))
  }

  #tftp(datagram: udp.Parsed): void {
    const packet = tftp.parse(datagram.payload)
    this.heard.push(tftp.format(packet))
    this.#client = datagram.sourcePort
    if (packet.kind === 'rrq' && this.#config.refuse !== undefined) this.#say(tftp.build({ kind: 'error', code: 1, message: this.#config.refuse }))
    else if (packet.kind === 'rrq') this.sendBlock(1)
    else if (packet.kind === 'ack') this.sendBlock(packet.block + 1)
  }

  /** Sends that block if the file has it. */
  sendBlock(block: number): void {
    const from = (block - 1) * 512
    if (from > this.#config.file.length || this.#loses(`data ${block}`)) return
    this.#say(tftp.build({ kind: 'data', block: block & 0xffff, data: this.#config.file.subarray(from, from + 512) }))
  }

  #say(payload: Uint8Array): void {
    this.#udp(guest, 40_000, this.#client, payload)
  }

  #udp(to: number, sourcePort: number, destinationPort: number, payload: Uint8Array): void {
    this.#ip(server, to, ipv4.protocols.udp, udp.build({ sourcePort, destinationPort, payload }, addressSum4(server, to, ipv4.protocols.udp)))
  }

  #ip(source: number, destination: number, protocol: number, payload: Uint8Array): void {
    const packet = ipv4.build({ protocol, source, destination, payload })
    this.raw(ethernet.build({ destination: this.#guestMac, source: source === server ? serverMac : otherMac, type: ethernet.types.ipv4, payload: packet }))
  }

  #loses(name: string): boolean {
    return this.#config.lose?.(name) ?? false
  }
}
