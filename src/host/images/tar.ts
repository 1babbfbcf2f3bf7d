/** tar archives as Debian's packages hold them: POSIX ustar and pax (IEEE 1003.1 "pax"), and GNU's long names. Reading only. */
import { fromLatin1, fromUtf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'

export interface TarEntry {
  /** Relative, without a leading `./` and without a trailing slash. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'hardlink' | 'other'
  readonly mode: number
  /** Of a link: what it points to, as written; of a hard link: a name in the archive. */
  readonly target: string
  /** A view into the archive; empty unless `kind` is `file`. */
  readonly content: Uint8Array
}

const block = 512
const kinds: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'link', '5': 'folder' }

/** @throws {Malformed} */
export function* entries(tar: Uint8Array): Generator<TarEntry> {
  let long: { path?: string; linkpath?: string } = {}
  for (let at = 0; at + block <= tar.length; ) {
    const head = tar.subarray(at, at + block)
    if (head.every((byte) => byte === 0)) return
    verifyChecksum(head)
    const size = number(head, 124, 12)
    const content = tar.subarray(at + block, at + block + size)
    if (content.length !== size) throw new Malformed('tar: cut short')
    at += block + Math.ceil(size / block) * block
    const type = String.fromCharCode(head[156])
    if (type === 'L') long.path = text(content, 0, size)
    else if (type === 'K') long.linkpath = text(content, 0, size)
    else if (type === 'x') long = { ...long, ...paxRecords(content) }
    else if (type !== 'g') {
      const kind = kinds[type] ?? 'other'
      const name = (long.path ?? ustarName(head)).replace(/^(\.?\/+)+/, '').replace(/\/+$/, '')
      const target = long.linkpath ?? text(head, 157, 100)
      yield { name: name === '.' ? '' : name, kind, mode: number(head, 100, 8) & 0o7777, target: kind === 'hardlink' ? target.replace(/^(\.?\/+)+/, '') : target, content: kind === 'file' ? content : new Uint8Array(0) }
      long = {}
    }
  }
}

function verifyChecksum(head: Uint8Array): void {
  let sum = 0
  for (let at = 0; at < block; at++) sum += at >= 148 && at < 156 ? 0x20 : head[at]
  if (sum !== number(head, 148, 8)) throw new Malformed('tar: a header does not match its checksum')
}

function ustarName(head: Uint8Array): string {
  const name = text(head, 0, 100)
  const prefix = fromLatin1(head.subarray(257, 263)) === 'ustar\0' ? text(head, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Octal text, or GNU's base-256 with the top bit set. */
function number(head: Uint8Array, at: number, length: number): number {
  if (head[at] & 0x80) {
    let value = head[at] & 0x7f
    for (let byte = 1; byte < length; byte++) value = value * 256 + head[at + byte]
    if (!Number.isSafeInteger(value)) throw new Malformed('tar: a number is out of range')
    return value
  }
  const digits = text(head, at, length).trim()
  if (!/^[0-7]*$/.test(digits)) throw new Malformed(`tar: not an octal number: "${digits}"`)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return fromUtf8(end === -1 ? field : field.subarray(0, end))
}

/** `LENGTH KEY=VALUE\n`, repeated. */
function paxRecords(bytes: Uint8Array): { path?: string; linkpath?: string } {
  const found: { path?: string; linkpath?: string } = {}
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number.parseInt(fromLatin1(bytes.subarray(at, Math.max(at, space))), 10)
    if (space === -1 || !(length > space - at) || at + length > bytes.length) throw new Malformed('tar: a pax record is damaged')
    const [key, value] = fromUtf8(bytes.subarray(space + 1, at + length - 1)).split(/=(.*)/s, 2)
    if (key === 'path' || key === 'linkpath') found[key] = value
    at += length
  }
  return found
}
