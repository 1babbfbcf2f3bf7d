/** SHA-256 (FIPS 180-4 §6.2) and HMAC over it (RFC 2104), for what has to be authentic inside the lab. */
import { concat, putU32be, u32be } from './bytes.ts'

const blockBytes = 64
export const digestBytes = 32

const fraction = (root: number): number => (root - Math.floor(root)) * 0x1_0000_0000

/** The first 32 bits of the fractional parts of the square roots (H) and cube roots (K) of the first primes (§4.2.2, §5.3.3). */
const [initial, constants] = ((): [Int32Array, Int32Array] => {
  const primes: number[] = []
  for (let candidate = 2; primes.length < 64; candidate++) if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  return [Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)) | 0), Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)) | 0)]
})()

/** @returns 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  return finish(initial.slice(), message, 0)
}

/** A key, prepared once: each signature then costs two blocks less. */
export class HmacKey {
  readonly #inner: Int32Array
  readonly #outer: Int32Array

  constructor(key: Uint8Array) {
    const padded = new Uint8Array(blockBytes)
    padded.set(key.length > blockBytes ? sha256(key) : key)
    this.#inner = initial.slice()
    this.#outer = initial.slice()
    compress(this.#inner, padded.map((byte) => byte ^ 0x36), 0)
    compress(this.#outer, padded.map((byte) => byte ^ 0x5c), 0)
  }

  /** @returns 32 bytes. */
  sign(message: Uint8Array): Uint8Array {
    return finish(this.#outer.slice(), finish(this.#inner.slice(), message, blockBytes), blockBytes)
  }
}

/** Takes in `message` and the padding. @param before bytes that `state` has taken in already, whole blocks. */
function finish(state: Int32Array, message: Uint8Array, before: number): Uint8Array {
  const whole = message.length - (message.length % blockBytes)
  for (let at = 0; at < whole; at += blockBytes) compress(state, message, at)
  const rest = message.subarray(whole)
  const tail = concat(rest, Uint8Array.of(0x80), new Uint8Array((2 * blockBytes - 9 - rest.length) % blockBytes), new Uint8Array(8))
  const length = before + message.length
  putU32be(tail, tail.length - 8, Math.floor(length / 0x2000_0000))
  putU32be(tail, tail.length - 4, (length << 3) >>> 0)
  for (let at = 0; at < tail.length; at += blockBytes) compress(state, tail, at)
  const digest = new Uint8Array(digestBytes)
  for (let at = 0; at < 8; at++) putU32be(digest, 4 * at, state[at] >>> 0)
  return digest
}

const schedule = new Int32Array(64)
const turn = (value: number, by: number): number => (value >>> by) | (value << (32 - by))

function compress(state: Int32Array, bytes: Uint8Array, at: number): void {
  const w = schedule
  for (let t = 0; t < 16; t++) w[t] = u32be(bytes, at + 4 * t)
  for (let t = 16; t < 64; t++) {
    const s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ (w[t - 15] >>> 3)
    const s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ (w[t - 2] >>> 10)
    w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  let f = state[5]
  let g = state[6]
  let h = state[7]
  for (let t = 0; t < 64; t++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[t] + w[t]) | 0
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  state[0] = (state[0] + a) | 0
  state[1] = (state[1] + b) | 0
  state[2] = (state[2] + c) | 0
  state[3] = (state[3] + d) | 0
  state[4] = (state[4] + e) | 0
  state[5] = (state[5] + f) | 0
  state[6] = (state[6] + g) | 0
  state[7] = (state[7] + h) | 0
}
