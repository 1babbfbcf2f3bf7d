/**
 * 9P2000.L, the messages by which Linux' v9fs reaches files. Plan 9's intro(5), and for `.L` diod's protocol.md and Linux' include/net/9p/9p.h.
 * Every message is described once, by its fields in their order; reading, building and printing all go by that. Integers are little-endian;
 * text is bytes, one character a byte, with its length in front.
 */
import { concat, fromLatin1, latin1, putU16le, putU32le, u16le, u32le } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'

/** size[4] type[1] tag[2]. */
export const headerBytes = 7
/** What a read's answer has before its data: header and count[4]. */
export const readHeadBytes = headerBytes + 4
/** IOHDRSZ: what both sides leave of a message for everything but data. */
export const overheadBytes = 24
export const version = '9P2000.L'
/** The tag of version, and "no fid", "no uid". */
export const noTag = 0xffff
export const noFid = 0xffff_ffff
export const noUid = 0xffff_ffff
/** "nwname must be 16 or less" (walk(5)). */
const mostNames = 16

/** Which thing of the server's: kind, version of its contents, number. */
export interface Qid {
  readonly type: number
  readonly version: number
  readonly path: number
}
/** Bits of a qid's type. */
export const qidTypes = { folder: 0x80, link: 0x02, file: 0x00 } as const
const qidBytes = 13

/** What a field's word says, and what it becomes. u64 beyond 2^53 loses its low bits; i64 is for times. */
interface Kinds {
  readonly u8: number
  readonly u16: number
  readonly u32: number
  readonly u64: number
  readonly i64: number
  readonly text: string
  readonly texts: readonly string[]
  /** count[4] and as many bytes; a view. */
  readonly data: Uint8Array
  readonly qid: Qid
  readonly qids: readonly Qid[]
}
type Layout = Readonly<Record<string, keyof Kinds>>

const lockFields = { kind: 'u8', start: 'u64', length: 'u64', process: 'u32', client: 'text' } as const
const made = { qid: 'qid' } as const
const opened = { qid: 'qid', iounit: 'u32' } as const
const none = {} as const

/** Requests: number, then fields. The answer's number is one more. */
export const requests = {
  statfs: [8, { fid: 'u32' }],
  lopen: [12, { fid: 'u32', flags: 'u32' }],
  lcreate: [14, { fid: 'u32', name: 'text', flags: 'u32', mode: 'u32', gid: 'u32' }],
  symlink: [16, { fid: 'u32', name: 'text', target: 'text', gid: 'u32' }],
  mknod: [18, { fid: 'u32', name: 'text', mode: 'u32', major: 'u32', minor: 'u32', gid: 'u32' }],
  rename: [20, { fid: 'u32', folder: 'u32', name: 'text' }],
  readlink: [22, { fid: 'u32' }],
  getattr: [24, { fid: 'u32', mask: 'u64' }],
  setattr: [26, { fid: 'u32', valid: 'u32', mode: 'u32', uid: 'u32', gid: 'u32', size: 'u64', accessed: 'i64', accessedNs: 'u64', modified: 'i64', modifiedNs: 'u64' }],
  xattrwalk: [30, { fid: 'u32', newFid: 'u32', name: 'text' }],
  xattrcreate: [32, { fid: 'u32', name: 'text', size: 'u64', flags: 'u32' }],
  readdir: [40, { fid: 'u32', offset: 'u64', count: 'u32' }],
  fsync: [50, { fid: 'u32', dataOnly: 'u32' }],
  lock: [52, { fid: 'u32', kind: 'u8', flags: 'u32', start: 'u64', length: 'u64', process: 'u32', client: 'text' }],
  getlock: [54, { fid: 'u32', ...lockFields }],
  link: [70, { folder: 'u32', fid: 'u32', name: 'text' }],
  mkdir: [72, { fid: 'u32', name: 'text', mode: 'u32', gid: 'u32' }],
  renameat: [74, { fid: 'u32', name: 'text', folder: 'u32', newName: 'text' }],
  unlinkat: [76, { fid: 'u32', name: 'text', flags: 'u32' }],
  version: [100, { msize: 'u32', version: 'text' }],
  auth: [102, { authFid: 'u32', user: 'text', tree: 'text', uid: 'u32' }],
  attach: [104, { fid: 'u32', authFid: 'u32', user: 'text', tree: 'text', uid: 'u32' }],
  flush: [108, { oldTag: 'u16' }],
  walk: [110, { fid: 'u32', newFid: 'u32', names: 'texts' }],
  read: [116, { fid: 'u32', offset: 'u64', count: 'u32' }],
  write: [118, { fid: 'u32', offset: 'u64', data: 'data' }],
  clunk: [120, { fid: 'u32' }],
  remove: [122, { fid: 'u32' }],
} as const satisfies Record<string, readonly [number, Layout]>

export const replies = {
  lerror: [7, { code: 'u32' }],
  statfs: [9, { type: 'u32', blockSize: 'u32', blocks: 'u64', free: 'u64', available: 'u64', files: 'u64', filesFree: 'u64', id: 'u64', nameLength: 'u32' }],
  lopen: [13, opened],
  lcreate: [15, opened],
  symlink: [17, made],
  mknod: [19, made],
  rename: [21, none],
  readlink: [23, { target: 'text' }],
  getattr: [25, {
    valid: 'u64', qid: 'qid', mode: 'u32', uid: 'u32', gid: 'u32', links: 'u64', device: 'u64', size: 'u64', blockSize: 'u64', blocks: 'u64',
    accessed: 'i64', accessedNs: 'u64', modified: 'i64', modifiedNs: 'u64', changed: 'i64', changedNs: 'u64', born: 'i64', bornNs: 'u64', generation: 'u64', dataVersion: 'u64',
  }],
  setattr: [27, none],
  xattrwalk: [31, { size: 'u64' }],
  xattrcreate: [33, none],
  readdir: [41, { data: 'data' }],
  fsync: [51, none],
  lock: [53, { status: 'u8' }],
  getlock: [55, lockFields],
  link: [71, none],
  mkdir: [73, made],
  renameat: [75, none],
  unlinkat: [77, none],
  version: [101, { msize: 'u32', version: 'text' }],
  auth: [103, made],
  attach: [105, made],
  flush: [109, none],
  walk: [111, { qids: 'qids' }],
  read: [117, { data: 'data' }],
  write: [119, { count: 'u32' }],
  clunk: [121, none],
  remove: [123, none],
} as const satisfies Record<string, readonly [number, Layout]>

type Fields<Each extends Layout> = { readonly [Field in keyof Each]: Kinds[Each[Field]] }
export type RequestName = keyof typeof requests
export type ReplyName = keyof typeof replies
export type RequestFields<Name extends RequestName> = Fields<(typeof requests)[Name][1]>
export type ReplyFields<Name extends ReplyName> = Fields<(typeof replies)[Name][1]>
export type Request<Name extends RequestName = RequestName> = { [Each in Name]: { readonly message: Each; readonly tag: number } & RequestFields<Each> }[Name]
export type Reply<Name extends ReplyName = ReplyName> = { [Each in Name]: { readonly message: Each; readonly tag: number } & ReplyFields<Each> }[Name]

/** A message's own length, type and tag. @throws {Malformed} */
export function header(bytes: Uint8Array): { readonly size: number; readonly type: number; readonly tag: number } {
  if (bytes.length < headerBytes) throw new Malformed(`9p: a message of ${bytes.length} bytes`)
  return { size: u32le(bytes, 0), type: bytes[4], tag: u16le(bytes, 5) }
}

const requestNames: ReadonlyMap<number, RequestName> = new Map(Object.entries(requests).map(([name, [number]]) => [number, name as RequestName]))
const replyNames: ReadonlyMap<number, ReplyName> = new Map(Object.entries(replies).map(([name, [number]]) => [number, name as ReplyName]))

/** Whether a type's number is a request's that we know. */
export const isRequest = (type: number): boolean => requestNames.has(type)

/** @param bytes one message, whole. @throws {Malformed} */
export function parse(bytes: Uint8Array): Request {
  const { type, tag } = header(bytes)
  const name = requestNames.get(type)
  if (name === undefined) throw new Malformed(`9p: a request of type ${type}`)
  return { message: name, tag, ...read(bytes, requests[name][1], name) } as Request
}

/** @throws {Malformed} */
export function parseReply(bytes: Uint8Array): Reply {
  const { type, tag } = header(bytes)
  const name = replyNames.get(type)
  if (name === undefined) throw new Malformed(`9p: an answer of type ${type}`)
  return { message: name, tag, ...read(bytes, replies[name][1], name) } as Reply
}

export function build<Name extends RequestName>(name: Name, tag: number, fields: RequestFields<Name>): Uint8Array {
  return assemble(requests[name][0], tag, requests[name][1], fields as Readonly<Record<string, unknown>>)
}

export function buildReply<Name extends ReplyName>(name: Name, tag: number, fields: ReplyFields<Name>): Uint8Array {
  return assemble(replies[name][0], tag, replies[name][1], fields as Readonly<Record<string, unknown>>)
}

/** A read's answer up to its data, which may then stay where it is. */
export function readHead(name: 'read' | 'readdir', tag: number, count: number): Uint8Array {
  const head = new Uint8Array(readHeadBytes)
  putU32le(head, 0, readHeadBytes + count)
  head[4] = replies[name][0]
  putU16le(head, 5, tag)
  putU32le(head, headerBytes, count)
  return head
}

/** One entry of what readdir answers: qid[13] offset[8] type[1] name[s]. @param offset at which the next one begins. */
export function entry(qid: Qid, offset: number, type: number, name: string): Uint8Array {
  return concat(...bytesOf('qid', qid), ...bytesOf('u64', offset), Uint8Array.of(type), ...bytesOf('text', name))
}

/** `walk 1 fid=0 newFid=1 names=["etc"]`. */
export function format(parsed: Request | Reply): string {
  const { message: name, tag, ...fields } = parsed
  const shown = Object.entries(fields).map(([field, value]) => `${field}=${show(value as Kinds[keyof Kinds])}`)
  return [name, tag, ...shown].join(' ')
}

function show(value: Kinds[keyof Kinds]): string {
  if (value instanceof Uint8Array) return `${value.length}B`
  if (typeof value === 'string') return legible(value)
  if (Array.isArray(value)) return `[${value.map((each: string | Qid) => show(each)).join(',')}]`
  return typeof value === 'object' ? `${(value as Qid).type.toString(16)}:${(value as Qid).version}:${(value as Qid).path}` : String(value)
}

function read(bytes: Uint8Array, layout: Layout, name: string): Record<string, unknown> {
  const reader = new Reader(bytes, name)
  const fields: Record<string, unknown> = {}
  for (const [field, kind] of Object.entries(layout)) {
    // Before Linux 2.6.39 fsync said nothing of data alone.
    fields[field] = name === 'fsync' && field === 'dataOnly' && reader.ended ? 0 : reader.field(kind)
  }
  if (!reader.ended) throw new Malformed(`9p ${name}: bytes left over`)
  return fields
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #name: string
  #at = headerBytes

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes
    this.#name = name
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }

  field(kind: keyof Kinds): Kinds[keyof Kinds] {
    switch (kind) {
      case 'u8':
        return this.#bytes[this.#take(1)]
      case 'u16':
        return u16le(this.#bytes, this.#take(2))
      case 'u32':
        return u32le(this.#bytes, this.#take(4))
      case 'u64':
        return this.#wide()
      case 'i64': {
        const [low, high] = [u32le(this.#bytes, this.#take(4)), u32le(this.#bytes, this.#take(4))]
        return (high | 0) * 2 ** 32 + low
      }
      case 'text':
        return this.#text()
      case 'texts':
        return Array.from({ length: this.#count(mostNames) }, () => this.#text())
      case 'data': {
        const length = u32le(this.#bytes, this.#take(4))
        return this.#bytes.subarray(this.#take(length), this.#at)
      }
      case 'qid':
        return this.#qid()
      case 'qids':
        return Array.from({ length: this.#count(mostNames) }, () => this.#qid())
    }
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw new Malformed(`9p ${this.#name}: ${count} bytes wanted at ${at} of ${this.#bytes.length}`)
    this.#at += count
    return at
  }

  #wide(): number {
    const low = u32le(this.#bytes, this.#take(4))
    return u32le(this.#bytes, this.#take(4)) * 2 ** 32 + low
  }

  #text(): string {
    const length = u16le(this.#bytes, this.#take(2))
    return fromLatin1(this.#bytes.subarray(this.#take(length), this.#at))
  }

  #count(most: number): number {
    const count = u16le(this.#bytes, this.#take(2))
    if (count > most) throw new Malformed(`9p ${this.#name}: ${count} names`)
    return count
  }

  #qid(): Qid {
    const at = this.#take(qidBytes)
    return { type: this.#bytes[at], version: u32le(this.#bytes, at + 1), path: u32le(this.#bytes, at + 9) * 2 ** 32 + u32le(this.#bytes, at + 5) }
  }
}

function assemble(type: number, tag: number, layout: Layout, fields: Readonly<Record<string, unknown>>): Uint8Array {
  const head = new Uint8Array(headerBytes)
  head[4] = type
  putU16le(head, 5, tag)
  const whole = concat(head, ...Object.entries(layout).flatMap(([field, kind]) => bytesOf(kind, fields[field])))
  putU32le(whole, 0, whole.length)
  return whole
}

/** @param value what the field's kind says. */
function bytesOf(kind: keyof Kinds, value: unknown): Uint8Array[] {
  if (kind === 'text') return [number(2, (value as string).length), latin1(value as string)]
  if (kind === 'texts') return [number(2, (value as string[]).length), ...(value as string[]).flatMap((each) => bytesOf('text', each))]
  if (kind === 'data') return [number(4, (value as Uint8Array).length), value as Uint8Array]
  if (kind === 'qids') return [number(2, (value as Qid[]).length), ...(value as Qid[]).flatMap((each) => bytesOf('qid', each))]
  if (kind === 'qid') return [number(1, (value as Qid).type), number(4, (value as Qid).version), number(8, (value as Qid).path)]
  return [number(widths[kind], value as number)]
}

const widths = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8 } as const

function number(width: 1 | 2 | 4 | 8, value: number): Uint8Array {
  const bytes = new Uint8Array(width)
  if (width === 1) bytes[0] = value
  else if (width === 2) putU16le(bytes, 0, value)
  else putU32le(bytes, 0, value >>> 0)
  if (width === 8) putU32le(bytes, 4, Math.floor(value / 2 ** 32) >>> 0)
  return bytes
}
