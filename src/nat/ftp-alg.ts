/**
 * FTP through NAT: the addresses that pass on a control connection are made true on its other side. RFC 959 §5.3.2 (PORT, 227), RFC 2428
 * (EPRT, 229); of what an application level gateway is, RFC 2663 §2.9.
 *
 * Theory of operation. A guest that is to be dialled says where: as a client by PORT or EPRT, as a server behind a forwarded port by 227 or 229.
 * Nobody outside can dial that, so a port is opened outside (`Outside.expect`), for this control connection's other end alone, and its address stands
 * in the line that goes on. Until it is open the line waits, and all that follows it. In the other direction only a 227 with the server's own address
 * is touched, where the guest knows the server by another one. NAT ends TCP on both sides, so lines may change their length.
 *
 * Only whole lines are looked at, and only what could be the beginning of one of these four words is kept back for its end: whatever else there is,
 * TLS after AUTH with it, passes as it comes.
 */
import type { Endpoint } from '../stack/sockets.ts'
import { concat, fromLatin1, latin1 } from '../base/bytes.ts'

export const ftpPort = 21

export interface FtpAlgParts {
  /** The guest's end of the control connection. */
  readonly guest: Endpoint
  /** The other end as the guest sees it, and as it is outside. */
  readonly seen: string
  readonly real: string
  /** Who the guest is. */
  readonly role: 'client' | 'server'
  /** Opens a port outside that leads to the guest's end; `opened` answers. */
  readonly expect: (to: Endpoint) => void
  /** Bytes for the outside. */
  readonly leave: (bytes: Uint8Array) => void
}

/** An end that a line names: of the guest's or of the server's. */
interface Offer {
  readonly word: 'port' | 'eprt' | '227' | '229'
  /** Undefined: the one that the control connection goes to. */
  readonly address: string | undefined
  readonly port: number
}

/** No line of these four is longer: an IPv6 address, some delimiters, a sentence. */
const longestLine = 512
const lineFeed = 10

export class FtpAlg {
  readonly #parts: FtpAlgParts
  readonly #outgoing: LineSplitter
  readonly #incoming: LineSplitter
  /** What waits for a port to be opened: the line that needs it, and all that the guest has said since. */
  #held: { readonly line: Uint8Array; readonly offer: Offer } | undefined
  #behind: Uint8Array[] = []
  #whenFree: (() => void) | undefined
  #plain = true

  constructor(parts: FtpAlgParts) {
    this.#parts = parts
    const [commands, replies] = [['PORT ', 'EPRT '], ['227', '229', '234']]
    this.#outgoing = new LineSplitter(parts.role === 'client' ? commands : replies)
    this.#incoming = new LineSplitter(parts.role === 'client' ? replies : commands)
  }

  /** Whether something waits: nothing more should be said meanwhile. */
  get waiting(): boolean {
    return this.#held !== undefined
  }

  /** Guest to outside; goes on by `leave`. */
  fromGuest(bytes: Uint8Array): void {
    if (this.#held !== undefined) return void this.#behind.push(bytes.slice())
    if (!this.#plain) {
      const rest = this.#outgoing.rest()
      if (rest.length > 0) this.#parts.leave(rest)
      return this.#parts.leave(bytes)
    }
    const pieces = this.#outgoing.take(bytes)
    for (const [at, piece] of pieces.entries()) {
      const offer = piece.interesting ? offerOf(piece.bytes) : undefined
      if (offer === undefined) this.#secured(piece)
      if (offer === undefined || !this.#ours(offer)) this.#parts.leave(piece.bytes)
      else {
        this.#held = { line: piece.bytes, offer }
        this.#behind = pieces.slice(at + 1).map((rest) => rest.bytes)
        // What was split off has to be looked at again, its unfinished end too.
        this.#behind.push(this.#outgoing.rest())
        return this.#parts.expect({ address: this.#parts.guest.address, port: offer.port })
      }
    }
  }

  /** The port outside is open; undefined: it can't be, and the line goes on as it was. */
  opened(at: Endpoint | undefined): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    const { role } = this.#parts
    this.#parts.leave(at === undefined ? held.line : latin1(lineOf(held.offer, role, at)))
    for (const bytes of this.#behind.splice(0)) this.fromGuest(bytes)
    if (this.#held !== undefined) return
    const whenFree = this.#whenFree
    this.#whenFree = undefined
    whenFree?.()
  }

  /** The guest says no more; `then` is called when all it said has left. */
  end(then: () => void): void {
    if (this.#held !== undefined) {
      this.#whenFree = () => this.end(then)
      return
    }
    const rest = this.#outgoing.rest()
    if (rest.length > 0) this.#parts.leave(rest)
    then()
  }

  /** Outside to guest. @returns what the guest is to hear; the bytes given are not kept. */
  fromOutside(bytes: Uint8Array): Uint8Array {
    if (!this.#plain) return concat(this.#incoming.rest(), bytes)
    const pieces = this.#incoming.take(bytes)
    return concat(...pieces.map((piece) => {
      this.#secured(piece)
      return piece.interesting ? this.#arriving(piece.bytes) : piece.bytes
    }))
  }

  /** What is still to be heard when the outside says no more. */
  outsideEnded(): Uint8Array {
    return this.#incoming.rest()
  }

  #arriving(line: Uint8Array): Uint8Array {
    const offer = this.#parts.role === 'client' ? offerOf(line) : undefined
    const { real, seen } = this.#parts
    if (offer?.word !== '227' || seen === real || seen.includes(':') || offer.address !== real) return line
    return latin1(lineOf(offer, 'server', { address: seen, port: offer.port }))
  }

  /** Only for itself a guest has ports opened. */
  #ours({ word, address, port }: Offer): boolean {
    const { guest, role } = this.#parts
    if (port === 0 || (role === 'client') !== (word === 'port' || word === 'eprt')) return false
    return address === undefined || address === guest.address
  }

  /** "234": from here on nothing can be read (RFC 4217 §4.2). */
  #secured({ interesting, bytes }: Piece): void {
    if (interesting && fromLatin1(bytes.subarray(0, 4)) === '234 ') this.#plain = false
  }
}

interface Piece {
  readonly bytes: Uint8Array
  /** A whole line that begins with one of the words. */
  readonly interesting: boolean
}

/** Cuts out the lines that begin with one of some words, and keeps back only what may become one. */
class LineSplitter {
  readonly #words: readonly string[]
  #tail: Uint8Array = new Uint8Array(0)
  /** In the middle of a line that is of no interest. */
  #inside = false

  constructor(words: readonly string[]) {
    this.#words = words
  }

  take(bytes: Uint8Array): Piece[] {
    const all = this.#tail.length === 0 ? bytes : concat(this.#tail, bytes)
    this.#tail = new Uint8Array(0)
    const pieces: Piece[] = []
    for (let from = 0; from < all.length; ) {
      const feed = all.indexOf(lineFeed, from)
      const end = feed < 0 ? all.length : feed + 1
      const line = all.subarray(from, end)
      const interesting = !this.#inside && this.#begins(line)
      if (feed < 0 && interesting && line.length < longestLine) {
        this.#tail = line.slice()
        return pieces
      }
      pieces.push({ bytes: line.slice(), interesting: interesting && feed >= 0 && line.length <= longestLine })
      this.#inside = feed < 0
      from = end
    }
    return pieces
  }

  /** What was kept back; what comes next is the beginning of a line. */
  rest(): Uint8Array {
    const tail = this.#tail
    this.#tail = new Uint8Array(0)
    this.#inside = false
    return tail
  }

  #begins(line: Uint8Array): boolean {
    const text = fromLatin1(line.subarray(0, 5)).toUpperCase()
    return this.#words.some((word) => (text.length < word.length ? word.startsWith(text) : text.startsWith(word)))
  }
}

/** The end that a line names; undefined for any other line. */
function offerOf(bytes: Uint8Array): Offer | undefined {
  const line = fromLatin1(bytes)
  const six = /^(?:(PORT) +|(227)[ -][^\d]*?)(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})(?!\d)/i.exec(line)
  if (six !== null) {
    const numbers = six.slice(3).map(Number)
    if (numbers.some((number) => number > 255)) return undefined
    return { word: six[1] === undefined ? '227' : 'port', address: numbers.slice(0, 4).join('.'), port: numbers[4] * 256 + numbers[5] }
  }
  const [, eprt, , , address, port] = /^(EPRT) +([^\d\r\n])([12])\2([\da-fA-F.:]{2,45})\2(\d{1,5})\2/i.exec(line) ?? []
  if (eprt !== undefined) return Number(port) > 65_535 ? undefined : { word: 'eprt', address, port: Number(port) }
  const [, , only] = /^229 [^(]*\(([^\d\r\n])\1\1(\d{1,5})\1\)/.exec(line) ?? []
  return only === undefined || Number(only) > 65_535 ? undefined : { word: '229', address: undefined, port: Number(only) }
}

/** The line with another end. A client's PORT becomes EPRT where the end has no four numbers. */
function lineOf({ word }: Offer, role: 'client' | 'server', { address, port }: Endpoint): string {
  const numbers = `${address.replaceAll('.', ',')},${port >> 8},${port & 255}`
  if (word === '229') return `229 Entering Extended Passive Mode (|||${port}|)\r\n`
  if (role === 'server') return `227 Entering Passive Mode (${numbers})\r\n`
  if (word === 'port' && !address.includes(':')) return `PORT ${numbers}\r\n`
  return `EPRT |${address.includes(':') ? 2 : 1}|${address}|${port}|\r\n`
}
