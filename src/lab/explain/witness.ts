/** Hears a node's ports and writes its story. Bulk (a transfer's blocks, TCP payload) is only counted: it is listened to all the time. */
import { fromLatin1, fromUtf8, u16be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import { formatIpv4, formatMac } from '../../wire/address.ts'
import * as arp from '../../wire/arp.ts'
import * as dhcp from '../../wire/dhcp.ts'
import { codes } from '../../wire/dhcp-options.ts'
import { line } from '../../wire/dissect.ts'
import * as dns from '../../wire/dns.ts'
import * as ethernet from '../../wire/ethernet.ts'
import * as icmp from '../../wire/icmp.ts'
import * as ipv4 from '../../wire/ipv4.ts'
import * as tcp from '../../wire/tcp.ts'
import * as tftp from '../../wire/tftp.ts'
import * as udp from '../../wire/udp.ts'
import * as vlan from '../../wire/vlan.ts'
import { entry, type Story, tell } from './story.ts'
import { RpcWatch } from './rpc-watch.ts'
import { TransferWatch } from './transfer-watch.ts'

type Way = 'in' | 'out'

export class Witness {
  readonly story: Story
  readonly #transfers: TransferWatch
  readonly #rpc: RpcWatch

  constructor(story: Story) {
    this.story = story
    this.#transfers = new TransferWatch(story)
    this.#rpc = new RpcWatch(story)
  }

  /** A frame at one of the node's ports. @param comment what a fault did to it. */
  see(way: Way, time: Instant, bytes: Uint8Array): void {
    if (way === 'out') this.story.sent++
    else this.story.heard++
    try {
      const frame = ethernet.parse(bytes)
      const { type, payload } = frame.type === ethernet.types.vlan ? vlan.parse(frame.payload) : frame
      if (type === ethernet.types.arp) this.#arp(way, time, payload)
      else if (type === ethernet.types.ipv4) this.#ipv4(way, time, payload, bytes)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
  }

  #arp(way: Way, time: Instant, payload: Uint8Array): void {
    const message = arp.parse(payload)
    const [asked, sender] = [formatIpv4(message.targetIp), formatIpv4(message.senderIp)]
    tell(this.story, time, 'arp', arp.format(message))
    if (way === 'out' && message.operation === arp.operations.request) {
      const row = entry(this.story.neighbours, asked, () => ({ asked: 0, macs: new Set<string>() }))
      if (row !== undefined) row.asked++
    }
    // Who says that an address is his, in whatever message; both ways, so that the node's own claim counts, too.
    if (message.senderIp !== 0) entry(this.story.neighbours, sender, () => ({ asked: 0, macs: new Set<string>() }))?.macs.add(formatMac(message.senderMac))
  }

  #ipv4(way: Way, time: Instant, payload: Uint8Array, bytes: Uint8Array): void {
    const packet = ipv4.parse(payload)
    if (packet.fragmentOffset > 0) return
    const peer = formatIpv4(way === 'out' ? packet.destination : packet.source)
    if (packet.protocol === ipv4.protocols.udp) this.#udp(way, time, packet, peer)
    else if (packet.protocol === ipv4.protocols.tcp) this.#tcp(way, time, packet.payload, peer)
    else if (packet.protocol === ipv4.protocols.icmp && icmp.parse(packet.payload).kind !== 'other') tell(this.story, time, 'icmp', line(bytes).split(' | ').slice(2).join(', '))
  }

  #udp(way: Way, time: Instant, packet: ipv4.Parsed, peer: string): void {
    const { payload } = packet
    const [from, to] = [u16be(payload, 0), u16be(payload, 2)]
    const data = payload.subarray(udp.headerBytes)
    if (from === dhcp.serverPort || to === dhcp.serverPort) this.#dhcp(way, time, packet, data)
    else if (from === dns.serverPort || to === dns.serverPort) this.#dns(way, time, data, peer)
    else if (to === tftp.serverPort && way === 'out') this.#transfers.ask(time, data, peer, from)
    else {
      this.#transfers.see(way, time, data, peer, way === 'out' ? from : to)
      this.#rpc.see(way, time, data, peer, false)
    }
  }

  #dhcp(way: Way, time: Instant, packet: ipv4.Parsed, data: Uint8Array): void {
    const own = this.story.dhcp
    const message = dhcp.parse(data)
    const type = dhcp.typeOf(message)
    tell(this.story, time, 'dhcp', dhcp.format(message))
    if (way === 'out') {
      if (type === dhcp.types.discover || type === undefined) own.discovers++
      else if (type === dhcp.types.request) own.requests++
      else if (type === dhcp.types.decline) own.declines++
      const archs = dhcp.option(message, codes.clientArch)
      if (archs !== undefined) own.archs = Array.from({ length: archs.length >> 1 }, (_, at) => u16be(archs, 2 * at))
      const vendor = dhcp.option(message, codes.vendorClass)
      if (vendor !== undefined) own.vendor = fromLatin1(vendor)
      return
    }
    if (type === dhcp.types.offer) {
      own.offer = message
      own.offers++
      own.faulty = udp.parse(packet.payload, ipv4.carries(packet)?.addressSum).checksum === 'wrong' ? 'its UDP checksum is wrong' : undefined
    } else if (type === dhcp.types.ack) own.ack = message
    else if (type === dhcp.types.nak) own.nak = fromUtf8(dhcp.option(message, codes.message) ?? new Uint8Array(0)) || 'no reason given'
  }

  #dns(way: Way, time: Instant, data: Uint8Array, peer: string): void {
    const message = dns.parse(data)
    tell(this.story, time, 'dns', dns.format(message))
    const name = message.questions[0]?.name
    if (name === undefined) return
    const row = entry(this.story.questions, `${name} ${peer}`, () => ({ name, server: peer, asked: 0, rcode: undefined }))
    if (row === undefined) return
    if (way === 'out') row.asked++
    else row.rcode = message.rcode
  }

  #tcp(way: Way, time: Instant, payload: Uint8Array, peer: string): void {
    const flags = payload.length > 13 ? payload[13] : 0
    const port = u16be(payload, way === 'out' ? 2 : 0)
    const { syn, ack, rst } = tcp.flags
    const key = `${peer}:${port}`
    if (way === 'out' && (flags & (syn | ack)) === syn) {
      const row = entry(this.story.connections, key, () => ({ asked: 0, outcome: undefined as 'open' | 'refused' | undefined }))
      if (row !== undefined) row.asked++
      tell(this.story, time, 'tcp', `connects to ${key}`)
    } else if (way === 'in' && (flags & (syn | ack)) === (syn | ack)) this.#outcome(key, 'open', time)
    else if (way === 'in' && (flags & rst) !== 0) this.#outcome(key, 'refused', time)
    else if ((port === 80 || port === 8080) && payload.length > 40) this.#http(time, payload)
    else if (payload.length > 40) this.#rpc.see(way, time, payload.subarray((payload[12] >>> 4) * 4), peer, true)
  }

  #outcome(key: string, outcome: 'open' | 'refused', time: Instant): void {
    const row = this.story.connections.get(key)
    if (row === undefined || row.outcome === outcome) return
    row.outcome ??= outcome
    tell(this.story, time, 'tcp', outcome === 'open' ? `${key} is open` : `${key} refuses`)
  }

  /** First lines only. */
  #http(time: Instant, payload: Uint8Array): void {
    const head = fromLatin1(payload.subarray((payload[12] >>> 4) * 4, (payload[12] >>> 4) * 4 + 120))
    const first = /^(?:GET|HEAD|POST|PUT) \S+|^HTTP\/1\.[01] \d{3}[^\r\n]*/.exec(head)?.[0]
    if (first !== undefined) tell(this.story, time, 'http', first)
  }
}

