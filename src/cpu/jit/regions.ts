/**
 * Compiled regions: which entries have become hot, their functions, and when they must go.
 *
 * A region lives as long as the decoded page it was made from. Hot heads are collected and compiled several to a module, because a
 * module costs more than a region; when they are swapped in can't be seen in virtual time, since a region and the interpreter leave
 * the same state at every instruction that anything outside can look at.
 */
import type { WasmEngine, WasmExports, WasmMemory, WasmTable } from '../core.ts'
import { own } from '../interp/entry.ts'
import { type Layout, codePageBytes, regionTable, regionsMax } from '../layout.ts'
import type { Extensions } from '../isa/profile.ts'
import type { FuncRef } from '../term.ts'
import { Module } from '../wasm/module.ts'
import { type Block, type CodeView, discover } from './blocks.ts'
import type { Slow } from './instruction.ts'
import { RegionWriter } from './region.ts'

/** Jumps to a place that make it a likely target of a jump by table. */
const warmth = 8
/** Hot heads that are compiled together, unless whoever makes the regions says otherwise. */
const usualBatch = 8
/** Code bytes of all live regions; beyond it they are all dropped, and what is still hot comes back. */
const codeLimit = 48 << 20

/** What regions call: shape and function of each of the machine module's exports, by name. */
export interface Callee {
  readonly ref: FuncRef
  readonly func: WasmExports[string]
}

export interface RegionStatistics {
  readonly live: number
  readonly compiled: number
  readonly codeBytes: number
}

interface Head {
  readonly at: number
  readonly place: number
  readonly offset: number
}

export class Regions {
  readonly #layout: Layout
  readonly #engine: WasmEngine
  readonly #memory: WasmMemory
  readonly #table: WasmTable
  /** The host's relaxed_madd rounds once. */
  readonly #fused: boolean
  readonly #callees: ReadonlyMap<string, Callee>
  readonly #halves: Uint16Array
  readonly #words: Uint32Array
  /** Page of RAM that a slot of the pool was decoded from. */
  readonly #ramPage: (place: number) => number
  readonly #batch: number
  readonly #extensions: Extensions
  #waiting: Head[] = []
  #free = Array.from({ length: regionsMax }, (_, at) => regionsMax - 1 - at)
  /** Slot of the pool → its regions, by number, with the entry where each begins. */
  readonly #byPlace = new Map<number, Map<number, number>>()
  #patience = 0
  #compiled = 0
  #codeBytes = 0

  constructor(parts: { layout: Layout; engine: WasmEngine; memory: WasmMemory; table: WasmTable; callees: ReadonlyMap<string, Callee>; fused: boolean; ramPage: (place: number) => number; extensions: Extensions; batch?: number }) {
    this.#layout = parts.layout
    this.#engine = parts.engine
    this.#memory = parts.memory
    this.#table = parts.table
    this.#callees = parts.callees
    this.#fused = parts.fused
    this.#ramPage = parts.ramPage
    this.#extensions = parts.extensions
    this.#batch = parts.batch ?? usualBatch
    this.#halves = new Uint16Array(parts.memory.buffer)
    this.#words = new Uint32Array(parts.memory.buffer)
  }

  get statistics(): RegionStatistics {
    return { live: regionsMax - this.#free.length, compiled: this.#compiled, codeBytes: this.#codeBytes }
  }

  /** The code at this entry is hot. */
  hot(at: number): void {
    const place = Math.floor((at - this.#layout.poolBase) / codePageBytes)
    if (place < 0) return
    this.#waiting.push({ at, place, offset: (at - this.#layout.poolBase - place * codePageBytes) >> 2 })
    if (this.#waiting.length >= this.#batch) this.compile()
  }

  /** Between stretches: what has waited for as many of them as a batch has places is compiled as it is. */
  settle(): void {
    if (this.#waiting.length === 0) return
    this.#patience++
    if (this.#patience > this.#batch) this.compile()
  }

  /** Compiles what waits. */
  compile(): void {
    const heads = this.#waiting
    this.#waiting = []
    this.#patience = 0
    if (this.#free.length < heads.length || this.#codeBytes > codeLimit) this.clear()
    const found: { head: Head; blocks: ReadonlyMap<number, Block> }[] = []
    for (const head of heads) {
      // Its page may have been given up, or written, since.
      if (this.#ramPage(head.place) < 0) continue
      // A threshold of 1 makes a place hot before its first instruction has run: it goes on waiting.
      if (this.#halves[head.at >> 1] === own.undecoded) {
        this.#waiting.push(head)
        continue
      }
      const blocks = discover(this.#view(head.place), head.offset)
      if (blocks !== undefined) found.push({ head, blocks })
    }
    if (found.length > 0) this.#build(found)
  }

  /** The page's code changed, or the page was given up. @returns whether it had regions. */
  drop(place: number): boolean {
    const regions = this.#byPlace.get(place)
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((head) => head.place !== place)
    if (regions === undefined) return false
    this.#byPlace.delete(place)
    for (const [number, at] of regions) this.#remove(number, at)
    return true
  }

  clear(): void {
    for (const place of this.#byPlace.keys()) this.drop(place)
    this.#codeBytes = 0
    this.#waiting = []
  }

  #view(place: number): CodeView {
    const code = (this.#layout.ram + this.#ramPage(place) * 4096) >> 1
    const entries = this.#layout.poolBase + place * codePageBytes
    return {
      word: (offset) => (this.#halves[code + (offset >> 1)] | (offset === 4094 ? 0 : this.#halves[code + (offset >> 1) + 1] << 16)) >>> 0,
      warm: (offset) => this.#halves[(entries + offset * 4) >> 1] === own.region || this.#halves[this.#heat(entries + offset * 4)] > warmth,
      seen: (offset) => {
        const handler = this.#halves[(entries + offset * 4) >> 1]
        return handler !== own.undecoded && handler !== own.breakpoint
      },
      extensions: this.#extensions,
    }
  }

  #build(found: readonly { head: Head; blocks: ReadonlyMap<number, Block> }[]): void {
    const module = new Module({ pages: this.#layout.pages })
    const names = calleesOf(found.map(({ blocks }) => blocks))
    const refs = new Map([...names].map((name) => {
      const { ref } = this.#callees.get(name) as Callee
      return [name, module.import(name, ref.params, ref.results)]
    }))
    const pick = (name: string): FuncRef => refs.get(name) as FuncRef
    const slow: Slow = {
      loadSlow: pick('loadSlow'), storeSlow: pick('storeSlow'), atomicAddress: pick('atomicAddress'), codeWritten: pick('codeWritten'), illegal: pick('illegal'), fpu: pick, fused: this.#fused,
    }
    const needs = found.map(({ head, blocks }, index) => {
      const f = module.func(`region${index}`, [], [])
      const writer = new RegionWriter(f, slow, blocks, head.offset)
      writer.write()
      module.export(f.name, f)
      return writer.need
    })
    const bytes = module.encode()
    const imports = Object.fromEntries([...names].map((name) => [name, (this.#callees.get(name) as Callee).func]))
    const exports = this.#engine.instantiate(bytes, this.#memory, imports)
    this.#codeBytes += bytes.length
    for (const [index, { head }] of found.entries()) this.#install(head, needs[index], exports[`region${index}`])
  }

  #install({ at, place }: Head, need: number, func: WasmExports[string]): void {
    const number = this.#free.pop() as number
    const row = regionTable + number * 8
    this.#table.set(number, func)
    this.#halves[row >> 1] = this.#halves[at >> 1]
    this.#words[(row + 4) >> 2] = need
    this.#halves[this.#heat(at)] = number
    this.#halves[at >> 1] = own.region
    const known = this.#byPlace.get(place)
    if (known === undefined) this.#byPlace.set(place, new Map([[number, at]]))
    else known.set(number, at)
    this.#compiled++
  }

  #remove(number: number, at: number): void {
    // The entry may have been emptied by the write that we are told of.
    if (this.#halves[at >> 1] === own.region) this.#halves[at >> 1] = this.#halves[(regionTable + number * 8) >> 1]
    this.#halves[this.#heat(at)] = 0
    this.#table.set(number, null)
    this.#free.push(number)
  }

  #heat(at: number): number {
    return (this.#layout.heat + ((at - this.#layout.poolBase) >> 2)) >> 1
  }
}

/** Every function that these regions may call. */
function calleesOf(regions: readonly ReadonlyMap<number, Block>[]): ReadonlySet<string> {
  const names = new Set(['loadSlow', 'storeSlow', 'atomicAddress', 'codeWritten', 'illegal'])
  for (const blocks of regions) {
    for (const block of blocks.values()) {
      for (const { row } of block.instructions) if (row.float && row.effect.kind === 'compute' && row.effect.result.kind === 'fpu') names.add(row.effect.result.name)
    }
  }
  return names
}
