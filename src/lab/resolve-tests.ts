/** The file's assertions: what must have happened, and by when. */
import { ConfigError } from '../base/errors.ts'
import type { Path } from '../stack/service.ts'
import { matchPorts } from './faults/match-ports.ts'
import type { Ground } from './faults/places.ts'
import { parsePattern } from './faults/pattern.ts'
import type { Reading } from './reading.ts'
import { reachPlan } from './resolve-reach.ts'
import { memoryLook, registerLook } from './resolve-looks.ts'
import type { TestText } from './schema.ts'
import { readTextPattern, type TextPattern } from './tests/text-pattern.ts'
import type { MachinePlan, NetworkPlan, TestPlan } from './topology.ts'

export type Assertion = { [Kind in TestPlan['kind']]: Omit<Extract<TestPlan, { kind: Kind }>, 'name' | 'within'> }[TestPlan['kind']]

/** Words that say what a test asserts, each with those that go with it. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  console: ['node'],
  never: ['node'],
  dialogue: ['node'],
  lease: ['node'],
  served: ['node'],
  memory: ['node'],
  register: ['node'],
  frames: ['count'],
  tcp: ['via'],
  http: ['via', 'status', 'body'],
  dns: ['via', 'answer', 'server'],
  ping: ['via'],
  from: ['to', 'count', 'loss'],
}

/** @throws {ConfigError} */
export function resolveTests(reading: Reading, ground: Ground, networks: readonly NetworkPlan[]): TestPlan[] {
  return Object.entries(reading.text.tests ?? {}).map(([name, text]) => ({ name, within: text.within, ...new TestReading(reading, name, text, ground, networks).assertion() }))
}

class TestReading {
  readonly #reading: Reading
  readonly #text: TestText
  readonly #path: Path
  readonly #ground: Ground
  readonly #networks: readonly NetworkPlan[]

  constructor(reading: Reading, name: string, text: TestText, ground: Ground, networks: readonly NetworkPlan[]) {
    this.#reading = reading
    this.#text = text
    this.#path = ['tests', name]
    this.#ground = ground
    this.#networks = networks
  }

  assertion(): Assertion {
    const text = this.#text
    const kind = this.#kind()
    this.#only(kind)
    if (text.console !== undefined) return { kind: 'console', node: this.#need('node'), pattern: this.#pattern(['console'], text.console) }
    if (text.never !== undefined) return { kind: 'never', node: this.#need('node'), pattern: this.#pattern(['never'], text.never) }
    if (text.dialogue !== undefined) return { kind: 'dialogue', node: this.#need('node'), steps: text.dialogue.map((step, at) => ('send' in step ? step : { expect: this.#pattern(['dialogue', at, 'expect'], step.expect) })) }
    if (text.lease !== undefined) return { kind: 'lease', node: this.#need('node'), address: text.lease === true ? undefined : text.lease }
    if (text.served !== undefined) return { kind: 'served', node: this.#need('node'), file: text.served }
    if (text.memory !== undefined) return { kind: 'memory', node: this.#need('node'), ...memoryLook(this.#reading, [...this.#path, 'memory'], text.memory, this.#machine()) }
    if (text.register !== undefined) return { kind: 'register', node: this.#need('node'), ...registerLook(this.#reading, [...this.#path, 'register'], text.register, this.#machine()) }
    if (text.frames !== undefined) return this.#frames(text.frames)
    if (kind === 'from') return { kind: 'ping', from: this.#need('from'), to: this.#need('to'), count: this.#pings(), loss: text.loss ?? 0 }
    return reachPlan(this.#reading, this.#path, text, this.#ground, this.#networks)
  }

  #kind(): string {
    const found = Object.keys(kinds).filter((word) => (this.#text as Readonly<Record<string, unknown>>)[word] !== undefined)
    if (found.length === 1) return found[0]
    if (found.length > 1) this.#reading.fail([...this.#path, found[1]], `does not go with ${found[0]}`, 'make it a test of its own', 'key')
    if (this.#text.to !== undefined) return 'from'
    return this.#reading.fail(this.#path, 'asserts nothing', 'write console: "text", lease: 10.0.0.10, or from: and to: for a ping', 'key')
  }

  #only(kind: string): void {
    const words = [kind, ...kinds[kind]]
    for (const word of Object.keys(this.#text)) if (!['within', ...words].includes(word)) this.#reading.fail([...this.#path, word], `does not go with ${words.join(', ')}`, 'make it a test of its own', 'key')
  }

  #need(word: 'node' | 'from' | 'to'): string {
    const nodes = Object.keys(this.#reading.text.nodes ?? {})
    const found = this.#text[word] ?? this.#reading.fail(this.#path, `needs "${word}"`, `${word}: ${nodes[0] ?? 'node1'}`, 'key')
    this.#reading.known([...this.#path, word], found, nodes, 'node')
    if (word === 'node' && this.#text.lease === undefined && this.#text.served === undefined) this.#reading.known([...this.#path, word], found, this.#ground.machines.map(({ name }) => name), 'machine')
    return found
  }

  #machine(): Pick<MachinePlan, 'memoryBytes' | 'cpus'> {
    return this.#ground.machines.find(({ name }) => name === this.#text.node) as MachinePlan
  }

  #pings(): number {
    const { count } = this.#text
    if (typeof count !== 'string') return count ?? 1
    return this.#reading.fail([...this.#path, 'count'], `found "${count}", expected a number of pings`)
  }

  #pattern(path: Path, text: string): TextPattern {
    try {
      return readTextPattern(text)
    } catch (error) {
      if (error instanceof SyntaxError) return this.#reading.fail([...this.#path, ...path], error.message)
      throw error
    }
  }

  #frames(text: string): Assertion {
    const path = [...this.#path, 'frames']
    try {
      const pattern = parsePattern(text)
      const ports = matchPorts(this.#reading, this.#ground, { pattern, path })
      return { kind: 'frames', pattern, ports, ...counts(this.#text.count) }
    } catch (error) {
      if (error instanceof ConfigError && error.place === undefined) return this.#reading.fail(path, error.message, error.hint)
      throw error
    }
  }
}

/** `3`, `">=3"`, `"<=3"`, `"3..7"`. A plain number is exactly that many. */
function counts(count: TestText['count']): { least: number; most: number | undefined } {
  if (count === undefined) return { least: 1, most: undefined }
  if (typeof count === 'number') return { least: count, most: count }
  const [, operator, number] = /^(>=|<=)?(\d+)/.exec(count) as RegExpExecArray
  if (operator === '>=') return { least: Number(number), most: undefined }
  if (operator === '<=') return { least: 0, most: Number(number) }
  return { least: Number(number), most: Number(count.split('..')[1]) }
}
