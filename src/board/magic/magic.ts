/**
 * Magic instructions of one machine: what each call does, and the agent that they carry. docs/magic.md is the reference.
 *
 * Theory of operation. A hart that comes to the magic word, or to semihosting's EBREAK, stands still while `hear` runs: no virtual time
 * passes, and every register and all memory may be looked at and changed. Nothing here waits and nothing here throws on what a guest says.
 * What comes from outside (sessions of the agent) has come through the lab's door with its instant, and is seen by the guest from then on.
 *
 * Before you edit, read calls.ts (the words), process.ts (how a process in the guest is made to think here), cpu/core.ts (StoppedHart).
 */
import { fromUtf8 } from '../../base/bytes.ts'
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Plain, Stateful } from '../../base/state.ts'
import type { Clock, Instant } from '../../base/time.ts'
import type { StoppedHart } from '../../cpu/core.ts'
import { Agent } from './agent.ts'
import { calls, errors, signature, version } from './calls.ts'
import { boot } from './boot-program.ts'
import { call, type Script, sys } from './linux.ts'
import type { Message } from './message.ts'
import { argumentsOf, type GuestProcess, Processes } from './process.ts'
import { Semihosting } from './semihosting.ts'
import { type SharedFolder, SharedFiles } from './shared-files.ts'
import { tool, type ToolPorts } from './tool.ts'

/** How a machine's magic is set up. */
export interface MagicConfig {
  /** What the guest's file calls see; nothing when left out. */
  readonly folder?: SharedFolder | undefined
}

/** What a handler of a lab's own is given: the stopped hart, and the arguments a0 to a5. @returns a0's value; undefined leaves it alone. */
export type MagicHandler = (hart: StoppedHart, args: readonly bigint[]) => bigint | number | undefined

/** What whoever runs the lab may want to know; called while the machine stands still. */
export interface MagicEvents {
  readonly log?: (text: string, time: Instant) => void
  /** The whole state of the hart that asked, as text. */
  readonly record?: (label: string, state: string, time: Instant) => void
  /** The guest has come to a breakpoint of its own. */
  readonly breakpoint?: (label: string, hart: StoppedHart, time: Instant) => void
  /** The guest asks for a snapshot; to be taken once the present run is over. */
  readonly snapshot?: (label: string, time: Instant) => void
  readonly measured?: (id: number, instructions: number, nanoseconds: number, time: Instant) => void
  /** What the agent sends to the outside. */
  readonly message?: (message: Message, time: Instant) => void
}

export interface MagicPorts {
  readonly clock: Clock
  /** Instructions retired by all harts up to and with the present one. */
  readonly retired: () => number
  readonly random: Random & Partial<Stateful<Plain>>
  readonly log: Log
  readonly epochSeconds: number
  /** What semihosting prints. */
  readonly print: (bytes: Uint8Array) => void
  readonly exit: (code: number) => void
}

const [a0, a7] = [10, 17]
/** Bytes of a text, of one transfer; marks that are kept. */
const textMax = 4096
const transferMax = 16 << 20
const pieceBytes = 1 << 20
const marksMax = 1024

interface Mark {
  readonly retired: number
  readonly time: number
}

export class Magic implements Stateful<Plain> {
  readonly agent: Agent
  readonly #ports: MagicPorts
  readonly #files: SharedFiles
  readonly #semihosting: Semihosting
  readonly #processes: Processes
  readonly #hearers = new Set<MagicEvents>()
  readonly #handlers = new Map<number, MagicHandler>()
  readonly #marks = new Map<number, Mark>()
  /** The one that asked last; good while it is being heard. */
  #hart!: StoppedHart

  constructor(ports: MagicPorts, config: MagicConfig) {
    this.#ports = ports
    this.#files = new SharedFiles(config.folder)
    this.#semihosting = new Semihosting({
      files: this.#files, exit: ports.exit, print: ports.print, now: () => ports.clock.now,
      epochSeconds: () => ports.epochSeconds + Math.floor(ports.clock.now / 1e9),
    })
    this.agent = new Agent(ports.clock, (message) => this.#tell((events) => events.message?.(message, ports.clock.now)))
    const words = ports.random.fork('words')
    this.#processes = new Processes(() => BigInt(words.below(2 ** 32)) | (BigInt(words.below(2 ** 31)) << 32n), (guest, stack) => this.#program(guest, stack))
  }

  /** Tells of what the guest does. @returns how to stop. */
  listen(events: MagicEvents): () => void {
    this.#hearers.add(events)
    return () => void this.#hearers.delete(events)
  }

  /** A call of the lab's own, with a number from `calls.own` on. @throws {RangeError} */
  handle(number: number, handler: MagicHandler): void {
    if (!(number >= calls.own && number <= 0xffff)) throw new RangeError(`a call of one's own has a number from ${calls.own} to 65535, not ${number}`)
    this.#handlers.set(number, handler)
  }

  /** For the harts: one has come to a magic instruction or an EBREAK. @returns whether it meant something. */
  hear(hart: StoppedHart, what: 'magic' | 'ebreak'): boolean {
    this.#hart = hart
    if (what === 'ebreak') return this.#semihosting.hear(hart)
    const word = Number(BigInt.asUintN(32, hart.x(a7)))
    if ((word & 0xffff_0000) >>> 0 !== signature) return false
    const number = word & 0xffff
    if (number === calls.start) this.#processes.start(hart)
    else if (number === calls.next) this.#processes.next(hart)
    else {
      const answer = this.#perform(hart, number)
      if (answer !== undefined) hart.setX(a0, BigInt(answer))
    }
    return true
  }

  /** The machine was switched on or off. */
  reset(): void {
    this.#files.closeAll()
    this.#processes.clear()
    this.#marks.clear()
    this.agent.clear('the machine was started anew')
  }

  /** Processes of the guest that were in the middle of something are not in it: they are told to end. */
  save(): Plain {
    return { files: this.#files.save(), marks: [...this.#marks].map(([id, { retired, time }]) => [id, retired, time]), random: this.#ports.random.save?.() ?? null }
  }

  load(state: Plain): void {
    const { files, marks, random } = state as { files: Plain; marks: readonly [number, number, number][]; random: Plain }
    this.reset()
    this.#files.load(files)
    for (const [id, retired, time] of marks) this.#marks.set(id, { retired, time })
    if (random !== null) this.#ports.random.load?.(random)
  }

  #perform(hart: StoppedHart, number: number): bigint | number | undefined {
    const arg = (index: number): bigint => hart.x(a0 + index)
    const text = (): string => fromUtf8(this.#bytes(hart, arg(0), Math.min(textMax, Number(arg(1)))))
    switch (number) {
      case calls.probe: return version
      case calls.log: return this.#log(text()), 0
      case calls.record: return this.#record(text()), 0
      case calls.breakpoint: return this.#breakpoint(text()), 0
      case calls.snapshot: return this.#snapshot(text()), 0
      case calls.mark: return this.#mark(Number(BigInt.asUintN(32, arg(0)))), 0
      case calls.measure: return this.#measure(Number(BigInt.asUintN(32, arg(0))))
      case calls.exit: return this.#ports.exit(Number(BigInt.asUintN(32, arg(0)))), 0
      case calls.random: return BigInt(this.#ports.random.below(2 ** 32)) | (BigInt(this.#ports.random.below(2 ** 32)) << 32n)
      case calls.time: return this.#ports.clock.now
      case calls.open: return this.#files.open(fromUtf8(this.#bytes(hart, arg(0), Math.min(textMax, Number(arg(1))))), (['read', 'write', 'append', 'update'] as const)[Number(arg(2) & 3n)])
      case calls.read: return this.#read(hart, Number(arg(0)), arg(1), Number(arg(2)))
      case calls.write: return this.#write(hart, Number(arg(0)), arg(1), Number(arg(2)))
      case calls.close: return this.#files.close(Number(arg(0)))
      case calls.seek: return this.#files.seek(Number(arg(0)), Number(arg(1)))
      case calls.size: return this.#files.size(Number(arg(0)))
      default: return this.#own(hart, number)
    }
  }

  #own(hart: StoppedHart, number: number): bigint | number | undefined {
    const handler = this.#handlers.get(number)
    return handler === undefined ? -errors['ENOSYS'] : handler(hart, Array.from({ length: 6 }, (_, index) => hart.x(a0 + index)))
  }

  #bytes(hart: StoppedHart, at: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, hart.read(at, bytes))
  }

  /** Files into the guest's pages, a megabyte at a time. @returns bytes, fewer at the file's end or at a page that isn't there. */
  #read(hart: StoppedHart, handle: number, at: bigint, length: number): number {
    const wanted = Math.min(length, transferMax)
    for (let done = 0; done < wanted; ) {
      const piece = this.#files.read(handle, Math.min(pieceBytes, wanted - done))
      if (typeof piece === 'number') return done > 0 ? done : piece
      const moved = hart.write(BigInt.asUintN(64, at + BigInt(done)), piece)
      done += moved
      if (moved < piece.length) return done > 0 ? done : -errors['EFAULT']
      if (piece.length === 0) return done
    }
    return wanted
  }

  #write(hart: StoppedHart, handle: number, at: bigint, length: number): number {
    const wanted = Math.min(length, transferMax)
    for (let done = 0; done < wanted; ) {
      const piece = this.#bytes(hart, BigInt.asUintN(64, at + BigInt(done)), Math.min(pieceBytes, wanted - done))
      if (piece.length === 0) return done > 0 ? done : -errors['EFAULT']
      const moved = this.#files.write(handle, piece)
      if (moved < 0) return done > 0 ? done : moved
      done += moved
    }
    return wanted
  }

  #toolPorts(): ToolPorts {
    return {
      files: this.#files, exit: (code) => this.#ports.exit(code),
      log: (text) => this.#log(text), record: (label) => this.#record(label), breakpoint: (label) => this.#breakpoint(label), snapshot: (label) => this.#snapshot(label),
      mark: (id) => this.#mark(id), measure: (id) => this.#measure(id), random: (count) => this.#ports.random.bytes(count),
    }
  }

  #tell(tell: (events: MagicEvents) => void): void {
    for (const events of this.#hearers) tell(events)
  }

  #log(text: string): void {
    this.#ports.log.info('magic.log', text)
    this.#tell((events) => events.log?.(text, this.#ports.clock.now))
  }

  #record(label: string): void {
    const state = this.#hart.dump()
    this.#ports.log.info('magic.record', `${label === '' ? 'state' : label}: pc ${this.#hart.pc.toString(16)}`, { label, state })
    this.#tell((events) => events.record?.(label, state, this.#ports.clock.now))
  }

  #breakpoint(label: string): void {
    this.#ports.log.info('magic.break', `breakpoint ${label}`.trimEnd(), { label, pc: this.#hart.pc.toString(16) })
    this.#tell((events) => events.breakpoint?.(label, this.#hart, this.#ports.clock.now))
  }

  #snapshot(label: string): void {
    this.#ports.log.info('magic.snapshot', `snapshot ${label}`.trimEnd(), { label })
    this.#tell((events) => events.snapshot?.(label, this.#ports.clock.now))
  }

  #mark(id: number): void {
    if (this.#marks.size >= marksMax) this.#marks.clear()
    this.#marks.set(id, { retired: this.#ports.retired(), time: this.#ports.clock.now })
  }

  /** @returns instructions since the mark, neither magic instruction counted. */
  #measure(id: number): number {
    const mark = this.#marks.get(id)
    if (mark === undefined) return -errors['EINVAL']
    const [instructions, nanoseconds] = [this.#ports.retired() - mark.retired - 1, this.#ports.clock.now - mark.time]
    this.#ports.log.info('magic.measure', `${id}: ${instructions} instructions in ${nanoseconds} ns`, { id, instructions, nanoseconds })
    this.#tell((events) => events.measured?.(id, instructions, nanoseconds, this.#ports.clock.now))
    return instructions
  }

  /** What a process of the guest's program does: the first of all starts the guest's own init, and one that was asked to is the agent. */
  *#program(guest: GuestProcess, stack: number): Script<number> {
    const words = argumentsOf(guest, stack)
    if (words[1] !== undefined && fromUtf8(words[1]) === 'agent') return yield* this.agent.script(guest)
    const first = (yield call(sys.getpid)) === 1
    if (!first) return yield* tool(guest, words, this.#toolPorts())
    return yield* boot(guest, stack, words, () => this.#processes.expect(guest, (child) => this.agent.script(child)))
  }
}
