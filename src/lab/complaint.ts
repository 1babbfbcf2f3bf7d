/** What the schema objects to → a ConfigError at its line: what was found, what was expected, the nearest valid word. */
import type * as z from 'zod'
import type { Place } from '../base/errors.ts'
import { ConfigError } from '../base/errors.ts'
import type { Path } from '../stack/service.ts'
import { wordsAt } from './json-schema.ts'
import { at, type Located, placeOf } from './located.ts'
import { list, nearest, suggestion } from './suggest.ts'

type Issue = z.core.$ZodIssue

interface Complaint {
  readonly message: string
  readonly place: Place
  readonly hint: string | undefined
}

/** The first thing wrong with the file, by line. */
export function complain(root: Located, issues: readonly Issue[]): ConfigError {
  const complaints = issues.map((issue) => describe(root, issue, [])).sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
  const [{ message, place, hint }] = complaints
  return new ConfigError(message, place, hint === '' ? undefined : hint)
}

/** `nodes.node1.memory`, or "the lab file" for its top. */
export function pathText(path: Path): string {
  return path.length === 0 ? 'the lab file' : path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('').replace(/^\./, '')
}

/** `"64"`, `64`, `a list`, `a mapping` or `nothing`. */
export function foundText(node: Located | undefined): string {
  if (node === undefined) return 'nothing'
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a mapping'
  if (node.value === null) return 'nothing'
  const text = typeof node.value === 'string' ? `"${node.value}"` : String(node.value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}…"`
}

function describe(root: Located, issue: Issue, above: Path): Complaint {
  const path = [...above, ...(issue.path as (string | number)[])]
  if (issue.code === 'unrecognized_keys') return unknownKey(root, path, issue.keys)
  if (issue.code === 'invalid_key') return badName(root, path, issue)
  if (issue.code === 'invalid_union') {
    const branch = deepest(issue)
    if (branch !== undefined) return describe(root, branch, path)
  }
  const node = at(root, path)
  const found = foundText(node)
  if (issue.code === 'invalid_value') {
    const words = issue.values.map(String)
    const near = node?.kind === 'scalar' ? nearest(String(node.value), words) : undefined
    return { message: `${pathText(path)}: found ${found}, expected ${list(words)}`, place: placeOf(root, path), hint: near === undefined ? undefined : `did you mean "${near}"?` }
  }
  return { message: `${pathText(path)}: found ${found}, ${expected(issue)}`, place: placeOf(root, path), hint: undefined }
}

function unknownKey(root: Located, path: Path, keys: readonly string[]): Complaint {
  const [key] = keys
  const where = path.length === 0 ? 'at the top of the lab file' : `in ${pathText(path)}`
  return { message: `unknown key "${key}" ${where}`, place: placeOf(root, [...path, key], 'key'), hint: suggestion(key, wordsAt(path)) }
}

function badName(root: Located, path: Path, issue: Issue & { readonly code: 'invalid_key' }): Complaint {
  return { message: `"${String(path.at(-1))}": ${issue.issues[0]?.message ?? 'not a name'}`, place: placeOf(root, path, 'key'), hint: undefined }
}

/** Of a union's branches, the objection of the one that fits furthest; undefined when none fits even in kind. */
function deepest(issue: Issue & { readonly code: 'invalid_union' }): Issue | undefined {
  let best: Issue | undefined
  for (const [first] of issue.errors) {
    if (first === undefined || (first.path.length === 0 && first.code !== 'unrecognized_keys' && first.code !== 'invalid_format')) continue
    if (best === undefined || first.path.length > best.path.length) best = first
  }
  return best
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a mapping', record: 'a mapping', array: 'a list', string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', null: 'nothing',
}

function expected(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) return `expected ${kinds[issue.expected] ?? issue.expected}`
  return issue.message.startsWith('Invalid input') ? 'which is not allowed here' : issue.message
}
