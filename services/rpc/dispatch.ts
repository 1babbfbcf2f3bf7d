/** From the bytes of a call to the bytes of its reply. RFC 5531 §9. */
import type { Clock } from '../../src/base/time.ts'
import { Malformed } from '../../src/base/errors.ts'
import { accepted, authentication, type Call, flavors, parse, parseSystem, putReply, type SystemCredential, type Verdict } from '../../src/wire/rpc.ts'
import { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import { DuplicateCache } from './duplicates.ts'

export type Transport = 'udp' | 'tcp'

/** Who calls, and how. */
export interface Caller {
  readonly address: string
  readonly port: number
  readonly transport: Transport
  /** Which of our addresses was called. */
  readonly local: string
}

export interface Program {
  readonly number: number
  readonly name: string
  /** In ascending order. */
  readonly versions: readonly number[]
  /** Those of `versions` that are there over a transport; all, when it isn't said. */
  versionsOver?(transport: Transport): readonly number[]
  /** Whether a call, sent again, must not be done again; `perhaps` when that shows only in serving it. */
  changes(version: number, procedure: number): boolean | 'perhaps'
  /** Where `changes` said `perhaps`: whether the call served last did. */
  readonly changed?: boolean
  /**
   * Reads arguments, writes results. @returns an accept_stat; `undefined` when there is to be no reply.
   * @throws {Malformed} for arguments that can't be read.
   */
  serve(call: { readonly version: number; readonly procedure: number; readonly credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number | undefined
}

export const versionsOf = (program: Program, transport: Transport): readonly number[] => program.versionsOver?.(transport) ?? program.versions

export interface RpcCounters {
  calls: number
  /** Messages that are no calls at all; they get no reply. */
  malformed: number
  /** Calls that got a refusal of the RPC layer. */
  refused: number
  repeated: number
}

export class Dispatcher {
  readonly counters: RpcCounters = { calls: 0, malformed: 0, refused: 0, repeated: 0 }
  readonly #programs: ReadonlyMap<number, Program>
  readonly #duplicates: DuplicateCache

  /** @param clock by which a reply is too old to be given again. */
  constructor(programs: readonly Program[], clock: Clock) {
    this.#duplicates = new DuplicateCache(clock)
    this.#programs = new Map(programs.map((program) => [program.number, program]))
  }

  /** @returns the reply with `headroom` bytes in front of it for whoever has to frame it; undefined when there is none to give. */
  answer(bytes: Uint8Array, caller: Caller, headroom: number): Uint8Array | undefined {
    const call = this.#parse(bytes)
    if (call === undefined) return undefined
    this.counters.calls++
    const refusal = this.#refuse(call, caller.transport)
    if (refusal !== undefined) return this.#reply(call.xid, refusal, headroom)
    const program = this.#programs.get(call.program) as Program
    const changes = program.changes(call.version, call.procedure)
    if (changes === false) return this.#serve(program, call, caller, headroom)
    const key = DuplicateCache.key(caller.address, bytes)
    const kept = this.#duplicates.find(key)
    if (kept !== undefined) {
      this.counters.repeated++
      const again = new Uint8Array(headroom + kept.length)
      again.set(kept, headroom)
      return again
    }
    const reply = this.#serve(program, call, caller, headroom)
    if (reply !== undefined && (changes === true || program.changed === true)) this.#duplicates.add(key, reply.slice(headroom))
    return reply
  }

  #parse(bytes: Uint8Array): Call | undefined {
    try {
      const message = parse(bytes)
      if (message.kind === 'call') return message
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
    this.counters.malformed++
    return undefined
  }

  #refuse(call: Call, transport: Transport): Verdict | undefined {
    if (call.rpcVersion !== 2) return { kind: 'version mismatch', low: 2, high: 2 }
    const program = this.#programs.get(call.program)
    if (program === undefined) return { kind: 'accepted', status: accepted.programUnavailable }
    const versions = versionsOf(program, transport)
    if (!versions.includes(call.version)) return { kind: 'accepted', status: accepted.programMismatch, low: versions[0], high: versions[versions.length - 1] }
    if (call.credential.flavor !== flavors.none && call.credential.flavor !== flavors.sys) return { kind: 'authentication', status: authentication.tooWeak }
    return undefined
  }

  #serve(program: Program, call: Call, caller: Caller, headroom: number): Uint8Array | undefined {
    const results = putReply(new XdrWriter(512, headroom), call.xid, { kind: 'accepted', status: accepted.success })
    let status: number | undefined
    try {
      const credential = call.credential.flavor === flavors.sys ? this.#system(call) : undefined
      if (credential === 'broken') return this.#reply(call.xid, { kind: 'authentication', status: authentication.badCredential }, headroom)
      status = program.serve({ version: call.version, procedure: call.procedure, credential }, new XdrReader(call.payload), results, caller)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      status = accepted.garbageArguments
    }
    if (status === undefined) return undefined
    return status === accepted.success ? results.framed : this.#reply(call.xid, { kind: 'accepted', status }, headroom)
  }

  #system(call: Call): SystemCredential | 'broken' {
    try {
      return parseSystem(call.credential.body)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return 'broken'
    }
  }

  #reply(xid: number, verdict: Verdict, headroom: number): Uint8Array {
    this.counters.refused++
    return putReply(new XdrWriter(64, headroom), xid, verdict).framed
  }
}
