/** What a request makes its answer depend on: If-Match and the others, in the order of RFC 9110 §13.2.2; ranges §14. */
import { parseDate } from './http-date.ts'

/** What there is to know of a file. */
export interface Version {
  /** In quotes. */
  readonly tag: string
  /** Seconds since 1970. */
  readonly modified: number
  /** In bytes. */
  readonly size: number
}

type Headers = ReadonlyMap<string, string>

/** 412 or 304 where the request's conditions say so; undefined: the file is to be sent. */
export function preconditionOf(headers: Headers, { tag, modified }: Version): 304 | 412 | undefined {
  const match = headers.get('if-match')
  const unmodified = parseDate(headers.get('if-unmodified-since') ?? '')
  if (match !== undefined ? !lists(match, tag, false) : unmodified !== undefined && modified > unmodified) return 412
  const none = headers.get('if-none-match')
  const since = parseDate(headers.get('if-modified-since') ?? '')
  if (none !== undefined ? lists(none, tag, true) : since !== undefined && modified <= since) return 304
  return undefined
}

/** @param weak whether `W/"x"` counts as `"x"` (RFC 9110 §8.8.3.2). */
function lists(header: string, tag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true
  return header.split(',').map((each) => each.trim()).some((each) => (weak ? each.replace(/^W\//, '') : each) === tag)
}

export interface Span {
  /** First byte. */
  readonly from: number
  /** Behind the last one. */
  readonly to: number
}

/** Parts of one answer; who asks for more gets the whole. */
const mostSpans = 16

/** The parts to send: `whole` where no range holds or one can't be read, `none` where all lie beyond the file. */
export function spansOf(headers: Headers, version: Version): readonly Span[] | 'whole' | 'none' {
  const written = /^bytes=(.*)$/i.exec(headers.get('range')?.trim() ?? '')?.[1]
  if (written === undefined || !sameVersion(headers.get('if-range'), version)) return 'whole'
  const parts = written.split(',').map((part) => part.trim()).filter((part) => part !== '')
  const spans: Span[] = []
  for (const part of parts) {
    const words = /^(\d{0,15})-(\d{0,15})$/.exec(part)
    if (words === null || (words[1] === '' && words[2] === '')) return 'whole'
    const [first, last] = words.slice(1)
    if (first !== '' && last !== '' && Number(last) < Number(first)) return 'whole'
    const from = first === '' ? Math.max(0, version.size - Number(last)) : Number(first)
    const to = first === '' || last === '' ? version.size : Math.min(version.size, Number(last) + 1)
    if (from < to) spans.push({ from, to })
  }
  if (parts.length === 0) return 'whole'
  if (spans.length === 0) return 'none'
  // Many small or overlapping ranges cost more than the file itself (RFC 9110 §17.15).
  const bytes = spans.reduce((sum, { from, to }) => sum + to - from, 0)
  return spans.length > mostSpans || bytes > version.size ? 'whole' : spans
}

/** If-Range: "if the validator doesn't match, ignore Range" (RFC 9110 §13.1.5). A date must be the very one. */
function sameVersion(condition: string | undefined, { tag, modified }: Version): boolean {
  if (condition === undefined) return true
  return condition.startsWith('"') ? condition === tag : parseDate(condition) === modified
}
