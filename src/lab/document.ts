/** YAML text → a located tree. YAML 1.2 core schema; bounded in size, depth and aliases, because a lab file may come from a stranger. */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar as YamlScalar } from 'yaml'
import type { Place } from '../base/errors.ts'
import { ConfigError } from '../base/errors.ts'
import type { Located, LocatedEntry } from './located.ts'
import { type Environment, resolvePlain, substitute } from './variables.ts'

/** Longest lab file, in bytes of UTF-16 text: the parser's cost grows faster than its input. */
export const longestText = 1 << 20
/** Most nodes after aliases are expanded. */
const mostNodes = 100_000
const deepest = 64

/**
 * Keys whose values are written in another language (U-Boot's, the shell's), where `${…}` is that language's and stays as it is.
 */
const verbatim = new Set(['script', 'text', 'init'])

/** @throws {ConfigError} with file, line and column. */
export function readDocument(text: string, file: string, environment: Environment): Located {
  const top: Place = { file, line: 1, column: 1 }
  if (text.length > longestText) throw new ConfigError(`the file is ${text.length} characters long; a lab file may have ${longestText}`, top)
  const counter = new LineCounter()
  const document = parseText(text, counter, top)
  const reader = new Reader(counter, file, environment)
  const [error] = document.errors
  if (error !== undefined) {
    const place = reader.placeAt(error.pos[0])
    const line = text.split('\n', place.line)[place.line - 1] ?? ''
    const hint = /\$\{/.test(line) ? 'inside { } and [ ] put quotes around "${…}"' : 'check the indentation and quotes at that line'
    if (error.message.includes('call stack')) throw new ConfigError('nested too deeply', place)
    throw new ConfigError(firstLine(error.message), place, hint)
  }
  if (document.contents === null) return { kind: 'map', place: top, entries: new Map() }
  return reader.read(document.contents, 0, false)
}

function parseText(text: string, counter: LineCounter, top: Place): Document {
  try {
    // The library's own uniqueness check is quadratic; the reader below makes it with a map.
    return parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false, merge: true, logLevel: 'silent' })
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError('the file is nested too deeply', top)
    throw error
  }
}

class Reader {
  readonly #counter: LineCounter
  readonly #file: string
  readonly #environment: Environment
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(counter: LineCounter, file: string, environment: Environment) {
    this.#counter = counter
    this.#file = file
    this.#environment = environment
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#counter.linePos(offset)
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) }
  }

  read(node: Node | null, depth: number, verbatimly: boolean, fallback?: Place): Located {
    const place = node?.range ? this.placeAt(node.range[0]) : (fallback ?? this.placeAt(0))
    if (++this.#nodes > mostNodes) throw new ConfigError(`the file has more than ${mostNodes} parts once its aliases are expanded`, place)
    if (depth > deepest) throw new ConfigError(`nested more than ${deepest} levels deep`, place)
    if (node === null) return { kind: 'scalar', place, value: null }
    if (isAlias(node)) return this.#alias(node, depth, verbatimly, place)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    this.#open.add(node)
    const located = this.#collection(node, depth, verbatimly, place)
    this.#open.delete(node)
    return located
  }

  #collection(node: Node, depth: number, verbatimly: boolean, place: Place): Located {
    if (isSeq(node)) return { kind: 'list', place, items: node.items.map((item) => this.read(item as Node | null, depth + 1, verbatimly, place)) }
    if (isMap(node)) return { kind: 'map', place, entries: this.#entries(node.items as never, depth, verbatimly) }
    if (isScalar(node)) return this.#scalar(node, verbatimly, place)
    throw new ConfigError('neither a value, a list nor a mapping', place)
  }

  #alias(alias: Alias, depth: number, verbatimly: boolean, place: Place): Located {
    const target = this.#anchors.get(alias.source)
    if (target === undefined) throw new ConfigError(`the alias *${alias.source} has no anchor before it`, place)
    if (this.#open.has(target)) throw new ConfigError(`the alias *${alias.source} contains itself`, place)
    return this.read(target, depth, verbatimly)
  }

  #entries(pairs: readonly { key: Node | null; value: Node | null }[], depth: number, verbatimly: boolean): Map<string, LocatedEntry> {
    const entries = new Map<string, LocatedEntry>()
    const merged = new Map<string, LocatedEntry>()
    for (const { key, value } of pairs) {
      const place = key?.range ? this.placeAt(key.range[0]) : this.placeAt(0)
      const name = this.#key(key, place)
      const node = this.read(value, depth + 1, verbatimly || verbatim.has(name), place)
      if (name === '<<' && (key as YamlScalar).type === 'PLAIN') this.#mergeKey(node, merged)
      else if (entries.has(name)) throw new ConfigError(`the key "${name}" is written twice; it was first at line ${(entries.get(name) as LocatedEntry).place.line}`, place)
      else entries.set(name, { place, node })
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry)
    return entries
  }

  #key(key: Node | null, place: Place): string {
    if (!isScalar(key)) throw new ConfigError('a key must be a word', place)
    if (key.value === null) throw new ConfigError('a key is missing before the colon', place)
    return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
  }

  #mergeKey(node: Located, merged: Map<string, LocatedEntry>): void {
    for (const source of node.kind === 'list' ? node.items : [node]) {
      if (source.kind !== 'map') throw new ConfigError('what << merges must be a mapping', source.place)
      for (const [name, entry] of source.entries) if (!merged.has(name)) merged.set(name, entry)
    }
  }

  #scalar(node: YamlScalar, verbatimly: boolean, place: Place): Located {
    const { value } = node
    if (typeof value === 'string') {
      const text = verbatimly ? value : substitute(value, this.#environment, place)
      return { kind: 'scalar', place, value: text !== value && node.type === 'PLAIN' ? resolvePlain(text) : text }
    }
    // 0x0104… keeps its spelling: as bytes of a DHCP option its leading zeros count.
    if (typeof value === 'number') return { kind: 'scalar', place, value: node.format === 'HEX' && node.source !== undefined ? node.source : value }
    if (typeof value === 'boolean' || value === null) return { kind: 'scalar', place, value }
    throw new ConfigError(`"${node.source ?? String(value)}" is not a plain value`, place)
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string
}
