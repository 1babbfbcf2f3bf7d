/** Copies and commands in the guests of a running lab, for whoever asks from outside: sessions with the agents behind the lab's door. */
import { utf8 } from '../../base/bytes.ts'
import { ConfigError } from '../../base/errors.ts'
import { type Job, type Message, type MessageKind, pieceBytes, type Result, windowBytes } from '../../board/magic/message.ts'
import type { Door } from '../door.ts'
import type { MachineIsland } from '../machine-island.ts'
import { suggestion } from '../suggest.ts'

/** The words of a session, for whoever sits outside the lab (board/magic/message.ts). */
export type GuestJob = Job
export type GuestMessageKind = MessageKind
export type GuestResult = Result
/** Bytes under way that neither side may exceed, and the longest piece of them. */
export const guestWindow = windowBytes
export const guestPiece = pieceBytes

/** One copy or command; its words are those of board/magic/message.ts. */
export interface GuestSession {
  /** Whether the guest's agent has spoken yet; until it does, what is asked waits. */
  readonly present: boolean
  /** To the guest. @returns false when too much waits already. */
  send(kind: MessageKind, bytes: Uint8Array): boolean
  /** Nobody listens any more: a command is hung up on, a copy ends where it is. */
  close(): void
}

export class GuestLink {
  readonly #door: Door
  readonly #machines: ReadonlyMap<string, MachineIsland>
  readonly #hearers = new Map<string, (message: Message) => void>()
  #sessions = 0

  constructor(door: Door, machines: ReadonlyMap<string, MachineIsland>) {
    this.#door = door
    this.#machines = machines
    for (const [node, { machine }] of machines) machine.magic?.listen({ message: (message) => this.#hearers.get(keyOf(node, message.session))?.(message) })
  }

  /** @param hear told what the guest sends, in the middle of a run; the last is a `result`. @throws {ConfigError} */
  open(node: string, job: Job, hear: (message: Message) => void): GuestSession {
    const island = this.#machines.get(node)
    if (island === undefined) throw new ConfigError(`there is no machine "${node}"`, undefined, suggestion(node, this.#machines.keys()))
    const { magic } = island.machine
    if (magic === undefined) throw new ConfigError(`${node} has no way in: its magic instructions are off`, undefined, `in the lab file: nodes: { ${node}: { magic: true } }`)
    if (island.state === 'off') throw new ConfigError(`${node} is off`, undefined, 'netloom ps')
    const session = ++this.#sessions
    const key = keyOf(node, session)
    let over = false
    this.#hearers.set(key, (message) => {
      if (message.kind === 'result') over = this.#hearers.delete(key)
      hear(message)
    })
    const send = (kind: MessageKind, bytes: Uint8Array): boolean => over || this.#door.tell(node, { session, kind, bytes })
    send('open', utf8(JSON.stringify(job)))
    return {
      get present() {
        return magic.agent.present
      },
      send,
      close: () => {
        if (!over) send('gone', new Uint8Array(0))
        over = true
        this.#hearers.delete(key)
      },
    }
  }
}

const keyOf = (node: string, session: number): string => `${session} ${node}`
