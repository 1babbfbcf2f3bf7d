/** The JSON Schema of a lab file (draft 2020-12), made from the schema the parser uses, for editors; and what words are valid where. */
import * as z from 'zod'
import type { Path } from '../stack/service.ts'
import { labSchema } from './schema.ts'

/** The part of JSON Schema that is read back here. */
interface Shape {
  properties?: Record<string, Shape>
  patternProperties?: Record<string, Shape>
  additionalProperties?: Shape | boolean
  items?: Shape
  anyOf?: Shape[]
  [word: string]: unknown
}

/** What `netloom schema` prints and the package ships. */
export function labJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(labSchema, { io: 'input', unrepresentable: 'any' }) as Shape
  allowExtensions(schema)
  const properties = schema.properties as Record<string, Shape>
  properties['include'] = { description: 'Other lab files, laid under this one', anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
  const { nodes, links, kinds, defaults } = properties
  properties['topology'] = { type: 'object', description: 'containerlab’s wrapper', properties: { nodes, links, kinds, defaults }, additionalProperties: false }
  return { ...schema, title: 'Netloom lab file' }
}

let shape: Shape | undefined

/** The words that may stand as keys at `path`; empty where any name may. */
export function wordsAt(path: Path): string[] {
  shape ??= z.toJSONSchema(labSchema, { io: 'input', unrepresentable: 'any' }) as Shape
  let here = branches(shape)
  for (const step of path) here = here.flatMap((one) => below(one, step)).flatMap(branches)
  return here.flatMap((one) => Object.keys(one.properties ?? {}))
}

/** `x-*` is anybody's, wherever the schema's own words stand. */
function allowExtensions(shape: Shape): void {
  for (const one of branches(shape)) {
    if (one.properties !== undefined && one.additionalProperties === false) one.patternProperties = { '^x-': {} }
    for (const child of Object.values(one.properties ?? {})) allowExtensions(child)
    if (typeof one.additionalProperties === 'object') allowExtensions(one.additionalProperties)
    if (one.items !== undefined) allowExtensions(one.items)
  }
}

function branches(shape: Shape): Shape[] {
  return shape.anyOf === undefined ? [shape] : shape.anyOf.flatMap(branches)
}

function below(shape: Shape, step: string | number): Shape[] {
  if (typeof step === 'number') return shape.items === undefined ? [] : [shape.items]
  const named = shape.properties?.[step]
  if (named !== undefined) return [named]
  return typeof shape.additionalProperties === 'object' ? [shape.additionalProperties] : []
}
