/** Watches a console for a pattern. */
import { fromLatin1, fromUtf8, latin1, utf8 } from '../../base/bytes.ts'
import { PlainText } from './plain-text.ts'
import type { TextPattern } from './text-pattern.ts'

/** What a regular expression can see of the past, in characters: a match may not begin before. */
const longestTail = 1024

export class PatternWatch {
  readonly #plain = new PlainText()
  readonly #literal: string
  readonly #expression: RegExp | undefined
  #tail = ''

  constructor({ text, expression }: TextPattern) {
    this.#literal = fromLatin1(utf8(text))
    this.#expression = expression === undefined ? undefined : new RegExp(expression.source, expression.flags)
  }

  /** @returns what was found, with these bytes or across their beginning; what was fed up to its end is then forgotten. */
  feed(bytes: Uint8Array): string | undefined {
    this.#tail += this.#plain.feed(bytes)
    const text = this.#expression === undefined ? this.#tail : fromUtf8(latin1(this.#tail))
    const found = this.#expression === undefined ? this.#find(text) : this.#expression.exec(text)?.[0]
    if (found !== undefined) this.#tail = ''
    else if (this.#expression === undefined) this.#tail = this.#literal.length > 1 ? this.#tail.slice(1 - this.#literal.length) : ''
    // Half at once, so that a guest that prints much is not copied at every byte.
    else if (this.#tail.length > 2 * longestTail) this.#tail = this.#tail.slice(-longestTail)
    return found
  }

  #find(text: string): string | undefined {
    return text.includes(this.#literal) ? this.#literal : undefined
  }
}
