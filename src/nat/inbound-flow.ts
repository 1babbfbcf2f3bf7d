/** One peer of a forwarded UDP port: a socket of the gateway's inside, which the guest answers. */
import type { Instant } from '../base/time.ts'
import type { Endpoint, UdpSocket } from '../stack/sockets.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideEvent } from './outside.ts'
import { end, reasonOf } from './ledger.ts'
import { datagramIdle } from './limits.ts'

/** Hops that a guest's answer has left at this computer. */
const answerTtl = 64

export class InboundFlow {
  readonly number: number
  readonly direction = 'in'
  lastAt: Instant
  readonly #ground: Ground
  readonly #guest: Endpoint
  readonly #peer: Endpoint
  readonly #socket: UdpSocket
  #sent = 0
  #received = 0

  /** @throws {Error} with `code` EADDRINUSE when the gateway has no port left. */
  constructor(number: number, guest: Endpoint, peer: Endpoint, ground: Ground) {
    this.number = number
    this.#guest = guest
    this.#peer = peer
    this.#ground = ground
    this.lastAt = ground.clock.now
    const refused = (code: string): void => ground.ledger.refuse('udp', peer.address, end(guest), `the guest: ${reasonOf(code)}`)
    this.#socket = ground.host.bind({ address: guest.address.includes(':') ? '::' : '0.0.0.0', port: 0 }, (payload, { from }) => this.#answer(payload, from), ({ code }) => refused(code))
  }

  get row(): FlowRow {
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    return { protocol: 'udp', inside: end(this.#guest), outside: end(this.#peer), direction: 'in', state: 'open', sent: this.#sent, received: this.#received, idle, reason: '' }
  }

  hear(event: Extract<OutsideEvent, { kind: 'inbound datagram' | 'datagram' | 'complaint' | 'lost' }>): void {
    if (event.kind === 'lost') {
      this.#socket.close()
      return this.#ground.forget(this.number)
    }
    if (event.kind === 'complaint') return
    this.lastAt = this.#ground.clock.now
    this.#received += event.bytes.length
    this.#socket.send(event.bytes, this.#guest)
  }

  expired(now: Instant): boolean {
    return now - this.lastAt > datagramIdle
  }

  cut(): void {
    this.#socket.close()
    this.#ground.outside.release(this.number)
    this.#ground.forget(this.number)
  }

  #answer(payload: Uint8Array, { address, port }: Endpoint): void {
    if (address !== this.#guest.address || port !== this.#guest.port) return
    this.lastAt = this.#ground.clock.now
    this.#sent += payload.length
    this.#ground.outside.send(this.number, this.#peer, payload.slice(), answerTtl)
  }
}
