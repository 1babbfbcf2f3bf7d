/**
 * Dials that are for somebody else, for who answers in their place: NAT. A SYN is held until the way beyond is known to be open, and only
 * then answered; a guest so hears refused for refused and silence for silence.
 */
import type { Options } from '../../wire/tcp-options.ts'
import type { Parsed } from '../../wire/tcp.ts'
import type { Endpoint, TcpOptions, TcpSocket } from '../sockets.ts'
import type { Complaint } from '../ip.ts'
import type { Arriving } from './family.ts'
import { parseOptions } from '../../wire/tcp-options.ts'

/** A SYN that waits for an answer. One of these is called, once; later calls do nothing. */
export interface Dial {
  /** Who dials. */
  readonly from: Endpoint
  /** Whom. */
  readonly to: Endpoint
  /** Answers the SYN. @param accept hears once: of the socket when the handshake is done, of undefined when it came to nothing. */
  accept(accept: (socket: TcpSocket | undefined) => void, options?: TcpOptions): void
  /** Answers with a reset: refused. */
  refuse(): void
  /** Answers with an ICMP error, e.g. no route. */
  unreachable(complaint: Complaint): void
  /** Answers nothing; the next SYN is a new dial. */
  ignore(): void
}

/** Dials that wait at once; the oldest is forgotten for a new one. */
const mostWaiting = 4096

/** What becomes of a dial, done by tcp.ts. */
export interface Acts {
  accept(arriving: Arriving, segment: Parsed, options: Options, accept: (socket: TcpSocket | undefined) => void, how: TcpOptions): void
  refuse(arriving: Arriving, segment: Parsed): void
}

export class Forwarding {
  readonly #acts: Acts
  readonly #hear: (dial: Dial) => void
  readonly #waiting = new Map<string, Dial>()

  constructor(hear: (dial: Dial) => void, acts: Acts) {
    this.#hear = hear
    this.#acts = acts
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** A SYN came for an address that is not ours. The segment's bytes are not kept. */
  take(arriving: Arriving, segment: Parsed): void {
    const { family } = arriving
    const from = { address: family.format(arriving.remote), port: segment.sourcePort }
    const to = { address: family.format(arriving.local), port: segment.destinationPort }
    const key = `${from.address} ${from.port} ${to.address} ${to.port}`
    // The SYN of a dial that is being seen to came again.
    if (this.#waiting.has(key)) return
    if (this.#waiting.size >= mostWaiting) this.#waiting.delete(this.#waiting.keys().next().value as string)
    const dial = this.#dial(key, from, to, arriving, segment)
    this.#waiting.set(key, dial)
    this.#hear(dial)
  }

  #dial(key: string, from: Endpoint, to: Endpoint, arriving: Arriving, segment: Parsed): Dial {
    const options = parseOptions(segment.options)
    const bytes = arriving.bytes.slice(0, 60)
    const kept = { ...arriving, bytes }
    const bare = { ...segment, options: new Uint8Array(0), payload: new Uint8Array(0) }
    const once = (act: () => void): void => {
      if (this.#waiting.get(key) !== dial) return
      this.#waiting.delete(key)
      act()
    }
    const dial: Dial = {
      from,
      to,
      accept: (accept, how = {}) => once(() => this.#acts.accept(kept, bare, options, accept, how)),
      refuse: () => once(() => this.#acts.refuse(kept, bare)),
      unreachable: (complaint) => once(() => arriving.complain(complaint)),
      ignore: () => once(() => {}),
    }
    return dial
  }
}
