/** The file's assertions: what must have happened, and by when. */
import type { Reading } from './reading.ts'
import type { TestText } from './schema.ts'
import type { TestPlan } from './topology.ts'

/** @throws {ConfigError} */
export function resolveTests(reading: Reading): TestPlan[] {
  return Object.entries(reading.text.tests ?? {}).map(([name, text]) => ({ name, within: text.within, ...assertion(reading, name, text) }))
}

type Assertion = { [Kind in TestPlan['kind']]: Omit<Extract<TestPlan, { kind: Kind }>, 'name' | 'within'> }[TestPlan['kind']]

function assertion(reading: Reading, name: string, text: TestText): Assertion {
  const path = ['tests', name]
  const nodes = Object.keys(reading.text.nodes ?? {})
  const need = (word: 'node' | 'from' | 'to'): string => {
    const found = text[word] ?? reading.fail(path, `needs "${word}"`, `${word}: ${nodes[0] ?? 'node1'}`, 'key')
    reading.known([...path, word], found, nodes, 'node')
    return found
  }
  const only = (...words: string[]): void => {
    for (const word of Object.keys(text)) if (!['within', ...words].includes(word)) reading.fail([...path, word], `does not go with ${words.join(', ')}`, 'make it a test of its own', 'key')
  }
  if (text.console !== undefined) {
    only('node', 'console')
    return { kind: 'console', node: need('node'), text: text.console }
  }
  if (text.lease !== undefined) {
    only('node', 'lease')
    return { kind: 'lease', node: need('node'), address: text.lease === true ? undefined : text.lease }
  }
  if (text.from === undefined && text.to === undefined) reading.fail(path, 'asserts nothing', 'write console: "text", lease: 10.0.0.10, or from: and to: for a ping', 'key')
  only('from', 'to', 'count', 'loss')
  return { kind: 'ping', from: need('from'), to: need('to'), count: text.count ?? 1, loss: text.loss ?? 0 }
}
