/** A request to the stack's port, read with care: what is wrong with it is said in a sentence, with the code a system call would give. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Why a request was not done. `code` is errno's name, as Node writes it. */
export class Refusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The fields of one request. Every method throws a `Refusal` EINVAL for what is not as it should be. */
export class Request {
  readonly #fields: { readonly [key: string]: Json }
  readonly #read = new Set(['id', 'do'])

  /** @throws {Refusal} */
  constructor(value: Json) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal('EINVAL', `a request is a JSON object like {"do":"time"}, this is ${kindOf(value)}`)
    this.#fields = value as { readonly [key: string]: Json }
  }

  /** What the answer is to be known by; null when the request does not say. */
  get id(): Json {
    return this.#fields.id ?? null
  }

  get verb(): string {
    const verb = this.#fields.do
    if (typeof verb !== 'string') throw new Refusal('EINVAL', `"do" names what to do; it is ${kindOf(verb)}`)
    return verb
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  text(key: string, otherwise?: string): string {
    const value = this.#get(key) ?? otherwise
    if (typeof value === 'string') return value
    return this.#wrong(key, value, 'a string')
  }

  /** @param words of which it is one. */
  word<Word extends string>(key: string, words: readonly Word[], otherwise?: Word): Word {
    const value = this.#get(key) ?? otherwise
    const found = words.find((word) => word === value)
    return found ?? this.#wrong(key, value, words.map((word) => `"${word}"`).join(' or '))
  }

  /** A whole number from `least` to `most`. */
  count(key: string, least: number, most: number, otherwise?: number): number {
    const value = this.#get(key) ?? otherwise
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    return this.#wrong(key, value, `a whole number from ${least} to ${most}`)
  }

  flag(key: string, otherwise?: boolean): boolean {
    const value = this.#get(key) ?? otherwise
    if (typeof value === 'boolean') return value
    return this.#wrong(key, value, 'true or false')
  }

  numbers(key: string): readonly number[] | undefined {
    const value = this.#get(key)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return value as number[]
    return this.#wrong(key, value, 'a list of numbers')
  }

  texts(key: string, otherwise: readonly string[]): readonly string[] {
    const value = this.#get(key)
    if (value === undefined) return otherwise
    if (typeof value === 'string') return [value]
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value as string[]
    return this.#wrong(key, value, 'a string or a list of strings')
  }

  fields(key: string): Request | undefined {
    const value = this.#get(key)
    return value === undefined ? undefined : new Request(value)
  }

  json(key: string): Json | undefined {
    return this.#get(key)
  }

  /** A key that nobody has asked for is a typing error. @throws {Refusal} */
  done(): void {
    const strange = Object.keys(this.#fields).find((key) => !this.#read.has(key))
    if (strange !== undefined) throw new Refusal('EINVAL', `"${strange}" means nothing here; there is ${[...this.#read].join(', ')}`)
  }

  #get(key: string): Json | undefined {
    this.#read.add(key)
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined
  }

  #wrong(key: string, value: Json | undefined, expected: string): never {
    throw new Refusal('EINVAL', value === undefined ? `"${key}" is missing: ${expected}` : `"${key}" must be ${expected}, not ${kindOf(value)}`)
  }
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
