/**
 * A connection: the Transmission Control Block and what is always at hand of it. RFC 9293 §3.3; its names.
 *
 * This file has the block and the ways into it; what happens to it stands in the files by role: arrive.ts, handshake.ts, acknowledge.ts,
 * receive.ts, output.ts, recovery.ts, timeouts.ts. All of them end in `settle()`.
 */
import type { Instant, Scheduler } from '../../base/time.ts'
import type { Options } from '../../wire/tcp-options.ts'
import type { Family, Ends, Reach } from './family.ts'
import type { Memory } from './memory.ts'
import type { Counters, Settings } from './settings.ts'
import { seconds } from '../../base/time.ts'
import { Agreement } from './agreement.ts'
import { Cubic } from './cubic.ts'
import { acknowledgeNow, output } from './output.ts'
import { Rack } from './rack.ts'
import { Receiver } from './receive.ts'
import { Reduction } from './reduction.ts'
import { Ring } from './ring.ts'
import { RoundTrip } from './round-trip.ts'
import { Scoreboard } from './scoreboard.ts'
import { onDelayedAck, onRetransmit, onSlow } from './timeouts.ts'
import { Timer } from './timer.ts'
import { reset } from './transmit.ts'

/** How long a peer may leave a connection half-closed that nobody holds any more; Linux' tcp_fin_timeout. */
export const abandonedFor = seconds(60)
/** And how long it may take to accept what was written before: a peer could acknowledge nothing, or open no window, for ever. */
const abandonedAtMost = seconds(600)

/** RFC 9293 §3.3.2, but for LISTEN and TIME-WAIT, which have no block: see accept.ts and time-wait.ts. */
export type State = 'SYN-SENT' | 'SYN-RECEIVED' | 'ESTABLISHED' | 'FIN-WAIT-1' | 'FIN-WAIT-2' | 'CLOSE-WAIT' | 'CLOSING' | 'LAST-ACK' | 'TIME-WAIT' | 'CLOSED'

/** Who is told: the socket, or nobody any more. */
export interface User {
  /** Whether bytes may be handed over as they come. */
  readonly flowing: boolean
  /** Something changed; look at the connection. */
  pump(): void
  /** The connection is gone. @param code Node's. */
  failed(code: string): void
}

/** What a connection stands on: its host's TCP. */
export interface Ground {
  readonly scheduler: Scheduler
  readonly memory: Memory
  readonly settings: Settings
  readonly counters: Counters
  /** In front of the names of alarms. */
  readonly name: string
  /** Settles the connection after the present call. */
  later(connection: Connection): void
  /** Does something after the present call. */
  after(act: () => void): void
  /** It is closed: out of the table. */
  forget(connection: Connection): void
  /** It enters TIME-WAIT. */
  linger(connection: Connection): void
  initialSequence(family: Family, ends: Ends): number
  timestampOffset(family: Family, ends: Ends): number
}

/** `recovery`: losses that acknowledgments told of. `loss`: those that a time-out told of. */
export type Phase = 'open' | 'recovery' | 'loss'
/** What the one timer of the sender waits for. */
export type Waiting = 'handshake' | 'retransmit' | 'probe' | 'reorder' | 'persist'

export class Connection {
  readonly ground: Ground
  readonly family: Family
  readonly ends: Ends
  readonly addressSum: number
  user: User | undefined
  /** Told when a passive open has come to an end, well or not (accept.ts). */
  opened: ((well: boolean) => void) | undefined
  state: State = 'CLOSED'
  reach: Reach

  // Send sequence space (RFC 9293 §3.3.1), unwrapped (sequence.ts).
  readonly iss: number
  sndUna: number
  sndNxt: number
  sndWnd = 0
  sndWl1 = 0
  sndWl2 = 0
  /** MAX.SND.WND (RFC 5961 §5.2). */
  maxSndWnd = 0
  /** From SND.UNA on: sent and unacknowledged, then waiting. */
  readonly out: Ring
  /** The user is done: a FIN follows the last byte. */
  finQueued = false
  noDelay = false
  /** Behind the last segment smaller than the MSS (Minshall's form of Nagle's algorithm). */
  smallEnd: number
  lastSentAt: Instant
  /** The options of the peer's SYN, to be answered in ours. */
  peerOffer: Options | undefined

  readonly board = new Scoreboard()
  readonly rack = new Rack()
  readonly roundTrip = new RoundTrip()
  readonly congestion: Cubic
  readonly reduction = new Reduction()
  readonly agreement: Agreement
  readonly receiver: Receiver

  phase: Phase = 'open'
  /** SND.NXT when the present recovery began. */
  recoveryPoint: number
  /** Our timestamp when it began: an acknowledgment that echoes an older one says it was for nothing (RFC 3522). */
  undoStamp: number | undefined
  /** Duplicate acknowledgments in a row, and the bytes they stand for, where there is no SACK (RFC 6582). */
  dupAcks = 0
  renoBytes = 0
  /** How long until RACK may find more losses; 0: nothing to wait for. */
  reorderWait = 0
  /** cwnd, and nothing else, held the last burst back. */
  cwndLimited = false
  /** Behind the tail loss probe that is under way (RFC 8985 §7). */
  probeEnd: number | undefined
  probeAgain = false
  /** Behind the octet that probed a closed window (RFC 9293 §3.8.6.1). */
  windowProbeEnd = -1
  /** Time-outs in a row without a sign of life. */
  retries = 0
  /** What an ICMP error said; told instead of ETIMEDOUT if it comes to that (RFC 9293 §3.9.2.2: soft errors). */
  softError: string | undefined

  /** Probes of a closed window in a row. */
  windowProbes = 0

  waiting: Waiting = 'retransmit'
  /** An acknowledgment brought news, so the timer starts anew (RFC 6298 §5.3). */
  timerStale = false
  readonly timer: Timer
  readonly delayedAck: Timer
  /** Keep-alive, and the end of an abandoned FIN-WAIT-2. */
  readonly slow: Timer
  keepAlive: { readonly idle: number; probes: number } | undefined
  lastHeardAt: Instant

  /** When the present span of challenge.ts began, and what is left of it. */
  challengeWindow = Number.NEGATIVE_INFINITY
  challengesLeft = 0
  /** It waits to be settled (tcp.ts). */
  queued = false
  #settling = false

  constructor(ground: Ground, family: Family, ends: Ends, reach: Reach) {
    this.ground = ground
    this.family = family
    this.ends = ends
    this.reach = reach
    this.addressSum = family.addressSum(ends.local, ends.remote)
    this.iss = ground.initialSequence(family, ends)
    this.sndUna = this.iss
    this.sndNxt = this.iss
    this.smallEnd = this.iss
    this.recoveryPoint = this.iss
    this.out = new Ring(this.iss + 1, ground.memory)
    this.agreement = new Agreement(ground.settings.receiveBuffer, ground.timestampOffset(family, ends))
    this.receiver = new Receiver(ground.memory, ground.settings.receiveBuffer)
    this.congestion = new Cubic(this.mss)
    this.lastSentAt = ground.scheduler.now
    this.lastHeardAt = ground.scheduler.now
    const name = `${ground.name}.${family.format(ends.local)}:${ends.localPort}-${family.format(ends.remote)}:${ends.remotePort}`
    this.timer = new Timer(ground.scheduler, `${name}.retransmit`, () => this.#ring(onRetransmit))
    this.delayedAck = new Timer(ground.scheduler, `${name}.acknowledge`, () => this.#ring(onDelayedAck))
    this.slow = new Timer(ground.scheduler, `${name}.slow`, () => this.#ring(onSlow))
  }

  get now(): Instant {
    return this.ground.scheduler.now
  }

  /** Payload bytes of a full segment with the options that every segment has: SMSS (RFC 9293 §3.7.1). */
  get mss(): number {
    return Math.max(1, Math.min(this.agreement.peerMss, this.reach.pathMtu - this.family.headerBytes - 20) - (this.agreement.timestamps ? 12 : 0))
  }

  /** What we tell the peer in our MSS option. */
  get ourMss(): number {
    return Math.min(65_535, this.reach.linkMtu - this.family.headerBytes - 20)
  }

  /** Bytes thought to be in the network (RFC 6675 §4: pipe). */
  get pipe(): number {
    return Math.max(0, this.sndNxt - this.sndUna - this.board.sackedBytes - this.board.lostBytes - this.renoBytes)
  }

  get finAcked(): boolean {
    return this.finQueued && this.sndUna > this.out.end
  }

  /** Whether `write()` may be said yes to; more than the window of the path is always taken. */
  get hasRoom(): boolean {
    const { sendBuffer, sendBufferMax } = this.ground.settings
    return this.out.length < Math.max(sendBuffer, Math.min(sendBufferMax, 2 * this.congestion.cwnd))
  }

  /** The three-way handshake is behind us. */
  get synchronized(): boolean {
    return this.state !== 'SYN-SENT' && this.state !== 'SYN-RECEIVED' && this.state !== 'CLOSED'
  }

  /** Takes bytes to send; they are copied. */
  write(bytes: Uint8Array): void {
    this.out.append(bytes)
    this.ground.later(this)
  }

  /** CLOSE (RFC 9293 §3.10.4): no more to send, all the rest to come. */
  close(): void {
    if (this.finQueued || this.state === 'CLOSED') return
    this.finQueued = true
    this.leaveOpen()
    this.ground.later(this)
  }

  /** ABORT (RFC 9293 §3.10.5). */
  abort(): void {
    if (this.state === 'CLOSED') return
    if (this.state !== 'SYN-SENT') reset(this)
    this.drop()
  }

  /** The user is gone. What was written still goes out; what was not read is answered with a reset (RFC 9293 §3.10.4, RFC 1122 §4.2.2.13). */
  abandon(): void {
    this.user = undefined
    if (this.state === 'CLOSED' || this.state === 'TIME-WAIT') return this.receiver.clear()
    if (this.state === 'SYN-SENT' || this.receiver.unread > 0) return this.abort()
    this.close()
    this.slow.set(this.state === 'FIN-WAIT-2' ? abandonedFor : abandonedAtMost)
    this.ground.later(this)
  }

  /** The connection ends with an error. */
  fail(code: string): void {
    const { user } = this
    this.user = undefined
    this.drop()
    user?.failed(code)
  }

  /** Into CLOSED, without a word. */
  drop(): void {
    this.ground.forget(this)
    if (this.state === 'CLOSED') return
    this.state = 'CLOSED'
    this.#stop()
    this.opened?.(false)
    this.opened = undefined
  }

  /** Into TIME-WAIT: timers and buffers are gone, the ends stay taken. */
  rest(): void {
    this.state = 'TIME-WAIT'
    this.#stop()
    this.ground.linger(this)
  }

  /** After the handshake, and whenever the user closes. */
  leaveOpen(): void {
    if (!this.finQueued) return
    if (this.state === 'ESTABLISHED') this.state = 'FIN-WAIT-1'
    else if (this.state === 'CLOSE-WAIT') this.state = 'LAST-ACK'
  }

  /** What every way in ends with: the user is told, what may go out goes, and an acknowledgment that is still owed goes alone. */
  settle(): void {
    if (this.#settling) return
    this.#settling = true
    try {
      // While connecting an error is the answer.
      if (this.state === 'SYN-SENT' && this.softError !== undefined) return this.fail(this.softError)
      this.user?.pump()
      if (!this.synchronized || this.state === 'TIME-WAIT') return
      output(this)
      acknowledgeNow(this)
    } finally {
      this.#settling = false
    }
  }

  #stop(): void {
    this.timer.stop()
    this.delayedAck.stop()
    this.slow.stop()
    this.out.release(this.out.end)
    if (this.user === undefined) this.receiver.clear()
  }

  #ring(act: (connection: Connection) => void): void {
    act(this)
    if (this.state !== 'CLOSED') this.settle()
  }
}
