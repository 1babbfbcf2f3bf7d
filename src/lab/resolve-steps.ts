/** A script's `steps:`: each names what it does by one key, and how by those that go with it. */
import { unhex } from '../base/bytes.ts'
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import type { NodeText, StepText } from './schema.ts'
import { mostBytes, type Step, usualVendor } from './script/steps.ts'

/** Words that say what a step does, each with those that go with it. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  say: [],
  wait: [],
  lease: [],
  fetch: ['blksize', 'exact', 'wraps', 'hangs_after'],
  ask: ['server'],
  ping: [],
  mount: ['server', 'version'],
  nfs: ['server', 'version'],
  send: ['to', 'port'],
}

/** @throws {ConfigError} */
export function resolveSteps(reading: Reading, node: Path, steps: NodeText['steps']): Step[] {
  if (steps === undefined) reading.fail([...node, 'program'], 'a script needs steps', 'steps: [ { lease: true }, { fetch: motd } ]', 'key')
  const path = [...node, 'steps']
  const leases = steps.flatMap((step, at) => (step.lease === undefined ? [] : [at]))
  if (leases.length > 1) reading.fail([...path, leases[1], 'lease'], 'a script leases once', undefined, 'key')
  return steps.map((step, at) => resolveStep(reading, [...path, at], step))
}

function resolveStep(reading: Reading, path: Path, text: StepText): Step {
  const written = Object.entries(text).filter(([, value]) => value !== undefined).map(([word]) => word)
  const asked = written.filter((word) => Object.hasOwn(kinds, word))
  if (asked.length === 0) reading.fail(path, 'this step does nothing', `it is one of ${Object.keys(kinds).join(', ')}`)
  const [kind] = asked
  for (const word of written) if (word !== kind && !kinds[kind].includes(word)) reading.fail([...path, word], `does not go with ${kind}`, kinds[kind].length === 0 ? 'make it a step of its own' : `with it go ${kinds[kind].join(', ')}`, 'key')
  if (text.say !== undefined) return { kind: 'say', text: text.say }
  if (text.wait !== undefined) return { kind: 'wait', milliseconds: Math.round(text.wait / 1e6) }
  if (text.lease !== undefined) return { kind: 'lease', vendor: text.lease === true ? usualVendor : text.lease }
  if (text.fetch !== undefined) return { kind: 'fetch', file: text.fetch === true ? undefined : text.fetch, blksize: text.blksize, exact: text.exact === true, wraps: text.wraps !== false, stopAfter: text.hangs_after }
  if (text.ask !== undefined) return { kind: 'ask', name: text.ask, server: text.server === true ? undefined : text.server }
  if (text.ping !== undefined) return { kind: 'ping', address: text.ping }
  return resolveCall(reading, path, text)
}

function resolveCall(reading: Reading, path: Path, text: StepText): Step {
  const need = <Value>(value: Value | undefined, word: string, example: string): Value => value ?? reading.fail(path, `needs "${word}"`, example, 'key')
  if (text.send !== undefined) {
    const bytes = unhex(text.send.replace(/\s/g, ''))
    if (bytes.length > mostBytes) reading.fail([...path, 'send'], `${bytes.length} bytes; a datagram of a step has at most ${mostBytes}`)
    return { kind: 'send', to: need(text.to, 'to', 'to: 10.0.0.1'), port: need(text.port, 'port', 'port: 514'), bytes }
  }
  const server = need(text.server === true ? undefined : text.server, 'server', 'server: 10.0.0.1')
  if (text.mount !== undefined) return { kind: 'mount', server, path: text.mount, version: text.version ?? 3 }
  const handle = unhex((text.nfs ?? '').replace(/\s/g, ''))
  return { kind: 'nfs', server, version: text.version ?? 3, handle: handle.length === 0 ? undefined : handle }
}
