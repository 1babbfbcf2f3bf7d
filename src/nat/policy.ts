/**
 * What a guest may reach through NAT, and where that is outside. This computer's own loopback and link-local addresses are closed to
 * guests: what listens there trusts whoever comes. With `host_loopback: true` link-local addresses are open, and the gateway's address
 * stands for 127.0.0.1: a port of the gateway at which none of the lab's own service points listens is that port of this computer.
 */
import { broadcastIpv4, formatIpv4, isMulticastIpv4, parseIpv4 } from '../wire/address.ts'
import { serverPort } from '../wire/dns.ts'
import { resolver } from './outside.ts'

export interface PolicyConfig {
  /** Our own address inside. */
  readonly gateway: number
  readonly hostLoopback: boolean
}

/** `at`: the address to dial. */
export type Verdict = { readonly at: string } | { readonly refused: string; readonly how: 'refuse' | 'prohibit' }

const loopback = '127.0.0.1'

export class Policy {
  readonly #config: PolicyConfig

  constructor(config: PolicyConfig) {
    this.#config = config
  }

  /** Where a guest's packet to `address` goes. */
  judge(address: number, port: number): Verdict {
    const { gateway, hostLoopback } = this.#config
    if (address === gateway) {
      if (port === serverPort) return { at: resolver }
      if (hostLoopback) return { at: loopback }
      return { refused: 'nothing listens there; this computer’s own ports need host_loopback: true', how: 'refuse' }
    }
    if (address >>> 24 === 127) return { refused: 'a loopback address never leaves its host', how: 'prohibit' }
    if (address >>> 16 === 0xa9fe && !hostLoopback) return { refused: 'link-local addresses of this computer need host_loopback: true', how: 'prohibit' }
    if (address >>> 24 === 0 || address >>> 28 === 0xf || address === broadcastIpv4 || isMulticastIpv4(address)) return { refused: 'not the address of one host', how: 'prohibit' }
    return { at: formatIpv4(address) }
  }

  /** The address inside that `at` outside is seen as. */
  seenAs(at: string): number {
    return at === resolver || at === loopback ? this.#config.gateway : parseIpv4(at)
  }
}
