/**
 * Seeded chance: sfc32 (Chris Doty-Humphrey, PractRand), forked by name so that one consumer's draws never move another's.
 * The seed of a fork is a hash of the parent's seed and the name alone, so it doesn't depend on what was drawn before.
 */
import type { Stateful } from './state.ts'
import { assert } from './errors.ts'

export interface Random {
  /** An independent generator for `name`; the same name gives the same generator, whenever it is asked for. */
  fork(name: string): Random
  /** An integer in [0, limit). `limit` is at most 2^32. */
  below(limit: number): number
  bytes(count: number): Uint8Array
}

/** FNV-1a over UTF-16 code units, then murmur3's finaliser: 32 bits that differ in every lane. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

export type RandomState = readonly [number, number, number, number]

/** What all forks of one generator share. */
interface Root {
  seed: string
  /** Counts the seeds there were. */
  turn: number
}

export class SeededRandom implements Random, Stateful<RandomState> {
  readonly #root: Root
  /** Names of the forks that led here, each behind a slash. */
  readonly #path: string
  #turn = 0
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  /** @param seed or, for a fork, what it shares with the others, and the names that led to it, e.g. `/lan/dhcp`. */
  constructor(seed: string | number | Root, path = '') {
    this.#root = typeof seed === 'object' ? seed : { seed: String(seed), turn: 0 }
    this.#path = path
    this.#begin()
  }

  fork(name: string): SeededRandom {
    return new SeededRandom(this.#root, `${this.#path}/${name}`)
  }

  /** From now on this generator and all its kin draw as if they had been made from another seed. */
  reseed(seed: string): void {
    this.#root.seed = seed
    this.#root.turn++
  }

  below(limit: number): number {
    assert(limit > 0 && limit <= 0x1_0000_0000, `below(${limit})`)
    // Lemire's multiply-shift would need 64 bits; rejection keeps it exactly uniform.
    const top = 0x1_0000_0000 - (0x1_0000_0000 % limit)
    for (;;) {
      const value = this.#draw()
      if (value < top) return value % limit
    }
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at += 4) {
      const value = this.#draw()
      for (let lane = 0; lane < 4 && at + lane < count; lane++) bytes[at + lane] = value >>> (8 * lane)
    }
    return bytes
  }

  save(): RandomState {
    if (this.#turn !== this.#root.turn) this.#begin()
    return [this.#a, this.#b, this.#c, this.#counter]
  }

  load([a, b, c, counter]: RandomState): void {
    this.#a = a
    this.#b = b
    this.#c = c
    this.#counter = counter
    this.#turn = this.#root.turn
  }

  #begin(): void {
    const path = `${this.#root.seed}${this.#path}`
    this.#turn = this.#root.turn
    this.#a = hash32(path, 1) | 0
    this.#b = hash32(path, 2) | 0
    this.#c = hash32(path, 3) | 0
    this.#counter = 1
    for (let round = 0; round < 12; round++) this.#draw()
  }

  #draw(): number {
    if (this.#turn !== this.#root.turn) this.#begin()
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
