/** Descriptors that are kept open, the one used longest ago closed first. */
export class Kept<Value> {
  readonly #most: number
  readonly #close: (value: Value) => void
  readonly #values = new Map<number, Value>()

  constructor(most: number, close: (value: Value) => void) {
    this.#most = most
    this.#close = close
  }

  get(key: number): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  add(key: number, value: Value): Value {
    this.drop(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#most) {
      const [oldest] = this.#values.keys()
      this.drop(oldest)
    }
    return value
  }

  drop(key: number): void {
    const value = this.#values.get(key)
    if (value === undefined) return
    this.#values.delete(key)
    this.#close(value)
  }

  clear(): void {
    for (const key of this.#values.keys()) this.drop(key)
  }
}
