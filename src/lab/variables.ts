/** `${NAME}`, `${NAME:-default}`, `${NAME:?sentence}` and `$$` in a lab file, as Compose spells them. */
import type { Place } from '../base/errors.ts'
import { ConfigError } from '../base/errors.ts'
import type { Scalar } from './located.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const reference = /\$(?:\$|\{([^}]*)\})/g
const body = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])([\s\S]*))?$/

/** Puts the environment's values into `text`. @throws {ConfigError} for a name without a value, or a form that isn't one of the four. */
export function substitute(text: string, environment: Environment, place: Place): string {
  if (!text.includes('$')) return text
  return text.replace(reference, (whole: string, inside: string | undefined) => (inside === undefined ? '$' : value(whole, inside, environment, place)))
}

/** What a plain (unquoted) scalar is once its variables are in: `count: ${N:-3}` is a number. */
export function resolvePlain(text: string): Scalar {
  if (text === '' || text === '~' || text === 'null') return null
  if (text === 'true' || text === 'false') return text === 'true'
  return /^[-+]?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/.test(text) ? Number(text) : text
}

function value(whole: string, inside: string, environment: Environment, place: Place): string {
  const parts = body.exec(inside)
  if (parts === null) throw new ConfigError(`"${whole}" is not a variable`, place, 'write ${NAME}, ${NAME:-default} or $$ for a dollar sign')
  const [, name, operator, rest = ''] = parts
  const found = Object.hasOwn(environment, name) ? environment[name] : undefined
  const there = found !== undefined && (found !== '' || operator?.startsWith(':') !== true)
  if (there) return found
  if (operator?.endsWith('-') === true) return rest
  const why = operator?.endsWith('?') === true && rest !== '' ? `: ${rest}` : ''
  throw new ConfigError(`the variable ${name} has no value${why}`, place, `set it (${name}=… netloom …) or give a default: \${${name}:-value}`)
}
