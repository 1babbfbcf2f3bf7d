/**
 * Domain names. RFC 1035 §3.1, compression §4.1.4; comparing RFC 4343. As text: labels and dots, no dot at the end, the root is `.`;
 * dots and backslashes inside a label are `\.` and `\\`, all that is no printable ASCII is `\DDD` (RFC 1035 §5.1).
 */
import { concat, need } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'

export const root = '.'
const longestLabel = 63
const longestName = 255
/** Bytes of names read from one message; pointers let a small message hold very many. */
const mostNameBytes = 65_536

/** Reads the names of one message; what all of them come to is bounded. */
export class NameReader {
  readonly #bytes: Uint8Array
  #read = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The name at `at`, and where what follows it begins. @throws {Malformed} */
  read(at: number): { readonly name: string; readonly next: number } {
    const labels: string[] = []
    let length = 1
    let next: number | undefined
    // Every pointer must lead to before the stretch it ends: so they come to an end.
    let stretch = at
    for (;;) {
      need(this.#bytes, at, 1, 'dns name')
      const size = this.#bytes[at++]
      if (size === 0) return { name: labels.length === 0 ? root : labels.join('.'), next: next ?? at }
      if (size >= 0xc0) {
        need(this.#bytes, at, 1, 'dns name pointer')
        const to = ((size & 0x3f) << 8) | this.#bytes[at]
        next ??= at + 1
        if (to >= stretch) throw new Malformed(`dns name pointer at ${at - 1} leads to ${to}, which is not before it`)
        stretch = to
        at = to
        continue
      }
      if (size > longestLabel) throw new Malformed(`dns label type ${size >> 6}`)
      need(this.#bytes, at, size, 'dns label')
      length += size + 1
      this.#read += size + 1
      if (length > longestName) throw new Malformed('dns name of more than 255 bytes')
      if (this.#read > mostNameBytes) throw new Malformed('dns message with too many names')
      labels.push(written(this.#bytes.subarray(at, at + size)))
      at += size
    }
  }
}

/** The labels of a name in text, without the root's. @throws {Malformed} when a label is empty or anything is too long. */
export function labelsOf(name: string): readonly Uint8Array[] {
  if (name === root || name === '') return []
  const labels: Uint8Array[] = []
  let label: number[] = []
  let total = 1
  const close = (): void => {
    if (label.length === 0) throw new Malformed(`an empty label in ${JSON.stringify(name)}`)
    if (label.length > longestLabel) throw new Malformed(`a label of ${label.length} bytes in ${JSON.stringify(name)}; ${longestLabel} is the most`)
    total += label.length + 1
    labels.push(Uint8Array.from(label))
    label = []
  }
  for (const token of name.match(/\\\d{3}|\\[^]|[^]/g) ?? []) {
    if (token === '.') close()
    else label.push(byteOf(token, name))
  }
  // One dot at the end is how people write that a name is whole.
  if (label.length > 0) close()
  if (total > longestName) throw new Malformed(`a name of ${total} bytes; ${longestName} is the most`)
  return labels
}

function byteOf(token: string, name: string): number {
  const code = token.length === 4 ? Number(token.slice(1)) : token.charCodeAt(token.length - 1)
  if (code > 255 || (token.length === 1 && code > 0x7e)) throw new Malformed(`${JSON.stringify(name)} is not a domain name in ASCII`)
  return code
}

/** Names that DNS takes for the same are equal after this: letters lower, no dot at the end. */
export function fold(name: string): string {
  const bare = name.length > 1 && name.endsWith('.') && !name.endsWith('\\.') ? name.slice(0, -1) : name
  return bare.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** The name without its first label; undefined for the root. */
export function parentOf(name: string): string | undefined {
  if (name === root) return undefined
  const at = /^(?:\\[^]|[^.\\])+\./.exec(name)?.[0].length
  return at === undefined || at >= name.length ? root : name.slice(at)
}

/** Whether `name` is `apex` or below it. Both folded. */
export function isBelow(name: string, apex: string): boolean {
  return apex === root || name === apex || (name.endsWith(`.${apex}`) && !name.endsWith(`\\.${apex}`))
}

/** A name as bytes, never compressed. @throws {Malformed} */
export function nameBytes(name: string): Uint8Array {
  return concat(...labelsOf(name).flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0))
}

function written(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte)
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}
