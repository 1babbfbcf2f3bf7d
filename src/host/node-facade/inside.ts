/**
 * What an ordinary Node library sees of the lab when it runs inside: one simulated host's sockets, virtual time, and nothing else.
 *
 * Theory of operation. A library answers later: in a callback, behind a promise, after a file was read. Virtual time must not move meanwhile,
 * or the same run would go otherwise on a busy computer. So whenever something is delivered to a library the lab is held, and it is let go
 * when Node's queues have run dry: some turns of the event loop, and no request to the file system or to a worker under way any more.
 */
import type { Random } from '../../base/random.ts'
import type { Scheduler } from '../../base/time.ts'
import type { InterfaceView, NodeView } from '../../stack/service.ts'
import type { Sockets } from '../../stack/sockets.ts'

export interface InsideParts {
  /** In front of the names of alarms. */
  readonly name: string
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  readonly random: Random
  readonly interfaces: readonly InterfaceView[]
  readonly nodes: readonly NodeView[]
  /** Stops virtual time; what it gives back lets it go on. Nothing is held where it is left out. */
  readonly hold?: () => () => void
  /** An exception that the library let out. */
  readonly failed?: (error: unknown) => void
}

/** Turns of the event loop: what is done in one may begin what is done in the next. */
const turns = 4
/** Requests of Node's that end by themselves; a lab waits for them. */
const pending = /^(FSReq|Zlib|GetAddrInfoReq|WorkerThread|RandomBytesRequest|PBKDF2|ScryptRequest|HashRequest|KeyPairGenRequest|SignRequest)/
/** A library that never comes to rest must not stop the lab for ever, in turns. */
const mostTurns = 100_000

export class Inside implements InsideParts {
  readonly name: string
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  readonly random: Random
  readonly interfaces: readonly InterfaceView[]
  readonly nodes: readonly NodeView[]
  readonly #hold: (() => () => void) | undefined
  readonly #failed: ((error: unknown) => void) | undefined
  #quietFor = 0
  #held = false
  #count = 0

  constructor(parts: InsideParts) {
    this.name = parts.name
    this.sockets = parts.sockets
    this.scheduler = parts.scheduler
    this.random = parts.random
    this.interfaces = parts.interfaces
    this.nodes = parts.nodes
    this.#hold = parts.hold
    this.#failed = parts.failed
  }

  /** A name for one more alarm. */
  alarmName(what: string): string {
    return `${this.name}.${what}${this.#count++}`
  }

  /** Hands something to the library, and holds the lab until it has done with it. */
  deliver(act: () => void): void {
    this.stir()
    try {
      act()
    } catch (error) {
      if (this.#failed === undefined) throw error
      this.#failed(error)
    }
  }

  /** The library has something to do: the lab is held until Node is at rest. */
  stir(): void {
    this.#quietFor = 0
    if (this.#held || this.#hold === undefined) return
    this.#held = true
    const release = this.#hold()
    let left = mostTurns
    const turn = (): void => {
      const busy = process.getActiveResourcesInfo().some((each) => pending.test(each))
      this.#quietFor = busy ? 0 : this.#quietFor + 1
      if (this.#quietFor <= turns && left-- > 0) return void setImmediate(turn)
      this.#held = false
      release()
    }
    setImmediate(turn)
  }
}
