/**
 * From the text of a lab file to one located tree in the schema's own shape: variables put in, included files laid under,
 * containerlab's wrapper taken off, `x-*` keys dropped, and what is not there yet refused by name.
 */
import { ConfigError } from '../base/errors.ts'
import type { Path } from '../stack/service.ts'
import { readDocument } from './document.ts'
import { foundText } from './complaint.ts'
import { at, isBlank, type Located, type LocatedMap, merge, placeOf, replace, without } from './located.ts'
import type { Environment } from './variables.ts'

/** What the parser asks of whoever has the files. */
export interface LabSource {
  /** As shown in errors. */
  readonly file: string
  readonly text: string
  readonly environment: Environment
  /** The text of a file that `include:` names. @param from the file it is named in. @throws {Error} with Node's `code`. */
  readonly include: (name: string, from: string) => { readonly file: string; readonly text: string }
}

const deepestInclude = 16
const wrapped = ['nodes', 'links', 'kinds', 'defaults']

/** Sections and named things whose keys are the schema's words; in the others a key is the user's own name. */
const wordy: readonly Path[] = [[], ['sim'], ['defaults'], ['networks', '*'], ['nodes', '*'], ['kinds', '*'], ['images', '*'], ['uplinks', '*'], ['tests', '*'], ['topology']]

/** What product.md promises and this version doesn't have. `*` stands for any name. */
const later: readonly (readonly [Path, string])[] = [
  [['networks', '*', 'smb'], 'the smb service point'],
  ...['nodes', 'kinds'].flatMap((section) => ['smb', 'nat'].map((word) => [[section, '*', word], `the ${word} service point`] as const)),
]

/** @throws {ConfigError} */
export function assemble(source: LabSource): Located {
  const root = withIncludes(source, source.text, source.file, [])
  const whole = unwrap(root)
  const services = whole.entries.get('services')
  if (services !== undefined) throw new ConfigError('in this tool the word is nodes', services.place, 'rename "services:" to "nodes:"; service points stand under networks.NAME')
  const cleaned = wordy.reduce((map, path) => dropExtensions(map, path), whole)
  for (const [path, what] of later) refuse(cleaned, path, what)
  return cleaned
}

function withIncludes(source: LabSource, text: string, file: string, open: readonly string[]): LocatedMap {
  const root = readDocument(text, file, source.environment)
  if (root.kind !== 'map') throw new ConfigError(`a lab file is a mapping, found ${foundText(root)}`, root.place)
  const include = root.entries.get('include')
  if (include === undefined) return root
  const names = include.node.kind === 'list' ? include.node.items : isBlank(include.node) ? [] : [include.node]
  let under: Located = { kind: 'map', place: root.place, entries: new Map() }
  for (const node of names) {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') throw new ConfigError(`include: found ${foundText(node)}, expected a file name`, node.place)
    under = merge(under, included(source, node.value, node.place, file, [...open, file]))
  }
  return merge(under, without(root, (key) => key === 'include')) as LocatedMap
}

function included(source: LabSource, name: string, place: { file: string; line: number; column: number }, from: string, open: readonly string[]): LocatedMap {
  let found: { readonly file: string; readonly text: string }
  try {
    found = source.include(name, from)
  } catch (error) {
    throw new ConfigError(`cannot include "${name}": ${(error as Error).message}`, place)
  }
  if (open.includes(found.file)) throw new ConfigError(`"${name}" includes itself: ${[...open, found.file].join(' → ')}`, place)
  if (open.length > deepestInclude) throw new ConfigError(`included more than ${deepestInclude} files deep`, place)
  return withIncludes(source, found.text, found.file, open)
}

/** containerlab's `topology: { nodes, links, kinds, defaults }`. */
function unwrap(root: LocatedMap): LocatedMap {
  const wrapper = root.entries.get('topology')
  if (wrapper === undefined) return root
  if (wrapper.node.kind !== 'map') throw new ConfigError(`topology: found ${foundText(wrapper.node)}, expected a mapping`, wrapper.place)
  const inner = without(wrapper.node, (key) => key.startsWith('x-'))
  for (const [key, entry] of inner.entries) {
    if (!wrapped.includes(key)) throw new ConfigError(`unknown key "${key}" in topology`, entry.place, 'expected nodes, links, kinds or defaults')
    if (root.entries.has(key)) throw new ConfigError(`"${key}" stands both in topology and at the top`, entry.place)
  }
  return { ...root, entries: new Map([...without(root, (key) => key === 'topology').entries, ...inner.entries]) }
}

function dropExtensions(map: LocatedMap, path: Path): LocatedMap {
  const [step, ...rest] = path
  if (step === undefined) return without(map, (key) => key.startsWith('x-'))
  const inside = (node: Located): Located => (node.kind === 'map' ? dropExtensions(node, rest) : node)
  if (step !== '*') return replace(map, String(step), inside)
  return [...map.entries.keys()].reduce((changed, key) => replace(changed, key, inside), map)
}

function refuse(root: Located, path: Path, what: string): void {
  const star = path.indexOf('*')
  if (star >= 0) {
    const parent = at(root, path.slice(0, star))
    const names = parent?.kind === 'map' ? [...parent.entries.keys()] : parent?.kind === 'list' ? parent.items.keys() : []
    for (const name of names) refuse(root, [...path.slice(0, star), name, ...path.slice(star + 1)], what)
    return
  }
  if (at(root, path) === undefined) return
  throw new ConfigError(`${what}: not yet in this version`, placeOf(root, path, 'key'), `take "${String(path.at(-1))}" out; README's "Not yet" lists what is missing`)
}
