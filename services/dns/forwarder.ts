/**
 * Asks other servers what is not ours. Each question goes out from a port of its own with an id of its own, and only the answer to that very
 * question from that very server is taken (RFC 5452 §9). A truncated answer is fetched again by TCP.
 */
import type { Alarm, Scheduler } from '../../src/base/time.ts'
import type { Random } from '../../src/base/random.ts'
import type { Sockets, UdpSocket } from '../../src/stack/sockets.ts'
import type { Edns, Message, Question } from '../../src/wire/dns.ts'
import { Malformed } from '../../src/base/errors.ts'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { build, parse, serverPort } from '../../src/wire/dns.ts'
import { ourUdpBytes } from './answer.ts'
import { frame, Frames } from './frames.ts'

export interface ForwarderParts {
  /** In front of the names of alarms. */
  readonly name: string
  /** Where the servers are reached: the lab's own network, or (behind a NAT) the host's. */
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  readonly random: Random
  readonly servers: readonly string[]
}

/** Undefined: nobody answered. */
export type HearAnswer = (answer: Message | undefined) => void

/** Questions under way. */
const mostAsked = 256
/** Every server is asked so often, one after the other. */
const rounds = 2
const patience = milliseconds(1500)
const streamPatience = seconds(5)

export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #asked = new Set<Asking>()
  #count = 0

  constructor(parts: ForwarderParts) {
    this.#parts = parts
  }

  /** Whether there is anybody to ask. */
  get able(): boolean {
    return this.#parts.servers.length > 0
  }

  /** `hear` is called once, never inside this call unless there are too many questions already. */
  ask(question: Question, edns: Edns | undefined, hear: HearAnswer): void {
    if (this.#asked.size >= mostAsked) return hear(undefined)
    const asking = new Asking(this.#parts, `${this.#parts.name}.forward${this.#count++}`, question, edns, (answer) => {
      this.#asked.delete(asking)
      hear(answer)
    })
    this.#asked.add(asking)
    asking.start()
  }

  close(): void {
    for (const asking of this.#asked) asking.stop()
    this.#asked.clear()
  }
}

class Asking {
  readonly #parts: ForwarderParts
  readonly #question: Question
  readonly #query: Message
  readonly #hear: HearAnswer
  readonly #alarm: Alarm
  #socket: UdpSocket | undefined
  #hangUp: (() => void) | undefined
  #tries = 0

  constructor(parts: ForwarderParts, name: string, question: Question, edns: Edns | undefined, hear: HearAnswer) {
    this.#parts = parts
    this.#question = question
    this.#hear = hear
    this.#alarm = parts.scheduler.alarm(name, () => this.start())
    this.#query = {
      id: parts.random.below(0x1_0000), response: false, opcode: 0, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: false, authenticData: false,
      checkingDisabled: false, rcode: 0, questions: [question], answers: [], authorities: [], additionals: [], edns: { udpBytes: ourUdpBytes, version: 0, dnssecOk: edns?.dnssecOk ?? false, options: new Uint8Array(0) },
    }
  }

  /** Asks the next server, or gives up. */
  start(): void {
    this.stop()
    const { servers, sockets } = this.#parts
    if (this.#tries >= rounds * servers.length) return this.#hear(undefined)
    const address = servers[this.#tries++ % servers.length]
    try {
      this.#socket = sockets.bind({ address: '0.0.0.0', port: 0 }, (payload, { from }) => {
        if (from.address === address && from.port === serverPort) this.#take(payload, address)
      })
      this.#socket.send(build(this.#query), { address, port: serverPort })
    } catch (error) {
      // No free port: the alarm tries the next time.
      if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    }
    this.#alarm.arm(patience)
  }

  stop(): void {
    this.#alarm.disarm()
    this.#socket?.close()
    this.#socket = undefined
    this.#hangUp?.()
    this.#hangUp = undefined
  }

  #take(payload: Uint8Array, server: string | undefined): void {
    const answer = this.#read(payload)
    if (answer === undefined) return
    if (answer.truncated && server !== undefined) return this.#fetch(server)
    this.stop()
    this.#hear(answer)
  }

  /** What isn't the answer to this question is passed over: the true one may still come. */
  #read(payload: Uint8Array): Message | undefined {
    try {
      const answer = parse(payload)
      const [asked] = answer.questions
      const fits = answer.response && answer.id === this.#query.id && answer.questions.length === 1 && asked.name === this.#question.name && asked.type === this.#question.type
      return fits ? answer : undefined
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return undefined
    }
  }

  #fetch(address: string): void {
    this.stop()
    const stream = this.#parts.sockets.connect({ address, port: serverPort })
    const frames = new Frames()
    let open = true
    this.#hangUp = () => {
      open = false
      stream.destroy()
    }
    stream.on('connect', () => void stream.write(frame(build(this.#query))))
    stream.on('data', (bytes) => {
      for (const message of open ? frames.take(bytes) : []) if (open) this.#take(message, undefined)
    })
    stream.on('error', () => open && this.start())
    stream.on('close', () => open && this.start())
    this.#alarm.arm(streamPatience)
  }
}
