/** What a guest may reach over IPv6, and where that is outside: policy.ts says why. The gateway's address stands for `::1` with `host_loopback: true`. */
import type { Verdict } from './policy.ts'
import { formatIpv6, isMappedIpv4, parseIpv6 } from '../wire/address.ts'
import { equalIpv6, inSubnet6, isLinkLocalIpv6, isLoopbackIpv6, isMulticastIpv6 } from '../wire/ipv6-address.ts'
import { serverPort } from '../wire/dns.ts'
import { resolver } from './outside.ts'

export interface Policy6Config {
  /** Our own address inside. */
  readonly gateway: Uint8Array
  readonly hostLoopback: boolean
}

const loopback = '::1'
/** IPv4 in IPv6's clothes: `::`, and compatible (RFC 4291 §2.5.5.1) and translated addresses (RFC 2765), by which a host could come to its own 127.0.0.1. */
const disguised = [{ network: parseIpv6('::'), prefix: 96 }, { network: parseIpv6('::ffff:0:0:0'), prefix: 96 }]

export class Policy6 {
  readonly #config: Policy6Config

  constructor(config: Policy6Config) {
    this.#config = config
  }

  /** Where a guest's packet to `address` goes. */
  judge(address: Uint8Array, port: number): Verdict {
    const { gateway, hostLoopback } = this.#config
    if (equalIpv6(address, gateway)) {
      if (port === serverPort) return { at: resolver }
      if (hostLoopback) return { at: loopback }
      return { refused: 'nothing listens there; this computer’s own ports need host_loopback: true', how: 'refuse' }
    }
    if (isLoopbackIpv6(address)) return { refused: 'a loopback address never leaves its host', how: 'prohibit' }
    if (isLinkLocalIpv6(address)) return { refused: 'a link-local address means nothing beyond its link', how: 'prohibit' }
    if (isMappedIpv4(address) || disguised.some((subnet) => inSubnet6(subnet, address))) return { refused: 'an IPv4 address is reached by IPv4', how: 'prohibit' }
    if (isMulticastIpv6(address)) return { refused: 'not the address of one host', how: 'prohibit' }
    return { at: formatIpv6(address) }
  }

  /** The address inside that `at` outside is seen as; ours where it has none. */
  seenAs(at: string): Uint8Array {
    return at === resolver || at === loopback || !at.includes(':') || at.includes('%') ? this.#config.gateway : parseIpv6(at)
  }
}
