/** DHCPv6's server as a state machine: a client's message in, what it is answered out. RFC 8415 §16, §18.3. */
import type { Clock } from '../../src/base/time.ts'
import type { Log } from '../../src/base/log.ts'
import type { Exchange, Option } from '../../src/wire/dhcpv6.ts'
import type { Asker, Association } from './asker.ts'
import type { Bindings, Pool } from './bindings.ts'
import type { Dhcpv6Config } from './config.ts'
import { equal, utf8 } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { formatIpv6, parseIpv6 } from '../../src/wire/address.ts'
import { buildIa, buildIaAddress, buildIaPrefix, codes, infinity, statuses, statusOption, types } from '../../src/wire/dhcpv6.ts'
import { offerHold } from './bindings.ts'
import { settingsFor } from './answers.ts'

/** The client's link, as far as it matters. */
export interface Link {
  readonly addresses: Pool | undefined
  readonly prefixes: Pool | undefined
  /** Whether an address makes sense on it. */
  readonly onLink: (address: Uint8Array) => boolean
}

export interface ServerParts {
  readonly config: Dhcpv6Config
  readonly duid: Uint8Array
  readonly bindings: Bindings
  readonly clock: Clock
  readonly log: Log
  /** The address that is kept for a client. */
  readonly reserved: (asker: Asker) => Uint8Array | undefined
  /** What pools don't give: reserved addresses, the service's own. */
  readonly kept: () => ReadonlySet<string>
  /** The service's own address, for name servers. */
  readonly own: () => Uint8Array | undefined
}

type Answer = Exchange | undefined
/** RFC 8415 §14.2: T1 and T2 are half and eight tenths of the preferred lifetime; that is this part of the valid one, as usual elsewhere. */
const preferredShare = 0.625
const [renewShare, rebindShare] = [0.5, 0.8]

export class Dhcpv6Server {
  readonly #parts: ServerParts

  constructor(parts: ServerParts) {
    this.#parts = parts
  }

  /** @param unicast it came to the service's own address. @returns undefined: nothing is to be said. */
  answer(message: Exchange, asker: Asker, link: Link, unicast: boolean): Answer {
    const { type } = message
    const named = asker.serverId !== undefined
    const mine = named && equal(asker.serverId as Uint8Array, this.#parts.duid)
    if (type === types.informationRequest) return unicast || (named && !mine) || asker.associations.length > 0 ? undefined : this.#say(message, asker, types.reply, [])
    if (asker.clientId === undefined) return undefined
    if (type === types.solicit || type === types.confirm || type === types.rebind) {
      if (named || unicast) return undefined
      if (type === types.solicit) return this.#solicit(message, asker, link)
      return type === types.confirm ? this.#confirm(message, asker, link) : this.#renew(message, asker, link)
    }
    if (!mine || (type !== types.request && type !== types.renew && type !== types.release && type !== types.decline)) return undefined
    if (unicast) return this.#say(message, asker, types.reply, [statusOption(statuses.useMulticast, utf8('Ask all servers'))], false)
    if (type === types.request) return this.#request(message, asker, link)
    return type === types.renew ? this.#renew(message, asker, link) : this.#giveBack(message, asker, type === types.decline)
  }

  #solicit(message: Exchange, asker: Asker, link: Link): Answer {
    const { config } = this.#parts
    const rapid = config.rapidCommit && asker.rapid
    const given = asker.associations.map((each) => this.#give(asker, each, link, rapid ? 'bound' : 'offered'))
    const options = given.map(({ option }) => option)
    if (rapid) return this.#say(message, asker, types.reply, [...options, { code: codes.rapidCommit, data: new Uint8Array(0) }])
    if (config.preference > 0) options.push({ code: codes.preference, data: Uint8Array.of(config.preference) })
    if (given.length > 0 && given.every(({ what }) => what === undefined)) options.push(statusOption(statuses.noAddrsAvail, utf8('Nothing is left')))
    return this.#say(message, asker, types.advertise, options)
  }

  #request(message: Exchange, asker: Asker, link: Link): Answer {
    return this.#say(message, asker, types.reply, asker.associations.map((each) => {
      const misplaced = each.kind === 'na' && each.named.some((address) => !link.onLink(parseIpv6(address)))
      return misplaced ? emptyIa(each, statuses.notOnLink, 'That is not of this link') : this.#give(asker, each, link, 'bound').option
    }))
  }

  /** §18.3.3: only whether the addresses are of this link. */
  #confirm(message: Exchange, asker: Asker, link: Link): Answer {
    const addresses = asker.associations.flatMap(({ kind, named }) => (kind === 'na' ? named : []))
    if (addresses.length === 0) return undefined
    const good = addresses.every((address) => link.onLink(parseIpv6(address)))
    return this.#say(message, asker, types.reply, [statusOption(good ? statuses.success : statuses.notOnLink, utf8(good ? 'All are of this link' : 'Not all are of this link'))], false)
  }

  /** Renew and Rebind. A binding that isn't known, after a lab without a journal began anew, is made again where it can be (§18.3.4). */
  #renew(message: Exchange, asker: Asker, link: Link): Answer {
    return this.#say(message, asker, types.reply, asker.associations.map((each) => this.#give(asker, each, link, 'bound').option))
  }

  /** Release and Decline (§18.3.7, §18.3.8). */
  #giveBack(message: Exchange, asker: Asker, declined: boolean): Answer {
    const { bindings, log } = this.#parts
    const unknown: Option[] = []
    for (const each of asker.associations) {
      const binding = bindings.of(ownerOf(asker, each))
      if (binding === undefined || !bindings.live(binding) || !each.named.includes(binding.what)) unknown.push(emptyIa(each, statuses.noBinding, 'Nothing is known of it'))
      else if (declined) {
        bindings.decline(binding)
        log.warn('dhcp6.declined', `${who(asker)} declines ${binding.what}: another host answers there`, { client: who(asker), address: binding.what })
      } else {
        bindings.release(binding)
        log.info('dhcp6.released', `${who(asker)} gives ${binding.what} back`, { client: who(asker), address: binding.what })
      }
    }
    return this.#say(message, asker, types.reply, [statusOption(statuses.success, utf8('Thank you')), ...unknown], false)
  }

  /** What an association gets, and the option that says so. */
  #give(asker: Asker, association: Association, link: Link, status: 'offered' | 'bound'): { readonly what: string | undefined; readonly option: Option } {
    const { bindings, clock, config, log } = this.#parts
    const { kind, named } = association
    const owner = ownerOf(asker, association)
    const what = this.#choose(asker, association, link, owner)
    if (what === undefined) {
      log.warn('dhcp6.full', `${who(asker)} gets no ${kind === 'na' ? 'address' : 'prefix'}: ${(kind === 'na' ? link.addresses : link.prefixes) === undefined ? 'none are given here' : 'all are taken'}`, { client: who(asker) })
      return { what, option: emptyIa(association, kind === 'na' ? statuses.noAddrsAvail : statuses.noPrefixAvail, 'Nothing is left') }
    }
    const held = bindings.of(owner)
    const bound = held?.what === what && held.status === 'bound' && bindings.live(held)
    if (status === 'bound') bindings.put(what, owner, 'bound', clock.now + seconds(config.lease))
    else if (!bound) bindings.put(what, owner, 'offered', clock.now + offerHold)
    if (status === 'bound' && !bound) log.info('dhcp6.lease', `${who(asker)} gets ${what}${Number.isFinite(config.lease) ? ` for ${config.lease} s` : ''}`, { client: who(asker), address: what })
    return { what, option: this.#ia(association, what, named.filter((each) => each !== what && status === 'bound')) }
  }

  #choose(asker: Asker, { kind, named }: Association, link: Link, owner: string): string | undefined {
    const { bindings, kept, reserved } = this.#parts
    const address = kind === 'na' ? reserved(asker) : undefined
    if (address !== undefined && link.onLink(address) && bindings.free(formatIpv6(address), owner)) return formatIpv6(address)
    const pool = kind === 'na' ? link.addresses : link.prefixes
    return pool === undefined ? undefined : bindings.choose(pool, owner, named, kept())
  }

  /** @param over what the client had and has no more: with no time left (§18.3.4). */
  #ia({ kind, iaid }: Association, what: string, over: readonly string[]): Option {
    const { lease } = this.#parts.config
    const valid = Number.isFinite(lease) ? lease : infinity
    const preferred = Number.isFinite(lease) ? Math.floor(lease * preferredShare) : infinity
    const part = (share: number): number => (preferred === infinity ? infinity : Math.floor(preferred * share))
    const options = [thing(kind, what, preferred, valid), ...over.map((each) => thing(kind, each, 0, 0))]
    return { code: kind === 'na' ? codes.iaNa : codes.iaPd, data: buildIa({ iaid, t1: part(renewShare), t2: part(rebindShare), options }) }
  }

  /** @param configured whether settings are told, too. */
  #say({ xid }: Exchange, asker: Asker, type: number, options: readonly Option[], configured = true): Exchange {
    const { duid, config, own } = this.#parts
    const ids = [...(asker.clientId === undefined ? [] : [{ code: codes.clientId, data: asker.clientId }]), { code: codes.serverId, data: duid }]
    return { type, xid, options: [...ids, ...options, ...(configured ? settingsFor(config, asker, own()) : [])] }
  }
}

const ownerOf = ({ duid }: Asker, { kind, iaid }: Association): string => `${duid}/${kind}${iaid}`
const who = ({ mac, duid }: Asker): string => mac ?? `duid:${duid}`

function emptyIa({ kind, iaid }: Association, status: number, why: string): Option {
  return { code: kind === 'na' ? codes.iaNa : codes.iaPd, data: buildIa({ iaid, t1: 0, t2: 0, options: [statusOption(status, utf8(why))] }) }
}

function thing(kind: Association['kind'], what: string, preferred: number, valid: number): Option {
  if (kind === 'na') return { code: codes.iaAddress, data: buildIaAddress({ address: parseIpv6(what), preferred, valid, options: [] }) }
  const [prefix, length] = what.split('/')
  return { code: codes.iaPrefix, data: buildIaPrefix({ prefix: parseIpv6(prefix), length: Number(length), preferred, valid, options: [] }) }
}
