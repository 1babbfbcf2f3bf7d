/** Packets of GDB's remote serial protocol: framing, checksums, escapes. GDB manual, appendix E.1 "Overview". */
import { fromLatin1, latin1 } from '../../base/bytes.ts'

/** What comes from the debugger. `broken`: a packet whose checksum is wrong, or that is too long. Bodies have a character for each byte. */
export type Incoming = { readonly kind: 'packet'; readonly body: string } | { readonly kind: 'ack' | 'nak' | 'interrupt' | 'broken' }

/** Longest body, in bytes; told to the debugger as PacketSize. */
export const packetMax = 0x4000

const [dollar, hash, brace] = [0x24, 0x23, 0x7d]
const marks: Readonly<Record<number, Exclude<Incoming['kind'], 'packet'>>> = { 0x2b: 'ack', 0x2d: 'nak', 0x03: 'interrupt' }

/** Cuts a byte stream into packets. Bounded: of a packet that is too long nothing is kept. */
export class PacketReader {
  /** `out`: between packets; `body`; `sum`: the checksum's digits. */
  #place: 'out' | 'body' | 'sum' = 'out'
  #body: number[] = []
  #sum = ''
  #long = false

  feed(bytes: Uint8Array): Incoming[] {
    return [...bytes].map((byte) => this.#take(byte)).filter((one) => one !== undefined)
  }

  #take(byte: number): Incoming | undefined {
    if (this.#place === 'out') {
      if (byte === dollar) this.#begin()
      const kind = marks[byte]
      return kind === undefined ? undefined : { kind }
    }
    if (this.#place === 'sum') {
      this.#sum += String.fromCharCode(byte)
      return this.#sum.length === 2 ? this.#end() : undefined
    }
    if (byte === dollar) this.#begin()
    else if (byte === hash) this.#place = 'sum'
    else if (this.#body.length < packetMax) this.#body.push(byte)
    else this.#long = true
    return undefined
  }

  #begin(): void {
    this.#place = 'body'
    this.#body = []
    this.#sum = ''
    this.#long = false
  }

  #end(): Incoming {
    this.#place = 'out'
    const body = this.#body
    this.#body = []
    const right = /^[0-9a-f]{2}$/i.test(this.#sum) && Number.parseInt(this.#sum, 16) === checksum(body)
    return this.#long || !right ? { kind: 'broken' } : { kind: 'packet', body: unescape(body) }
  }
}

/** `$body#sum`, with what must not stand in a body escaped. @param body a character for each byte. */
export function buildPacket(body: string): Uint8Array {
  const bytes: number[] = []
  for (const byte of latin1(body)) {
    // `*` would begin a run length in an answer.
    if (byte === dollar || byte === hash || byte === brace || byte === 0x2a) bytes.push(brace, byte ^ 0x20)
    else bytes.push(byte)
  }
  return new Uint8Array([dollar, ...bytes, hash, ...latin1(checksum(bytes).toString(16).padStart(2, '0'))])
}

function checksum(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0)
}

function unescape(bytes: readonly number[]): string {
  const plain: number[] = []
  for (let at = 0; at < bytes.length; at++) plain.push(bytes[at] === brace && at + 1 < bytes.length ? bytes[++at] ^ 0x20 : bytes[at])
  return fromLatin1(Uint8Array.from(plain))
}
