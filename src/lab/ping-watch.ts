/** Counts echo requests from a node, and the answers to them, by looking at what passes its interfaces. */
import { Malformed } from '../base/errors.ts'
import * as address from '../wire/address.ts'
import * as ethernet from '../wire/ethernet.ts'
import * as icmp from '../wire/icmp.ts'
import * as icmpv6 from '../wire/icmpv6.ts'
import * as ipv4 from '../wire/ipv4.ts'
import * as ipv6 from '../wire/ipv6.ts'
import { keyOf } from '../wire/ipv6-address.ts'

/** Requests remembered at once; a flood beyond it is not a test. */
const mostOpen = 4096

export class PingWatch {
  readonly #targets: ReadonlySet<string>
  readonly #open = new Set<string>()
  /** Echo requests to the target. */
  sent = 0
  /** Of those, how many were answered; each counts once. */
  answered = 0

  /** @param targets MACs of the node that is pinged, `02:…`. */
  constructor(targets: ReadonlySet<string>) {
    this.#targets = targets
  }

  /** @param direction as the pinging node's interface sees it. @returns whether a count has changed. */
  see(direction: 'in' | 'out', bytes: Uint8Array): boolean {
    try {
      const frame = ethernet.parse(bytes)
      if (!this.#targets.has(address.formatMac(direction === 'out' ? frame.destination : frame.source))) return false
      const seen = frame.type === ethernet.types.ipv4 ? echo4(frame.payload) : frame.type === ethernet.types.ipv6 ? echo6(frame.payload) : undefined
      if (seen === undefined) return false
      const { message, source, destination } = seen
      if (message.kind !== 'echo' && message.kind !== 'echo reply') return false
      const peer = direction === 'out' ? destination : source
      return this.#count(direction, message.kind, `${peer}/${message.identifier}/${message.sequence}`)
    } catch (error) {
      if (error instanceof Malformed) return false
      throw error
    }
  }

  #count(direction: 'in' | 'out', kind: 'echo' | 'echo reply', key: string): boolean {
    if (direction === 'out' && kind === 'echo' && this.#open.size < mostOpen) {
      this.#open.add(key)
      this.sent++
      return true
    }
    if (direction === 'in' && kind === 'echo reply' && this.#open.delete(key)) {
      this.answered++
      return true
    }
    return false
  }
}

interface Seen {
  readonly message: icmp.Parsed | icmpv6.Parsed
  readonly source: string
  readonly destination: string
}

function echo4(payload: Uint8Array): Seen | undefined {
  const packet = ipv4.parse(payload)
  if (packet.protocol !== ipv4.protocols.icmp || ipv4.isFragment(packet)) return undefined
  return { message: icmp.parse(packet.payload), source: String(packet.source), destination: String(packet.destination) }
}

function echo6(payload: Uint8Array): Seen | undefined {
  const packet = ipv6.parse(payload)
  if (packet.protocol !== 58 || packet.fragment !== undefined) return undefined
  return { message: icmpv6.parse(packet.payload), source: keyOf(packet.source), destination: keyOf(packet.destination) }
}
