/** Decoded code pages: which page of RAM has one, and when it must be given up. */
import { type Layout, codeMap, codePageBytes, scratchPage, tlbBytes, tlbExec, tlbWrite } from './layout.ts'
import { entryFor, own } from './interp/entry.ts'
import type { Extensions } from './isa/profile.ts'

/** Stores that miss all decoded entries of a page before it counts as data again. */
const patience = 1024

export class CodePages {
  readonly #layout: Layout
  readonly #extensions: Extensions
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #halves: Uint16Array
  /** Slot in the pool → page of RAM, −1 when free. */
  readonly #owner: Int32Array
  readonly #misses: Uint16Array
  #free: number[] = []
  /** The scratch page's one entry. */
  #single = scratchPage
  /** Told when a page's code changes or the page goes; set by whoever compiles from here. */
  regions: { drop(place: number): boolean; clear(): void } | undefined
  /** Whether the host may want to stop at this offset of a page. */
  mayStop: (offset: number) => boolean = () => false

  constructor(layout: Layout, buffer: SharedArrayBuffer, extensions: Extensions) {
    this.#layout = layout
    this.#extensions = extensions
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Uint32Array(buffer)
    this.#halves = new Uint16Array(buffer)
    this.#owner = new Int32Array(layout.poolPages).fill(-1)
    this.#misses = new Uint16Array(layout.poolPages)
    for (let at = scratchPage; at < scratchPage + codePageBytes; at += 8) this.#words[at >> 2] = own.resolve
    this.#resetFree()
  }

  /** Pages that have decoded entries now. */
  get live(): number {
    return this.#layout.poolPages - this.#free.length
  }

  /** The page of RAM that this slot of the pool was decoded from, or −1. */
  ramPage(place: number): number {
    return this.#owner[place]
  }

  /** The decoded page of a page of RAM, empty at first. Such a page leaves the write TLB, so that stores into it are seen. */
  make(ramPage: number): number {
    if (this.#free.length === 0) this.clear()
    const place = this.#free.pop() as number
    const at = this.#addressOf(place)
    this.#bytes.fill(0, at, at + 0x4000)
    this.#words[(at + 0x4000) >> 2] = own.resolve
    this.#words[(at + 0x4008) >> 2] = own.resolve
    const heat = this.#layout.heat + place * (codePageBytes / 4)
    this.#bytes.fill(0, heat, heat + codePageBytes / 4)
    this.#owner[place] = ramPage
    this.#misses[place] = 0
    this.#words[(codeMap >> 2) + ramPage] = at
    this.#unmapWrites(this.#layout.ram + ramPage * 4096)
    return at
  }

  /** Decodes the entry at this address. */
  decode(at: number): void {
    const place = Math.floor((at - this.#layout.poolBase) / codePageBytes)
    const offset = (at - this.#addressOf(place)) >> 2
    const from = this.#layout.ram + this.#owner[place] * 4096 + offset
    const low = this.#halves[from >> 1]
    if ((low & 3) === 3 && offset === 4094) {
      this.#words[at >> 2] = own.across
      return
    }
    this.#put(at, offset, (low & 3) === 3 ? (low | (this.#halves[(from >> 1) + 1] << 16)) >>> 0 : low)
  }

  /** Decodes an instruction that isn't run from its page's entries, at `offset` in the page, into the scratch page, which holds it alone. */
  decodeSingle(word: number, offset: number): void {
    this.#words[this.#single >> 2] = own.resolve
    this.#single = scratchPage + offset * 4
    this.#put(this.#single, offset, word >>> 0)
  }

  /** A store went to a page with decoded entries. @returns whether the page, or what was compiled from it, was given up. */
  written(host: number, length: number): boolean {
    const offset = host - this.#layout.ram
    const page = this.#words[(codeMap >> 2) + (offset >>> 12)]
    const place = (page - this.#layout.poolBase) / codePageBytes
    let hit = false
    // A four-byte instruction may begin one halfword in front of the first byte written.
    const first = Math.max(0, ((offset & 4095) >> 1) - 1)
    const last = Math.min(2047, ((offset & 4095) + length - 1) >> 1)
    for (let half = first; half <= last; half++) {
      const at = (page >> 2) + half * 2
      if (this.#words[at] !== own.undecoded) hit = true
      this.#words[at] = own.undecoded
    }
    this.#misses[place] = hit ? 0 : this.#misses[place] + 1
    const regions = hit && this.regions?.drop(place) === true
    if (this.#misses[place] < patience) return regions
    this.#release(place)
    return true
  }

  /** A device wrote RAM at this offset. */
  dropped(offset: number, length: number): void {
    const last = (offset + length - 1) >>> 12
    for (let ramPage = offset >>> 12; ramPage <= last; ramPage++) {
      const page = this.#words[(codeMap >> 2) + ramPage]
      if (page !== 0) this.#release((page - this.#layout.poolBase) / codePageBytes)
    }
  }

  /** The host's breakpoints have changed at these offsets: what was decoded there heeds them. Nothing else is forgotten, or the guest could tell. */
  restop(offsets: ReadonlySet<number>): void {
    for (const [place, ramPage] of this.#owner.entries()) {
      if (ramPage < 0) continue
      const decoded = [...offsets].map((offset) => ({ offset, at: this.#addressOf(place) + offset * 4 }))
        .filter(({ at }) => this.#halves[at >> 1] !== own.undecoded && this.#halves[at >> 1] !== own.across)
      if (decoded.length > 0) this.regions?.drop(place)
      for (const { offset, at } of decoded) {
        if (this.#halves[at >> 1] === own.breakpoint) this.#halves[at >> 1] = this.#halves[this.#heat(at)]
        this.cool(at)
        if (this.mayStop(offset)) this.#stopAt(at)
      }
    }
  }

  /** Counting of jumps to the entry begins anew. */
  cool(at: number): void {
    this.#halves[this.#heat(at)] = 0
  }

  /** Gives all pages up. */
  clear(): void {
    this.regions?.clear()
    this.#words.fill(0, codeMap >> 2, (codeMap >> 2) + this.#layout.ramBytes / 4096)
    this.#bytes.fill(0xff, tlbExec, tlbExec + tlbBytes)
    this.#owner.fill(-1)
    this.#resetFree()
  }

  /** Takes the page at this host address out of the write TLB, under whatever virtual addresses it is there. */
  #unmapWrites(host: number): void {
    for (let entry = tlbWrite >> 2; entry < (tlbWrite + tlbBytes) >> 2; entry += 4) {
      if (((this.#words[entry] & ~4095) + this.#words[entry + 2]) >>> 0 !== host) continue
      this.#words[entry] = 0xffff_ffff
      this.#words[entry + 1] = 0xffff_ffff
    }
  }

  #put(at: number, offset: number, word: number): void {
    const [first, second] = entryFor(word, this.#extensions)
    this.#words[at >> 2] = first
    this.#words[(at >> 2) + 1] = second
    if (this.mayStop(offset)) this.#stopAt(at)
  }

  #heat(at: number): number {
    return (this.#layout.heat + ((at - this.#layout.poolBase) >> 2)) >> 1
  }

  #stopAt(at: number): void {
    this.#halves[this.#heat(at)] = this.#halves[at >> 1]
    this.#halves[at >> 1] = own.breakpoint
  }

  #release(place: number): void {
    this.regions?.drop(place)
    this.#words[(codeMap >> 2) + this.#owner[place]] = 0
    this.#owner[place] = -1
    this.#free.push(place)
    this.#bytes.fill(0xff, tlbExec, tlbExec + tlbBytes)
  }

  #addressOf(place: number): number {
    return this.#layout.poolBase + place * codePageBytes
  }

  #resetFree(): void {
    this.#free = Array.from({ length: this.#layout.poolPages }, (_, at) => this.#layout.poolPages - 1 - at)
  }
}
