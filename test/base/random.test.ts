import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { AssertionError } from '../../src/base/errors.ts'
import { hash32, SeededRandom } from '../../src/base/random.ts'

const draws = (random: SeededRandom, count = 5): number[] => Array.from({ length: count }, () => random.below(1000))

describe('chance', () => {
  it('is the same with the same seed and another with another', () => {
    expect(draws(new SeededRandom(42))).toEqual(draws(new SeededRandom('42')))
    expect(draws(new SeededRandom(42))).not.toEqual(draws(new SeededRandom(43)))
  })

  it('is forked by name alone, however much was drawn before', () => {
    const random = new SeededRandom(42)
    const early = draws(random.fork('lan'))
    draws(random, 100)
    expect(draws(random.fork('lan'))).toEqual(early)
    expect(draws(random.fork('wan'))).not.toEqual(early)
    expect(draws(random.fork('lan').fork('dhcp'))).not.toEqual(early)
  })

  it('is not moved by its forks', () => {
    const [forked, plain] = [new SeededRandom(1), new SeededRandom(1)]
    draws(forked.fork('x'))
    expect(draws(forked)).toEqual(draws(plain))
  })

  it('stays below its limit and reaches all under it', () => {
    const random = new SeededRandom('range')
    const seen = new Set(Array.from({ length: 200 }, () => random.below(6)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(random.below(1)).toBe(0)
    expect(random.below(0x1_0000_0000)).toBeLessThan(0x1_0000_0000)
  })

  it.each([0, -1, 0x1_0000_0001])('refuses a limit of %d', (limit) => {
    expect(() => new SeededRandom(1).below(limit)).toThrow(AssertionError)
  })

  it('is even enough', () => {
    const random = new SeededRandom('even')
    const counts = Array.from({ length: 10 }, () => 0)
    for (let draw = 0; draw < 20_000; draw++) counts[random.below(10)]++
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })

  it('fills any number of bytes', () => {
    for (const count of [0, 1, 3, 4, 5, 17]) expect(new SeededRandom(1).bytes(count).length).toBe(count)
    expect(hex(new SeededRandom(1).bytes(4))).toBe(hex(new SeededRandom(1).bytes(9).subarray(0, 4)))
  })

  it('goes on from where it was saved', () => {
    const random = new SeededRandom(7)
    draws(random)
    const state = random.save()
    const next = draws(random)
    const other = new SeededRandom(8)
    other.load(state)
    expect(draws(other)).toEqual(next)
  })

  it('hashes texts apart', () => {
    expect(new Set(Array.from({ length: 10_000 }, (_, at) => hash32(`node${at}`))).size).toBe(10_000)
    expect(hash32('a', 1)).not.toBe(hash32('a', 2))
  })
})
