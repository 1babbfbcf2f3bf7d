/** One network interface of our host: a port, a link address, IPv4 addresses; frames in and out. RFC 894 (IPv4 on Ethernet), RFC 1122 §2. */
import type { Log } from '../base/log.ts'
import type { Scheduler } from '../base/time.ts'
import type { Frame, FrameSink, Offload, Port } from '../link/port.ts'
import type { Message } from '../wire/arp.ts'
import type { ArpLink } from './arp.ts'
import type { Ipv6Config } from './ip6/link6.ts'
import { equal } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { moveOffload } from '../link/frame.ts'
import { broadcastIpv4, broadcastMac, broadcastOf, inSubnet, isGroupMac, isMulticastIpv4, multicastMac4, subnetOf } from '../wire/address.ts'
import * as arp from '../wire/arp.ts'
import * as ethernet from '../wire/ethernet.ts'
import * as vlan from '../wire/vlan.ts'
import { Arp } from './arp.ts'

/** Room that every packet to be sent has in front of it, for the link header. */
export const linkHeadroom = ethernet.headerBytes

export interface Address4 {
  readonly address: number
  readonly prefix: number
}

export interface InterfaceConfig {
  readonly name: string
  readonly port: Port
  /** 6 bytes; not looked at on a port of medium `ip`. */
  readonly mac: Uint8Array
  /** Largest IP packet in bytes; default 1500, and never more than the port takes. */
  readonly mtu?: number
  readonly addresses?: readonly Address4[]
  /** It speaks IPv6, too. Left out: IPv4 only. */
  readonly six?: Ipv6Config
  /** The port takes frames with a checksum or segments still owed (link/port.ts); TCP then sends super-frames. Default false. */
  readonly offload?: boolean
}

/** What an interface hands up. */
export interface PacketSink {
  /** @param group whether the link address was a broadcast or multicast one. */
  packet(bytes: Uint8Array, from: Interface, group: boolean, offload: Offload | undefined): void
  /** Packets for which ARP found nobody. */
  unresolved(packets: readonly Uint8Array[], by: Interface): void
}

/** The IPv6 side of an interface, where it has one (ip6/link6.ts). */
export interface InterfaceSix {
  packet(bytes: Uint8Array, group: boolean, offload: Offload | undefined): void
}

export class Interface implements FrameSink, ArpLink {
  readonly name: string
  readonly mac: Uint8Array
  readonly mtu: number
  /** Whether packets may leave with a checksum or segments owed. */
  readonly offload: boolean
  /** Undefined on a port of medium `ip`. */
  readonly arp: Arp | undefined
  /** Frames dropped because they made no sense, and those not for us. */
  readonly counters = { received: 0, sent: 0, malformed: 0, foreign: 0 }
  /** Set by the host when the interface speaks IPv6. */
  six: InterfaceSix | undefined
  readonly #port: Port
  readonly #sink: PacketSink
  #addresses: readonly Address4[]

  /** @param owner the host's name, in front of the names of alarms. */
  constructor(config: InterfaceConfig, owner: string, sink: PacketSink, scheduler: Scheduler, log: Log | undefined) {
    this.name = config.name
    this.mac = config.mac.slice()
    this.#port = config.port
    this.#sink = sink
    this.#addresses = config.addresses ?? []
    this.offload = config.offload ?? false
    const header = config.port.medium === 'ethernet' ? ethernet.headerBytes : 0
    this.mtu = Math.min(config.mtu ?? 1500, config.port.frameMax - header)
    this.arp = config.port.medium === 'ethernet' ? new Arp(this, `${owner}.${config.name}`, scheduler, log) : undefined
    config.port.listen(this)
  }

  get addresses(): readonly Address4[] {
    return this.#addresses
  }

  setAddresses(addresses: readonly Address4[]): void {
    this.#addresses = addresses
  }

  close(): void {
    this.#port.listen(undefined)
  }

  owns(address: number): boolean {
    return this.#addresses.some((own) => own.address === address)
  }

  /** Whether `address` is 255.255.255.255 or the directed broadcast of one of our subnets (RFC 919, RFC 922). */
  isBroadcast(address: number): boolean {
    return address === broadcastIpv4 || this.#addresses.some((own) => own.prefix < 31 && broadcastOf(subnetOf(own.address, own.prefix)) === address)
  }

  /** Our address in the subnet of `target`, else our first, else 0.0.0.0. */
  sourceFor(target: number): number {
    const near = this.#addresses.find((own) => inSubnet(subnetOf(own.address, own.prefix), target))
    return (near ?? this.#addresses[0])?.address ?? 0
  }

  /**
   * Sends a packet that stands in `buffer` behind `linkHeadroom` bytes. The buffer is gone.
   * @param hardware the link address to use without asking.
   * @param offload what is owed to the packet, its offsets counted from the start of `buffer`.
   */
  send(buffer: Uint8Array, nextHop: number, hardware?: Uint8Array, offload?: Offload): void {
    if (this.arp === undefined) return this.#put(buffer.subarray(linkHeadroom), moveOffload(offload, -linkHeadroom))
    if (hardware !== undefined) return this.sendResolved(buffer, hardware, offload)
    if (this.isBroadcast(nextHop)) return this.sendResolved(buffer, broadcastMac, offload)
    if (isMulticastIpv4(nextHop)) return this.sendResolved(buffer, multicastMac4(nextHop), offload)
    this.arp.send(buffer, nextHop, offload)
  }

  sendResolved(buffer: Uint8Array, mac: Uint8Array, offload?: Offload): void {
    ethernet.write(buffer, 0, { destination: mac, source: this.mac, type: ethernet.types.ipv4 })
    this.#put(buffer, offload)
  }

  /** Sends a packet of another kind that stands in `buffer` behind `linkHeadroom` bytes; without `to`, on a port of medium `ip`. */
  sendFramed(buffer: Uint8Array, offload: Offload | undefined, to?: { readonly mac: Uint8Array; readonly type: number }): void {
    if (to === undefined) return this.#put(buffer.subarray(linkHeadroom), moveOffload(offload, -linkHeadroom))
    ethernet.write(buffer, 0, { destination: to.mac, source: this.mac, type: to.type })
    this.#put(buffer, offload)
  }

  sendArp(message: Message, to: Uint8Array): void {
    this.#put(ethernet.build({ destination: to, source: this.mac, type: ethernet.types.arp, payload: arp.build(message) }))
  }

  unresolved(buffers: readonly Uint8Array[]): void {
    this.#sink.unresolved(buffers.map((buffer) => buffer.subarray(linkHeadroom)), this)
  }

  receive(frame: Frame): void {
    this.counters.received++
    try {
      if (this.arp === undefined) this.#receiveBare(frame)
      else this.#receiveEthernet(frame)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.counters.malformed++
    }
  }

  #receiveBare({ bytes, offload }: Frame): void {
    if (this.six !== undefined && bytes.length > 0 && bytes[0] >>> 4 === 6) this.six.packet(bytes, false, offload)
    else this.#sink.packet(bytes, this, false, offload)
  }

  #receiveEthernet({ bytes, offload }: Frame): void {
    const { destination, type, payload } = ethernet.parse(bytes)
    const group = isGroupMac(destination)
    if (!group && !equal(destination, this.mac)) {
      this.counters.foreign++
      return
    }
    // A tag with VLAN 0 says priority only (IEEE 802.1Q §6.9.1); any other VLAN isn't ours.
    const tagged = type === ethernet.types.vlan ? vlan.parse(payload) : undefined
    if (tagged !== undefined && tagged.id !== 0) {
      this.counters.foreign++
      return
    }
    this.#payload(tagged?.type ?? type, tagged?.payload ?? payload, group, offload)
  }

  #payload(type: number, payload: Uint8Array, group: boolean, offload: Offload | undefined): void {
    if (type === ethernet.types.arp) this.arp?.receive(arp.parse(payload))
    else if (type === ethernet.types.ipv4) this.#sink.packet(payload, this, group, offload)
    else if (type === ethernet.types.ipv6 && this.six !== undefined) this.six.packet(payload, group, offload)
    else this.counters.foreign++
  }

  #put(bytes: Uint8Array, offload?: Offload): void {
    this.counters.sent++
    this.#port.send({ bytes, offload })
  }
}
