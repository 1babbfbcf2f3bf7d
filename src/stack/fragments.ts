/** Reassembly of IPv4 fragments. RFC 791 §3.2. */
import type { Scheduler } from '../base/time.ts'
import type { Parsed } from '../wire/ipv4.ts'
import { seconds } from '../base/time.ts'
import { Reassembly } from './reassembly.ts'

export interface Whole {
  /** The first fragment's header with the whole payload. */
  readonly packet: Parsed
  /** The first fragment as it came. */
  readonly bytes: Uint8Array
}

const patience = seconds(30)

export class Fragments {
  readonly #parts: Reassembly<Whole>

  /** @param expired hears of a datagram that timed out, if its first fragment came (RFC 792: time exceeded, code 1). */
  constructor(scheduler: Scheduler, name: string, expired: (first: Whole) => void) {
    this.#parts = new Reassembly(scheduler, `${name}.fragments`, patience, expired)
  }

  get waiting(): number {
    return this.#parts.waiting
  }

  /** Takes a fragment (a copy is made). @returns the whole packet when this was its missing piece. */
  add(packet: Parsed, bytes: Uint8Array): Whole | undefined {
    const { source, destination, protocol, identification, fragmentOffset: offset, moreFragments: more, payload } = packet
    const whole = this.#parts.add({ key: `${source} ${destination} ${protocol} ${identification}`, source, offset, more, payload, head: () => keep(packet, bytes) })
    return whole && { packet: { ...whole.head.packet, payload: whole.payload, moreFragments: false, fragmentOffset: 0, totalLength: whole.head.packet.totalLength - whole.head.packet.payload.length + whole.payload.length }, bytes: whole.head.bytes }
  }
}

function keep(packet: Parsed, bytes: Uint8Array): Whole {
  return { packet: { ...packet, options: packet.options.slice(), payload: packet.payload.slice() }, bytes: bytes.slice() }
}
