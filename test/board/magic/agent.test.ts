import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { calls } from '../../../src/board/magic/calls.ts'
import { flags, sys } from '../../../src/board/magic/linux.ts'
import { type Job, type MessageKind, numberBytes, type Result } from '../../../src/board/magic/message.ts'
import { bulkBytes } from '../../../src/board/magic/process.ts'
import { base, bench, type Bench, type FakeHart } from './fake-hart.ts'

const [a0, a7, s1] = [10, 17, 9]
const arena = base + 0x1_0000
const stack = base + 0x100

/** As much of Linux as a copy needs: it makes the call that stands in the registers. */
class FakeLinux {
  readonly files = new Map<string, { bytes: Uint8Array; mode: number }>()
  readonly made: number[] = []
  readonly #open = new Map<number, { name: string; at: number }>()
  exited: number | undefined
  readonly #hart: FakeHart

  constructor(hart: FakeHart) {
    this.#hart = hart
  }

  make(): number {
    const [nr, first, second, third, fourth] = [this.#number(a7), this.#number(a0), this.#number(a0 + 1), this.#number(a0 + 2), this.#number(a0 + 3)]
    this.made.push(nr)
    const file = this.#open.get(first)
    switch (nr) {
      case sys.getpid: return 77
      case sys.mmap: return arena
      case sys.openat: return this.#openFile(this.#text(second), third, fourth)
      case sys.close: return this.#open.delete(first) ? 0 : -9
      case sys.fchmod:
        if (file !== undefined) (this.files.get(file.name) as { mode: number }).mode = second
        return 0
      case sys.fstat: return this.#stat(file?.name ?? '', second)
      case sys.write: return file === undefined ? third : this.#write(file, this.#hart.memory.slice(second - base, second - base + third))
      case sys.read: return file === undefined ? -9 : this.#read(file, second, third)
      case sys.exit: return (this.exited = first)
      default: return 0
    }
  }

  #number(register: number): number {
    return Number(BigInt.asIntN(64, this.#hart.x(register)))
  }

  #text(at: number): string {
    const { memory } = this.#hart
    return fromUtf8(memory.subarray(at - base, memory.indexOf(0, at - base)))
  }

  #openFile(name: string, how: number, mode: number): number {
    if (name === '/folder') return -21
    if ((how & flags.create) !== 0) this.files.set(name, { bytes: new Uint8Array(0), mode })
    if (!this.files.has(name)) return -2
    const fd = 3 + this.#open.size
    this.#open.set(fd, { name, at: 0 })
    return fd
  }

  #stat(name: string, at: number): number {
    const { bytes, mode } = this.files.get(name) as { bytes: Uint8Array; mode: number }
    const view = new DataView(this.#hart.memory.buffer, at - base)
    view.setUint32(16, 0o100000 | mode, true)
    view.setBigInt64(48, BigInt(bytes.length), true)
    return 0
  }

  /** Takes less than it is given, as it may. */
  #write(file: { name: string }, bytes: Uint8Array): number {
    const there = this.files.get(file.name) as { bytes: Uint8Array }
    const taken = bytes.subarray(0, 300_000)
    there.bytes = concatBytes(there.bytes, taken)
    return taken.length
  }

  #read(file: { name: string; at: number }, at: number, length: number): number {
    const bytes = (this.files.get(file.name) as { bytes: Uint8Array }).bytes.subarray(file.at, file.at + length)
    this.#hart.memory.set(bytes, at - base)
    file.at += bytes.length
    return bytes.length
  }
}

function concatBytes(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length)
  whole.set(one)
  whole.set(other, one.length)
  return whole
}

interface Guest extends Bench {
  readonly linux: FakeLinux
  readonly heard: { kind: MessageKind; bytes: Uint8Array; session: number }[]
  ask(session: number, kind: MessageKind, bytes: Uint8Array): void
  /** Makes calls, as the guest's program does, until `so` or the program has ended. */
  go(so: () => boolean): void
}

function guest(...words: string[]): Guest {
  const one = bench()
  const { magic, hart, clock } = one
  const linux = new FakeLinux(hart)
  const view = new DataView(hart.memory.buffer)
  view.setBigUint64(stack - base, BigInt(words.length), true)
  for (const [index, word] of words.entries()) {
    view.setBigUint64(stack - base + 8 + 8 * index, BigInt(base + 0x800 + 0x100 * index), true)
    hart.put(base + 0x800 + 0x100 * index, utf8(`${word}\0`))
  }
  const heard: Guest['heard'] = []
  magic.listen({ message: (message) => void heard.push(message) })
  one.call(calls.start, stack)
  return {
    ...one, linux, heard,
    ask: (session, kind, bytes) => void magic.agent.enter(clock.now, { session, kind, bytes }),
    go: (so) => {
      for (let count = 0; !so() && linux.exited === undefined; count++) {
        if (count > 10_000) throw new Error('it never ends')
        clock.now = (clock.now + 1000) as Instant
        one.call(calls.next, linux.make())
      }
    },
  }
}

const job = (words: Job): Uint8Array => utf8(JSON.stringify(words))
const resultOf = ({ heard }: Guest, session: number): Result | undefined => {
  const last = heard.find((message) => message.session === session && message.kind === 'result')
  return last === undefined ? undefined : (JSON.parse(fromUtf8(last.bytes)) as Result)
}

describe('the agent', () => {
  it('puts a file that comes in pieces, through short writes, with its mode', () => {
    const one = guest('magic', 'agent')
    const bytes = Uint8Array.from({ length: 1_300_000 }, (_, at) => at * 7)
    one.ask(1, 'open', job({ do: 'put', path: '/folder', name: 'x', mode: 0o751 }))
    one.ask(1, 'data', bytes.subarray(0, bulkBytes))
    one.ask(1, 'data', bytes.subarray(bulkBytes))
    one.ask(1, 'end', new Uint8Array(0))
    one.go(() => resultOf(one, 1) !== undefined)
    expect(resultOf(one, 1)).toEqual({ code: 0 })
    expect(one.linux.files.get('/folder/x')?.mode).toBe(0o751)
    expect(Buffer.compare(one.linux.files.get('/folder/x')?.bytes as Uint8Array, bytes)).toBe(0)
    const taken = one.heard.filter(({ kind }) => kind === 'taken').map(({ bytes: [b0, b1, b2] }) => b0 + (b1 << 8) + (b2 << 16))
    expect(taken).toEqual([bulkBytes, 1_300_000 - bulkBytes])
  })

  it('gets a file, no more ahead than the window, and goes on when some is taken', () => {
    const one = guest('magic', 'agent')
    one.linux.files.set('/f', { bytes: new Uint8Array(9 << 20).fill(3), mode: 0o600 })
    one.ask(5, 'open', job({ do: 'get', path: '/f' }))
    const sent = (): number => one.heard.filter(({ kind }) => kind === 'data').reduce((sum, { bytes }) => sum + bytes.length, 0)
    one.go(() => sent() >= 8 << 20)
    for (let count = 0; count < 50; count++) one.call(calls.next, one.linux.make())
    expect(sent()).toBe(8 << 20)
    one.ask(5, 'taken', numberBytes(2 << 20))
    one.go(() => resultOf(one, 5) !== undefined)
    expect(sent()).toBe(9 << 20)
    expect(one.heard[0].kind).toBe('file')
  })

  it('says why it can’t, and sleeps when there is nothing to do', () => {
    const one = guest('magic', 'agent')
    one.ask(2, 'open', job({ do: 'get', path: '/none' }))
    one.go(() => resultOf(one, 2) !== undefined)
    expect(resultOf(one, 2)).toEqual({ code: 2, trouble: '/none: ENOENT' })
    one.linux.made.length = 0
    for (let count = 0; count < 10; count++) one.call(calls.next, one.linux.make())
    expect(one.linux.made.slice(1).every((nr) => nr === sys.ppoll)).toBe(true)
  })

  it('is one process: a word that was not given, or another address space, is told to end', () => {
    const one = guest('magic', 'agent')
    const word = one.hart.x(s1)
    one.hart.setX(s1, word + 1n)
    one.call(calls.next, 0)
    expect([one.hart.x(a7), one.hart.x(a0)]).toEqual([BigInt(sys.exit), 75n])
    one.hart.setX(s1, word)
    one.hart.satp = 12n
    one.call(calls.next, 5)
    expect(one.hart.x(a7)).toBe(BigInt(sys.exit))
  })
})

describe('the guest’s own program', () => {
  it('sends a file into the shared folder and fetches it back', () => {
    const one = guest('magic', 'send', '/big')
    const bytes = Uint8Array.from({ length: 2_500_000 }, (_, at) => at >> 3)
    one.linux.files.set('/big', { bytes, mode: 0o644 })
    one.go(() => false)
    expect(one.linux.exited).toBe(0)
    expect(Buffer.compare(one.folder.files.get('big') as Uint8Array, bytes)).toBe(0)
    const other = guest('magic', 'fetch', 'big', '/back')
    other.folder.files.set('big', bytes)
    other.go(() => false)
    expect(other.linux.exited).toBe(0)
    expect(Buffer.compare(other.linux.files.get('/back')?.bytes as Uint8Array, bytes)).toBe(0)
  })

  it('refuses a name that leads out, and explains itself', () => {
    const out = guest('magic', 'fetch', '../secret', '/x')
    out.go(() => false)
    expect(out.linux.exited).toBe(1)
    const odd = guest('magic', 'dance')
    odd.go(() => false)
    expect(odd.linux.exited).toBe(2)
  })

  it('ends when its memory isn’t there', () => {
    const one = bench()
    one.call(calls.start, (1n << 63n) - 16n)
    expect([one.hart.x(a7), one.hart.x(a0)]).toEqual([BigInt(sys.exit), 74n])
  })
})
