import { describe, expect, it } from 'vitest'
import { fromLatin1, putU32le, putU64le, utf8 } from '../../../src/base/bytes.ts'
import { base, bench, type Bench } from './fake-hart.ts'

const code = base + 0x800
const block = base + 0x900
const words = [0x01f0_1013, 0x0010_0073, 0x4070_5013]

/** @returns a0 after the operation with this parameter, and whether the EBREAK was taken. */
function operation({ hart, magic }: Bench, number: number, parameter: number | readonly (number | bigint)[], sequence: readonly number[] = words): [number, boolean] {
  const bytes = new Uint8Array(12)
  for (const [index, word] of sequence.entries()) putU32le(bytes, 4 * index, word)
  hart.put(code, bytes)
  hart.pc = BigInt(code + 4)
  hart.setX(10, BigInt(number))
  if (typeof parameter !== 'number') {
    const parameters = new Uint8Array(8 * parameter.length)
    for (const [index, value] of parameter.entries()) putU64le(parameters, 8 * index, BigInt(value))
    hart.put(block, parameters)
  }
  hart.setX(11, BigInt(typeof parameter === 'number' ? parameter : block))
  const taken = magic.hear(hart, 'ebreak')
  return [Number(BigInt.asIntN(64, hart.x(10))), taken]
}

const string = base + 0x2000

describe('semihosting', () => {
  it('is the sequence of three and nothing else', () => {
    const world = bench()
    world.hart.put(string, utf8('x\0'))
    for (const sequence of [[0x01f0_1013, 0x0010_0073, 0x13], [0x13, 0x0010_0073, 0x4070_5013], [0x01f0_1013, 0x0010_0073, 0x4060_5013]]) expect(operation(world, 4, string, sequence)).toEqual([4, false])
    expect(world.printed).toEqual([])
  })

  it('prints texts and characters', () => {
    const world = bench()
    world.hart.put(string, utf8('hello\0rest'))
    expect(operation(world, 0x04, string)[1]).toBe(true)
    operation(world, 0x03, string + 1)
    world.hart.put(string + 0x100, utf8(':tt'))
    expect(operation(world, 0x01, [string + 0x100, 4, 3])).toEqual([1, true])
    expect(operation(world, 0x05, [1, string, 3])).toEqual([0, true])
    expect(fromLatin1(Uint8Array.from(world.printed))).toBe('helloehel')
  })

  it('opens, writes, seeks, reads, measures and closes files of the shared folder', () => {
    const world = bench()
    world.hart.put(string, utf8('note'))
    const [out] = operation(world, 0x01, [string, 4, 4])
    expect(operation(world, 0x05, [out, string, 4])[0]).toBe(0)
    expect(operation(world, 0x0c, [out])[0]).toBe(4)
    expect(operation(world, 0x02, [out])[0]).toBe(0)
    const [into] = operation(world, 0x01, [string, 0, 4])
    expect(operation(world, 0x0a, [into, 2])[0]).toBe(0)
    expect(operation(world, 0x06, [into, base + 0x3000, 10])[0]).toBe(8)
    expect([...world.hart.memory.subarray(0x3000, 0x3003)]).toEqual([...utf8('te'), 0xa5])
    expect(operation(world, 0x01, [string, 0, 3])[0]).toBe(-1)
    expect(operation(world, 0x13, 0)[0]).toBe(2)
    expect(operation(world, 0x09, [into])[0]).toBe(0)
  })

  it('tells virtual time', () => {
    const world = bench()
    world.clock.now = 2_345_678_901 as never
    expect(operation(world, 0x10, 0)[0]).toBe(234)
    expect(operation(world, 0x11, 0)[0]).toBe(1002)
    expect(operation(world, 0x31, 0)[0]).toBe(1_000_000_000)
    expect(operation(world, 0x30, base + 0x4000)[0]).toBe(0)
    expect(new DataView(world.hart.memory.buffer).getBigUint64(0x4000, true)).toBe(2_345_678_901n)
  })

  it('ends the machine, by either exit', () => {
    const world = bench()
    operation(world, 0x18, [0x2_0026, 0])
    operation(world, 0x20, [0x2_0026, 42])
    operation(world, 0x20, [0x2_0023, 0])
    expect(world.exits).toEqual([0, 42, 1])
  })

  it('refuses a shell, and lengths that mean harm', () => {
    const world = bench()
    expect(operation(world, 0x12, [string, 4])[0]).toBe(-1)
    expect(operation(world, 0x01, [string, 0, 1n << 63n])[0]).toBe(-1)
    expect(operation(world, 0x05, [1, string, (1n << 64n) - 1n])[1]).toBe(true)
    expect(operation(world, 0x06, [7, string, (1n << 64n) - 1n])[1]).toBe(true)
    expect(operation(world, 0x04, 3)[1]).toBe(true)
  })
})
