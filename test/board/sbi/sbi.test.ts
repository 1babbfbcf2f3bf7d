import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import type { Finish } from '../../../src/board/finisher.ts'
import { makeSbi } from '../../../src/board/sbi/sbi.ts'
import type { HartStatus, SupervisedHarts } from '../../../src/cpu/core.ts'

const ramBase = 0x8000_0000n
const [success, notSupported, invalidParam, invalidAddress, alreadyAvailable, alreadyStarted] = [0n, -2n, -3n, -5n, -6n, -7n]
const never = 2n ** 64n - 1n

/** Four harts that write down what is done to them; harts 2 and 3 are stopped. */
function make() {
  const done: string[] = []
  const said: string[] = []
  const finishes: Finish[] = []
  const typed = [...latin1('abc')]
  const ram = new Uint8Array(0x1_0000).fill(0xa5)
  const note = (what: string) => (...args: readonly unknown[]) => void done.push([what, ...args.map((arg) => (typeof arg === 'object' ? `${String((arg as { pc: bigint }).pc)} ${String((arg as { opaque: bigint }).opaque)}` : String(arg)))].join(' '))
  const harts: SupervisedHarts = {
    count: 4,
    status: (hart): HartStatus => (hart < 2 ? 'started' : 'stopped'),
    start: note('start'), stop: note('stop'), suspend: note('suspend'), timer: note('timer'), softInterrupt: note('soft'), forget: note('forget'), setCounter: note('counter'),
  }
  const answer = makeSbi({
    say: (bytes) => void said.push(fromLatin1(bytes)),
    heard: (count) => Uint8Array.from(typed.splice(0, count)),
    memory: (address, length) => (address >= ramBase && address + BigInt(length) <= ramBase + BigInt(ram.length) ? ram.subarray(Number(address - ramBase), Number(address - ramBase) + length) : undefined),
    finish: (finish) => void finishes.push(finish),
  })
  /** @returns a0 and a1; undefined when the call writes neither. */
  const call = (extension: number, which: number, ...args: readonly (number | bigint)[]): readonly [bigint, bigint | undefined] | undefined => {
    const registers = Array.from({ length: 6 }, (_, at) => BigInt.asUintN(64, BigInt(args[at] ?? 0)))
    const answered = answer(1, [...registers, BigInt(which), BigInt(extension)], harts)
    return answered === undefined ? undefined : [answered.a0, answered.a1]
  }
  return { call, done, said, finishes, ram, answer, harts }
}

describe('base', () => {
  it('is version 2.0, of an implementation that nobody else is, on a hart without numbers', () => {
    const { call } = make()
    expect([0, 1, 2, 4, 5, 6].map((which) => call(0x10, which)?.[1])).toEqual([0x0200_0000n, 0x4e4cn, 1n, 0n, 0n, 0n])
    expect(call(0x10, 7)).toEqual([notSupported, 0n])
  })

  it('finds what there is and nothing else', () => {
    const { call } = make()
    const there = [0x10, 0x5449_4d45, 0x73_5049, 0x5246_4e43, 0x48_534d, 0x5352_5354, 0x50_4d55, 0x4442_434e, 0, 1, 2, 8]
    expect(there.map((id) => call(0x10, 3, id)?.[1])).toEqual(there.map(() => 1n))
    expect([3, 4, 0x5355_5350, 0x4350_5043, 2n ** 32n + 0x10n].map((id) => call(0x10, 3, id))).toEqual(Array.from({ length: 5 }, () => [success, 0n]))
  })

  it('tells an extension that is not there, and numbers of 64 bits, as not supported', () => {
    const { call, answer, harts } = make()
    expect(call(0x5355_5350, 0)).toEqual([notSupported, 0n])
    expect(answer(0, [0n, 0n, 0n, 0n, 0n, 0n, 0n, 2n ** 32n + 0x10n], harts)).toEqual({ a0: notSupported, a1: 0n })
    expect(answer(0, [0n, 0n, 0n, 0n, 0n, 0n, 2n ** 32n, 0x10n], harts)).toEqual({ a0: notSupported, a1: 0n })
  })
})

describe('harts', () => {
  it('sets the caller’s timer', () => {
    const { call, done } = make()
    expect(call(0x5449_4d45, 0, 1234n)).toEqual([success, 0n])
    expect(call(0, 9, never)).toEqual([success, undefined])
    expect(call(0x5449_4d45, 1)).toEqual([notSupported, 0n])
    expect(done).toEqual(['timer 1 1234', `timer 1 ${never}`])
  })

  it.each([
    ['some', 0b101, 0, ['soft 0', 'soft 2']],
    ['some from a base on', 0b11, 2, ['soft 2', 'soft 3']],
    ['all', 0, never, ['soft 0', 'soft 1', 'soft 2', 'soft 3']],
    ['none', 0, 77, []],
  ] as const)('interrupts %s', (_, mask, base, expected) => {
    const { call, done } = make()
    expect(call(0x73_5049, 0, mask, base)).toEqual([success, 0n])
    expect(done).toEqual(expected)
  })

  it.each([[0b1_0000, 0], [1, 4], [1, 2n ** 63n], [0b100, 2]])('refuses a mask %d from %d that names harts which are not there, and touches none', (mask, base) => {
    const { call, done } = make()
    expect(call(0x73_5049, 0, mask, base)).toEqual([invalidParam, 0n])
    expect(done).toEqual([])
  })

  it('fences translations of a mask, has nothing to do for code, and no guests', () => {
    const { call, done } = make()
    expect([0, 1, 2].map((which) => call(0x5246_4e43, which, 0b11, 0))).toEqual([[success, 0n], [success, 0n], [success, 0n]])
    expect(done).toEqual(['forget 0', 'forget 1', 'forget 0', 'forget 1'])
    expect(call(0x5246_4e43, 3, 1, 0)).toEqual([notSupported, 0n])
  })

  it('starts what is stopped, at an address in RAM', () => {
    const { call, done } = make()
    expect(call(0x48_534d, 0, 2, ramBase, 99)).toEqual([success, 0n])
    expect(call(0x48_534d, 0, 1, ramBase, 99)).toEqual([alreadyAvailable, 0n])
    expect(call(0x48_534d, 0, 4, ramBase, 99)).toEqual([invalidParam, 0n])
    for (const address of [0, 0x1000_0000, ramBase + 1n, ramBase + 0xfffen, -2n]) expect(call(0x48_534d, 0, 2, address, 99)).toEqual([invalidAddress, 0n])
    expect(done).toEqual([`start 2 ${ramBase} 99`])
  })

  it('stops the caller without an answer, and tells who is what', () => {
    const { call, done } = make()
    expect(call(0x48_534d, 1)).toBeUndefined()
    expect([0, 1, 2, 3, 4].map((hart) => call(0x48_534d, 2, hart))).toEqual([[success, 0n], [success, 0n], [success, 1n], [success, 1n], [invalidParam, 0n]])
    expect(done).toEqual(['stop 1'])
  })

  it('suspends with an answer where registers are kept, and without where the hart begins anew', () => {
    const { call, done } = make()
    expect(call(0x48_534d, 3, 0)).toEqual([success, 0n])
    expect(call(0x48_534d, 3, 0x8000_0000, ramBase, 5)).toBeUndefined()
    expect(call(0x48_534d, 3, 0x8000_0000, 0, 5)).toEqual([invalidAddress, 0n])
    expect([1, 0x8000_0001].map((type) => call(0x48_534d, 3, type))).toEqual([[invalidParam, 0n], [invalidParam, 0n]])
    expect([0x1000_0000, 0x9000_0000].map((type) => call(0x48_534d, 3, type))).toEqual([[notSupported, 0n], [notSupported, 0n]])
    expect(call(0x48_534d, 4)).toEqual([notSupported, 0n])
    expect(done).toEqual(['suspend 1', `suspend 1 ${ramBase} 5`])
  })
})

describe('console', () => {
  it('prints bytes from RAM, a byte, and a legacy byte', () => {
    const { call, said, ram } = make()
    ram.set(latin1('hello'), 0x100)
    expect(call(0x4442_434e, 0, 5, ramBase + 0x100n, 0)).toEqual([success, 5n])
    expect(call(0x4442_434e, 2, 0x121)).toEqual([success, 0n])
    expect(call(1, 0, 0x3f)).toEqual([0n, undefined])
    expect(said.join('')).toBe('hello!?')
  })

  it('prints 4096 bytes at a time', () => {
    const { call, said } = make()
    expect(call(0x4442_434e, 0, 2n ** 64n - 1n, ramBase, 0)).toEqual([success, 4096n])
    expect(said.join('')).toHaveLength(4096)
  })

  it.each([[5, 0, 0], [5, ramBase, 1], [5, ramBase + 0xfffcn, 0]])('refuses %d bytes at %d, upper half %d', (length, low, high) => {
    const { call, said, ram } = make()
    for (const which of [0, 1]) expect(call(0x4442_434e, which, length, low, high)).toEqual([invalidParam, 0n])
    expect([said, ram.every((byte) => byte === 0xa5)]).toEqual([[], true])
  })

  it('reads what was typed into RAM, and nothing more', () => {
    const { call, ram } = make()
    expect(call(0x4442_434e, 1, 2, ramBase, 0)).toEqual([success, 2n])
    expect(fromLatin1(ram.subarray(0, 2))).toBe('ab')
    expect(ram[2]).toBe(0xa5)
    expect([call(2, 0), call(2, 0)]).toEqual([[0x63n, undefined], [-1n, undefined]])
    expect(call(0x4442_434e, 1, 2, ramBase, 0)).toEqual([success, 0n])
    expect(call(0x4442_434e, 3)).toEqual([notSupported, 0n])
  })
})

describe('reset', () => {
  it.each([
    ['shutdown', 0, 0, { kind: 'poweroff' }],
    ['shutdown after a failure', 0, 1, { kind: 'fail', code: 1 }],
    ['cold reboot', 1, 0, { kind: 'reset' }],
    ['warm reboot', 2, 1, { kind: 'reset' }],
  ] as const)('%s', (_, type, reason, finish) => {
    const { call, finishes } = make()
    expect(call(0x5352_5354, 0, type, reason)).toBeUndefined()
    expect(finishes).toEqual([finish])
  })

  it('refuses what is reserved, and takes the legacy shutdown', () => {
    const { call, finishes } = make()
    expect([call(0x5352_5354, 0, 3, 0), call(0x5352_5354, 0, 0, 2), call(0x5352_5354, 1)]).toEqual([[invalidParam, 0n], [invalidParam, 0n], [notSupported, 0n]])
    expect(finishes).toEqual([])
    expect(call(8, 0)).toBeUndefined()
    expect(finishes).toEqual([{ kind: 'poweroff' }])
  })
})

describe('counters', () => {
  it('are cycle and instret, 64 bits wide', () => {
    const { call } = make()
    expect(call(0x50_4d55, 0)).toEqual([success, 3n])
    expect([0, 1, 2, 3].map((index) => call(0x50_4d55, 1, index))).toEqual([[success, 0x3_fc00n], [invalidParam, 0n], [success, 0x3_fc02n], [invalidParam, 0n]])
  })

  it('are found by their event in the set that is asked for', () => {
    const { call } = make()
    expect([1, 2, 3].map((event) => call(0x50_4d55, 2, 0, 7, 0, event))).toEqual([[success, 0n], [success, 2n], [notSupported, 0n]])
    expect(call(0x50_4d55, 2, 1, 7, 0, 1)).toEqual([notSupported, 0n])
  })

  it('always run, and are set to where they are to begin', () => {
    const { call, done } = make()
    expect(call(0x50_4d55, 3, 0, 5, 1, 1000)).toEqual([success, 0n])
    expect(call(0x50_4d55, 3, 2, 1, 0, 0)).toEqual([alreadyStarted, 0n])
    expect(call(0x50_4d55, 4, 0, 5, 0)).toEqual([success, 0n])
    expect([call(0x50_4d55, 3, 0, 2, 1, 0), call(0x50_4d55, 3, 64, 1, 1, 0), call(0x50_4d55, 4, 3, 1, 0), call(0x50_4d55, 5, 0)]).toEqual([[invalidParam, 0n], [invalidParam, 0n], [invalidParam, 0n], [notSupported, 0n]])
    expect(done).toEqual(['counter 1 cycle 1000', 'counter 1 instret 1000'])
  })
})

it('takes any registers whatever', () => {
  const { answer, harts } = make()
  const values = [0n, 1n, 2n, 3n, 63n, 64n, ramBase, 2n ** 31n, 2n ** 32n, 2n ** 63n, never]
  const ids = [0x10n, 0x5449_4d45n, 0x73_5049n, 0x5246_4e43n, 0x48_534dn, 0x5352_5354n, 0x50_4d55n, 0x4442_434en, 0n, 1n, 2n, 8n]
  let seed = 1
  const any = (): bigint => values[(seed = (seed * 48_271) % 0x7fff_ffff) % values.length]
  for (const id of ids) for (let which = 0n; which < 9n; which++) for (let trial = 0; trial < 50; trial++) answer(0, [any(), any(), any(), any(), any(), any(), which, id], harts)
})
