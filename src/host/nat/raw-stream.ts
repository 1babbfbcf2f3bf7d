/**
 * One stream of NAT's outside on a socket of our own, without Node's streams: HostStream's twin for where there is a reactor.
 *
 * Theory of operation. What the guest writes waits as the very pieces that came, until the reactor's next turn: then all of them leave in one call, and one `room` tells of them. What comes is
 * read into a buffer of the ground's; a large one goes on to the lab as it is and comes back by `spent`, a small one is copied. Nothing is heard inside a command: every event is told from the
 * reactor's turn, when the lab stands still.
 */
import { getSystemErrorName } from 'node:util'
import type { Endpoint } from '../../stack/sockets.ts'
import type { OutsideEvent } from '../../nat/outside.ts'
import { type Reactor, readiness } from '../reactor.ts'
import { tryAgain } from '../uplinks/libc.ts'
import type { BufferPool } from './buffer-pool.ts'
import { mostPieces, type SocketCalls, underWay } from './socket-calls.ts'

/** What the streams of one outside share. */
export interface RawGround {
  readonly calls: SocketCalls
  readonly reactor: Reactor
  readonly pool: BufferPool
  /** Bytes that one stream may have told of before they are taken. */
  readonly window: () => number
  /** Bytes to read at once. */
  readonly readBytes: () => number
  readonly enter: (event: OutsideEvent) => void
  /** The stream is gone. */
  readonly forget: (flow: number) => void
}

/** Smaller reads are copied, so that a buffer isn't held for a few bytes. */
const copied = 16_384
const leastRead = 16_384
/** Reads of one turn. */
const burst = 4
/** ECONNRESET, EPIPE, ENOSPC. */
const connectionReset = -104
const brokenPipe = -32
const noSpace = -28

export class RawStream {
  readonly #flow: number
  readonly #ground: RawGround
  readonly #fd: number
  #connecting = true
  /** Written and not yet sent. */
  #out: Uint8Array[] = []
  #queued = false
  #blocked = false
  #ending = false
  #ended = false
  #heardEnd = false
  #paused = false
  #untaken = 0
  #events = 0
  #gone = false
  /** Out of the reactor's set. */
  #detached = false
  /** What a write came to, as a negative errno. */
  #broken: number | undefined

  /** @param to an IP address and port to dial. */
  constructor(flow: number, ground: RawGround, to: Endpoint) {
    this.#flow = flow
    this.#ground = ground
    const { fd, state } = ground.calls.dial(to)
    this.#fd = fd
    this.#events = readiness.out
    if (state < 0 && state !== underWay) this.#failLater(state)
    else if (!ground.reactor.add(fd, this.#events, (events) => this.#ready(events))) this.#failLater(noSpace)
  }

  write(bytes: Uint8Array): void {
    if (this.#gone || this.#ending) return
    this.#out.push(bytes)
    this.#soon()
  }

  took(count: number): void {
    this.#untaken -= count
    if (!this.#paused || this.#gone || this.#untaken > this.#ground.window() / 2) return
    this.#paused = false
    if (this.#detached) this.#attach()
    else this.#watch()
  }

  end(): void {
    if (this.#ending || this.#gone) return
    this.#ending = true
    this.#soon()
  }

  /** `closed` follows, without a code: it was our own doing. */
  reset(): void {
    if (this.#gone) return
    this.#let(() => this.#ground.calls.reset(this.#fd))
    this.#ground.reactor.later(() => this.#tellClosed(undefined))
  }

  /** Without a word. */
  drop(): void {
    if (!this.#gone) this.#let(() => this.#ground.calls.reset(this.#fd))
  }

  #soon(): void {
    if (this.#queued || this.#blocked || this.#connecting) return
    this.#queued = true
    this.#ground.reactor.later(() => {
      this.#queued = false
      if (!this.#gone) this.#flush()
    })
  }

  #ready(events: number): void {
    if (this.#connecting && !this.#connected()) return
    if ((events & readiness.out) !== 0 && this.#blocked) {
      this.#blocked = false
      this.#flush()
    }
    if (this.#gone) return
    const over = (events & (readiness.error | readiness.hangUp)) !== 0
    // A stream that is over is still read to its end; but the set tells of it again and again, whether we can read or not.
    if (over && this.#paused) return this.#detach()
    if (over && this.#heardEnd) return this.#hungUp()
    if (over || (events & readiness.in) !== 0) this.#read()
  }

  /** @returns whether it is. */
  #connected(): boolean {
    const failure = this.#ground.calls.failure(this.#fd)
    if (failure < 0) {
      this.#fail(failure)
      return false
    }
    this.#connecting = false
    this.#ground.enter({ kind: 'open', flow: this.#flow })
    this.#flush()
    return !this.#gone
  }

  #flush(): void {
    let sent = 0
    while (this.#out.length > 0 && !this.#blocked) {
      const count = this.#out.length === 1 ? this.#ground.calls.send(this.#fd, this.#out[0]) : this.#ground.calls.sendAll(this.#fd, this.#out)
      if (count === tryAgain) this.#blocked = true
      else if (count < 0) {
        // Told after what can still be read.
        this.#broken = count === brokenPipe ? connectionReset : count
        this.#out = []
      }
      else {
        sent += count
        this.#drop(count)
      }
    }
    if (sent > 0) this.#ground.enter({ kind: 'room', flow: this.#flow, count: sent })
    if (this.#ending && !this.#ended && this.#out.length === 0) {
      this.#ended = true
      this.#ground.calls.end(this.#fd)
      if (this.#heardEnd) return this.#finish()
    }
    if (!this.#detached) this.#watch()
  }

  #drop(count: number): void {
    let left = count
    let whole = 0
    while (whole < Math.min(this.#out.length, mostPieces) && left >= this.#out[whole].length) {
      left -= this.#out[whole].length
      this.#ground.pool.give(this.#out[whole])
      whole++
    }
    if (whole > 0) this.#out = whole === this.#out.length ? [] : this.#out.slice(whole)
    if (left > 0) this.#out[0] = this.#out[0].subarray(left)
  }

  #read(): void {
    const { calls, pool } = this.#ground
    for (let count = 0; count < burst && !this.#paused; count++) {
      // Not beyond the window, but for a little, so that its end doesn't come in drops.
      const readBytes = Math.min(this.#ground.readBytes(), Math.max(leastRead, this.#ground.window() - this.#untaken))
      const { bytes, address } = pool.spare
      const length = calls.receive(this.#fd, address, Math.min(readBytes, bytes.length))
      if (length === tryAgain) break
      if (length < 0) return this.#fail(length)
      if (length === 0) return this.#hearEnd()
      this.#hear(length)
      if (length < readBytes) break
    }
    this.#watch()
  }

  #hearEnd(): void {
    if (this.#broken !== undefined) return this.#fail(this.#broken)
    this.#heardEnd = true
    this.#ground.enter({ kind: 'end', flow: this.#flow })
    if (this.#ended) this.#finish()
    else this.#watch()
  }

  #hear(length: number): void {
    const { pool } = this.#ground
    const bytes = length <= copied ? pool.spare.bytes.slice(0, length) : pool.take(length)
    this.#untaken += length
    this.#paused = this.#untaken >= this.#ground.window()
    this.#ground.enter({ kind: 'data', flow: this.#flow, bytes })
  }

  /** Nothing passes any more in either direction, and what was to be read was. */
  #hungUp(): void {
    const failure = this.#broken ?? this.#ground.calls.failure(this.#fd)
    if (failure < 0) this.#fail(failure)
    else if (this.#ended) this.#finish()
    else this.#fail(connectionReset)
  }

  #attach(): void {
    this.#detached = false
    this.#events = readiness.in
    this.#ground.reactor.add(this.#fd, readiness.in, (events) => this.#ready(events))
  }

  /** Out of the set until it may be read again. */
  #detach(): void {
    this.#detached = true
    this.#ground.reactor.remove(this.#fd)
  }

  /** Both sides have ended. */
  #finish(): void {
    this.#let(() => this.#ground.calls.close(this.#fd))
    this.#tellClosed(undefined)
  }

  #fail(errno: number): void {
    this.#let(() => this.#ground.calls.close(this.#fd))
    this.#tellClosed(errno)
  }

  #failLater(errno: number): void {
    this.#let(() => {
      if (this.#fd >= 0) this.#ground.calls.close(this.#fd)
    })
    this.#ground.reactor.later(() => this.#tellClosed(errno))
  }

  #let(close: () => void): void {
    this.#gone = true
    this.#out = []
    if (this.#fd >= 0) this.#ground.reactor.remove(this.#fd)
    close()
  }

  #tellClosed(errno: number | undefined): void {
    this.#ground.forget(this.#flow)
    this.#ground.enter({ kind: 'closed', flow: this.#flow, code: errno === undefined ? undefined : getSystemErrorName(errno) })
  }

  #watch(): void {
    const events = (this.#paused || this.#heardEnd ? 0 : readiness.in) | (this.#blocked ? readiness.out : 0)
    if (events === this.#events || this.#detached) return
    this.#events = events
    this.#ground.reactor.change(this.#fd, events)
  }
}
