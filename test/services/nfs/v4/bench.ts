/** Clients of NFSv4 by hand: compounds go in over a stream, and answers are read word by word. */
import { fromLatin1, latin1 } from '../../../../src/base/bytes.ts'
import { buildCall, buildSystem, parse } from '../../../../src/wire/rpc.ts'
import { build } from '../../../../src/wire/rpc-record.ts'
import { bitmapOf, putBitmap } from '../../../../src/wire/nfs4-attributes.ts'
import { numberOf, type Operation } from '../../../../src/wire/nfs4.ts'
import { XdrReader, XdrWriter } from '../../../../src/wire/xdr.ts'
import { type FakeStream, type NfsBench, records } from '../bench.ts'

/** An operation and what it is asked with. */
export type Op = (xdr: XdrWriter) => unknown

export const op = (name: Operation, args: Op = () => undefined): Op => (xdr) => args(xdr.u32(numberOf(name)))

export interface StateWords {
  readonly sequence: number
  readonly other: Uint8Array
}

export const anonymous: StateWords = { sequence: 0, other: new Uint8Array(12) }
export const putStateWords = (xdr: XdrWriter, { sequence, other }: StateWords): XdrWriter => xdr.u32(sequence).fixed(other)
export const readStateWords = (xdr: XdrReader): StateWords => ({ sequence: xdr.u32(), other: xdr.fixed(12).slice() })

/** fattr4 of values already in their form. */
export function fattr(xdr: XdrWriter, values: Readonly<Record<number, Op>> = {}): XdrWriter {
  const numbers = Object.keys(values).map(Number).sort((a, b) => a - b)
  putBitmap(xdr, bitmapOf(numbers))
  const body = new XdrWriter()
  for (const number of numbers) values[number](body)
  return xdr.opaque(body.bytes)
}

/** An answer under way. */
export class Answer {
  readonly status: number
  readonly count: number
  readonly xdr: XdrReader

  constructor(xdr: XdrReader) {
    this.status = xdr.u32()
    xdr.opaque(1024)
    this.count = xdr.u32()
    this.xdr = xdr
  }

  /** The status of the next operation's result, which has to be of that name. */
  next(name: Operation): number {
    const number = this.xdr.u32()
    if (number !== numberOf(name)) throw new Error(`a result of ${number}, not of ${name}`)
    return this.xdr.u32()
  }

  /** As `next`, and it went well. */
  good(name: Operation): XdrReader {
    const status = this.next(name)
    if (status !== 0) throw new Error(`${name}: status ${status}`)
    return this.xdr
  }
}

export class Client4 {
  readonly bench: NfsBench
  readonly minor: number
  readonly stream: FakeStream
  readonly uid: number
  /** What each call begins with: SEQUENCE in 4.1. */
  lead: readonly Op[] = []
  #xid = 0x4000

  constructor(bench: NfsBench, minor: number, uid = 0) {
    this.bench = bench
    this.minor = minor
    this.uid = uid
    this.stream = bench.connect(2049)
  }

  /** A whole call's bytes, arguments as they are. */
  raw(payload: Uint8Array, xid = ++this.#xid): Answer {
    const credential = buildSystem({ stamp: 1, machine: 'node1', uid: this.uid, gid: this.uid, groups: [] })
    this.stream.tell('data', build(buildCall({ xid, program: 100_003, version: 4, procedure: 1, credential, payload })))
    const [bytes] = records(this.stream)
    const message = parse(bytes)
    if (message.kind !== 'reply' || message.verdict.kind !== 'accepted' || message.verdict.status !== 0) throw new Error(JSON.stringify(message))
    return new Answer(new XdrReader(message.payload))
  }

  static compound(minor: number, ops: readonly Op[]): Uint8Array {
    const xdr = new XdrWriter().string('').u32(minor).u32(ops.length)
    for (const each of ops) each(xdr)
    return xdr.bytes
  }

  ask(...ops: readonly Op[]): Answer {
    return this.raw(Client4.compound(this.minor, ops))
  }
}

/** A 4.0 client that is known: its number. */
export function register(client: Client4, id = 'node1', verifier = 1): bigint {
  const { xdr } = client.ask(op('setclientid', (each) => each.u32(0).u32(verifier).string(id).u32(0x4000_0000).string('tcp').string('10.0.0.2.8.1').u32(1)))
  xdr.u32()
  if (xdr.u32() !== 0) throw new Error('SETCLIENTID')
  const number = xdr.u64()
  const confirm = xdr.fixed(8)
  const { status } = client.ask(op('setclientidConfirm', (each) => each.u64(number).fixed(confirm)))
  if (status !== 0) throw new Error(`SETCLIENTID_CONFIRM ${status}`)
  return number
}

export const exchange = (id: string, verifier = 1, flags = 0): Op => op('exchangeId', (xdr) => xdr.u32(0).u32(verifier).string(id).u32(flags).u32(0).u32(0))
export const createSession = (client: bigint, sequence: number, slots = 8, cached = 4096, most = 1_100_000, operations = 16): Op => op('createSession', (xdr) => {
  xdr.u64(client).u32(sequence).u32(0)
  for (let times = 0; times < 2; times++) xdr.u32(0).u32(most).u32(most).u32(cached).u32(operations).u32(slots).u32(0)
  xdr.u32(0x4000_0000).u32(1).u32(0)
})

/** A 4.1 client with a session. Every `ask` of its goes over slot 0. */
export class Client41 {
  readonly bare: Client4
  readonly number: bigint
  readonly session: Uint8Array
  sequence = 0
  cache = true

  constructor(bench: NfsBench, id = 'node1', options: { uid?: number; verifier?: number; complete?: boolean } = {}) {
    this.bare = new Client4(bench, 1, options.uid)
    const known = this.bare.ask(exchange(id, options.verifier)).good('exchangeId')
    this.number = known.u64()
    this.session = this.bare.ask(createSession(this.number, known.u32())).good('createSession').fixed(16).slice()
    if (options.complete !== false) this.ask(op('reclaimComplete', (xdr) => xdr.bool(false))).good('reclaimComplete')
  }

  lead(sequence: number, slot = 0): Op {
    return op('sequence', (xdr) => xdr.fixed(this.session).u32(sequence).u32(slot).u32(slot).bool(this.cache))
  }

  /** The answer behind SEQUENCE's. */
  ask(...ops: readonly Op[]): Answer {
    const answer = this.bare.ask(this.lead(++this.sequence), ...ops)
    if (answer.next('sequence') === 0) answer.xdr.fixed(36)
    return answer
  }
}

export interface OpenWish {
  readonly sequence?: number
  readonly access?: number
  readonly deny?: number
  readonly client?: bigint
  readonly owner?: string
  /** createmode4, and what follows it. */
  readonly create?: number
  readonly how?: Op
  readonly claim?: number
}

/** OPEN of a name. */
export const open = (name: string, { sequence = 0, access = 3, deny = 0, client = 0n, owner = 'o', create, how = (xdr) => fattr(xdr), claim = 0 }: OpenWish = {}): Op => op('open', (xdr) => {
  xdr.u32(sequence).u32(access).u32(deny).u64(client).string(owner)
  if (create === undefined) xdr.u32(0)
  else how(xdr.u32(1).u32(create))
  xdr.u32(claim)
  if (claim === 0) xdr.string(name)
  if (claim === 1) xdr.u32(0)
})

export interface Opened {
  readonly state: StateWords
  readonly flags: number
}

/** OPEN's result behind its status. */
export function readOpen(xdr: XdrReader): Opened {
  const state = readStateWords(xdr)
  xdr.fixed(20)
  const flags = xdr.u32()
  xdr.array(8, () => xdr.u32())
  if (xdr.u32() === 3) xdr.u32()
  return { state, flags }
}

export const root = op('putrootfh')
export const lookup = (name: string): Op => op('lookup', (xdr) => xdr.string(name))
export const at = (path: string): Op[] => [root, ...path.split('/').filter((part) => part !== '').map(lookup)]
export const put = (handle: Uint8Array): Op => op('putfh', (xdr) => xdr.opaque(handle))
export const getattr = (...numbers: number[]): Op => op('getattr', (xdr) => putBitmap(xdr, bitmapOf(numbers)))
export const close = (state: StateWords, sequence = 0): Op => op('close', (xdr) => putStateWords(xdr.u32(sequence), state))
export const read = (state: StateWords, offset = 0, count = 4096): Op => op('read', (xdr) => putStateWords(xdr, state).offset(offset).u32(count))
export const write = (state: StateWords, text: string, offset = 0): Op => op('write', (xdr) => putStateWords(xdr, state).offset(offset).u32(2).opaque(latin1(text)))
export const remove = (name: string): Op => op('remove', (xdr) => xdr.string(name))

/** The handle that a path leads to. */
export function walk(ask: (...ops: Op[]) => Answer, path: string): Uint8Array {
  const way = at(path)
  const answer = ask(...way, op('getfh'))
  answer.good('putrootfh')
  for (let count = 1; count < way.length; count++) answer.good('lookup')
  return answer.good('getfh').opaque(128).slice()
}

/** READ's result behind its status. */
export const readText = (xdr: XdrReader): { eof: boolean; text: string } => ({ eof: xdr.bool(), text: fromLatin1(xdr.opaque(2 ** 20)) })
