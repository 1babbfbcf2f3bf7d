/** What both ends agreed on in their SYNs: MSS, SACK, window scale, timestamps. RFC 9293 §3.7.1, RFC 2018 §2, RFC 7323. */
import type { Instant } from '../../base/time.ts'
import type { Options } from '../../wire/tcp-options.ts'
import { seconds } from '../../base/time.ts'
import { older } from './sequence.ts'

/** "If an MSS Option is not received at connection setup, TCP implementations MUST assume a default send MSS of 536" (RFC 9293 §3.7.1). */
const defaultMss = 536
/** Nobody's honest MSS; smaller ones make thousands of segments of one write. Linux' tcp_min_snd_mss. */
const leastMss = 48
/** RFC 7323 §5.5: after 24 days without a segment TS.Recent says nothing. */
const recentFor = seconds(24 * 86_400)

export class Agreement {
  peerMss = defaultMss
  sack = false
  timestamps = false
  /** Snd.Wind.Shift and Rcv.Wind.Shift. */
  sendShift = 0
  receiveShift = 0
  /** Last.ACK.sent (RFC 7323 §4.3), unwrapped. */
  lastAckSent = 0
  /** What we say of our window's scale. */
  readonly offeredShift: number
  readonly #offset: number
  #recent = 0
  #recentAt: Instant = 0 as Instant

  constructor(receiveBuffer: number, timestampOffset: number) {
    this.#offset = timestampOffset
    let shift = 0
    while (shift < 14 && receiveBuffer > 65_535 * 2 ** shift) shift++
    this.offeredShift = shift
  }

  /** TS.Recent, to be echoed. */
  get recent(): number {
    return this.#recent
  }

  /** Our timestamp clock: one tick a millisecond (RFC 7323 §5.4), from a start of each connection's own. */
  stamp(now: Instant): number {
    return (Math.floor(now / 1e6) + this.#offset) >>> 0
  }

  /** Our SYN's options, or, with those of the `peer`'s SYN, our SYN-ACK's. */
  offer(ourMss: number, now: Instant, peer?: Options): Options {
    return {
      mss: ourMss,
      ...(peer === undefined || peer.sackPermitted === true ? { sackPermitted: true } : {}),
      ...(peer === undefined || peer.windowScale !== undefined ? { windowScale: this.offeredShift } : {}),
      ...(peer === undefined || peer.timestamps !== undefined ? { timestamps: { value: this.stamp(now), echo: this.#recent } } : {}),
    }
  }

  /** Takes the peer's SYN; we always offer everything, so what it has is agreed on. */
  take(peer: Options, now: Instant): void {
    this.peerMss = Math.max(leastMss, peer.mss === undefined || peer.mss === 0 ? defaultMss : peer.mss)
    this.sack = peer.sackPermitted === true
    this.timestamps = peer.timestamps !== undefined
    if (peer.timestamps !== undefined) this.heed(peer.timestamps.value, now)
    // "both sides MUST send Window Scale options in their <SYN> segments to enable window scaling" (RFC 7323 §2.2).
    this.sendShift = peer.windowScale ?? 0
    this.receiveShift = peer.windowScale === undefined ? 0 : this.offeredShift
  }

  heed(value: number, now: Instant): void {
    this.#recent = value
    this.#recentAt = now
  }

  /** PAWS (RFC 7323 §5.3 R1): a segment from an earlier round of the sequence numbers. */
  isOld(value: number, now: Instant): boolean {
    return older(value, this.#recent) && now - this.#recentAt < recentFor
  }

  /** How long ago, in ns, the timestamp was sent that the peer echoes; too coarse to say better than a tick. */
  age(echo: number, now: Instant): number {
    return Math.max(0, (this.stamp(now) - echo) | 0) * 1e6
  }
}
