/** What went wrong, told to a person: what, where, and what to type next. And the exit code of product.md §2. */
import { readFileSync } from 'node:fs'
import { AssertionError, ConfigError, type Place } from '../base/errors.ts'
import { HostError } from '../host/host-error.ts'
import { paint } from './paint.ts'

/** 70 is EX_SOFTWARE of sysexits.h: a fault of ours, which none of the four stands for. */
export const exitCodes = { ok: 0, testFailed: 1, fileWrong: 2, hostRefuses: 3, ourFault: 70 } as const

/** Writes the sentence to standard error. @returns the exit code. */
export function fail(error: unknown): number {
  const { message, hint, place, code } = described(error)
  process.stderr.write(`${paint(process.stderr, 'red', 'error:')} ${printable(message)}\n`)
  if (place !== undefined) process.stderr.write(excerpt(place))
  if (hint !== undefined) process.stderr.write(`  ${paint(process.stderr, 'bold', printable(hint))}\n`)
  return code
}

/** Control characters of a stranger's file must not reach the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (char) => `\\x${(char.codePointAt(0) as number).toString(16).padStart(2, '0')}`)
}

interface Description {
  readonly message: string
  readonly hint: string | undefined
  readonly place: Place | undefined
  readonly code: number
}

function described(error: unknown): Description {
  if (error instanceof ConfigError) return { message: error.message, hint: error.hint, place: error.place, code: exitCodes.fileWrong }
  if (error instanceof HostError) return { message: error.message, hint: error.hint, place: undefined, code: exitCodes.hostRefuses }
  const { message, code, stack } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return { message, hint: undefined, place: undefined, code: exitCodes.hostRefuses }
  const what = error instanceof AssertionError ? message : (stack ?? String(error))
  return { message: `this is a fault in netloom: ${what}`, hint: 'please report it with the lab file and its seed', place: undefined, code: exitCodes.ourFault }
}

/** The line of the file, with a mark under the column. */
function excerpt({ file, line, column }: Place): string {
  let text: string | undefined
  try {
    text = readFileSync(file, 'utf8').split('\n')[line - 1]
  } catch {
    return ''
  }
  if (text === undefined || text.length > 200) return ''
  const margin = `${line}`.padStart(5)
  return `${dim(`${margin} |`)} ${printable(text)}\n${dim(`${' '.repeat(margin.length)} |`)} ${text.slice(0, column - 1).replace(/[^\t]/g, ' ')}${paint(process.stderr, 'red', '^')}\n`
}

function dim(part: string): string {
  return paint(process.stderr, 'dim', part)
}
