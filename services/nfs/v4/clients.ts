/** All clients: how they come, stay by renewing their lease, and go. RFC 7530 §9.1.1 and §16.33; RFC 8881 §18.35. */
import type { Alarm, Scheduler } from '../../../src/base/time.ts'
import type { Log } from '../../../src/base/log.ts'
import { after, between, seconds } from '../../../src/base/time.ts'
import { hash32 } from '../../../src/base/random.ts'
import { u32be } from '../../../src/base/bytes.ts'
import type { StateId } from '../../../src/wire/nfs4.ts'
import type { Grace } from './grace.ts'
import type { OpenFiles } from '../open-files.ts'
import { type Budget, Client, type ClientName } from './client.ts'
import { Failure } from './failure.ts'
import { Session } from './session.ts'
import type { State } from './states.ts'

export const leaseSeconds = 90
const lease = seconds(leaseSeconds)
const mostClients = 256
const mostSessions = 256
const mostSessionsEach = 4

export interface ClientRoom {
  readonly scheduler: Scheduler
  readonly log: Log
  readonly name: string
}

export class Clients {
  /** Which run of the server gave a number out. */
  readonly boot: number
  readonly files: OpenFiles
  readonly grace: Grace
  readonly #room: ClientRoom
  readonly #bySerial = new Map<number, Client>()
  readonly #sessions = new Map<number, Session>()
  readonly #budget: Budget = { states: 0 }
  readonly #expiry: Alarm
  #serial: number
  #sessionSerial = 0

  /** @param seed a word of chance, the same in every run of a lab. */
  constructor(room: ClientRoom, seed: number, files: OpenFiles, grace: Grace) {
    this.#room = room
    this.files = files
    this.grace = grace
    this.boot = hash32(`${seed} ${grace.boots} ${room.scheduler.now}`) || 1
    // A number that was given before a restart is nobody's afterwards.
    this.#serial = hash32(`${this.boot}`) & 0xfff_ffff
    this.#expiry = room.scheduler.alarm(`${room.name} leases`, () => this.#expire())
  }

  get all(): Iterable<Client> {
    return this.#bySerial.values()
  }

  close(): void {
    this.#expiry.disarm()
    for (const client of this.#bySerial.values()) client.release(this.files)
  }

  /** Of those with this name, the one that is confirmed, and the newest that isn't. */
  named(name: string, minor: number): { readonly confirmed: Client | undefined; readonly unconfirmed: Client | undefined } {
    const own = [...this.#bySerial.values()].filter((each) => each.name === name && Math.min(each.minor, 1) === minor)
    return { confirmed: own.find((each) => each.confirmed), unconfirmed: own.findLast((each) => !each.confirmed) }
  }

  add(name: ClientName): Client {
    this.#makeRoom()
    const client = new Client(name, this.boot, ++this.#serial, this.#budget)
    this.#bySerial.set(client.serial, client)
    this.renew(client)
    return client
  }

  /** @throws {Failure} for a number of nobody. */
  find(id: bigint): Client {
    const found = this.#bySerial.get(Number(id & 0xffff_ffffn))
    if (found?.id === id) return found
    throw new Failure(Number(id >> 32n) === this.boot ? 'expired' : 'staleClient', `there is no client ${id.toString(16)}`)
  }

  /** As `find`, for who may hold something. */
  confirmed(id: bigint, minor: number): Client {
    const client = this.find(id)
    if (!client.confirmed || client.minor !== minor) throw new Failure('staleClient', 'the client is not confirmed')
    return client
  }

  /** From now on the server remembers that it is there, should it be restarted. */
  confirm(client: Client): void {
    client.confirmed = true
    this.renew(client)
    this.#room.log.info('nfs.client', `${client.address} is a client of version 4.${client.minor}`, { client: client.address, minor: client.minor })
  }

  renew(client: Client): void {
    client.due = after(this.#room.scheduler.now, lease)
    if (this.#expiry.due === undefined) this.#expiry.arm(lease)
  }

  remove(client: Client): void {
    for (const session of client.sessions) this.endSession(session)
    client.release(this.files)
    this.#bySerial.delete(client.serial)
    if (client.confirmed) this.grace.forget(client)
  }

  addSession(client: Client, fore: Session['fore']): Session {
    if (client.sessions.size >= mostSessionsEach || this.#sessions.size >= mostSessions) throw new Failure('noSpace', 'sessions enough')
    const session = new Session(client, ++this.#sessionSerial, fore)
    this.#sessions.set(this.#sessionSerial, session)
    client.sessions.add(session)
    return session
  }

  /** @throws {Failure} */
  session(id: Uint8Array): Session {
    const session = this.#sessions.get(u32be(id, 12))
    if (session === undefined || u32be(session.id, 0) !== u32be(id, 0) || u32be(session.id, 4) !== u32be(id, 4) || u32be(id, 8) !== 0) throw new Failure('badSession', 'there is no such session')
    return session
  }

  endSession(session: Session): void {
    session.client.sessions.delete(session)
    this.#sessions.delete(u32be(session.id, 12))
  }

  /** What a stateid stands for, whichever its sequence. @throws {Failure} */
  state({ other }: StateId, minor: number): State {
    if (u32be(other, 0) !== this.boot) throw new Failure(minor === 0 ? 'staleState' : 'badState', 'a state of another run of the server')
    const client = this.#bySerial.get(u32be(other, 4))
    if (client === undefined) throw new Failure(minor === 0 ? 'expired' : 'badState', 'the client that had this state is gone')
    const state = client.states.get(u32be(other, 8))
    if (state === undefined) throw new Failure('badState', 'there is no such state')
    return state
  }

  /** The client that a stateid belongs to, if it is there. */
  ownerOf({ other }: StateId): Client | undefined {
    return u32be(other, 0) === this.boot ? this.#bySerial.get(u32be(other, 4)) : undefined
  }

  #expire(): void {
    const { now } = this.#room.scheduler
    for (const client of this.#bySerial.values()) {
      if (client.due > now) continue
      if (client.states.size > 0) this.#room.log.warn('nfs.expired', `${client.address} has not been heard of for ${leaseSeconds} s: what it had open or locked is free`, { client: client.address, states: client.states.size })
      this.remove(client)
    }
    const next = Math.min(...Array.from(this.#bySerial.values(), ({ due }) => due))
    if (Number.isFinite(next)) this.#expiry.arm(between(now, next as Client['due']))
  }

  /** The place of whoever holds nothing, and was heard longest ago. */
  #makeRoom(): void {
    if (this.#bySerial.size < mostClients) return
    const idle = [...this.#bySerial.values()].filter(({ states, sessions, confirmed }) => !confirmed || (states.size === 0 && sessions.size === 0))
    const [first] = idle.sort((a, b) => Number(a.confirmed) - Number(b.confirmed) || a.due - b.due)
    if (first === undefined) throw new Failure('delay', `${mostClients} clients are enough`)
    this.remove(first)
  }
}
