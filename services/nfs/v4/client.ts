/** A client as the server knows it: what it calls itself, what it holds, and until when. RFC 7530 §9.1.1, RFC 8881 §2.4. */
import type { Instant } from '../../../src/base/time.ts'
import { fromLatin1 } from '../../../src/base/bytes.ts'
import type { OpenFiles } from '../open-files.ts'
import { LockOwner, OpenOwner } from './owners.ts'
import type { Session } from './session.ts'
import type { LockState, OpenState, State } from './states.ts'
import { Failure } from './failure.ts'

export interface ClientName {
  readonly minor: number
  /** A byte string. */
  readonly id: string
  /** Changes when the client restarts. */
  readonly verifier: string
  /** Who it acts as. */
  readonly principal: string
  readonly address: string
}

/** Files open and locks on them that one client may have, and all together; and owners of them. */
const mostStates = 16_384
const mostStatesOfAll = 65_536
const mostOwners = 8192

/** What all clients hold together. */
export interface Budget {
  states: number
}

export class Client {
  readonly minor: number
  /** As it calls itself: a byte string. */
  readonly name: string
  readonly verifier: string
  readonly principal: string
  readonly address: string
  /** The clientid: which server (high word), which client. */
  readonly id: bigint
  readonly boot: number
  readonly serial: number
  confirmed = false
  /** 4.0: what SETCLIENTID_CONFIRM has to say. */
  confirmation: Uint8Array = new Uint8Array(0)
  due = 0 as Instant
  readonly states = new Map<number, State>()
  readonly opens = new Map<string, OpenOwner>()
  /** 4.0: who closed a file last, by the state that it was. */
  readonly closed = new Map<number, OpenOwner>()
  readonly locks = new Map<string, LockOwner>()
  /** 4.1. */
  readonly sessions = new Set<Session>()
  sessionSequence = 1
  sessionReply: Uint8Array | undefined
  /** 4.1: RECLAIM_COMPLETE has come. */
  reclaimed = false
  readonly #budget: Budget
  #serial = 0

  constructor(name: ClientName, boot: number, serial: number, budget: Budget) {
    this.#budget = budget
    this.minor = name.minor
    this.name = name.id
    this.verifier = name.verifier
    this.principal = name.principal
    this.address = name.address
    this.boot = boot
    this.serial = serial
    this.id = (BigInt(boot) << 32n) | BigInt(serial)
  }

  /** Takes a state in. @returns its serial. @throws {Failure} when there are too many. */
  hold(state: State): number {
    // "resource" is 4.0's word; 4.1 has none for it (RFC 8881 §15.1.16.2 keeps it for 4.0).
    if (this.states.size >= mostStates || this.#budget.states >= mostStatesOfAll) throw new Failure(this.minor === 0 ? 'resource' : 'serverFault', `${this.states.size} files and locks are enough for one client`)
    this.#budget.states++
    this.states.set(++this.#serial, state)
    return this.#serial
  }

  openOwner(name: Uint8Array): OpenOwner {
    const key = fromLatin1(name)
    const known = this.opens.get(key)
    if (known !== undefined) return known
    const gone = this.#makeRoom(this.opens, ({ opens }) => opens.size === 0)
    if (gone?.closed !== undefined) this.closed.delete(gone.closed)
    const owner = new OpenOwner(this, key)
    this.opens.set(key, owner)
    return owner
  }

  lockOwner(name: Uint8Array): LockOwner {
    const key = fromLatin1(name)
    const known = this.locks.get(key)
    if (known !== undefined) return known
    this.#makeRoom(this.locks, ({ states }) => states.size === 0)
    const owner = new LockOwner(this, key, name)
    this.locks.set(key, owner)
    return owner
  }

  /** Closes a file, and lets go of the locks that stand on it. */
  close(state: OpenState, files: OpenFiles): void {
    for (const lock of state.locks) this.unlock(lock)
    this.#drop(state)
    state.owner.opens.delete(state)
    state.file.shares.delete(state)
    files.freed(state.file)
    if (this.minor === 0) this.#rememberClosed(state)
    // 4.1 has no sequence to remember an owner for.
    else if (state.owner.opens.size === 0) this.opens.delete(state.owner.key)
  }

  /** Lets go of a lock state and all its ranges. */
  unlock(state: LockState): void {
    this.#drop(state)
    state.open.locks.delete(state)
    state.owner.states.delete(state)
    state.file.locks.freeAll(state.owner)
    if (this.minor > 0 && state.owner.states.size === 0) this.locks.delete(state.owner.key)
  }

  /** Lets go of everything. */
  release(files: OpenFiles): void {
    for (const state of this.states.values()) if (state.kind === 'open') this.close(state, files)
    this.opens.clear()
    this.closed.clear()
    this.locks.clear()
  }

  #drop({ serial }: State): void {
    if (this.states.delete(serial)) this.#budget.states--
  }

  #rememberClosed({ owner, serial }: OpenState): void {
    if (owner.closed !== undefined) this.closed.delete(owner.closed)
    owner.closed = serial
    this.closed.set(serial, owner)
  }

  /** @returns who had to go. */
  #makeRoom<Owner>(owners: Map<string, Owner>, idle: (owner: Owner) => boolean): Owner | undefined {
    if (owners.size < mostOwners) return undefined
    for (const [key, owner] of owners) {
      if (!idle(owner)) continue
      owners.delete(key)
      return owner
    }
    throw new Failure(this.minor === 0 ? 'resource' : 'serverFault', `${owners.size} owners are enough for one client`)
  }
}
