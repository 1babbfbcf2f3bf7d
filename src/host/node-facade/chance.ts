/** Chance for libraries inside a lab: from the lab's seed, so that they draw the same in every run. Keys that OpenSSL makes are its own business. */
import nodeCrypto from 'node:crypto'
import type { Inside } from './inside.ts'

const largestRange = 2 ** 48 - 1

/** `Math` whose `random` is the lab's. */
export function labMath(inside: Inside): Math {
  const made = Object.defineProperties({}, Object.getOwnPropertyDescriptors(Math)) as Math
  return Object.defineProperty(made, 'random', { value: () => fraction(inside), writable: true, configurable: true })
}

/** The module, for `require('crypto')`. */
export function cryptoModule(inside: Inside): Record<string, unknown> {
  const randomBytes = (count: number, tell?: (error: null, bytes: Buffer) => void): Buffer | undefined => {
    const bytes = Buffer.from(inside.random.bytes(count))
    if (tell === undefined) return bytes
    process.nextTick(tell, null, bytes)
    return undefined
  }
  const randomFillSync = <Into extends NodeJS.ArrayBufferView | ArrayBuffer>(into: Into, from = 0, count = into.byteLength - from): Into => {
    const view = into instanceof ArrayBuffer ? new Uint8Array(into) : new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
    view.set(inside.random.bytes(count), from)
    return into
  }
  const randomFill = (into: NodeJS.ArrayBufferView, ...words: unknown[]): void => {
    const tell = words.pop() as (error: null, into: NodeJS.ArrayBufferView) => void
    randomFillSync(into, ...(words as number[]))
    process.nextTick(tell, null, into)
  }
  const randomInt = (first: number, second?: unknown, third?: unknown): number | undefined => {
    const [least, limit] = typeof second === 'number' ? [first, second] : [0, first]
    const tell = [second, third].find((word): word is (error: null, value: number) => void => typeof word === 'function')
    const value = least + Math.floor(fraction(inside) * Math.min(limit - least, largestRange))
    if (tell === undefined) return value
    process.nextTick(tell, null, value)
    return undefined
  }
  const randomUUID = (): string => {
    const bytes = inside.random.bytes(16)
    bytes[6] = (bytes[6] & 0x0f) | 0x40
    bytes[8] = (bytes[8] & 0x3f) | 0x80
    return Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
  return { ...nodeCrypto, randomBytes, pseudoRandomBytes: randomBytes, randomFillSync, randomFill, randomInt, randomUUID, getRandomValues: randomFillSync }
}

/** In [0, 1), of 53 bits. */
const fraction = (inside: Inside): number => (inside.random.below(2 ** 27) * 2 ** 26 + inside.random.below(2 ** 26)) / 2 ** 53
