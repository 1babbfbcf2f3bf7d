/**
 * One TCP connection through NAT: a connection of our stack inside, a stream of the host's outside, and bytes handed on between them.
 *
 * Theory of operation. A guest's SYN is a dial (stack/tcp/forward.ts) that waits until the outside has answered ours: then it is answered,
 * refused, or told unreachable; or forgotten, as the outside was silent. A connection that came by a forwarded port goes the other way: it is
 * there outside, and our stack dials the guest.
 *
 * Each half closes for itself: a FIN is handed on as an end, a reset as a reset. What goes out is told as taken by the host (`room`), and
 * the guest's window closes by itself while we don't read; what comes in is told as taken (`took`) once our stack has room for more, and the
 * outside's window closes while we don't tell. So neither side can fill more than one window and one send buffer, whoever stops reading.
 */
import type { Instant } from '../base/time.ts'
import type { Endpoint, TcpSocket } from '../stack/sockets.ts'
import type { Dial } from '../stack/tcp/forward.ts'
import type { FlowRow, Ground } from './ground.ts'
import type { OutsideEvent } from './outside.ts'
import { complaintOf } from './complaints.ts'
import { end, reasonOf } from './ledger.ts'
import { FtpAlg, ftpPort } from './ftp-alg.ts'
import { closingIdle, openIdle } from './limits.ts'

export interface StreamEnds {
  /** The guest's. */
  readonly inside: Endpoint
  /** As the guest sees it. */
  readonly outside: Endpoint
}

const nothing = new Uint8Array(0)

type StreamEvent = Extract<OutsideEvent, { kind: 'open' | 'data' | 'end' | 'room' | 'closed' | 'expecting' }>

export class StreamFlow {
  readonly number: number
  readonly ends: StreamEnds
  readonly direction: 'in' | 'out'
  lastAt: Instant
  readonly #ground: Ground
  #dial: Dial | undefined
  #socket: TcpSocket | undefined
  /** Of an FTP control connection. */
  #alg: FtpAlg | undefined
  #sent = 0
  #received = 0
  /** Came before the guest's handshake was done; at most one window. */
  #early: Uint8Array[] = []
  /** Written out, and not yet told as on their way. */
  #owed = 0
  /** Delivered, and not yet told so. */
  #untold = 0
  #insideEnded = false
  #outsideEnded = false
  #insideGone = false
  #outsideGone = false
  #resetTold = false

  constructor(number: number, ends: StreamEnds, ground: Ground) {
    this.number = number
    this.ends = ends
    this.direction = number > 0 ? 'out' : 'in'
    this.#ground = ground
    this.lastAt = ground.clock.now
  }

  /** A guest's SYN. @param at where it is to go outside. */
  dial(dial: Dial, at: Endpoint): void {
    this.#dial = dial
    if (this.ends.outside.port === ftpPort) this.#alg = this.#control('client', at.address)
    this.#ground.outside.dial(this.number, at)
  }

  /** Somebody came by a forwarded port: the guest is dialled. @param as from this end; from the gateway's when left out. */
  admit(as?: Endpoint): void {
    if (this.ends.inside.port === ftpPort) this.#alg = this.#control('server', this.ends.outside.address)
    const from = as === undefined ? {} : { localAddress: as.address, localPort: as.port }
    this.#join(this.#ground.host.connect(this.ends.inside, { allowHalfOpen: true, noDelay: true, ...from }))
  }

  get row(): FlowRow {
    const { inside, outside } = this.ends
    const idle = Math.floor((this.#ground.clock.now - this.lastAt) / 1e9)
    return { protocol: 'tcp', inside: end(inside), outside: end(outside), direction: this.direction, state: this.#state, sent: this.#sent, received: this.#received, idle, reason: '' }
  }

  hear(event: StreamEvent): void {
    this.lastAt = this.#ground.clock.now
    switch (event.kind) {
      case 'open':
        return this.#answer()
      case 'data':
        this.#received += event.bytes.length
        if (this.#socket === undefined) this.#early.push(event.bytes)
        else this.#deliver(this.#socket, event.bytes)
        return
      case 'end':
        this.#outsideEnded = true
        if (this.#socket !== undefined) this.#endInside(this.#socket)
        return
      case 'room':
        this.#owed -= event.count
        return this.#goOn()
      case 'expecting':
        this.#alg?.opened(event.at)
        return this.#goOn()
      case 'closed':
        return this.#outsideClosed(event.code)
    }
  }

  /** Credit that was held back while memory was tight. */
  relieve(): void {
    if (this.#insideGone || this.#untold === 0) return
    this.#ground.outside.took(this.number, this.#untold)
    this.#untold = 0
  }

  /** Whether nothing has passed for so long that it is given up (RFC 5382 REQ-5). */
  expired(now: Instant): boolean {
    const closing = this.#dial !== undefined || this.#socket === undefined || this.#insideEnded || this.#outsideEnded
    return now - this.lastAt > (closing ? closingIdle : openIdle)
  }

  /** Ends both halves at once. */
  cut(): void {
    this.#dial?.ignore()
    this.#dial = undefined
    this.#resetOutside()
    this.#outsideGone = true
    if (this.#socket === undefined) return this.#ground.forget(this.number)
    this.#socket.resetAndDestroy()
  }

  get #state(): string {
    if (this.#dial !== undefined) return 'dialling'
    if (this.#socket === undefined) return 'answering'
    if (this.#insideEnded || this.#outsideEnded) return 'closing'
    return 'open'
  }

  #answer(): void {
    const dial = this.#dial
    this.#dial = undefined
    dial?.accept((socket) => (socket === undefined ? this.#unanswered() : this.#join(socket)), { allowHalfOpen: true, noDelay: true })
  }

  /** The guest did not finish its own handshake. */
  #unanswered(): void {
    this.#insideGone = true
    this.#early = []
    if (this.#outsideGone) this.#ground.forget(this.number)
    else this.#resetOutside()
  }

  #join(socket: TcpSocket): void {
    const { outside } = this.#ground
    this.#socket = socket
    if (this.direction === 'in') socket.on('connect', () => void (this.lastAt = this.#ground.clock.now))
    socket.on('data', (bytes) => this.#leave(socket, bytes))
    socket.on('end', () => {
      this.#insideEnded = true
      if (this.#outsideGone) return
      if (this.#alg === undefined) outside.end(this.number)
      else this.#alg.end(() => outside.end(this.number))
    })
    socket.on('drain', () => this.#drained())
    socket.on('error', (error) => this.#insideFailed(error.code ?? 'EPROTO'))
    socket.on('close', () => this.#insideClosed())
    for (const bytes of this.#early.splice(0)) this.#deliver(socket, bytes)
    if (this.#outsideEnded) this.#endInside(socket)
    // Reset outside while the guest's handshake was under way.
    if (this.#outsideGone && !this.#outsideEnded) socket.resetAndDestroy()
  }

  /** Guest to outside. */
  #leave(socket: TcpSocket, bytes: Uint8Array): void {
    this.lastAt = this.#ground.clock.now
    this.#sent += bytes.length
    if (this.#outsideGone) return
    if (this.#alg === undefined) this.#write(bytes)
    else this.#alg.fromGuest(bytes)
    if (this.#owed >= this.#ground.window || this.#alg?.waiting === true) socket.pause()
  }

  #write(bytes: Uint8Array): void {
    if (this.#outsideGone) return
    this.#owed += bytes.length
    this.#ground.outside.write(this.number, bytes)
  }

  #goOn(): void {
    if (this.#owed <= this.#ground.window / 2 && this.#alg?.waiting !== true) this.#socket?.resume()
  }

  #control(role: 'client' | 'server', real: string): FtpAlg {
    const { inside, outside } = this.ends
    const seen = role === 'client' ? outside.address : undefined
    return new FtpAlg({ guest: inside, seen: outside.address, real, role, expect: (to) => this.#ground.expect(this.number, real, to, seen), leave: (bytes) => this.#write(bytes) })
  }

  /** Outside to guest. */
  #deliver(socket: TcpSocket, bytes: Uint8Array): void {
    this.#untold += bytes.length
    const told = this.#alg === undefined ? bytes : this.#alg.fromOutside(bytes)
    const room = told.length === 0 || socket.write(told)
    this.#ground.outside.spent(bytes)
    if (room) this.#drained()
  }

  #endInside(socket: TcpSocket): void {
    const rest = this.#alg?.outsideEnded() ?? nothing
    if (rest.length > 0) socket.write(rest)
    socket.end()
  }

  #drained(): void {
    if (this.#untold > 0 && this.#ground.tight) this.#ground.starve(this)
    else this.relieve()
  }

  #outsideClosed(code: string | undefined): void {
    this.#outsideGone = true
    if (this.#dial !== undefined) return this.#refused(this.#dial, code ?? 'ECONNRESET')
    if (this.#insideGone) return this.#ground.forget(this.number)
    if (code !== undefined) {
      this.#outsideEnded = false
      this.#socket?.resetAndDestroy()
    }
  }

  /** The outside has said no, or nothing. */
  #refused(dial: Dial, code: string): void {
    this.#dial = undefined
    const { inside, outside } = this.ends
    this.#ground.ledger.refuse('tcp', inside.address, end(outside), reasonOf(code))
    const complaint = complaintOf({ code, mtu: 0 })
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ENORESOLVER') dial.refuse()
    else if (complaint !== undefined) dial.unreachable(complaint)
    else dial.ignore()
    this.#ground.forget(this.number)
  }

  #insideFailed(code: string): void {
    if (this.direction === 'in' && this.#received + this.#sent === 0) {
      const { inside, outside } = this.ends
      this.#ground.ledger.refuse('tcp', outside.address, end(inside), `the guest: ${reasonOf(code)}`)
    }
    this.#resetOutside()
  }

  #insideClosed(): void {
    this.#insideGone = true
    if (this.#outsideGone) return this.#ground.forget(this.number)
    // Gone without having said all: nobody is left who could.
    if (!this.#insideEnded || !this.#outsideEnded) this.#resetOutside()
  }

  #resetOutside(): void {
    if (!this.#outsideGone && !this.#resetTold) this.#ground.outside.reset(this.number)
    this.#resetTold = true
  }
}
