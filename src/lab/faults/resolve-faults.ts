/** `faults:` and every `impair:` of a lab file → fault plans with their interfaces chosen. */
import { ConfigError } from '../../base/errors.ts'
import type { Duration } from '../../base/time.ts'
import type { Path } from '../../stack/service.ts'
import type { Reading } from '../reading.ts'
import type { FaultText, ImpairText } from '../schema.ts'
import type { FaultKind, FaultPlan, Pick } from './fault-plan.ts'
import { chosenPorts, matchPorts } from './match-ports.ts'
import { type Ground, portsOf, type PortWay, waysOf } from './places.ts'
import { parsePattern, type Pattern } from './pattern.ts'
import { impairWords, readImpair } from './read-impair.ts'

/** Of `do: delay` and `do: reorder` when they don't say. */
const usualDelay = 1_000_000 as Duration

/** @throws {ConfigError} */
export function resolveFaults(reading: Reading, ground: Ground): FaultPlan[] {
  const faults = (reading.text.faults ?? []).map((text, index) => resolveFault(reading, ground, text, index))
  const names = new Set<string>()
  for (const [index, { name }] of faults.entries()) {
    if (names.has(name)) reading.fail(['faults', index, 'name'], `there are two faults called "${name}"`)
    names.add(name)
  }
  return [...impairments(reading, ground), ...faults]
}

function impairments(reading: Reading, ground: Ground): FaultPlan[] {
  const plans: FaultPlan[] = []
  const add = (path: Path, text: ImpairText | undefined, ports: readonly PortWay[]): void => {
    if (text !== undefined) plans.push({ name: path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('').slice(1), ports, at: 0 as Duration, span: undefined, what: { kind: 'impair', faults: checked(reading, path, text) } })
  }
  for (const [network, text] of Object.entries(reading.text.networks ?? {})) add(['networks', network, 'impair'], text?.impair, portsOf(ground, network, 'out') ?? [])
  for (const [index, text] of (reading.text.links ?? []).entries()) {
    if (typeof text === 'string' || Array.isArray(text)) continue
    add(['links', index, 'impair'], text.impair, ground.links[index].ends.map(({ node, nic }) => ({ port: `${node}:${nic}`, way: 'out' })))
  }
  for (const { name, nics } of [...ground.machines, ...ground.hosts]) {
    const own = reading.text.nodes?.[name]?.networks
    for (const nic of nics) {
      if (own === undefined || own === null || Array.isArray(own) || nic.network === undefined) continue
      add(['nodes', name, 'networks', nic.network, 'impair'], own[nic.network]?.impair, waysOf(`${name}:${nic.name}`, 'both'))
    }
  }
  return plans
}

function checked(reading: Reading, path: Path, text: ImpairText): ReturnType<typeof readImpair> {
  try {
    return readImpair(text)
  } catch (error) {
    if (error instanceof RangeError) return reading.fail(path, error.message)
    throw error
  }
}

function resolveFault(reading: Reading, ground: Ground, text: FaultText, index: number): FaultPlan {
  const path: Path = ['faults', index]
  const what = kindOf(reading, text, path)
  const span = text.down === undefined || text.down === true ? text.for : text.down
  if (text.down !== undefined && text.down !== true && text.for !== undefined) reading.fail([...path, 'for'], 'down says how long already', 'down: true with for:, or down: 500ms alone', 'key')
  const ports = what.kind === 'match' ? matchPorts(reading, ground, { pattern: what.pattern, path: [...path, 'match'], link: text.link, direction: text.direction }) : linkPorts(reading, ground, text, path)
  return { name: text.name ?? `f${index + 1}`, ports, at: text.at ?? (0 as Duration), span, what }
}

function kindOf(reading: Reading, text: FaultText, path: Path): FaultKind {
  const words = impairWords(text)
  const asked = [text.match !== undefined && 'match', text.down !== undefined && 'down', words.length > 0 && words[0]].filter((one) => one !== false)
  if (asked.length === 0) reading.fail(path, 'this fault does nothing', 'e.g. { link: "node1:eth0", down: 500ms }, { link: lan, loss: 1% } or { match: "tftp.data", nth: 3 }')
  if (asked.length > 1) reading.fail([...path, asked[1]], `does not go with ${asked[0]}`, 'make it a fault of its own', 'key')
  if (text.match === undefined) for (const word of ['do', 'by', 'first', 'every', 'nth', 'between', 'chance'] as const) if (text[word] !== undefined) reading.fail([...path, word], 'goes with match only', undefined, 'key')
  if (text.match !== undefined) return { kind: 'match', pattern: pattern(reading, [...path, 'match'], text.match), pick: pickOf(reading, text, path), act: actOf(reading, text, path) }
  return text.down === undefined ? { kind: 'impair', faults: checked(reading, path, text) } : { kind: 'down' }
}

function pattern(reading: Reading, path: Path, text: string): Pattern {
  try {
    return parsePattern(text)
  } catch (error) {
    if (error instanceof ConfigError) return reading.fail(path, error.message, error.hint)
    throw error
  }
}

function pickOf(reading: Reading, { first, every, nth, between, chance }: FaultText, path: Path): Pick {
  const asked = (['first', 'every', 'nth', 'between'] as const).filter((word) => ({ first, every, nth, between })[word] !== undefined)
  if (asked.length > 1) reading.fail([...path, asked[1]], `does not go with ${asked[0]}`, undefined, 'key')
  const [from, to] = between?.split('..').map(Number) ?? []
  if (between !== undefined && (from < 1 || to < from)) reading.fail([...path, 'between'], `"${between}" holds no packet`, 'e.g. between: "3..7"')
  return {
    nth: nth === undefined ? undefined : new Set(Array.isArray(nth) ? nth : [nth]),
    every,
    between: between !== undefined ? [from, to] : first === undefined ? undefined : [1, first],
    chance: chance ?? 1,
  }
}

function actOf(reading: Reading, text: FaultText, path: Path): (FaultKind & { kind: 'match' })['act'] {
  const act = text.do ?? 'drop'
  if (act === 'delay' || act === 'reorder') return { kind: 'delay', by: text.by ?? usualDelay }
  if (text.by !== undefined) reading.fail([...path, 'by'], 'goes with do: delay only', undefined, 'key')
  return { kind: act }
}

function linkPorts(reading: Reading, ground: Ground, text: FaultText, path: Path): PortWay[] {
  if (text.link === undefined) reading.fail(path, 'needs "link" or "match"', 'link: "node1:eth0"', 'key')
  return chosenPorts(reading, ground, Array.isArray(text.link) ? text.link : [text.link], text.direction ?? 'both', [...path, 'link'])
}
