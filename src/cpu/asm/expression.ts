/** Constant expressions, as in GNU as: 64-bit integers, symbols, C's operators with C's precedence. */
import { AssemblyError } from './assembly-error.ts'

/** What a name stands for; undefined if it isn't known (yet). `.` is the statement's address, `1b` and `1f` are local labels. */
export type Resolve = (symbol: string) => bigint | undefined

/**
 * @returns the value, signed or unsigned as it comes out, not yet cut to any width
 * @throws {AssemblyError} for what is no expression and for unknown symbols
 */
export function evaluate(text: string, resolve: Resolve): bigint {
  const reader = new Reader(text, resolve)
  const value = reader.binary(0)
  if (!reader.atEnd) throw new AssemblyError(`${text}: ${reader.rest} is left over`)
  return value
}

const levels: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '%']]
const token = /\s*(\d+[bf](?![0-9A-Za-z])|0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*|'(?:\\.|[^\\'])'|[A-Za-z_.$][\w.$]*|<<|>>|[-+*/%&|^~()])/y
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' }

class Reader {
  private readonly text: string
  private readonly resolve: Resolve
  private at = 0

  constructor(text: string, resolve: Resolve) {
    this.text = text
    this.resolve = resolve
  }

  get rest(): string {
    return this.text.slice(this.at).trim()
  }

  get atEnd(): boolean {
    return this.rest === ''
  }

  /** Left-associative operators of `level` and all that bind more tightly. */
  binary(level: number): bigint {
    if (level === levels.length) return this.unary()
    let left = this.binary(level + 1)
    for (;;) {
      const begin = this.at
      const operator = this.next()
      if (operator === undefined || !levels[level].includes(operator)) {
        this.at = begin
        return left
      }
      left = this.apply(operator, left, this.binary(level + 1))
    }
  }

  private unary(): bigint {
    const found = this.next()
    switch (found) {
      case undefined:
        throw new AssemblyError(this.atEnd ? `${this.text || 'nothing'}: a value is missing` : `${this.text}: ${this.rest} is no value`)
      case '-':
        return -this.unary()
      case '+':
        return this.unary()
      case '~':
        return ~this.unary()
      case '(': {
        const value = this.binary(0)
        if (this.next() !== ')') throw new AssemblyError(`${this.text}: ) is missing`)
        return value
      }
      default:
        return this.value(found)
    }
  }

  private value(found: string): bigint {
    if (found.startsWith("'")) {
      const inner = found.slice(1, -1)
      return BigInt((inner.startsWith('\\') ? (escapes[inner[1]] ?? inner[1]) : inner).codePointAt(0) as number)
    }
    if (/^\d/.test(found) && !/^\d+[bf]$/.test(found)) return BigInt(found.replaceAll('_', ''))
    const value = /^[\w.$]/.test(found) ? this.resolve(found) : undefined
    if (value === undefined) throw new AssemblyError(`${found} is not known`)
    return value
  }

  private apply(operator: string, left: bigint, right: bigint): bigint {
    switch (operator) {
      case '|': return left | right
      case '^': return left ^ right
      case '&': return left & right
      case '<<': return left << this.count(right)
      case '>>': return left >> this.count(right)
      case '+': return left + right
      case '-': return left - right
      case '*': return left * right
    }
    if (right === 0n) throw new AssemblyError(`${this.text}: division by zero`)
    return operator === '/' ? left / right : left % right
  }

  private count(value: bigint): bigint {
    if (value < 0n || value > 63n) throw new AssemblyError(`${this.text}: shift by ${value}, should be 0 to 63`)
    return value
  }

  private next(): string | undefined {
    token.lastIndex = this.at
    const match = token.exec(this.text)
    if (match === null) return undefined
    this.at = token.lastIndex
    return match[1]
  }
}
