/**
 * A process in the guest that makes the system calls it is told to (guest-program.ts). It says `start` once and `next` after every call;
 * a script on our side says what comes then. Which process speaks is told by its address space and by a word it was given, which it keeps in s1.
 */
import type { StoppedHart } from '../../cpu/core.ts'
import { calls, errors, signature } from './calls.ts'
import { call, flags, GuestFailure, need, type Script, sys, type SystemCall } from './linux.ts'

const [a0, a7, s1] = [10, 17, 9]
/** Bytes that are moved at once, and behind them room for names, vectors and answers. */
export const bulkBytes = 1 << 20
const roomBytes = 1 << 16
const arenaBytes = bulkBytes + roomBytes
const argumentsMax = 256
const argumentBytes = 4096

/** Memory of one process, while a script is being asked. */
export class GuestProcess {
  /** Set for the length of a call. */
  #hart: StoppedHart | undefined
  /** Where its arena begins, once it has one. */
  arena = 0

  /** Room for small things; the bulk of the arena is in front of it. */
  get room(): number {
    return this.arena + bulkBytes
  }

  /** Lets `think` look at the process's memory. */
  during<Result>(hart: StoppedHart, think: () => Result): Result {
    this.#hart = hart
    try {
      return think()
    } finally {
      this.#hart = undefined
    }
  }

  /** @throws {GuestFailure} EFAULT */
  peek(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const got = this.#hart?.read(BigInt(address), bytes) ?? 0
    if (got < length) throw new GuestFailure(errors['EFAULT'], 'the guest’s memory')
    return bytes
  }

  number(address: number): number {
    const bytes = this.peek(address, 8)
    return Number(new DataView(bytes.buffer).getBigUint64(0, true))
  }

  /** Up to the NUL; cut where it is too long. */
  text(address: number): Uint8Array {
    const bytes = new Uint8Array(argumentBytes)
    const got = bytes.subarray(0, this.#hart?.read(BigInt(address), bytes) ?? 0)
    const end = got.indexOf(0)
    return end < 0 ? got : got.subarray(0, end)
  }

  /** @returns how much was written. */
  poke(address: number, bytes: Uint8Array): number {
    return this.#hart?.write(BigInt(address), bytes) ?? 0
  }

  /** The whole of it, also where the pages aren't there yet. @throws {GuestFailure} EFAULT */
  *put(address: number, bytes: Uint8Array): Script {
    if (this.poke(address, bytes) === bytes.length) return
    const from = Math.floor(address / 4096) * 4096
    yield call(sys.madvise, from, Math.ceil((address + bytes.length - from) / 4096) * 4096, flags.populateWrite)
    if (this.poke(address, bytes) < bytes.length) throw new GuestFailure(errors['EFAULT'], 'the guest’s memory')
  }

  *putNumbers(address: number, ...numbers: readonly number[]): Script {
    const bytes = new Uint8Array(8 * numbers.length)
    const view = new DataView(bytes.buffer)
    for (const [index, number] of numbers.entries()) view.setBigInt64(8 * index, BigInt(number), true)
    yield* this.put(address, bytes)
  }

  /** @throws {GuestFailure} ENOMEM */
  *settle(): Script {
    if (this.arena !== 0) return
    this.arena = yield* need('memory', call(sys.mmap, 0, arenaBytes, flags.protRead | flags.protWrite, flags.mapPrivate | flags.mapAnonymous | flags.mapPopulate, -1, 0))
  }
}

/** What a process was started with. @param stack as the kernel laid it out (System V ABI): argc, argv, 0, envp, 0. */
export function argumentsOf(guest: GuestProcess, stack: number): readonly Uint8Array[] {
  const count = Math.min(guest.number(stack), argumentsMax)
  return Array.from({ length: count }, (_, index) => guest.text(guest.number(stack + 8 + 8 * index)))
}

/** @param stack where the kernel laid out what the process was started with. */
export type Program = (guest: GuestProcess, stack: number) => Script<number>

interface Cell {
  readonly space: bigint
  readonly word: bigint
  readonly guest: GuestProcess
  readonly script: Script<number>
  /** Its last sign of life, by the count of calls. */
  heard: number
}

/** A child that has been ordered by `clone` and has not spoken yet. */
interface Unborn {
  readonly word: bigint
  readonly script: (guest: GuestProcess) => Script<number>
}

/** Processes that are served at once; the one not heard of for longest makes room. */
const cellsMax = 64

/** Address space: the root of the page table and the mode, without the identifier that Linux may change. */
const spaceOf = (hart: StoppedHart): bigint => hart.satp & ~(0xffffn << 44n)

export class Processes {
  readonly #cells: Cell[] = []
  readonly #unborn: Unborn[] = []
  readonly #word: () => bigint
  readonly #program: Program
  #count = 0

  /** @param word a new one each time, not to be guessed. @param program what a process does that begins. */
  constructor(word: () => bigint, program: Program) {
    this.#word = word
    this.#program = program
  }

  /** A program begins; a0 is its stack pointer. */
  start(hart: StoppedHart): void {
    const guest = new GuestProcess()
    const stack = Number(hart.x(a0))
    this.#begin(hart, guest, () => this.#program(guest, stack))
  }

  /** A call has been made; a0 is its result. */
  next(hart: StoppedHart): void {
    const [space, word] = [spaceOf(hart), hart.x(s1)]
    const result = Number(BigInt.asIntN(64, hart.x(a0)))
    const cell = this.#cells.find((one) => one.space === space && one.word === word)
    if (cell !== undefined) return this.#go(hart, cell, result)
    const born = this.#unborn.findIndex((one) => one.word === word)
    if (born < 0 || result !== 0) return leave(hart, 75)
    const [{ script }] = this.#unborn.splice(born, 1)
    const guest = new GuestProcess()
    this.#begin(hart, guest, () => script(guest))
  }

  /** The process that is being asked will have a child in an address space of its own, which runs `script`. */
  expect(guest: GuestProcess, script: Unborn['script']): void {
    const parent = this.#cells.find((cell) => cell.guest === guest)
    if (parent === undefined) return
    if (this.#unborn.length >= cellsMax) this.#unborn.shift()
    this.#unborn.push({ word: parent.word, script })
  }

  /** Forgets every process: those that still speak are told to end. */
  clear(): void {
    this.#cells.length = 0
    this.#unborn.length = 0
  }

  #begin(hart: StoppedHart, guest: GuestProcess, script: () => Script<number>): void {
    const cell: Cell = { space: spaceOf(hart), word: this.#word(), guest, script: deferred(script), heard: 0 }
    const stale = this.#cells.findIndex((one) => one.space === cell.space)
    if (stale >= 0) this.#cells.splice(stale, 1)
    if (this.#cells.length >= cellsMax) this.#cells.splice(this.#cells.indexOf(this.#cells.reduce((old, one) => (one.heard < old.heard ? one : old))), 1)
    this.#cells.push(cell)
    hart.setX(s1, cell.word)
    this.#go(hart, cell, 0)
  }

  #go(hart: StoppedHart, cell: Cell, result: number): void {
    cell.heard = ++this.#count
    const step = cell.guest.during(hart, () => cell.script.next(result))
    if (step.done !== true) return order(hart, step.value)
    const at = this.#cells.indexOf(cell)
    if (at >= 0) this.#cells.splice(at, 1)
    leave(hart, step.value)
  }
}

/** Begins to think at the first `next`, when the process's memory can be looked at; what fails ends the process. */
function* deferred(script: () => Script<number>): Script<number> {
  try {
    return yield* script()
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error
    return 74
  }
}

/** The guest's program makes this call next: its loop is `ecall`, `next`, and round again. */
function order(hart: StoppedHart, { call: number, args }: SystemCall): void {
  for (let index = 0; index < 6; index++) hart.setX(a0 + index, BigInt(args[index] ?? 0))
  hart.setX(a7, BigInt(number))
}

const leave = (hart: StoppedHart, code: number): void => order(hart, call(sys.exit, code & 0xff))

/** What the guest's program puts into a7. */
export const startWord = signature | calls.start
export const nextWord = signature | calls.next
