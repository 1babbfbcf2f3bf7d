/**
 * NFS version 4.0 and 4.1: the program. RFC 7530, RFC 8881.
 *
 * Theory of operation. A call is a COMPOUND: operations one after the other, which work on a current file and end with the first that fails.
 * What an operation is asked with is in wire/nfs4-arguments.ts, what it does in operations.ts; here stand their order, their answers, and
 * what is done with a call that comes again. In 4.1 a slot of the session keeps the whole answer (session.ts). In 4.0 owners keep the last
 * answer to each of theirs (reach.ts, `inOrder`), and for what else changes something the RPC layer keeps the reply, as for version 3.
 * Everything that stays between calls hangs on clients (client.ts) and goes with their lease (clients.ts).
 */
import { Malformed } from '../../../src/base/errors.ts'
import { hash32 } from '../../../src/base/random.ts'
import { fromLatin1, u32be } from '../../../src/base/bytes.ts'
import { accepted, type SystemCredential } from '../../../src/wire/rpc.ts'
import { readers } from '../../../src/wire/nfs4-arguments.ts'
import { illegalOperation, longestOpaque, type Operation, operationOf, status } from '../../../src/wire/nfs4.ts'
import type { XdrReader, XdrWriter } from '../../../src/wire/xdr.ts'
import type { Caller } from '../../rpc/dispatch.ts'
import { type Act4, Again, Compound, type Scene4 } from './compound.ts'
import { Failure, statusOf } from './failure.ts'
import { acts, gone, sessionless } from './operations.ts'

const lastMinor = 1
/** 4.0 has no session to say how many operations a call may have. */
const mostOperations = 128
/** What an operation that changes something answers with at most, in bytes: it is not begun when that doesn't fit. */
const smallResult = 200
/** Of a call, for telling it from another one. */
const comparedBytes = 512

export class Nfs4 {
  /** Operations by name, and refusals by status. */
  readonly calls: Record<string, number> = {}
  readonly refusals: Record<string, number> = {}
  /** Whether the call served last changed something, so that it must not be done again. */
  changed = false
  readonly #scene: Scene4

  constructor(scene: Scene4) {
    this.#scene = scene
  }

  serve({ procedure, credential }: { procedure: number; credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number {
    this.changed = false
    if (procedure > 1) return accepted.procedureUnavailable
    if (procedure === 1) this.#compound(xdr, results, caller, credential)
    return accepted.success
  }

  #compound(xdr: XdrReader, results: XdrWriter, caller: Caller, credential: SystemCredential | undefined): void {
    const requestBytes = xdr.left
    const digest = hash32(`${requestBytes} ${fromLatin1(xdr.rest().subarray(0, comparedBytes))}`)
    const [tag, minor, count] = [xdr.opaque(longestOpaque), xdr.u32(), xdr.u32()]
    const begin = results.length
    results.u32(status.ok).opaque(tag)
    const countAt = results.length
    results.u32(0)
    const at = new Compound(this.#scene, { minor, caller, credential, count, requestBytes, digest })
    const { code, done } = minor > lastMinor ? { code: status.minorMismatch, done: 0 } : minor === 0 && count > mostOperations ? { code: status.resource, done: 0 } : this.#all(at, xdr, results, begin)
    if (at.replay !== undefined) return void results.cut(begin).fixed(at.replay)
    results.patch(begin, code).patch(countAt, done)
    if (at.slot !== undefined) at.slot.reply = results.bytes.slice(begin)
    this.changed = at.changed && minor === 0
  }

  /** @param begin where the reply begins: its length is bounded. */
  #all(at: Compound, xdr: XdrReader, results: XdrWriter, begin: number): { readonly code: number; readonly done: number } {
    for (let index = 0; index < at.count; index++) {
      const code = this.#one(at, index, xdr, results, begin)
      if (code !== status.ok || at.replay !== undefined) return { code, done: index + 1 }
    }
    return { code: status.ok, done: at.count }
  }

  #one(at: Compound, index: number, xdr: XdrReader, results: XdrWriter, begin: number): number {
    const number = xdr.left < 4 ? 0 : xdr.u32()
    const operation = operationOf(number, at.minor)
    results.u32(operation === undefined ? illegalOperation : number)
    const own = results.length
    let code: number = status.ok
    try {
      if (operation === undefined) throw new Failure(number === 0 ? 'badXdr' : 'illegal', `operation ${number}`)
      this.calls[operation] = (this.calls[operation] ?? 0) + 1
      demandPlace(at, operation, index)
      const call = readers[operation](xdr)
      if (results.length - begin + smallResult > at.mostBytes) throw new Failure(at.overflow, 'the reply is full')
      ;(acts[operation] as Act4<Operation>)(call as never, at, results.u32(status.ok))
      if (results.length - begin > at.mostBytes) throw new Failure(at.overflow, 'the reply is too large')
    } catch (error) {
      code = this.#failed(error, at, operation, results.cut(own))
    }
    at.answered?.(code, results.bytes.slice(own))
    at.answered = undefined
    return code
  }

  /** Writes what stands in place of results. @returns the status. */
  #failed(error: unknown, at: Compound, operation: Operation | undefined, results: XdrWriter): number {
    if (error instanceof Again) {
      const { bytes, current } = error.answer
      results.fixed(bytes)
      at.move(current)
      return u32be(bytes, 0)
    }
    const code = error instanceof Malformed ? status.badXdr : statusOf(error)
    if (code === undefined) throw error
    this.refusals[code] = (this.refusals[code] ?? 0) + 1
    results.u32(code)
    if (error instanceof Failure) error.body?.(results)
    // SETATTR tells what it has set in any case.
    if (operation === 'setattr') results.u32(0)
    return code
  }
}

/** @throws {Failure} for an operation that can't stand there. RFC 8881 §2.6.3.1, §18.46.3. */
function demandPlace(at: Compound, operation: Operation, index: number): void {
  if (at.minor === 0) return
  if (gone.has(operation)) throw new Failure('notSupported', 'sessions are in its place')
  if (operation === 'sequence') {
    if (index > 0) throw new Failure('sequencePosition', 'SEQUENCE comes first')
    return
  }
  if (at.uncached) throw new Failure('retryUncached', 'the answer was not kept')
  if (index > 0) {
    if (at.session === undefined) throw new Failure('notOnlyOperation', 'outside a session there is one operation')
    return
  }
  if (!sessionless.has(operation)) throw new Failure('notInSession', 'SEQUENCE comes first')
  if (at.count > 1) throw new Failure('notOnlyOperation', 'outside a session there is one operation')
}

