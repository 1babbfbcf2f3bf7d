/** From a request to what is sent: a status, headers, and the pieces of the content, of which files are read only as they leave. */
import type { FileTree, OpenFile } from '../../src/stack/files.ts'
import type { HttpConfig } from './config.ts'
import type { Request, Wrong } from './request.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { FileError } from '../../src/stack/files.ts'
import { preconditionOf, spansOf, type Span, type Version } from './conditions.ts'
import { formatDate } from './http-date.ts'
import { listingOf } from './listing.ts'
import { mediaTypeOf } from './media-type.ts'
import { nameOf } from './request.ts'

/** A piece of the content: bytes, or a part of the open file. */
export type Piece = Uint8Array | Span

export interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly pieces: readonly Piece[]
  /** Closed by who sends the pieces. */
  readonly file: OpenFile | undefined
  /** What the request meant, for the log. */
  readonly name: string
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK', 206: 'Partial Content', 301: 'Moved Permanently', 304: 'Not Modified', 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout',
  412: 'Precondition Failed', 413: 'Content Too Large', 416: 'Range Not Satisfiable', 431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 501: 'Not Implemented', 503: 'Service Unavailable', 505: 'HTTP Version Not Supported',
}

/** `404 Not Found`. */
export const statusText = (status: number): string => `${status} ${reasons[status] ?? 'Unknown'}`

/** A short answer in plain text. */
export function plainAnswer({ status, message }: Wrong, name = '', headers: Answer['headers'] = []): Answer {
  const text = utf8(`${statusText(status)}${message === '' ? '' : `: ${message}`}\n`)
  return { status, headers: [...headers, ['Content-Type', 'text/plain; charset=utf-8'], ['Content-Length', String(text.length)]], pieces: [text], file: undefined, name }
}

/** @param config what is served, and how. The content of the answer to HEAD is the sender's to leave out. */
export function answerTo(request: Request, files: FileTree, config: HttpConfig): Answer {
  const { method } = request
  if (method === 'OPTIONS') return { status: 200, headers: [['Allow', allowed], ['Content-Length', '0']], pieces: [], file: undefined, name: request.target }
  if (method !== 'GET' && method !== 'HEAD') return plainAnswer({ status: known.has(method) ? 405 : 501, message: `only ${allowed}` }, request.target, [['Allow', allowed]])
  const name = nameOf(request.target)
  if (typeof name !== 'string') return plainAnswer(name, request.target)
  try {
    return found(request, name, files, config)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return refused(error, name)
  }
}

const allowed = 'GET, HEAD, OPTIONS'
const known = new Set(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT'])

function refused({ code }: FileError, name: string): Answer {
  const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
  return plainAnswer(missing ? { status: 404, message: 'there is no such file' } : { status: 403, message: 'this may not be read' }, name)
}

function found(request: Request, name: string, files: FileTree, config: HttpConfig): Answer {
  const { kind } = files.stat(name)
  if (kind === 'other') return plainAnswer({ status: 403, message: 'not a plain file' }, name)
  if (kind === 'file') return name.endsWith('/') ? plainAnswer({ status: 404, message: 'a file, not a folder' }, name) : fileAnswer(request, name, files)
  // Without the slash every relative link of the page would lead elsewhere. One slash in front: two would name another host.
  if (!name.endsWith('/')) return { ...plainAnswer({ status: 301, message: '' }, name), headers: [['Location', `/${encodeURI(name).replace(/^\/+/, '').replaceAll('?', '%3F').replaceAll('#', '%23')}/`], ['Content-Length', '0']], pieces: [] }
  const index = `${name}${config.index}`
  if (files.list(name).includes(config.index) && files.stat(index).kind === 'file') return fileAnswer(request, index, files)
  if (!config.listing) return plainAnswer({ status: 403, message: 'a folder, and folders are not listed' }, name)
  const page = utf8(listingOf(name, files))
  return { status: 200, headers: [['Content-Type', 'text/html; charset=utf-8'], ['Content-Length', String(page.length)], ['Cache-Control', 'no-cache']], pieces: [page], file: undefined, name }
}

function fileAnswer(request: Request, name: string, files: FileTree): Answer {
  const file = files.open(name, 'read')
  const { size, modified } = file.info
  const version: Version = { size, modified: Math.floor(modified), tag: `"${size.toString(36)}-${Math.floor(modified).toString(36)}"` }
  const headers: [string, string][] = [['Last-Modified', formatDate(version.modified)], ['ETag', version.tag], ['Accept-Ranges', 'bytes']]
  const condition = preconditionOf(request.headers, version)
  if (condition !== undefined) {
    file.close()
    return condition === 304 ? { status: 304, headers, pieces: [], file: undefined, name } : plainAnswer({ status: 412, message: 'the file is another by now' }, name, headers)
  }
  const spans = request.method === 'GET' ? spansOf(request.headers, version) : 'whole'
  if (spans === 'none') {
    file.close()
    return plainAnswer({ status: 416, message: `the file has ${size} bytes` }, name, [...headers, ['Content-Range', `bytes */${size}`]])
  }
  return spans === 'whole' ? whole(name, file, headers) : parts(name, file, headers, spans)
}

function whole(name: string, file: OpenFile, headers: readonly [string, string][]): Answer {
  const { size } = file.info
  return { status: 200, headers: [...headers, ['Content-Type', mediaTypeOf(name)], ['Content-Length', String(size)]], pieces: [{ from: 0, to: size }], file, name }
}

const boundary = 'netloom-part-of-a-file'

/** One range as it is; several as multipart/byteranges (RFC 9110 §14.6). */
function parts(name: string, file: OpenFile, headers: readonly [string, string][], spans: readonly Span[]): Answer {
  const range = ({ from, to }: Span): string => `bytes ${from}-${to - 1}/${file.info.size}`
  const [only] = spans
  const type = mediaTypeOf(name)
  if (spans.length === 1) return { status: 206, headers: [...headers, ['Content-Range', range(only)], ['Content-Type', type], ['Content-Length', String(only.to - only.from)]], pieces: [only], file, name }
  const pieces = spans.flatMap((span, at): Piece[] => [utf8(`${at === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${range(span)}\r\n\r\n`), span])
  pieces.push(utf8(`\r\n--${boundary}--\r\n`))
  const bytes = pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.to - piece.from), 0)
  return { status: 206, headers: [...headers, ['Content-Type', `multipart/byteranges; boundary=${boundary}`], ['Content-Length', String(bytes)]], pieces, file, name }
}
