/** The functions of a hart's wasm module that call one another, declared before any of their bodies stands. */
import type { Profile } from '../isa/profile.ts'
import type { Layout } from '../layout.ts'
import type { FuncRef, Type } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Module } from '../wasm/module.ts'

/** What the module asks of TypeScript: only what is rare, or lies outside RAM. Addresses travel as doubles, which hold 53 bits. */
export interface Imports {
  /** (address, width) → unsigned value, or −1: nobody there. */
  readonly mmioRead: FuncRef
  /** (address, width, value) → 1, or 0: nobody there. */
  readonly mmioWrite: FuncRef
  /** Decodes the entry at this address of a code page. */
  readonly decode: FuncRef
  /** (word, host address) Decodes the word into the scratch page, at its host address's place in a page. */
  readonly decodeWord: FuncRef
  /** Page number from the start of RAM → address of its decoded page, made if need be. */
  readonly codePage: FuncRef
  /** (host address, length) was written in a page that has decoded entries → 1 when the page was given up. */
  readonly codeWritten: FuncRef
  /** The code at this entry has become hot. */
  readonly hot: FuncRef
  /** (CSR number) A pmpcfg or pmpaddr is written with the value at scratch + 8: heeds locks, works out the ranges anew. */
  readonly pmpChanged: FuncRef
  /** () The hart is at an entry where the host may want to stop → 1: it does. */
  readonly breakpoint: FuncRef
  /** (virtual address, size, access: 0 read 1 write 2 both) An access is done by the slow path while something is watched → 1: keep its page out of the TLB. */
  readonly accessed: FuncRef
  /** () An environment call from S-mode at state.pc is the board's: answers it and moves pc. */
  readonly supervise: FuncRef
  /** () stimecmp or menvcfg of the running hart was written. */
  readonly timerChanged: FuncRef
  /** (0: a magic instruction, 1: EBREAK) The hart stands still at state.pc while a handler looks at it → 1 handled, pc is where it goes on; 0 not. */
  readonly magic: FuncRef
}

export interface Parts extends Imports {
  readonly layout: Layout
  /** Ticks of virtual time per period of the `time` CSR. */
  readonly ticksPerTime: number
  /** Jumps to one place before it is hot; 0: nothing ever is. */
  readonly threshold: number
  readonly profile: Profile
  /** () Finds the TLB contexts that fit privilege, mstatus and satp. */
  readonly refreshContext: Func
  /** () Forgets all translations of this hart. */
  readonly flushAll: Func
  /** (virtual address, asid, flags: 1 address given, 2 asid given) */
  readonly fence: Func
  /** (cause i64, tval i64) Takes a trap from state.pc. */
  readonly raise: Func
  /** () Raises an illegal instruction at state.pc. */
  readonly illegal: Func
  /** () → 1 when an interrupt was taken. */
  readonly checkInterrupts: Func
  /** (privilege returned from: 1 or 3) → 1 when it was illegal and a trap was taken. */
  readonly trapReturn: Func
  /** (virtual address, operation 0 inval 1 clean 2 flush 4 zero) → 0 done, 1 raised, 2 done and the code page was given up, 3 illegal. */
  readonly cacheBlock: Func
  /** (virtual address, access: 0 read 1 write 2 fetch 3 either of read and write) → physical address, or −1: raised. */
  readonly translate: Func
  /** (physical address, size, access, privilege) → 1 when PMP lets it pass. */
  readonly pmpAllows: Func
  /** (virtual address, size) → host address of the value, or 0: raised. */
  readonly loadSlow: Func
  /** (virtual address, value, size) → 0 stored, 1 raised, 2 stored and the code page was given up. */
  readonly storeSlow: Func
  /** (pc) → address of the decoded page, or 0: raised. */
  readonly fetchSlow: Func
  /** () Decodes the instruction at state.pc that lies across two pages into the scratch page → 1, or 0: raised. */
  readonly fetchAcross: Func
  /** (virtual address, size, access 0 or 1) → host address for an atomic access, or 0: raised. */
  readonly atomicAddress: Func
  /** (number, operation 0 write 1 set 2 clear, value, writes) → 0 old value in scratch, 1 raised, 2 like 0 and interrupts or contexts may have changed. */
  readonly csr: Func
  /** (is a register read twice in a tight loop: address as i64) Lets time pass faster while the guest spins. */
  readonly spin: Func
}

export function declareImports(module: Module): Imports {
  const take = (name: string, params: readonly Type[], results: readonly Type[]): FuncRef => module.import(name, params, results)
  return {
    mmioRead: take('mmioRead', ['f64', 'i32'], ['f64']),
    mmioWrite: take('mmioWrite', ['f64', 'i32', 'i32'], ['i32']),
    decode: take('decode', ['i32'], []),
    decodeWord: take('decodeWord', ['i32', 'i32'], []),
    codePage: take('codePage', ['i32'], ['i32']),
    codeWritten: take('codeWritten', ['i32', 'i32'], ['i32']),
    hot: take('hot', ['i32'], []),
    pmpChanged: take('pmpChanged', ['i32'], []),
    breakpoint: take('breakpoint', [], ['i32']),
    accessed: take('accessed', ['i64', 'i32', 'i32'], ['i32']),
    supervise: take('supervise', [], []),
    timerChanged: take('timerChanged', [], []),
    magic: take('magic', ['i32'], ['i32']),
  }
}

export function declareParts(module: Module, imports: Imports, layout: Layout, ticksPerTime: number, profile: Profile, threshold: number): Parts {
  const declare = (name: string, params: readonly Type[], results: readonly Type[]): Func => module.func(name, params, results)
  return {
    ...imports,
    layout,
    ticksPerTime,
    profile,
    threshold,
    refreshContext: declare('refreshContext', [], []),
    flushAll: declare('flushAll', [], []),
    fence: declare('fence', ['i64', 'i64', 'i32'], []),
    raise: declare('raise', ['i64', 'i64'], []),
    illegal: declare('illegal', [], []),
    checkInterrupts: declare('checkInterrupts', [], ['i32']),
    trapReturn: declare('trapReturn', ['i32'], ['i32']),
    cacheBlock: declare('cacheBlock', ['i64', 'i32'], ['i32']),
    translate: declare('translate', ['i64', 'i32'], ['i64']),
    pmpAllows: declare('pmpAllows', ['i64', 'i32', 'i32', 'i32'], ['i32']),
    loadSlow: declare('loadSlow', ['i64', 'i32'], ['i32']),
    storeSlow: declare('storeSlow', ['i64', 'i64', 'i32'], ['i32']),
    fetchSlow: declare('fetchSlow', ['i64'], ['i32']),
    fetchAcross: declare('fetchAcross', [], ['i32']),
    atomicAddress: declare('atomicAddress', ['i64', 'i32', 'i32'], ['i32']),
    csr: declare('csr', ['i32', 'i32', 'i64', 'i32'], ['i32']),
    spin: declare('spin', ['i64'], []),
  }
}
