/**
 * Threads with machines in them, on Node: workers that share two boxes of memory with the lab, one for orders and one for reports.
 *
 * Orders come many thousand times a second, each for some microseconds of a guest's time, so neither side lets the event loop have a part in it: who
 * waits looks for about as long as a window takes, and sleeps then (`Atomics.wait`). What is too long for a box, or rare, goes by a message port that is read
 * without the event loop too.
 */
import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { ConfigError } from '../base/errors.ts'
import type { HallCall, MachineThread } from '../lab/threads/machine-thread.ts'
import type { Topology } from '../lab/topology.ts'
import { HostError } from './host-error.ts'
import { awaitWord, boxBytes, byPort, type PortAnswer, quit, tell, type ThreadData, threadWords } from './machine-thread-protocol.ts'
import { startThread } from './thread.ts'
import { waitAsync } from './wait-async.ts'

/** A thread that has not answered for so long, in milliseconds, has been lost: a guest's longest run takes some ten. */
const patience = 120_000

/** The threads that a lab asks for, beside its own, started. @param workers in place of the file's. @throws {HostError} */
export async function startMachineThreads({ sim, machines }: Topology, workers = sim.workers): Promise<readonly MachineThread[]> {
  // Such a lab waits for the outside more than for its machines, and must hear of it at once.
  if (sim.clock === 'realtime') return []
  const count = (workers === 'auto' ? Math.min(availableParallelism(), machines.length) : Math.min(workers, machines.length + 1)) - 1
  return Promise.all(Array.from({ length: Math.max(0, count) }, () => WorkerThread.start()))
}

class WorkerThread implements MachineThread {
  readonly #worker: Worker
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * threadWords.count))
  readonly #orders = new Uint8Array(new SharedArrayBuffer(boxBytes))
  readonly #answers = new Uint8Array(new SharedArrayBuffer(boxBytes))
  readonly #port: MessagePort
  /** Answers heard. */
  #seen = 1
  #closed = false

  private constructor() {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const workerData: ThreadData = { control: this.#words.buffer as SharedArrayBuffer, orders: this.#orders.buffer as SharedArrayBuffer, answers: this.#answers.buffer as SharedArrayBuffer, port: port2 }
    this.#worker = startThread('machine-hall', import.meta.url, { workerData, transferList: [port2] })
    this.#worker.unref()
  }

  static async start(): Promise<WorkerThread> {
    const thread = new WorkerThread()
    const broken = new Promise<never>((_, reject) => void thread.#worker.once('error', (error) => reject(new HostError('ETHREAD', `a thread for machines did not start: ${error.message}`, 'run the lab in one thread: --workers 1', error))))
    // Nothing else may keep Node from leaving meanwhile.
    const stay = setInterval(() => undefined, 2 ** 30)
    Atomics.store(thread.#words, threadWords.labResting, 1)
    const ready = waitAsync(thread.#words, threadWords.answer, 0)
    await Promise.race([ready.async ? ready.value : undefined, broken]).finally(() => clearInterval(stay))
    Atomics.store(thread.#words, threadWords.labResting, 0)
    broken.catch(() => undefined)
    return thread
  }

  order(message: Uint8Array): void {
    if (message.length > this.#orders.length) return this.#send(message.slice())
    this.#orders.set(message)
    this.#go(message.length)
  }

  answer(): Uint8Array {
    const length = this.#await()
    return length === byPort ? (this.#received() as Uint8Array) : this.#answers.subarray(0, length)
  }

  call(call: HallCall): unknown {
    this.#send(call)
    this.#await()
    return this.#received()
  }

  close(): void {
    if (this.#closed) return
    this.#go(quit)
    this.#closed = true
    this.#port.close()
  }

  #send(message: Uint8Array | HallCall): void {
    if (this.#closed) throw new HostError('ETHREAD', 'the lab’s threads have ended', 'ask while it runs')
    this.#port.postMessage(message, [])
    this.#go(byPort)
  }

  #go(length: number): void {
    Atomics.store(this.#words, threadWords.orderLength, length)
    tell(this.#words, threadWords.order, threadWords.hallResting)
  }

  #await(): number {
    if (!awaitWord(this.#words, threadWords.answer, this.#seen, threadWords.labResting, patience)) throw new HostError('ETHREAD', 'a thread with machines does not answer', 'run the lab in one thread: --workers 1')
    this.#seen = Atomics.load(this.#words, threadWords.answer)
    return Atomics.load(this.#words, threadWords.answerLength)
  }

  /** @throws what went wrong in the thread. */
  #received(): unknown {
    const { message } = receiveMessageOnPort(this.#port) as { readonly message: PortAnswer }
    if ('value' in message) return message.value
    const { kind, message: sentence, hint, stack } = message.wrong
    if (kind === 'ConfigError') throw new ConfigError(sentence, undefined, hint)
    throw Object.assign(new Error(sentence), { name: kind, stack })
  }
}
