/**
 * The hart in page 0 while a handler looks at it: registers by number, memory through the hart's own translation, without traps.
 * Privileged architecture 20240411, §4.3.2 (the algorithm's steps are numbered as there) and §3.7.
 */
import type { StoppedHart } from './core.ts'
import { dump } from './dump.ts'
import { fBase, hartStateBytes, type Layout, slot } from './layout.ts'
import { rangeBytes } from './system/pmp.ts'
import { machine, menvcfg, supervisor, user } from './system/state.ts'

export interface HaltedHartParts {
  readonly view: DataView
  readonly layout: Layout
  readonly ram: Uint8Array
  /** Software may want A and D for itself (menvcfg.ADUE). */
  readonly svadu: boolean
  /** RAM is about to be changed from outside the hart. */
  readonly wrote: (offset: number, length: number) => void
}

/** `inspect`: by a debugger, which has every right and leaves no trace. */
type Access = 'read' | 'write' | 'peek' | 'inspect'
const pageBytes = 4096
const bits = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, A: 64n, D: 128n, N: 1n << 63n } as const
const pageNumbers = (1n << 44n) - 1n
const locked = 0x80n

export class HaltedHart implements StoppedHart {
  next = 0n
  #pc = 0n
  readonly #parts: HaltedHartParts
  readonly #entries: DataView

  constructor(parts: HaltedHartParts) {
    this.#parts = parts
    this.#entries = new DataView(parts.ram.buffer, parts.ram.byteOffset, parts.ram.length)
  }

  /** Takes pc from the state: a call begins. */
  halt(): void {
    this.#pc = this.#word(slot.pc)
    this.next = BigInt.asUintN(64, this.#pc + 4n)
  }

  get hart(): number {
    return this.#parts.view.getInt32(slot.hart, true)
  }

  get privilege(): number {
    return this.#parts.view.getInt32(slot.privilege, true)
  }

  get pc(): bigint {
    return this.#pc
  }

  get satp(): bigint {
    return this.privilege === machine ? 0n : this.#word(slot.satp)
  }

  x(register: number): bigint {
    return this.#word(8 * register)
  }

  setX(register: number, value: bigint): void {
    if (register !== 0) this.#parts.view.setBigUint64(8 * register, BigInt.asUintN(64, value), true)
  }

  f(register: number): bigint {
    return this.#word(fBase + 8 * register)
  }

  setF(register: number, value: bigint): void {
    this.#parts.view.setBigUint64(fBase + 8 * register, BigInt.asUintN(64, value), true)
  }

  physical(address: bigint, access: Access): number | undefined {
    const at = this.#translate(address, access)
    return at === undefined || !this.#open(at, 1n, access, this.privilege) || this.#offset(at, 1) === undefined ? undefined : Number(at)
  }

  read(address: bigint, into: Uint8Array): number {
    return this.#pages(address, into.length, 'read', (offset, done, length) => into.set(this.#parts.ram.subarray(offset, offset + length), done))
  }

  /** Reads what may be read or executed, and leaves no trace of it, in page tables neither. @returns bytes read. */
  peek(address: bigint, into: Uint8Array): number {
    return this.#pages(address, into.length, 'peek', (offset, done, length) => into.set(this.#parts.ram.subarray(offset, offset + length), done))
  }

  /** Reads whatever the page table leads to. @returns bytes read. */
  inspect(address: bigint, into: Uint8Array): number {
    return this.#pages(address, into.length, 'inspect', (offset, done, length) => into.set(this.#parts.ram.subarray(offset, offset + length), done))
  }

  /** Writes there, too. @returns bytes written. */
  patch(address: bigint, from: Uint8Array): number {
    return this.#pages(address, from.length, 'inspect', (offset, done, length) => {
      this.#parts.wrote(offset, length)
      this.#parts.ram.set(from.subarray(done, done + length), offset)
    })
  }

  write(address: bigint, from: Uint8Array): number {
    return this.#pages(address, from.length, 'write', (offset, done, length) => {
      this.#parts.wrote(offset, length)
      this.#parts.ram.set(from.subarray(done, done + length), offset)
    })
  }

  dump(): string {
    const { view } = this.#parts
    return dump(this.hart, new DataView(view.buffer, view.byteOffset, hartStateBytes))
  }

  #word(at: number): bigint {
    return this.#parts.view.getBigUint64(at, true)
  }

  /** Visits a range page by page. @returns bytes up to the first page that is closed. */
  #pages(address: bigint, total: number, access: Access, visit: (offset: number, done: number, length: number) => void): number {
    for (let done = 0; done < total; ) {
      const at = BigInt.asUintN(64, address + BigInt(done))
      const length = Math.min(total - done, pageBytes - Number(at & 0xfffn))
      const physical = this.#translate(at, access)
      const offset = physical === undefined || !this.#open(physical, BigInt(length), access, this.privilege) ? undefined : this.#offset(physical, length)
      if (offset === undefined) return done
      visit(offset, done, length)
      done += length
    }
    return total
  }

  /** Offset in RAM. */
  #offset(physical: bigint, length: number): number | undefined {
    const offset = physical - BigInt(this.#parts.layout.ramBase)
    return offset >= 0n && offset + BigInt(length) <= BigInt(this.#parts.ram.length) ? Number(offset) : undefined
  }

  /** Sv39, Sv48 or Sv57, by satp's mode. A and D are set as the hart itself would. */
  #translate(address: bigint, access: Access): bigint | undefined {
    const mode = Number(this.#word(slot.satp) >> 60n)
    if (this.privilege === machine || mode === 0) return address
    const levels = mode - 5
    if (BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, address)) !== address) return undefined
    let table = (this.#word(slot.satp) & pageNumbers) << 12n
    for (let level = levels - 1; level >= 0; level--) {
      const shift = BigInt(12 + 9 * level)
      const at = table + ((address >> shift) & 511n) * 8n
      const offset = access === 'inspect' || this.#open(at, 8n, 'read', supervisor) ? this.#offset(at, 8) : undefined
      if (offset === undefined) return undefined
      const entry = this.#entries.getBigUint64(offset, true)
      if ((entry & bits.V) === 0n || (entry & (bits.R | bits.W)) === bits.W) return undefined
      const page = ((entry >> 10n) & pageNumbers) << 12n
      // Step 4: a pointer to the next level.
      if ((entry & (bits.R | bits.X)) === 0n) table = page
      else return this.#allowed(entry, access) && this.#mark(offset, entry, access) ? leaf(entry, page, address, shift) : undefined
    }
    return undefined
  }

  /** Step 5. The supervisor's right to the user's pages is not asked for: it asked to be helped. */
  #allowed(entry: bigint, access: Access): boolean {
    if (access === 'inspect') return true
    if (this.privilege === user && (entry & bits.U) === 0n) return false
    return (entry & { read: bits.R, write: bits.W, peek: bits.R | bits.X }[access]) !== 0n
  }

  /** Step 7. */
  #mark(offset: number, entry: bigint, access: Access): boolean {
    if (access === 'peek' || access === 'inspect') return true
    const wanted = entry | bits.A | (access === 'write' ? bits.D : 0n)
    if (wanted === entry) return true
    if (this.#parts.svadu && (this.#word(slot.menvcfg) & menvcfg.ADUE) === 0n) return false
    this.#entries.setBigUint64(offset, wanted, true)
    return true
  }

  /** PMP: the lowest-numbered entry that matches any byte decides, and must match all of them. */
  #open(start: bigint, length: bigint, access: Access, privilege: number): boolean {
    if (access === 'inspect') return true
    const end = start + length
    const count = this.#parts.view.getUint32(slot.pmpCount, true)
    for (let at = slot.pmpRange; at < slot.pmpRange + count * rangeBytes; at += rangeBytes) {
      const [from, to, config] = [this.#word(at), this.#word(at + 8), this.#word(at + 16)]
      if (start >= to || end <= from) continue
      if (start < from || end > to) return false
      return (privilege === machine && (config & locked) === 0n) || (config & { read: 1n, write: 2n, peek: 5n }[access]) !== 0n
    }
    return privilege === machine
  }
}

/** Step 6, and Svnapot: an entry with N stands for the sixteen pages of 64 KiB. */
function leaf(entry: bigint, page: bigint, address: bigint, shift: bigint): bigint | undefined {
  const inside = (1n << ((entry & bits.N) === 0n ? shift : 16n)) - 1n
  if ((entry & bits.N) === 0n && (page & inside) !== 0n) return undefined
  return (page & ~inside) | (address & inside)
}
