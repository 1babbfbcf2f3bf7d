/**
 * What a packet looks like, in the words of the pretty-printer: `tftp.data`, `dhcp.offer`, `tcp.syn`, `udp.destinationPort = 69`, `nfs read reply`.
 * Terms are joined by `and`; `from NODE`, `to NODE` and `on INTERFACE` say where it is looked for.
 */
import { ConfigError } from '../../base/errors.ts'
import { type Field, formatNames, type Layer } from '../../wire/dissect.ts'
import { suggestion } from '../suggest.ts'
import { isKind, kindsOf, knowsKinds } from './packet-kinds.ts'

export interface Pattern {
  /** As written. */
  readonly text: string
  readonly terms: readonly Term[]
  readonly from: string | undefined
  readonly to: string | undefined
  readonly on: string | undefined
}

export type Term =
  | { readonly kind: 'protocol'; readonly protocol: string }
  | { readonly kind: 'words'; readonly protocol: string; readonly words: readonly string[] }
  | { readonly kind: 'field'; readonly protocol: string; readonly field: string; readonly operator: Operator; readonly value: string }

type Operator = '=' | '!=' | '<' | '>' | '<=' | '>=' | '~'

const places = ['from', 'to', 'on'] as const
const comparison = /^([a-z0-9]+)\.([A-Za-z0-9_.]+)\s*(!=|<=|>=|==|=|<|>|~)\s*(.+)$/

/** @throws {ConfigError} without a place: whoever has the file adds it. */
export function parsePattern(text: string): Pattern {
  const found: Partial<Record<(typeof places)[number], string>> = {}
  let rest = text.trim()
  for (let match = /\s+(from|to|on)\s+(\S+)$/.exec(rest); match !== null; match = /\s+(from|to|on)\s+(\S+)$/.exec(rest)) {
    const word = match[1] as (typeof places)[number]
    if (found[word] !== undefined) throw new ConfigError(`"${text}" says "${word}" twice`)
    found[word] = match[2]
    rest = rest.slice(0, match.index)
  }
  const terms = rest.split(/\s+and\s+/).map((term) => parseTerm(term.trim(), text))
  return { text, terms, from: found.from, to: found.to, on: found.on }
}

/** Whether the packet fits all terms; where it is seen is not looked at here. */
export function fits({ terms }: Pattern, layers: readonly Layer[]): boolean {
  return terms.every((term) => layers.some((layer) => isOf(layer.name, term.protocol) && fitsTerm(term, layer)))
}

/** Several formats of one protocol: a word for all of them. */
const families: Readonly<Record<string, readonly string[]>> = { nfs: ['nfs3', 'nfs4'] }

const isOf = (name: string, protocol: string): boolean => name === protocol || (Object.hasOwn(families, protocol) && families[protocol].includes(name))

function parseTerm(term: string, whole: string): Term {
  const compared = comparison.exec(term)
  if (compared !== null) {
    const [, protocol, field, operator, value] = compared
    known(protocol, whole)
    return { kind: 'field', protocol, field, operator: operator === '==' ? '=' : (operator as Operator), value: value.replace(/^"(.*)"$/, '$1') }
  }
  const [protocol, ...words] = term.toLowerCase().split(/[.\s]+/).filter((word) => word !== '')
  if (protocol === undefined) throw new ConfigError(`found "${whole}", expected a protocol such as tftp.data`, undefined, 'e.g. "tftp.data to node1"')
  known(protocol, whole)
  if (words.length === 0) return { kind: 'protocol', protocol }
  if (knowsKinds(protocol)) for (const word of words) if (!kindsOf(protocol).includes(word)) throw new ConfigError(`"${whole}": ${protocol} has no "${word}"`, undefined, suggestion(word, kindsOf(protocol)))
  return { kind: 'words', protocol, words }
}

function known(protocol: string, whole: string): void {
  if (!formatNames.includes(protocol) && !Object.hasOwn(families, protocol)) throw new ConfigError(`"${whole}": the pretty-printer knows no "${protocol}"`, undefined, suggestion(protocol, [...formatNames, ...Object.keys(families)]))
}

function fitsTerm(term: Term, layer: Layer): boolean {
  switch (term.kind) {
    case 'protocol':
      return true
    case 'words':
      return knowsKinds(term.protocol) ? term.words.every((word) => isKind(layer, word)) : saysAll(layer.line, term.words)
    case 'field':
      return values(layer.fields, term.field.split('.')).some((value) => compare(value, term.operator, term.value))
  }
}

function saysAll(line: string, words: readonly string[]): boolean {
  const said = new Set(line.toLowerCase().split(/[^a-z0-9_]+/))
  return words.every((word) => said.has(word))
}

function values(fields: readonly Field[], path: readonly string[]): string[] {
  const [name, ...rest] = path
  return fields.filter((field) => field.name === name).flatMap((field) => (rest.length === 0 ? [field.value, ...field.fields.map((inner) => inner.value)] : values(field.fields, rest)))
}

function compare(found: string, operator: Operator, wanted: string): boolean {
  const [a, b] = [found.toLowerCase(), wanted.toLowerCase()]
  const numeric = a !== '' && b !== '' && Number.isFinite(Number(a)) && Number.isFinite(Number(b))
  if (operator === '~') return a.includes(b)
  if (operator === '=') return numeric ? Number(a) === Number(b) : a === b
  if (operator === '!=') return numeric ? Number(a) !== Number(b) : a !== b
  if (!numeric) return false
  if (operator === '<') return Number(a) < Number(b)
  if (operator === '>') return Number(a) > Number(b)
  return operator === '<=' ? Number(a) <= Number(b) : Number(a) >= Number(b)
}
