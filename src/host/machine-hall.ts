/** The thread behind `machine-threads.ts`: has machines in it, and runs them when it is told to. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { ConfigError } from '../base/errors.ts'
import { makeCore } from '../cpu/machine-core.ts'
import { Hall } from '../lab/threads/hall.ts'
import type { HallCall } from '../lab/threads/machine-thread.ts'
import { awaitWord, byPort, type PortAnswer, quit, tell, type ThreadData, threadWords } from './machine-thread-protocol.ts'
import { NodeWasmEngine } from './wasm-engine.ts'

const { control, orders, answers, port } = workerData as ThreadData
const words = new Int32Array(control)
const orderBox = new Uint8Array(orders)
const answerBox = new Uint8Array(answers)
const engine = new NodeWasmEngine()
const hall = new Hall((config) => {
  try {
    return makeCore({ ...config, engine })
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(`the host has no room for ${config.ramBytes >> 20}M of guest memory`, undefined, 'give the node less: memory: 256M')
    throw error
  }
})

/** Small reports go by the box; the rest by the port. */
function report(bytes: Uint8Array): number {
  if (bytes.length > answerBox.length) return post({ value: bytes.slice() })
  answerBox.set(bytes)
  return bytes.length
}

function post(answer: PortAnswer): number {
  port.postMessage(answer, [])
  return byPort
}

function work(length: number): number {
  try {
    if (length >= 0) return report(hall.run(orderBox.subarray(0, length)))
    const { message } = receiveMessageOnPort(port) as { readonly message: Uint8Array | HallCall }
    return message instanceof Uint8Array ? report(hall.run(message)) : post({ value: hall.call(message) })
  } catch (error) {
    const { name, message, stack } = error as Error
    return post({ wrong: { kind: name, message, hint: error instanceof ConfigError ? error.hint : undefined, stack } })
  }
}

tell(words, threadWords.answer, threadWords.labResting)
for (let seen = 0; ; ) {
  while (!awaitWord(words, threadWords.order, seen, threadWords.hallResting, 60_000));
  seen = Atomics.load(words, threadWords.order)
  const length = Atomics.load(words, threadWords.orderLength)
  if (length === quit) break
  Atomics.store(words, threadWords.answerLength, work(length))
  tell(words, threadWords.answer, threadWords.labResting)
}
port.close()
