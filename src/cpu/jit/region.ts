/**
 * One region as a wasm function: () → (), from state to state.
 *
 * Theory of operation. Registers that the region touches are locals, loaded at the start and stored where it is left. The blocks are
 * written in the order of structure.ts: a sequence opens one wasm block for each item, innermost for the first, so that a jump forward
 * is a `br` to the end of the block in front of its target; a jump back goes to a `loop`. Fuel is looked at where the region is entered
 * (by the interpreter, before the call) and at loop heads: when it may not last until the next look, the region is left and the
 * interpreter does the rest one by one, so that budgets end at the exact instruction. Each block takes its instructions off at its end.
 *
 * Before you edit, read blocks.ts, structure.ts, instruction.ts, and interp/interpreter.ts for what a call finds and leaves.
 */
import { fBase, slot, xBase } from '../layout.ts'
import { type Term, c32, c64, eq, gtU, ltU, shrU, sub, wrap } from '../term.ts'
import { get32, get64 } from '../system/state.ts'
import type { Func, Label, LocalTerm } from '../wasm/func.ts'
import { type Block, type Instruction, offsetOf, spotOf } from './blocks.ts'
import { fuelNeeds } from './fuel.ts'
import { groupsOf } from './groups.ts'
import { type Site, type Slow, bind, emit, pcOf } from './instruction.ts'
import { type Item, type Loop, structure } from './structure.ts'
import { dirtyAtEnd, regionUsage, registersIn } from './usage.ts'

/** Where a jump to a block goes from here. */
interface Target {
  readonly label: Label
  /** A loop with several headers is told which one. */
  readonly choose: { readonly local: LocalTerm; readonly value: number } | undefined
}

export class RegionWriter {
  readonly #f: Func
  readonly #blocks: ReadonlyMap<number, Block>
  readonly #head: number
  readonly #items: readonly Item[]
  readonly #needs: ReadonlyMap<number, number>
  readonly #dirty: ReadonlyMap<number, bigint>
  readonly #targets = new Map<number, Target>()
  readonly #selectors = new Map<Loop, LocalTerm>()
  /** Headers of the loops round what is being written, innermost last. */
  readonly #back: ReadonlyMap<number, Target>[] = []
  readonly #slow: Slow
  #site!: Site

  constructor(f: Func, slow: Slow, blocks: ReadonlyMap<number, Block>, head: number) {
    const first = spotOf(0, head)
    this.#f = f
    this.#slow = slow
    this.#blocks = blocks
    this.#head = first
    this.#items = structure(new Map([...blocks.values()].map((block) => [block.start, block.next])), new Set([first]))
    this.#needs = fuelNeeds(blocks, new Set([first, ...this.#items.flatMap(headersIn)]))
    this.#dirty = dirtyAtEnd(blocks)
  }

  /** Fuel that a call must find. */
  get need(): number {
    return this.#needs.get(this.#head) as number
  }

  write(): void {
    const f = this.#f
    const usage = regionUsage(this.#blocks)
    const used = registersIn(usage.reads | usage.writes)
    const x = new Map(used.x.map((register) => [register, f.local('i64')]))
    const floats = new Map(used.f.map((register) => [register, f.local('i64')]))
    const scratch = { address: f.local('i64'), value: f.local('i64'), index: f.local('i32'), host: f.local('i32'), rm: f.local('i32') }
    const fuel = f.let(get32(slot.fuel))
    const context = f.let(get64(slot.contextData))
    const page = f.let(get64(slot.regionPage))
    for (const [register, local] of x) f.set(local, get64(xBase + 8 * register))
    for (const [register, local] of floats) f.set(local, get64(fBase + 8 * register))
    f.block((cold) => {
      this.#site = { f, slow: this.#slow, x, floats, fuel, context, page, ...scratch, cold, floatOpen: false, groups: new Map(), bases: new Map() }
      const [first] = this.#items
      if (first.kind === 'loop' && first.headers.length > 1) f.set(this.#selector(first), c32(first.headers.indexOf(this.#head)))
      this.#sequence(this.#items, false)
    })
    this.#store(usage.writes)
  }

  #store(set: bigint): void {
    const { x, f } = registersIn(set)
    for (const register of x) this.#f.store('i64', c32(0), this.#site.x.get(register) as LocalTerm, xBase + 8 * register)
    for (const register of f) this.#f.store('i64', c32(0), this.#site.floats.get(register) as LocalTerm, fBase + 8 * register)
  }

  /** @param chosen a selector decides where to begin; otherwise it is the first item. */
  #sequence(items: readonly Item[], chosen: Loop | false): void {
    const restore = new Map<number, Target | undefined>()
    const openFrom = (at: number): void => {
      if (at < (chosen === false ? 1 : 0)) {
        if (chosen !== false) this.#select(chosen)
        return
      }
      this.#f.block((label) => {
        this.#enterable(items[at], label, restore)
        openFrom(at - 1)
        if (at > 0) this.#item(items[at - 1])
      })
    }
    openFrom(items.length - 1)
    this.#item(items[items.length - 1])
    this.#f.unreachable()
    for (const [start, target] of restore) {
      if (target === undefined) this.#targets.delete(start)
      else this.#targets.set(start, target)
    }
  }

  /** Makes the item's entrances reachable through `label`, unless the loop round it already has them as its own headers. */
  #enterable(item: Item, label: Label, restore: Map<number, Target | undefined>): void {
    const entrances = item.kind === 'block' ? [item.start] : item.headers
    for (const [value, start] of entrances.entries()) {
      restore.set(start, this.#targets.get(start))
      const local = item.kind === 'loop' && item.headers.length > 1 ? this.#selector(item) : undefined
      this.#targets.set(start, { label, choose: local === undefined ? undefined : { local, value } })
    }
  }

  #selector(loop: Loop): LocalTerm {
    const known = this.#selectors.get(loop)
    if (known !== undefined) return known
    const local = this.#f.local('i32')
    this.#selectors.set(loop, local)
    return local
  }

  /** Inside a loop with several headers: goes to the chosen one. */
  #select(loop: Loop): void {
    const targets = loop.headers.map((header) => this.#targets.get(header) as Target)
    // A header may be one of several of a loop further in, which must be told as well.
    for (const [at, { choose }] of targets.entries()) {
      if (choose !== undefined) this.#f.if(eq(this.#selector(loop), c32(at)), () => this.#f.set(choose.local, c32(choose.value)))
    }
    const labels = targets.map((target) => target.label)
    this.#f.brTable(this.#selector(loop), labels, labels[0])
  }

  #item(item: Item): void {
    if (item.kind === 'block') return this.#block(this.#blocks.get(item.start) as Block)
    const several = item.headers.length > 1
    this.#f.loop((label) => {
      const back = item.headers.map((header, value) => [header, { label, choose: several ? { local: this.#selector(item), value } : undefined }] as const)
      // While the body is written, a jump to a header means going round again, except for the selector's own jump.
      this.#back.push(new Map(back))
      this.#sequence(item.body, several ? item : false)
      this.#back.pop()
    })
  }

  #block(block: Block): void {
    const site = this.#site
    const need = this.#needs.get(block.start)
    site.floatOpen = false
    site.groups = groupsOf(block.instructions)
    if (need !== undefined && !(block.start === this.#head && !this.#isHeader(block.start))) {
      this.#f.if(ltU(site.fuel, c32(need)), () => this.#exit(pcOf(site, offsetOf(block.start)), this.#dirtyBefore(block)))
    }
    for (const [at, instruction] of block.instructions.entries()) emit(site, instruction, at + 1)
    this.#f.set(site.fuel, sub(site.fuel, c32(block.instructions.length)))
    this.#end(block, block.instructions[block.instructions.length - 1])
  }

  #isHeader(start: number): boolean {
    return this.#items.flatMap(headersIn).includes(start)
  }

  /** What may be dirty in front of the block: all that its predecessors leave, which its own set contains. */
  #dirtyBefore(block: Block): bigint {
    return this.#dirty.get(block.start) as bigint
  }

  #end(block: Block, last: Instruction): void {
    const { end } = block
    const dirty = this.#dirty.get(block.start) as bigint
    bind(this.#site, last)
    const { effect } = last.row
    if (end.kind === 'indirect' && effect.kind === 'jump') {
      // rd may be rs1: the target is worked out first.
      this.#f.set(this.#site.address, effect.target)
      this.#link(last)
      this.#choose(end.likely.filter((spot) => block.next.includes(spot)), dirty)
      return this.#exit(this.#site.address, dirty)
    }
    if (end.kind === 'return' && effect.kind === 'jump') {
      this.#f.set(this.#site.address, effect.target)
      this.#f.if(eq(this.#site.address, pcOf(this.#site, offsetOf(end.to))), () => this.#goTo(end.to, dirty))
      return this.#exit(this.#site.address, dirty)
    }
    if (end.kind === 'branch' && effect.kind === 'branch') this.#f.if(effect.taken, () => this.#goTo(end.taken, dirty))
    if (end.kind === 'jump') this.#link(last)
    if (end.kind !== 'indirect') this.#goTo(end.to, dirty)
  }

  /** Goes to the one of `spots` that lies at site.address, by a table over the offsets from the first to the last; falls through for others. */
  #choose(spots: readonly number[], dirty: bigint): void {
    if (spots.length === 0) return
    const { f, site } = { f: this.#f, site: this.#site }
    const offsets = spots.map(offsetOf)
    const distance = sub(site.address, pcOf(site, offsets[0]))
    f.block((elsewhere) => {
      const open = (at: number, labels: readonly Label[]): void => {
        if (at < spots.length) {
          f.block((label) => open(at + 1, [...labels, label]))
          return this.#goTo(spots[at], dirty)
        }
        f.brIf(elsewhere, gtU(distance, c64(offsets[offsets.length - 1] - offsets[0])))
        const table = Array.from({ length: (offsets[offsets.length - 1] - offsets[0]) / 2 + 1 }, (_, half) => labels[offsets.indexOf(offsets[0] + half * 2)] ?? elsewhere)
        f.brTable(wrap(shrU(distance, c64(1))), table, elsewhere)
      }
      open(0, [])
    })
  }

  #link(last: Instruction): void {
    const home = this.#site.x.get(last.rd)
    if (last.rd !== 0 && home !== undefined) this.#f.set(home, pcOf(this.#site, last.offset + last.length))
  }

  #goTo(start: number, dirty: bigint): void {
    const target = this.#find(start)
    if (target === undefined) return this.#exit(pcOf(this.#site, offsetOf(start)), dirty)
    if (target.choose !== undefined) this.#f.set(target.choose.local, c32(target.choose.value))
    this.#f.br(target.label)
  }

  /** A header of a loop that we are in means its start; everything else lies ahead. */
  #find(start: number): Target | undefined {
    for (let at = this.#back.length - 1; at >= 0; at--) {
      const back = this.#back[at].get(start)
      if (back !== undefined) return back
    }
    return this.#targets.get(start)
  }

  #exit(pc: Term, dirty: bigint): void {
    const f = this.#f
    f.store('i64', c32(0), pc, slot.pc)
    f.store('i32', c32(0), this.#site.fuel, slot.fuel)
    this.#store(dirty)
    f.return()
  }
}

function headersIn(item: Item): readonly number[] {
  return item.kind === 'block' ? [] : [...item.headers, ...item.body.flatMap(headersIn)]
}
