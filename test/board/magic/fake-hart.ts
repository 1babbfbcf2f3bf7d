/** A stopped hart with a few pages of memory and nothing behind it, and a Magic that keeps what it was told. */
import type { LogFields } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import { signature } from '../../../src/board/magic/calls.ts'
import { Magic } from '../../../src/board/magic/magic.ts'
import type { SharedFile, SharedFolder } from '../../../src/board/magic/shared-files.ts'
import type { StoppedHart } from '../../../src/cpu/core.ts'

export const base = 0x1000

export class FakeHart implements StoppedHart {
  readonly hart = 0
  readonly privilege = 0
  pc = 0x8000n
  next = 0x8004n
  satp = 1n << 63n
  readonly memory = new Uint8Array(0x40_0000).fill(0xa5)
  readonly #x = new BigUint64Array(32)

  x(register: number): bigint {
    return this.#x[register]
  }

  setX(register: number, value: bigint): void {
    this.#x[register] = BigInt.asUintN(64, value)
  }

  f(): bigint {
    return 0n
  }

  setF(): void {}

  physical(): undefined {
    return undefined
  }

  read(address: bigint, into: Uint8Array): number {
    const at = this.#inside(address, into.length)
    into.set(this.memory.subarray(at.from, at.from + at.length))
    return at.length
  }

  write(address: bigint, from: Uint8Array): number {
    const at = this.#inside(address, from.length)
    this.memory.set(from.subarray(0, at.length), at.from)
    return at.length
  }

  dump(): string {
    return 'a hart'
  }

  put(at: number, bytes: Uint8Array): void {
    this.memory.set(bytes, at - base)
  }

  #inside(address: bigint, length: number): { from: number; length: number } {
    const from = Number(address) - base
    if (from < 0 || from >= this.memory.length) return { from: 0, length: 0 }
    return { from, length: Math.min(length, this.memory.length - from) }
  }
}

/** A folder in memory; names with `..` are refused as the real one refuses them. */
export class FakeFolder implements SharedFolder {
  readonly files = new Map<string, Uint8Array>()

  open(name: string, mode: 'read' | 'write' | 'create'): SharedFile {
    const { files } = this
    const refuse = (code: string): never => {
      throw Object.assign(new Error(code), { code })
    }
    if (name.includes('..')) refuse('EACCES')
    if (mode === 'create' ? files.has(name) : !files.has(name)) refuse(mode === 'create' ? 'EEXIST' : 'ENOENT')
    if (mode === 'create') files.set(name, new Uint8Array(0))
    const content = (): Uint8Array => files.get(name) as Uint8Array
    return {
      get info() {
        return { kind: 'file', size: content().length }
      },
      read: (offset, length) => content().slice(offset, offset + length),
      write: (offset, bytes) => {
        const grown = new Uint8Array(Math.max(content().length, offset + bytes.length))
        grown.set(content())
        grown.set(bytes, offset)
        files.set(name, grown)
      },
      truncate: (length) => void files.set(name, content().slice(0, length)),
      close: () => undefined,
    }
  }
}

export interface Bench {
  readonly magic: Magic
  readonly hart: FakeHart
  readonly folder: FakeFolder
  readonly clock: { now: Instant }
  readonly count: { retired: number }
  readonly said: [string, string, LogFields | undefined][]
  readonly printed: number[]
  readonly exits: number[]
  /** a0 after a call with these arguments, as a signed number. */
  readonly call: (number: number, ...args: (number | bigint)[]) => number
}

export function bench(shared = true): Bench {
  const [hart, folder, clock, count] = [new FakeHart(), new FakeFolder(), { now: 5000 as Instant }, { retired: 100 }]
  const [said, printed, exits]: [Bench['said'], number[], number[]] = [[], [], []]
  const say = (event: string, message: string, fields?: LogFields): void => void said.push([event, message, fields])
  const magic = new Magic({
    clock, retired: () => count.retired, random: new SeededRandom('7/magic'), log: { debug: say, info: say, warn: say, error: say }, epochSeconds: 1000,
    print: (bytes) => bytes.forEach((byte) => printed.push(byte)), exit: (code) => void exits.push(code),
  }, { folder: shared ? folder : undefined })
  const call = (number: number, ...args: (number | bigint)[]): number => {
    hart.setX(17, BigInt(signature | number))
    for (const [index, value] of args.entries()) hart.setX(10 + index, BigInt(value))
    magic.hear(hart, 'magic')
    return Number(BigInt.asIntN(64, hart.x(10)))
  }
  return { magic, hart, folder, clock, count, said, printed, exits, call }
}
