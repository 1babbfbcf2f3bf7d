/**
 * Where things lie in a machine's one wasm memory.
 *
 * Before you edit, read interp/interpreter.ts. Offsets are bytes. The hart that runs has its state at 0; harts that wait have a copy of
 * that page at `savedHart(n)`. Page 0 is never the answer of a translation, so that 0 can mean "it trapped".
 */

/** x0–x31, x0 always zero. An entry's register fields hold 8 × the number, which is the register's address. */
export const xBase = 0x000
/** f0–f31, raw, singles NaN-boxed. */
export const fBase = 0x100

/** Slots of the running hart's state. Eight bytes each unless said otherwise. */
export const slot = {
  pc: 0x200,
  /** Tick at which the present slice ends; now = limit − fuel. */
  limit: 0x208,
  /** i32: instructions left in the slice. */
  fuel: 0x210,
  /** i32: 0 U, 1 S, 3 M. */
  privilege: 0x214,
  /** Ticks that passed without a retired instruction. */
  skipped: 0x218,
  /** i32 each: fflags (bits 4–0) and frm. */
  fflags: 0x220,
  frm: 0x224,
  /** TLB context of loads and stores, and of fetches: an identifier shifted left by 3. */
  contextData: 0x228,
  contextExec: 0x230,
  /** i32: 1: the hart waits in WFI; 2: it is stopped (supervised-harts.ts). */
  waiting: 0x238,
  /** i32: hart id. */
  hart: 0x23c,
  /** Guest-physical address of the reservation, or −1. */
  reservation: 0x240,
  /** Where a load that had no host address leaves its value: 16 bytes. */
  scratch: 0x250,
  /** i32: host address that an atomic is about to write in a page with decoded code, or 0. */
  codeTouched: 0x27c,
  /** Retired-instruction count at the last look at the clock, and how often in a row it came quickly. i64, i32. */
  spinAt: 0x260,
  spinCount: 0x268,
  spinAddress: 0x270,
  /** i32: what is left of a step of time whose beginning used up the fuel; see system/clock.ts. */
  spinDebt: 0x26c,
  /** i32: environment calls from S-mode go to the board, not to M-mode. */
  supervised: 0x278,
  mstatus: 0x280,
  misa: 0x288,
  medeleg: 0x290,
  mideleg: 0x298,
  mie: 0x2a0,
  mip: 0x2a8,
  mtvec: 0x2b0,
  mcounteren: 0x2b8,
  mscratch: 0x2c0,
  mepc: 0x2c8,
  mcause: 0x2d0,
  mtval: 0x2d8,
  menvcfg: 0x2e0,
  mcountinhibit: 0x2e8,
  stvec: 0x2f0,
  scounteren: 0x2f8,
  sscratch: 0x300,
  sepc: 0x308,
  scause: 0x310,
  stval: 0x318,
  satp: 0x320,
  senvcfg: 0x328,
  /** Virtual address of the page that a region is called on. */
  regionPage: 0x580,
  /** The longest stretch of addresses that PMP lets everybody do everything with: start, end (exclusive). */
  pmpOpenStart: 0x588,
  pmpOpenEnd: 0x590,
  /** mcycle and minstret as differences to ticks and retired count, which makes them writable. */
  cycleOffset: 0x330,
  instretOffset: 0x338,
  mhartid: 0x340,
  /** A CSR that reads as zero and takes no write. */
  zero: 0x348,
  stimecmp: 0x350,
  tselect: 0x358,
  /** Interrupt lines from outside: MSIP, MTIP, SEIP, MEIP. What software wrote stands in mip. */
  lines: 0x248,
  /** pmpcfg0 and pmpcfg2, then 16 pmpaddr. */
  pmpcfg: 0x360,
  pmpaddr: 0x370,
  /** i32: number of PMP ranges that follow; then 16 × { start i64, end i64 (exclusive), cfg i64 } in order of priority. */
  pmpCount: 0x3f0,
  pmpRange: 0x400,
  /** satpEntries × { satp i64, contexts: 8 × i32 }; see system/context.ts. */
  satpTable: 0x600,
  /** i32: byte offset of the entry of the present satp, from satpTable. */
  satpEntry: 0x3f4,
  /** i32: the entry to replace next. */
  satpNext: 0x3f8,
  /** i32: 1 when a superpage of the lower half has entries in the TLB, 2 of the upper half. */
  superpages: 0x3fc,
} as const

export const satpEntries = 16
export const satpEntryBytes = 40
export const hartStateBytes = 0x1000

/** State of hart n while another one runs. */
export const savedHart = (hart: number): number => 0x1000 * (hart + 1)
export const hartsMax = 8

/** Shared by all harts. i32: the next free TLB context identifier. */
export const nextContext = 0x9000
export const contextLimit = 512
/** i32: accesses that miss the TLB have to ask for watchpoints. */
export const watching = 0x9004
/** CSR number → byte offset of its row in `csrRows`, u16, 0 when there is none. */
export const csrMap = 0xa000
/** Rows of 24 bytes: slot u16, special u16, pad u32, read mask u64, write mask u64. */
export const csrRows = 0xc000

/** Translation look-aside buffers: 4096 × { tag i64, value i32, pad }. Value: host address minus guest address; for fetches the code page's entries. */
export const tlbRead = 0x1_0000
export const tlbWrite = 0x2_0000
export const tlbExec = 0x3_0000
export const tlbBytes = 0x1_0000

/** One decoded code page: 2048 entries of 8 bytes, one for every halfword, then two sentinels. */
export const codePageBytes = 0x4000 + 64
/** A code page for one instruction: across two pages, or on a page that PMP doesn't let pass as a whole. */
export const scratchPage = 0x4_0000
/** Compiled regions: 8 bytes each, { the head's own handler u16, pad, fuel that a call needs i32 }. */
export const regionTable = 0x4_8000
export const regionsMax = 0x1000
/** Guest-physical page number (from the start of RAM) → address of its decoded page, u32, 0 when there is none. */
export const codeMap = 0x5_0000

export interface Layout {
  readonly ramBase: number
  readonly ramBytes: number
  /** Where the pool of decoded pages starts, and how many it holds. */
  readonly poolBase: number
  readonly poolPages: number
  /**
   * One u16 for every entry of the pool, at `heat + (entry − poolBase) / 4`: how often a jump went there, and once a region begins
   * there, the region's number.
   */
  readonly heat: number
  /** Where guest RAM starts in the memory. */
  readonly ram: number
  /** Size of the whole memory in pages of 64 KiB. */
  readonly pages: number
}

const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to

export function layoutFor(ramBase: number, ramBytes: number): Layout {
  const poolBase = alignUp(codeMap + (ramBytes / 4096) * 4, 0x1_0000)
  const poolPages = 2048
  // The scratch page lies in front of the pool, and jumps within it are counted like all others.
  const heat = poolBase + poolPages * codePageBytes + (poolBase - scratchPage) / 4
  const ram = alignUp(heat + (poolPages * codePageBytes) / 4, 0x1_0000)
  return { ramBase, ramBytes, poolBase, poolPages, heat, ram, pages: alignUp(ram + ramBytes, 0x1_0000) / 0x1_0000 }
}
