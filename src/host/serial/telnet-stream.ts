/**
 * One side of a telnet connection as a state machine: bytes from the net in, data out; what is negotiated it answers itself. RFC 854, 855.
 * Options are kept so that an answer is never answered (RFC 1143); a subnegotiation is bounded; nothing that comes in makes it throw.
 */
import { options, telnet } from './telnet-options.ts'

export interface TelnetTraits {
  /** Options that we may have on our side, and those that we let the other side have. */
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  readonly send: (bytes: Uint8Array) => void
  /** An option is on, on our side or on theirs. */
  readonly enabled?: (option: number, side: 'ours' | 'theirs') => void
  readonly subnegotiation?: (option: number, bytes: Uint8Array) => void
  readonly break?: () => void
}

type State = 'data' | 'return' | 'command' | 'option' | 'sub' | 'sub-command'

/** Longest subnegotiation that is kept; RFC 2217's have up to some tens of bytes. */
const longestSub = 256
const [nul, lf, cr] = [0, 10, 13]

export class TelnetStream {
  readonly #traits: TelnetTraits
  readonly #on = { ours: new Set<number>(), theirs: new Set<number>() }
  readonly #asked = { ours: new Set<number>(), theirs: new Set<number>() }
  #state: State = 'data'
  #verb = 0
  #sub: number[] = []
  /** The last that was sent was a carriage return. */
  #returned = false

  constructor(traits: TelnetTraits) {
    this.#traits = traits
  }

  has(option: number, side: 'ours' | 'theirs'): boolean {
    return this.#on[side].has(option)
  }

  /** Offers an option of ours, or asks for one of theirs. */
  ask(option: number, side: 'ours' | 'theirs'): void {
    if (this.#on[side].has(option) || this.#asked[side].has(option)) return
    this.#asked[side].add(option)
    this.#say(side === 'ours' ? telnet.will : telnet.do, option)
  }

  /** @param bytes without the option's number; sent framed and doubled. */
  subnegotiate(option: number, bytes: Uint8Array): void {
    this.#traits.send(Uint8Array.of(telnet.iac, telnet.sb, option, ...doubled(bytes), telnet.iac, telnet.se))
  }

  /** Data as it goes on the net: IAC doubled; without the binary option, a carriage return is followed by something (RFC 854, p. 11). */
  encode(data: Uint8Array): Uint8Array {
    if (this.#on.ours.has(options.binary)) return Uint8Array.from(doubled(data))
    const out: number[] = []
    for (const byte of data) {
      if (this.#returned && byte !== lf) out.push(nul)
      this.#returned = byte === cr
      out.push(byte)
      if (byte === telnet.iac) out.push(byte)
    }
    if (this.#returned) {
      out.push(nul)
      this.#returned = false
    }
    return Uint8Array.from(out)
  }

  /** @returns the data among the bytes. */
  receive(bytes: Uint8Array): Uint8Array {
    const data: number[] = []
    for (const byte of bytes) this.#step(byte, data)
    return Uint8Array.from(data)
  }

  #step(byte: number, data: number[]): void {
    switch (this.#state) {
      case 'return':
        this.#state = 'data'
        // A line's end is CR LF or CR NUL; a guest's console wants the return alone.
        if (byte === nul || byte === lf) return
        return this.#step(byte, data)
      case 'data':
        if (byte === telnet.iac) this.#state = 'command'
        else {
          data.push(byte)
          if (byte === cr && !this.#on.theirs.has(options.binary)) this.#state = 'return'
        }
        return
      case 'command':
        return this.#command(byte, data)
      case 'option':
        this.#state = 'data'
        return this.#negotiate(byte)
      case 'sub':
        if (byte === telnet.iac) this.#state = 'sub-command'
        else this.#keep(byte)
        return
      case 'sub-command':
        return this.#endSub(byte)
    }
  }

  #command(byte: number, data: number[]): void {
    this.#state = 'data'
    if (byte === telnet.iac) data.push(byte)
    else if (byte >= telnet.will) {
      this.#verb = byte
      this.#state = 'option'
    } else if (byte === telnet.sb) {
      this.#sub = []
      this.#state = 'sub'
    } else if (byte === telnet.break) this.#traits.break?.()
    else if (byte === telnet.areYouThere) this.#traits.send(Uint8Array.from('\r\n[yes]\r\n', (char) => char.charCodeAt(0)))
  }

  #endSub(byte: number): void {
    this.#state = 'sub'
    if (byte === telnet.iac) return this.#keep(byte)
    this.#state = 'data'
    if (byte === telnet.se && this.#sub.length > 0 && this.#sub.length <= longestSub) this.#traits.subnegotiation?.(this.#sub[0], Uint8Array.from(this.#sub.slice(1)))
    this.#sub = []
  }

  /** One more than the longest is kept, so that its end knows it was too long. */
  #keep(byte: number): void {
    if (this.#sub.length <= longestSub) this.#sub.push(byte)
  }

  #negotiate(option: number): void {
    const side = this.#verb === telnet.do || this.#verb === telnet.dont ? 'ours' : 'theirs'
    const [yes, no] = side === 'ours' ? [telnet.will, telnet.wont] : [telnet.do, telnet.dont]
    const asked = this.#asked[side].delete(option)
    if (this.#verb === telnet.wont || this.#verb === telnet.dont) {
      if (this.#on[side].delete(option)) this.#say(no, option)
      return
    }
    if (this.#on[side].has(option)) return
    if (!this.#traits[side].includes(option)) return this.#say(no, option)
    this.#on[side].add(option)
    if (!asked) this.#say(yes, option)
    this.#traits.enabled?.(option, side)
  }

  #say(verb: number, option: number): void {
    this.#traits.send(Uint8Array.of(telnet.iac, verb, option))
  }
}

function doubled(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => (byte === telnet.iac ? [byte, byte] : [byte]))
}
