/** Quantities in words of the command line, spelt as in a lab file. */
import { ConfigError } from '../base/errors.ts'
import type { Quantity } from '../lab/units.ts'

/** @param word that it was said behind: `--history`. @throws {ConfigError} */
export function readQuantity<Value>(word: string, quantity: Quantity<Value>, text: string): Value {
  if (!quantity.pattern.test(text)) throw new ConfigError(`${word}: "${text}" is not ${quantity.name}`, undefined, `write it with its unit, like ${quantity.example}`)
  return quantity.read(text)
}
