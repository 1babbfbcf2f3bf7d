/**
 * The agent: the process in a guest that copies files and runs commands for the outside. It serves all sessions in turn, and sleeps while
 * there is nothing to do, so that virtual time goes by without it.
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { Clock, Instant } from '../../base/time.ts'
import { brokenPipes, run } from './command.ts'
import { get, put } from './copies.ts'
import { call, type Script, sys } from './linux.ts'
import type { Job, Message, Result } from './message.ts'
import type { GuestProcess } from './process.ts'
import { isWait, Session, type SessionScript, type Wait } from './session.ts'

/** Virtual nanoseconds between two looks, without and with a session that waits. */
const idleWait = 100_000_000
const busyWait = 10_000_000
/** Sessions of one guest at once. */
const sessionsMax = 16
/** Of all that has come in and was not looked at. */
const waitingMax = 64 << 20
const watchedMax = 64

interface Running {
  readonly session: Session
  readonly script: SessionScript
}

const scripts: Readonly<Record<Job['do'], (session: Session) => SessionScript>> = { put, get, run }

export class Agent {
  readonly #clock: Clock
  readonly #say: (message: Message) => void
  /** By their time. */
  #inbox: { readonly time: Instant; readonly message: Message }[] = []
  #waiting = 0
  #running: Running[] = []
  #guest: GuestProcess | undefined

  /** @param say called in the middle of a run, with what the guest sends. */
  constructor(clock: Clock, say: (message: Message) => void) {
    this.#clock = clock
    this.#say = say
  }

  /** Whether a guest's agent has spoken since the machine was switched on. */
  get present(): boolean {
    return this.#guest !== undefined
  }

  /** From outside: the guest sees it after `time`; not at it, for it may have come in the middle of what the guest did then. @returns false when too much waits already. */
  enter(time: Instant, message: Message): boolean {
    if (this.#waiting + message.bytes.length > waitingMax) return false
    this.#inbox.push({ time, message })
    this.#waiting += message.bytes.length
    return true
  }

  /** The machine was switched on or restored: what was under way is over, and what nobody has looked at yet waits for the next agent. */
  clear(why: string): void {
    this.#guest = undefined
    for (const { session } of this.#running.splice(0)) this.#finish(session, { code: 1, trouble: why })
  }

  /** What the agent's process does. A later one takes over from an earlier one, whose sessions are over. */
  *script(guest: GuestProcess): Script<number> {
    for (const { session } of this.#running.splice(0)) this.#finish(session, { code: 1, trouble: 'the guest’s agent was started anew' })
    this.#guest = guest
    yield* guest.settle()
    yield* brokenPipes(guest, 'ignore')
    while (this.#guest === guest) {
      this.#admit(guest)
      const waits: Wait[] = []
      for (const one of this.#running) {
        const wait = yield* this.#advance(one)
        if (wait !== undefined) waits.push(wait)
      }
      if (!waits.some(({ ready }) => ready)) yield* this.#rest(guest, waits)
    }
    return 0
  }

  #admit(guest: GuestProcess): void {
    const due = this.#inbox.filter(({ time }) => time < this.#clock.now)
    if (due.length === 0) return
    this.#inbox = this.#inbox.slice(due.length)
    for (const { message } of due) {
      this.#waiting -= message.bytes.length
      const known = this.#running.find(({ session }) => session.number === message.session)
      if (message.kind !== 'open') known?.session.take(message.kind, message.bytes)
      else if (known === undefined) this.#open(message, guest)
    }
  }

  #open({ session: number, bytes }: Message, guest: GuestProcess): void {
    const job = JSON.parse(fromUtf8(bytes)) as Job
    const session = new Session(number, job, guest, this.#say)
    if (this.#running.length >= sessionsMax) return this.#finish(session, { code: 1, trouble: `the guest’s agent is busy with ${sessionsMax} others` })
    this.#running.push({ session, script: scripts[job.do](session) })
  }

  /** Until it waits or ends. @returns for what it waits. */
  *#advance({ session, script }: Running): Script<Wait | undefined> {
    let step = script.next(0)
    while (step.done !== true && !isWait(step.value)) step = script.next(yield step.value)
    if (step.done !== true) return step.value as Wait
    this.#running = this.#running.filter((one) => one.session !== session)
    this.#finish(session, step.value)
    return undefined
  }

  #finish(session: Session, result: Result): void {
    session.tell('result', utf8(JSON.stringify(result)))
  }

  /** ppoll(2): ends early when something stirs. */
  *#rest(guest: GuestProcess, waits: readonly Wait[]): Script {
    const watched = waits.flatMap(({ watch }) => watch).slice(0, watchedMax)
    const bytes = new Uint8Array(16 + 8 * watched.length)
    const view = new DataView(bytes.buffer)
    view.setBigInt64(8, BigInt(waits.length > 0 ? busyWait : idleWait), true)
    for (const [index, { fd, events }] of watched.entries()) {
      view.setInt32(16 + 8 * index, fd, true)
      view.setInt16(20 + 8 * index, events, true)
    }
    yield* guest.put(guest.room, bytes)
    yield call(sys.ppoll, guest.room + 16, watched.length, guest.room, 0, 0)
  }
}
