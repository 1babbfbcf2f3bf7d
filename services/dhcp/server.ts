/**
 * The DHCP server's state machine: one message in, at most one reply out. RFC 2131 §4.3, BOOTP by RFC 1534.
 * It is authoritative for its network: a client that comes with another network's address is told so at once.
 */
import type { Log, LogFields } from '../../src/base/log.ts'
import type { Clock } from '../../src/base/time.ts'
import type { Message } from '../../src/wire/dhcp.ts'
import type { Client } from './client.ts'
import type { DhcpConfig, Host } from './config.ts'
import type { Lease, LeaseTable } from './lease-table.ts'
import type { Policy } from './policy.ts'
import type { Answer, Site } from './reply.ts'
import { hex } from '../../src/base/bytes.ts'
import { formatIpv4, inSubnet } from '../../src/wire/address.ts'
import { typeOf, types } from '../../src/wire/dhcp.ts'
import { ends, offerHold } from './lease-table.ts'
import { bootName, policyFor } from './policy.ts'
import { composeNak, composeReply, replyRoom } from './reply.ts'

/** A reply and how it travels (RFC 2131 §4.1). `hardware`: to `yiaddr` without asking ARP, since nobody answers for it yet. */
export interface Reply {
  readonly message: Message
  readonly maxBytes: number
  readonly by: 'relay' | 'address' | 'broadcast' | 'hardware'
}

/** The answer waits for what the link says about an address (RFC 2131 §2.2). */
export interface Question {
  readonly address: number
  /** @param taken the MAC of who answers there, if anybody does. */
  readonly told: (taken: Uint8Array | undefined) => Outcome
}

export type Outcome = Reply | Question | undefined

/** Addresses in a row that turned out to be taken; then the client is left to ask again. */
const mostTaken = 8

export interface ServerParts {
  readonly config: DhcpConfig
  readonly site: Site
  readonly table: LeaseTable
  readonly clock: Clock
  readonly log: Log
  /** The lab's node with this MAC (`52:54:…`), if there is one. */
  readonly nodeOf: (mac: string) => string | undefined
  /** What the lab file says of this very client. */
  readonly hostOf: (client: Client) => Host | undefined
}

/** One client's request with all that is known of it. */
interface Case {
  readonly message: Message
  readonly client: Client
  readonly host: Host | undefined
  readonly node: string
  readonly policy: Policy
}

export class DhcpServer {
  readonly #parts: ServerParts

  constructor(parts: ServerParts) {
    this.#parts = parts
  }

  /** @param client who `message` is from. */
  answer(message: Message, client: Client): Outcome {
    const asked = this.#case(message, client)
    if (message.giaddr !== 0 && !this.#local(client.link ?? message.giaddr)) return this.#foreignRelay(asked)
    switch (typeOf(message)) {
      case types.discover:
        return this.#discover(asked)
      case types.request:
        return this.#request(asked)
      case types.decline:
        return this.#decline(asked)
      case types.release:
        return this.#release(asked)
      case types.inform:
        return this.#inform(asked)
      case undefined:
        return this.#bootp(asked)
      default:
        return undefined
    }
  }

  /** What a client is to be told beside an address. */
  policyOf(message: Message, client: Client): Policy {
    return this.#case(message, client).policy
  }

  #case(message: Message, client: Client): Case {
    const host = this.#parts.hostOf(client)
    const node = this.#parts.nodeOf(client.mac) ?? ''
    return { message, client, host, node, policy: policyFor(this.#parts.config, client, host, node) }
  }

  #discover(asked: Case): Outcome {
    const { client } = asked
    this.#say('dhcp.discover', `${this.#who(asked)} asks for an address`, asked, { vendor: client.vendor })
    return this.#propose(asked, 0)
  }

  #propose(asked: Case, taken: number): Outcome {
    const { client } = asked
    const address = this.#choose(asked)
    if (address === undefined || taken >= mostTaken) return this.#exhausted(asked)
    const lease = this.#parts.table.of(client.key)
    const bound = lease?.address === address && lease.status === 'bound' && this.#parts.table.live(lease)
    // A bound client that asks again (a reboot) keeps what it has: an offer must not shorten a lease.
    if (!bound) this.#put(asked, address, 'offered', this.#parts.clock.now + offerHold)
    const offer = (): Reply => this.#grant(asked, { type: types.offer, address, lease: this.#parts.config.lease }, 'dhcp.offer', 'is offered')
    if (bound || !this.#parts.config.probe || !inSubnet(this.#parts.site.subnet, this.#parts.site.address)) return offer()
    return { address, told: (by) => (by === undefined || hex(by, ':') === client.mac ? offer() : this.#occupied(asked, address, by, taken)) }
  }

  #occupied(asked: Case, address: number, by: Uint8Array, taken: number): Outcome {
    const { table, log } = this.#parts
    const owner = hex(by, ':')
    table.foreign(address, owner)
    log.warn('dhcp.conflict', `${formatIpv4(address)} is not offered to ${this.#who(asked)}: ${owner} answers there`, this.#fields(asked, { address: formatIpv4(address), owner }))
    return this.#propose(asked, taken + 1)
  }

  #request(asked: Case): Reply | undefined {
    const { client, message } = asked
    if (client.serverId !== undefined && client.serverId !== this.#parts.site.address) return this.#otherServer(asked)
    const wanted = client.requested ?? (message.ciaddr === 0 ? this.#parts.table.of(client.key)?.address : message.ciaddr)
    // Neither 50 nor `ciaddr`, which RFC 2131 table 4 forbids: some clients forget it right after our offer. Without one there is nothing to say.
    if (wanted === undefined) return undefined
    this.#say('dhcp.request', `${this.#who(asked)} requests ${formatIpv4(wanted)}`, asked, { address: formatIpv4(wanted) })
    if (!this.#local(wanted)) return this.#nak(asked, wanted, `${formatIpv4(wanted)} is not on this network`)
    if (!this.#grantable(asked, wanted)) return this.#nak(asked, wanted, `${formatIpv4(wanted)} is not yours to have`)
    this.#put(asked, wanted, 'bound', ends(this.#parts.clock.now, this.#parts.config.lease))
    return this.#grant(asked, { type: types.ack, address: wanted, lease: this.#parts.config.lease }, 'dhcp.ack', 'has')
  }

  /** "If the client's request … 'server identifier' … does not match": it chose another server; our offer is free again. */
  #otherServer(asked: Case): undefined {
    const lease = this.#parts.table.of(asked.client.key)
    if (lease !== undefined) this.#parts.table.withdraw(lease)
    this.#say('dhcp.other-server', `${this.#who(asked)} chose the server ${formatIpv4(asked.client.serverId ?? 0)}`, asked)
  }

  #decline(asked: Case): undefined {
    const { table, log } = this.#parts
    const lease = table.of(asked.client.key)
    if (lease === undefined || lease.address !== asked.client.requested) return
    table.decline(lease)
    const address = formatIpv4(lease.address)
    log.warn('dhcp.decline', `${this.#who(asked)} declines ${address}: another host answers there`, this.#fields(asked, { address }))
  }

  #release(asked: Case): undefined {
    const { table } = this.#parts
    const lease = table.of(asked.client.key)
    if (lease === undefined || lease.address !== asked.message.ciaddr || lease.status !== 'bound') return
    table.release(lease)
    this.#say('dhcp.release', `${this.#who(asked)} gives ${formatIpv4(lease.address)} back`, asked, { address: formatIpv4(lease.address) })
  }

  /** The client has an address and wants the rest: no lease, no `yiaddr` (RFC 2131 §4.3.5). */
  #inform(asked: Case): Reply | undefined {
    if (!this.#local(asked.message.ciaddr)) return undefined
    return this.#grant(asked, { type: types.ack, address: 0, lease: undefined }, 'dhcp.inform', 'is told about the network')
  }

  /** BOOTP knows no lease: the address is given for ever (RFC 1534 §2). */
  #bootp(asked: Case): Reply | undefined {
    const address = this.#choose(asked)
    if (address === undefined) return this.#exhausted(asked)
    this.#put(asked, address, 'bound', Number.POSITIVE_INFINITY)
    return this.#grant(asked, { type: undefined, address, lease: undefined }, 'dhcp.bootp', 'has, by BOOTP,')
  }

  /** The reserved address if it is to be had, else one from the range. */
  #choose(asked: Case): number | undefined {
    return this.#reserved(asked) ?? this.#parts.table.choose(asked.client.key, asked.client.requested)
  }

  #grantable(asked: Case, address: number): boolean {
    const reserved = this.#reserved(asked)
    return reserved === undefined ? this.#parts.table.free(address, asked.client.key) : address === reserved
  }

  /** A reservation is the machine's: firmware and system of one machine may call themselves by different client ids. */
  #reserved({ client, host }: Case): number | undefined {
    const address = host?.address
    // Of a machine that has moved to another network nothing is reserved there.
    if (address === undefined || !this.#local(address)) return undefined
    const { table } = this.#parts
    const holder = table.at(address)
    return table.unheld(address, client.key) || (holder?.mac === client.mac && holder.status !== 'declined') ? address : undefined
  }

  #put(asked: Case, address: number, status: Lease['status'], expires: number): void {
    const name = asked.policy.name === '' ? asked.client.hostName : asked.policy.name
    this.#parts.table.put(address, { client: asked.client.key, mac: asked.client.mac, name }, status, expires)
  }

  #grant(asked: Case, answer: Answer, event: string, verb: string): Reply {
    const { config, site } = this.#parts
    const boot = bootName(asked.policy.boot, asked.client)
    const address = formatIpv4(answer.address === 0 ? asked.message.ciaddr : answer.address)
    this.#say(event, `${this.#who(asked)} ${verb} ${address}${boot === '' ? '' : `, boot file ${boot}`}`, asked, { address, ...(boot === '' ? {} : { boot }) })
    const message = composeReply(asked.message, asked.client, answer, asked.policy, config, site)
    return { message, maxBytes: replyRoom(asked.message, asked.client, answer, site), by: pathOf(message, asked.message) }
  }

  #nak(asked: Case, wanted: number, reason: string): Reply {
    const { log, site } = this.#parts
    log.warn('dhcp.nak', `${this.#who(asked)} is refused: ${reason}`, this.#fields(asked, { address: formatIpv4(wanted) }))
    return { message: composeNak(asked.message, reason, site), maxBytes: 548, by: asked.message.giaddr === 0 ? 'broadcast' : 'relay' }
  }

  #exhausted(asked: Case): undefined {
    this.#parts.log.warn('dhcp.pool-exhausted', `no address left for ${this.#who(asked)}`, this.#fields(asked))
  }

  #foreignRelay(asked: Case): undefined {
    const relay = formatIpv4(asked.message.giaddr)
    this.#parts.log.warn('dhcp.unknown-network', `${this.#who(asked)} asks through the relay ${relay}, whose network this server does not know`, this.#fields(asked, { relay }))
  }

  #local(address: number): boolean {
    return inSubnet(this.#parts.site.subnet, address)
  }

  #who({ node, client }: Case): string {
    return node === '' ? client.mac : `${node} (${client.mac})`
  }

  #fields({ client, node }: Case, more: LogFields = {}): LogFields {
    return { mac: client.mac, ...(node === '' ? {} : { node }), ...more }
  }

  #say(event: string, message: string, asked: Case, more?: LogFields): void {
    this.#parts.log.info(event, message, this.#fields(asked, more))
  }
}

function pathOf(reply: Message, request: Message): Reply['by'] {
  if (request.giaddr !== 0) return 'relay'
  if (request.ciaddr !== 0) return 'address'
  if (request.broadcast || request.htype !== 1 || request.chaddr.length !== 6 || reply.yiaddr === 0) return 'broadcast'
  return 'hardware'
}
