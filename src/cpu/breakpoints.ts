/**
 * Breakpoints and watchpoints of the host's: places at which a run ends, unseen by the guest. What a debugger's stub stands on.
 *
 * Theory of operation. A breakpoint takes no tick and changes no state: the run ends in front of the instruction, and the next run goes
 * on with it. Entries of decoded pages whose offset in the page is a breakpoint's have the handler `own.breakpoint`, whatever page they are
 * on, which asks here whether this is the place; compiled regions leave in front of such entries. A page with a watchpoint on it never
 * enters the TLB, so that every access to it comes by the slow path, which asks here; while there are any, nothing is compiled. The
 * access is done, its instruction ends, and then the run.
 *
 * Addresses are virtual, in whatever address space is current. What devices do to RAM, page tables' own reads, and the host's
 * accesses hit nothing. A watched page's translation is looked up for each access, where the TLB might have kept an older one: a guest that
 * changes page tables without SFENCE.VMA could tell. Breakpoints can't be told at all: what was decoded and translated stays so. AMOs and store-conditionals are reads and writes, whether or not the latter succeed.
 */
import type { Instant } from '../base/time.ts'
import type { Breakpoint, Breakpoints, Stop } from './core.ts'

/** How the slow path tells an access; `both` is an atomic. */
export const watchedAccess = { read: 0, write: 1, both: 2 } as const

export interface BreakpointParts {
  readonly pc: () => bigint
  readonly hart: () => number
  readonly now: () => Instant
  /** Ends the run behind the present instruction. */
  readonly cut: () => void
  /** Other places than before. @param offsets in a page, of breakpoints that were or are there. @param pages watched now, by number. */
  readonly changed: (offsets: ReadonlySet<number>, pages: ReadonlySet<bigint>) => void
}

/** Pages that may be watched at once: 64 MiB. */
const pagesMax = 0x4000

const pageOf = (address: bigint): bigint => address >> 12n

export class BreakpointList implements Breakpoints {
  stop: Stop | undefined
  readonly #parts: BreakpointParts
  #points: readonly Breakpoint[] = []
  #watched: readonly Breakpoint[] = []
  readonly #places = new Map<bigint, Breakpoint>()
  readonly #offsets = new Set<number>()
  readonly #pages = new Set<bigint>()
  /** Where the last run ended: the next one begins by going on from there. */
  #left: { readonly hart: number; readonly pc: bigint; readonly at: Instant } | undefined

  constructor(parts: BreakpointParts) {
    this.#parts = parts
  }

  get points(): readonly Breakpoint[] {
    return this.#points
  }

  /** The last run ended in front of an instruction. */
  get inFront(): boolean {
    return this.stop?.point.kind === 'execute'
  }

  get watching(): boolean {
    return this.#watched.length > 0
  }

  /** @throws {RangeError} when too much is watched; nothing is, then. */
  set(points: readonly Breakpoint[]): void {
    const pages = points.reduce((sum, { kind, length = 1 }) => sum + (kind === 'execute' ? 0 : Math.ceil(length / 4096) + 1), 0)
    if (!(pages <= pagesMax)) throw new RangeError(`${pages} pages to watch, at most ${pagesMax} can be`)
    const before = new Set(this.#offsets)
    this.#points = points.map((point) => ({ ...point, address: BigInt.asUintN(64, point.address) }))
    this.#watched = this.#points.filter(({ kind }) => kind !== 'execute')
    for (const one of [this.#places, this.#offsets, this.#pages]) one.clear()
    for (const point of this.#points) {
      if (point.kind === 'execute') {
        this.#places.set(point.address, point)
        this.#offsets.add(Number(point.address & 0xfffn))
        continue
      }
      for (let page = pageOf(point.address); page <= pageOf(point.address + BigInt(Math.max(1, point.length ?? 1)) - 1n); page++) this.#pages.add(page)
    }
    this.#parts.changed(new Set([...before, ...this.#offsets]), this.#pages)
  }

  /** A run begins. */
  begin(): void {
    this.stop = undefined
  }

  /** Whether an entry at this offset of a page has to ask. */
  mayStop(offset: number): boolean {
    return this.#offsets.has(offset)
  }

  /** The hart is in front of an instruction at such an offset. @returns whether the run ends there. */
  reached(): boolean {
    const { pc, hart, now } = this.#parts
    const [at, who, when] = [pc(), hart(), now()]
    const point = this.#places.get(at)
    if (point === undefined) return false
    const left = this.#left
    if (left !== undefined && left.hart === who && left.pc === at && left.at === when) return false
    this.#left = { hart: who, pc: at, at: when }
    this.stop ??= { point, hart: who, pc: at, address: at, at: when }
    return true
  }

  /** An access by the slow path. @returns whether its page is watched, and so must stay out of the TLB. */
  accessed(address: bigint, size: number, access: number): boolean {
    const first = BigInt.asUintN(64, address)
    if (!this.#pages.has(pageOf(first))) return false
    const point = this.#watched.find(({ kind, address: from, length = 1 }) =>
      first < from + BigInt(length) && from < first + BigInt(size) && (kind === 'access' || access === watchedAccess.both || (kind === 'write') === (access === watchedAccess.write)))
    if (point !== undefined && this.stop === undefined) {
      this.stop = { point, hart: this.#parts.hart(), pc: this.#parts.pc(), address: first, at: this.#parts.now() }
      this.#parts.cut()
    }
    return true
  }
}
