/**
 * The network lock manager: byte-range locks of version 3's clients, in one table with version 4's. X/Open, "Protocols for Interworking:
 * XNFS", chapter 10; version 4 is RFC 1813's appendix II. Reservations (SHARE) are refused: nobody but DOS asks for them.
 */
import type { Log } from '../../src/base/log.ts'
import { type Arguments, type LockWords, parseArguments, type Procedure, procedures, status } from '../../src/wire/nlm.ts'
import { accepted, programs, type SystemCredential } from '../../src/wire/rpc.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { Caller, Program } from '../rpc/dispatch.ts'
import type { ExportTable } from './exports.ts'
import { demandOpen, identify, want } from './identity.ts'
import type { LockGranter } from './lock-granter.ts'
import type { LockHosts, NlmHolder } from './lock-hosts.ts'
import { demandFile } from './nfs3-look.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'
import { type HeldRange, lastByte, type LockHolder, type Range, rangeOf } from './range-locks.ts'
import { reasonOf, Refused } from './refused.ts'
import { Target } from './target.ts'
import type { Grace } from './v4/grace.ts'

export const port = 4045
/** Who waits, over all files. */
const mostWaiters = 1024

/** What the lock manager works with. */
export interface LockScene {
  readonly exports: ExportTable
  readonly files: OpenFiles
  readonly hosts: LockHosts
  readonly granter: LockGranter
  readonly grace: Grace
  readonly log: Log
}

interface Waiter {
  readonly file: OpenFile
  readonly range: Range
  readonly lock: LockWords
  readonly address: string
  readonly version: number
}

type Locking = Extract<Arguments, { readonly lock: LockWords }>
type Taking = Extract<Locking, { readonly reclaim: boolean }>

/** Nobody that has a lock. */
const stranger: LockHolder = { clientId: 0n, name: new Uint8Array(0), process: 0 }

export class LockManager implements Program {
  readonly number = programs.lockManager
  readonly name = 'nlm'
  readonly versions = [1, 3, 4]
  readonly #scene: LockScene
  /** In the order of their coming. */
  #waiters: Waiter[] = []

  constructor(scene: LockScene) {
    this.#scene = scene
    scene.files.onFreed = (file) => this.#freed(file)
  }

  changes(): boolean {
    return false
  }

  serve({ version, procedure, credential }: { version: number; procedure: number; credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number {
    const name = (procedures as ReadonlyMap<number, Procedure>).get(procedure)
    if (name === undefined) return accepted.procedureUnavailable
    const call = parseArguments(name, version, xdr)
    if (call.procedure === 'null') return accepted.success
    if (call.procedure === 'freeAll') {
      this.restarted(call.host, caller.address)
      return accepted.success
    }
    results.opaque(call.cookie)
    // nlm_shareres has a sequence number behind its status.
    if ('lock' in call) this.#lock(call, { version, credential, caller }, results)
    else results.u32(status.noLocks).u32(0)
    return accepted.success
  }

  /** A machine says that it was restarted. */
  restarted(host: string, address: string): void {
    this.#waiters = this.#waiters.filter((each) => each.address !== address || each.lock.host !== host)
    const count = this.#scene.hosts.free(host, address)
    if (count > 0) this.#scene.log.info('nfs.restarted', `${address} was restarted: what it had locked is free`, { client: address, holders: count })
  }

  #lock(call: Locking, who: { readonly version: number; readonly credential: SystemCredential | undefined; readonly caller: Caller }, results: XdrWriter): void {
    try {
      const range = rangeOf(call.lock.offset, call.lock.length === 0n ? lastByte : call.lock.length)
      if (range === undefined) throw new Refused('invalid', 'no range')
      const exclusive = 'exclusive' in call && call.exclusive
      const target = this.#target(call, exclusive, who)
      const whole = { ...range, write: exclusive }
      if (call.procedure === 'test') this.#test(target, whole, call, who, results)
      else results.u32(this.#done(call, target, whole, who))
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      const code = reason === 'stale' || reason === 'badHandle' ? status.staleHandle : reason === 'readOnly' ? status.readOnly : reason === 'access' || reason === 'notOwner' ? status.denied : status.failed
      // Versions before 4 have no word for these.
      results.u32(who.version === 4 ? code : status.denied)
      if (call.procedure === 'test' && (who.version !== 4 || code === status.denied)) putHolder(results, who.version, { holder: stranger, from: 0n, to: lastByte, write: true })
    }
  }

  #target({ procedure, lock }: Locking, exclusive: boolean, { credential, caller }: { readonly credential: SystemCredential | undefined; readonly caller: Caller }): Target {
    const { of, node } = this.#scene.exports.open(lock.handle)
    const objection = of.objection(caller.address, caller.port)
    if (objection !== undefined) throw new Refused('access', objection)
    const target = new Target(of, node, identify(credential, of.config))
    demandFile(target)
    if (procedure === 'unlock' || procedure === 'cancel') return target
    if (exclusive) target.writable()
    demandOpen(target.who, target.attributes, exclusive ? want.write : want.read)
    return target
  }

  #test({ of, node }: Target, range: Range, { lock }: Locking, { version, caller }: { readonly version: number; readonly caller: Caller }, results: XdrWriter): void {
    const { files, hosts, grace } = this.#scene
    if (grace.running) return void results.u32(status.grace)
    const conflict = files.find(of, node)?.locks.conflict(hosts.find(caller.address, lock) ?? stranger, range)
    results.u32(conflict === undefined ? status.granted : status.denied)
    if (conflict !== undefined) putHolder(results, version, conflict)
  }

  #done(call: Locking, target: Target, range: Range, { version, caller }: { readonly version: number; readonly caller: Caller }): number {
    switch (call.procedure) {
      case 'lock':
      case 'lockUnmonitored':
        return this.#take(call, target, range, version, caller)
      case 'cancel':
        this.#waiters = this.#waiters.filter((each) => !isSame(each, call.lock, caller.address, target))
        return status.granted
      case 'unlock':
        this.#free(target, range, call.lock, caller)
        return status.granted
      default:
        // Nobody has to tell us what we have: we ask for no locks.
        return status.denied
    }
  }

  #take(call: Taking, { of, node }: Target, range: Range, version: number, { address }: Caller): number {
    const { files, hosts, grace } = this.#scene
    if (grace.running && !call.reclaim) return status.grace
    const file = files.take(of, node)
    const conflict = file.locks.conflict(hosts.find(address, call.lock) ?? stranger, range)
    if (conflict !== undefined) {
      if (!call.block || this.#waiters.length >= mostWaiters) return status.denied
      this.#waiters = this.#waiters.filter((each) => !isSame(each, call.lock, address, { of, node }))
      this.#waiters.push({ file, range, lock: kept(call.lock), address, version })
      return status.blocked
    }
    return this.#hold(file, range, call.lock, address) === undefined ? status.noLocks : status.granted
  }

  #hold(file: OpenFile, range: Range, lock: LockWords, address: string): NlmHolder | undefined {
    const holder = this.#scene.hosts.take(address, lock)
    const taken = holder?.files !== undefined && file.locks.take(holder, range)
    if (taken) holder?.files.add(file)
    else this.#scene.files.drop(file)
    return taken ? holder : undefined
  }

  #free({ of, node }: Pick<Target, 'of' | 'node'>, range: Pick<Range, 'from' | 'to'>, lock: LockWords, { address }: Pick<Caller, 'address'>): void {
    const { files, hosts } = this.#scene
    const file = files.find(of, node)
    const holder = hosts.find(address, lock)
    if (file === undefined || holder === undefined) return
    file.locks.free(holder, range)
    hosts.settle(holder, file)
    files.freed(file)
  }

  /** Who has waited longest comes first; each is told, and what he doesn't take is free again. */
  #freed(file: OpenFile): void {
    for (const waiter of this.#waiters) {
      const { lock, address, range, version } = waiter
      if (waiter.file !== file || file.locks.conflict(this.#scene.hosts.find(address, lock) ?? stranger, range) !== undefined) continue
      this.#waiters = this.#waiters.filter((each) => each !== waiter)
      if (this.#hold(file, range, lock, address) === undefined) continue
      const done = (taken: boolean): void => {
        if (!taken) this.#free(file, range, lock, { address })
      }
      this.#scene.granter.call({ address, version, exclusive: range.write, lock, done })
    }
  }
}

/** Views don't outlive the call. */
const kept = (lock: LockWords): LockWords => ({ ...lock, handle: lock.handle.slice(), owner: lock.owner.slice() })

function isSame(waiter: Waiter, lock: LockWords, address: string, { of, node }: Pick<Target, 'of' | 'node'>): boolean {
  const own = waiter.lock
  const same = waiter.address === address && own.host === lock.host && own.process === lock.process && own.offset === lock.offset && own.length === lock.length
  return same && waiter.file.of === of && waiter.file.node === node
}

/** nlm4_holder. */
function putHolder(xdr: XdrWriter, version: number, { holder, from, to, write }: HeldRange): void {
  xdr.bool(write).u32(holder.process).opaque(holder.name)
  const length = to === lastByte ? 0n : to - from + 1n
  if (version === 4) xdr.u64(from).u64(length)
  else xdr.u32(Number(from & 0xffff_ffffn)).u32(length > 0xffff_ffffn ? 0 : Number(length))
}
