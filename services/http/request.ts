/** HTTP/1.x requests: the head cut out of a stream, and read. RFC 9112 §2 to §6. */
import { fromLatin1, fromUtf8 } from '../../src/base/bytes.ts'

export interface Request {
  readonly method: string
  /** As it was sent: a path with its query, or a whole URL. */
  readonly target: string
  /** 0 or 1: of HTTP/1.x. */
  readonly minor: number
  /** By name in lower case; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>
  /** Bytes of content that follow; undefined: chunked, which is not read here. */
  readonly contentBytes: number | undefined
}

/** Why a request can't be read: a status, and the sentence for it. */
export interface Wrong {
  readonly status: number
  readonly message: string
}

/** Bytes of a head. */
export const longestHead = 16_384
const mostHeaders = 100
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** @returns where the head at the start of `bytes` ends, behind its empty line; -1: more must come. A lone LF ends a line too (RFC 9112 §2.2). */
export function headEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    const next = bytes[at + 1] === 13 ? at + 2 : at + 1
    if (bytes[next] === 10) return next + 1
  }
  return -1
}

/** @param head with its empty line. */
export function parseRequest(head: Uint8Array): Request | Wrong {
  const [first, ...lines] = fromLatin1(head).replace(/(\r?\n)+$/, '').split(/\r?\n/)
  const words = /^(\S+) (\S+) HTTP\/(\d)\.(\d)$/.exec(first)
  if (words === null || !token.test(words[1])) return wrong(400, 'not a request line of HTTP/1')
  if (words[3] !== '1') return wrong(505, `HTTP/${words[3]}.${words[4]} is not spoken here`)
  if (lines.length > mostHeaders) return wrong(431, `more than ${mostHeaders} header lines`)
  const headers = parseHeaders(lines)
  if ('status' in headers) return headers
  const minor = Math.min(1, Number(words[4]))
  // "A server MUST respond with a 400 to any HTTP/1.1 request message that lacks a Host header field and … more than one" (RFC 9112 §3.2).
  if (minor === 1 && (headers.get('host') ?? ',').includes(',')) return wrong(400, 'exactly one Host header is needed')
  const length = headers.get('content-length')
  const chunked = headers.has('transfer-encoding')
  if (length !== undefined && (chunked || !/^\d{1,15}$/.test(length))) return wrong(400, 'the length of the content is not clear')
  return { method: words[1], target: words[2], minor, headers, contentBytes: chunked ? undefined : Number(length ?? 0) }
}

function parseHeaders(lines: readonly string[]): Map<string, string> | Wrong {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    // No blank before the colon, no folded lines: both have been used to smuggle requests (RFC 9112 §5.1, §5.2).
    if (!token.test(name) || line.includes('\0') || line.includes('\r')) return wrong(400, 'a header line that can’t be read')
    const key = name.toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(key)
    headers.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

/** Whether the connection is to be kept for a further request (RFC 9112 §9.3). */
export function keeps({ minor, headers }: Request): boolean {
  const words = (headers.get('connection') ?? '').toLowerCase().split(',').map((word) => word.trim())
  return minor === 1 ? !words.includes('close') : words.includes('keep-alive')
}

/**
 * The name of a file below the root that a target means: percent signs are decoded once, the query is left off.
 * `..` is refused, not resolved: no client sends it that means well (RFC 3986 §5.2.4 has clients resolve it).
 */
export function nameOf(target: string): string | Wrong {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '') || '/'
  if (!path.startsWith('/')) return wrong(400, 'not a path')
  const bytes: number[] = []
  for (const piece of path.match(/%[0-9A-Fa-f]{2}|[^]/g) ?? []) {
    if (piece === '%') return wrong(400, 'a percent sign that encodes nothing')
    bytes.push(piece.length === 3 ? Number.parseInt(piece.slice(1), 16) : piece.charCodeAt(0))
  }
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) return wrong(400, 'a name with control characters')
  const name = fromUtf8(Uint8Array.from(bytes))
  if (name.includes('\ufffd')) return wrong(400, 'a name that is not UTF-8')
  if (name.split('/').includes('..')) return wrong(403, 'a name that leads out of the root')
  return name
}

const wrong = (status: number, message: string): Wrong => ({ status, message })
