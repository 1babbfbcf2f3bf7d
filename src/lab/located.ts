/** A configuration tree that remembers where each of its parts was written, so that an error can be told at its line. */
import type { Place } from '../base/errors.ts'
import type { Path } from '../stack/service.ts'

export type Scalar = string | number | boolean | null

export interface LocatedScalar {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: Scalar
}

export interface LocatedList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Located[]
}

export interface LocatedMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, LocatedEntry>
}

/** One `key: value`; `place` is the key's. */
export interface LocatedEntry {
  readonly place: Place
  readonly node: Located
}

export type Located = LocatedScalar | LocatedList | LocatedMap

/** The tree without its places. Maps become objects without a prototype, so that `__proto__` is a key like any other. */
export function plain(node: Located): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  const record = Object.create(null) as Record<string, unknown>
  for (const [key, entry] of node.entries) record[key] = plain(entry.node)
  return record
}

/** Where the deepest existing part of `path` was written; `part` picks the key or the value of the last step. */
export function placeOf(root: Located, path: Path, part: 'key' | 'value' = 'value'): Place {
  let node = root
  let place = root.place
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1
    if (node.kind === 'map') {
      const entry = node.entries.get(String(step))
      if (entry === undefined) break
      node = entry.node
      place = last && part === 'key' ? entry.place : isBlank(node) ? entry.place : node.place
    } else if (node.kind === 'list') {
      const item = node.items[Number(step)]
      if (item === undefined) break
      node = item
      place = item.place
    } else break
  }
  return place
}

/** The part of the tree at `path`. */
export function at(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root
  for (const step of path) {
    if (node?.kind === 'map') node = node.entries.get(String(step))?.node
    else if (node?.kind === 'list') node = node.items[Number(step)]
    else return undefined
  }
  return node
}

/** `over` laid on `under`: maps are merged key by key, everything else is replaced. */
export function merge(under: Located, over: Located): Located {
  if (under.kind !== 'map' || over.kind !== 'map') return isBlank(over) && under.kind === 'map' ? under : over
  const entries = new Map(under.entries)
  for (const [key, entry] of over.entries) {
    const below = entries.get(key)
    entries.set(key, below === undefined ? entry : { place: entry.place, node: merge(below.node, entry.node) })
  }
  return { kind: 'map', place: over.place, entries }
}

/** A map with some of its entries left out. */
export function without(map: LocatedMap, leave: (key: string) => boolean): LocatedMap {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !leave(key))) }
}

/** The map with `key` replaced, or as it was when it has no such key. */
export function replace(map: LocatedMap, key: string, change: (node: Located) => Located): LocatedMap {
  const entry = map.entries.get(key)
  if (entry === undefined) return map
  return { ...map, entries: new Map(map.entries).set(key, { place: entry.place, node: change(entry.node) }) }
}

/** `key:` with nothing behind it. */
export function isBlank(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null
}
