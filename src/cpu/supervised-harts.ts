/**
 * The harts as firmware below a supervisor moves them, for a board that answers environment calls from S-mode itself (`CoreConfig.supervisor`).
 * What a boot loader's M-mode software would leave behind is set up once, in `begin`: everything that can be is delegated, all memory
 * is open, and the timer is stimecmp, whether or not the profile lets software see it.
 */
import type { HartStatus, SupervisedHarts } from './core.ts'
import type { Profile } from './isa/profile.ts'
import { hartStateBytes, satpEntries, satpEntryBytes, slot } from './layout.ts'
import { menvcfg, supervisor } from './system/state.ts'
import { writePmp } from './system/pmp-ranges.ts'

/** slot.waiting of a hart that nothing but `start` wakes. */
export const stopped = 2
const waits = 1

const ssip = 2
const delegatedInterrupts = 0x222n
/** All but environment calls from S and M. */
const delegatedExceptions = 0xb1ffn
/** Readable and writable by everyone, one range that matches every address. */
const openToAll = 0x1fn
const pmpcfg0 = 0x3a0
const pmpaddr0 = 0x3b0

export interface SupervisedParts {
  readonly view: DataView
  readonly harts: number
  readonly profile: Profile
  readonly home: (hart: number) => number
  /** The hart's stimecmp was written. */
  readonly timed: (hart: number) => void
  /** A hart that may have slept has something to do: the running turn ends. */
  readonly roused: () => void
  readonly now: () => number
  /** The running hart's translations, satp or privilege have changed. */
  readonly refresh: () => void
}

export class SupervisedHartsOf implements SupervisedHarts {
  readonly count: number
  readonly #parts: SupervisedParts

  constructor(parts: SupervisedParts) {
    this.#parts = parts
    this.count = parts.harts
  }

  /** After a reset: hart 0 is to begin in S-mode, the others wait for `start`. */
  begin(): void {
    const { view, home, profile } = this.#parts
    for (let hart = 0; hart < this.count; hart++) {
      const at = home(hart)
      const set = (where: number, value: bigint): void => view.setBigUint64(at + where, value, true)
      const state = new DataView(view.buffer, view.byteOffset + at, hartStateBytes)
      writePmp(state, pmpaddr0, -1n)
      writePmp(state, pmpcfg0, openToAll)
      set(slot.medeleg, delegatedExceptions)
      set(slot.mideleg, delegatedInterrupts)
      set(slot.mcounteren, 0xffff_ffffn)
      set(slot.menvcfg, menvcfg.STCE | menvcfg.CBIE | menvcfg.CBCFE | menvcfg.CBZE | (profile.extensions.has('svadu') ? menvcfg.ADUE : 0n) | (profile.extensions.has('svpbmt') ? menvcfg.PBMTE : 0n))
      set(slot.stimecmp, 0xffff_ffff_ffff_ffffn)
      view.setInt32(at + slot.privilege, supervisor, true)
      view.setInt32(at + slot.supervised, 1, true)
      if (hart > 0) view.setInt32(at + slot.waiting, stopped, true)
    }
  }

  status(hart: number): HartStatus {
    const waiting = this.#parts.view.getInt32(this.#parts.home(hart) + slot.waiting, true)
    return waiting === stopped ? 'stopped' : 'started'
  }

  start(hart: number, pc: bigint, opaque: bigint): void {
    this.#enter(hart, pc, opaque)
    this.#parts.view.setInt32(this.#parts.home(hart) + slot.waiting, 0, true)
    this.#parts.roused()
  }

  stop(hart: number): void {
    this.timer(hart, 0xffff_ffff_ffff_ffffn)
    this.#parts.view.setInt32(this.#parts.home(hart) + slot.waiting, stopped, true)
  }

  suspend(hart: number, resume?: { readonly pc: bigint; readonly opaque: bigint }): void {
    if (resume !== undefined) this.#enter(hart, resume.pc, resume.opaque)
    this.#parts.view.setInt32(this.#parts.home(hart) + slot.waiting, waits, true)
  }

  timer(hart: number, time: bigint): void {
    this.#parts.view.setBigUint64(this.#parts.home(hart) + slot.stimecmp, BigInt.asUintN(64, time), true)
    this.#parts.timed(hart)
  }

  softInterrupt(hart: number): void {
    const at = this.#parts.home(hart) + slot.mip
    this.#parts.view.setUint32(at, this.#parts.view.getUint32(at, true) | ssip, true)
    this.#parts.roused()
  }

  forget(hart: number): void {
    const { view, home, refresh } = this.#parts
    const at = home(hart)
    new Uint8Array(view.buffer, view.byteOffset + at + slot.satpTable, satpEntries * satpEntryBytes).fill(0)
    view.setInt32(at + slot.superpages, 0, true)
    if (at === 0) refresh()
  }

  setCounter(hart: number, counter: 'cycle' | 'instret', value: bigint): void {
    const { view, home, now } = this.#parts
    const at = home(hart)
    const passed = BigInt(now()) - (counter === 'cycle' ? 0n : view.getBigUint64(at + slot.skipped, true))
    view.setBigUint64(at + (counter === 'cycle' ? slot.cycleOffset : slot.instretOffset), BigInt.asUintN(64, value - passed), true)
  }

  /** As at the supervisor's first instruction: untranslated, interrupts off, a0 the hart, a1 as given. */
  #enter(hart: number, pc: bigint, opaque: bigint): void {
    const { view, home, refresh } = this.#parts
    const at = home(hart)
    const set = (where: number, value: bigint): void => view.setBigUint64(at + where, value, true)
    set(slot.pc, pc & ~1n)
    set(8 * 10, BigInt(hart))
    set(8 * 11, opaque)
    set(slot.satp, 0n)
    set(slot.mstatus, view.getBigUint64(at + slot.mstatus, true) & ~2n)
    set(slot.reservation, 0xffff_ffff_ffff_ffffn)
    view.setUint32(at + slot.mip, view.getUint32(at + slot.mip, true) & ~ssip, true)
    view.setInt32(at + slot.privilege, supervisor, true)
    if (at === 0) refresh()
  }
}
