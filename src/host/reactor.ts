/**
 * Raw descriptors on the main thread: devices and sockets of the data plane, without a thread between them and the lab.
 *
 * Theory of operation. All descriptors are in one epoll set, and the set itself is watched by Node's event loop (event-loop-watch.ts). While the lab is busy, its driver asks
 * here between two runs (`waiting`, `drain`), which costs one system call and no turn of the loop; while it rests, the loop sleeps in its own epoll and is woken like for any socket. `drain`
 * gives each ready descriptor its turn, one bounded batch each, and then whoever has put something off (`later`): what the lab has written meanwhile leaves in one call for each socket.
 *
 * Where the loop can't watch it (other threads, no koffi, another system than Linux) there is no reactor, and pump.ts and node:net do what it would.
 */
import { libc, openFlags } from './uplinks/libc.ts'
import { type LoopWatch, watchInLoop } from './event-loop-watch.ts'

/** EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. */
export const readiness = { in: 1, out: 4, error: 8, hangUp: 16 } as const
const operations = { add: 1, remove: 2, change: 3 } as const

/** Descriptors told of in one call. */
const mostEvents = 128
/** struct epoll_event is packed on x86-64 only. */
const eventBytes = process.arch === 'x64' ? 12 : 16
const dataAt = process.arch === 'x64' ? 4 : 8

type Hear = (events: number) => void
/** Calls `ready` again and again while the descriptor is readable. */
type Watch = (fd: number, ready: () => void) => LoopWatch | undefined

export class Reactor {
  readonly #libc = libc()
  readonly #epoll: number
  readonly #watch: LoopWatch
  readonly #heard: () => void
  /** By descriptor. */
  readonly #hearers: (Hear | undefined)[] = []
  readonly #events = new Uint8Array(mostEvents * eventBytes)
  readonly #view = new DataView(this.#events.buffer)
  readonly #eventsAt = this.#libc.addressOf(this.#events)
  readonly #one = new Uint8Array(128)
  readonly #oneView = new DataView(this.#one.buffer)
  readonly #oneAt = this.#libc.addressOf(this.#one)
  #later: (() => void)[] = []
  #waiting = false
  #told = false
  #closed = false

  private constructor(epoll: number, heard: () => void, watch: Watch) {
    this.#epoll = epoll
    this.#heard = heard
    const watching = watch(epoll, () => this.#ready())
    if (watching === undefined) throw new Error('the event loop does not watch it')
    this.#watch = watching
  }

  /** @param heard called in a turn of the event loop when something waits; whoever doesn't drain then does so later by himself. @param watch of the event loop. @returns undefined where there can be none. */
  static open(heard: () => void, watch: Watch = watchInLoop): Reactor | undefined {
    let epoll = -1
    try {
      epoll = libc().epollCreate(openFlags.closeOnExec)
      return epoll < 0 ? undefined : new Reactor(epoll, heard, watch)
    } catch {
      if (epoll >= 0) libc().close(epoll)
      return undefined
    }
  }

  /** Whether something may wait: may be asked often. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** @param events of `readiness`; errors and hang-ups are told in any case. @returns false when the host has no room for it. */
  add(fd: number, events: number, hear: Hear): boolean {
    if (this.#closed || this.#control(operations.add, fd, events) < 0) return false
    this.#hearers[fd] = hear
    this.#waiting = true
    return true
  }

  change(fd: number, events: number): void {
    this.#control(operations.change, fd, events)
  }

  /** Before it is closed. */
  remove(fd: number): void {
    if (this.#closed || this.#hearers[fd] === undefined) return
    this.#hearers[fd] = undefined
    this.#control(operations.remove, fd, 0)
  }

  /** Does something in the next `drain`, which comes soon. */
  later(act: () => void): void {
    this.#later.push(act)
    this.#waiting = true
    this.#tell()
  }

  /** One batch for each descriptor that is ready. */
  drain(): void {
    if (this.#closed) return
    const acts = this.#later
    this.#later = []
    for (const act of acts) act()
    const count = this.#libc.epollWait(this.#epoll, this.#eventsAt, mostEvents, 0)
    for (let at = 0; at < count * eventBytes; at += eventBytes) {
      // What the one before has closed is not there any more.
      this.#hearers[this.#view.getInt32(at + dataAt, true)]?.(this.#view.getUint32(at, true))
    }
    this.#waiting = count > 0 || this.#later.length > 0
  }

  /** Descriptors that are left stay open. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = false
    this.#watch.stop()
    this.#libc.close(this.#epoll)
  }

  #control(operation: number, fd: number, events: number): number {
    this.#oneView.setUint32(0, events, true)
    this.#oneView.setInt32(dataAt, fd, true)
    return this.#libc.epollControl(this.#epoll, operation, fd, this.#oneAt)
  }

  /** In the midst of the event loop: only the next immediate is asked for. */
  #ready(): void {
    this.#waiting = true
    this.#tell()
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    setImmediate(() => {
      this.#told = false
      if (!this.#closed) this.#heard()
    })
  }
}
