/**
 * Memory accesses that the TLB doesn't answer: misses, MMIO, page crossings, pages with decoded code, atomics.
 *
 * Before you edit, read context.ts. Callers have put pc and fuel into the state. A host address of 0 means that a trap was taken and
 * state.pc is its handler. A value without a host address (MMIO, two pages) is left in the scratch slot, whose address is returned.
 */
import { codeMap, scratchPage, slot, tlbExec, tlbRead, tlbWrite, watching } from '../layout.ts'
import { type FuncRef, type Term, add, and, apply, c32, c64, eq, eqz, extendU, gtU, load, ltU, or, select, shl, shrU, sub, wrap } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { dataPrivilege, tlbIndex } from './context.ts'
import type { Parts } from './parts.ts'
import { cause, get32, get64, put32 } from './state.ts'
import { accessFault, hostAddress, inRam } from './walk.ts'

const callTerm = (func: FuncRef, ...args: Term[]): Term => ({ kind: 'call', type: func.results[0], func, args })
const pageOf = (address: Term): Term => and(address, c64(-4096n))
const asDouble = (address: Term): Term => apply('f64.convert_i64_u', address)
const read = c32(0)
const write = c32(1)
const fetch = c32(2)

export function buildAccess(parts: Parts): void {
  loadSlow(parts, parts.loadSlow)
  storeSlow(parts, parts.storeSlow)
  fetchSlow(parts, parts.fetchSlow)
  fetchAcross(parts, parts.fetchAcross)
  atomicAddress(parts, parts.atomicAddress)
  illegal(parts, parts.illegal)
}

/** Enters `address` → `value` under `context`. */
function fill(f: Func, table: number, address: Term, context: Term, value: Term): void {
  const index = f.let(tlbIndex(address))
  f.store('i64', index, or(pageOf(address), context), table)
  f.store('i32', index, value, table + 8)
}

function raised(f: Func, parts: Parts, access: Term, address: Term, result: Term): void {
  f.call(parts.raise, accessFault(access), address)
  f.return(result)
}

/** What a TLB entry of loads and stores holds. */
const distance = (parts: Parts, address: Term, physical: Term): Term => sub(hostAddress(parts, physical), wrap(address))

/** i32 1: the whole page passes PMP, so that it may be remembered. */
const wholePage = (parts: Parts, physical: Term, access: Term, privilege: Term): Term =>
  callTerm(parts.pmpAllows, pageOf(physical), c32(4096), access, privilege)

/** 1 while the page isn't to be remembered, because something on it is watched. The access itself is told of here. */
function watched(f: Func, parts: Parts, address: Term, size: Term, access: Term): LocalTerm {
  const found = f.let(c32(0))
  f.if(load('i32', c32(watching)), () => f.set(found, callTerm(parts.accessed, address, size, access)))
  return found
}

function crosses(address: Term, size: Term): Term {
  return gtU(add(and(wrap(address), c32(4095)), size), c32(4096))
}

function loadSlow(parts: Parts, f: Func): void {
  const [address, size] = [f.param(0), f.param(1)]
  f.if(crosses(address, size), () => {
    const sum = f.let(c64(0))
    const at = f.let(c32(0))
    f.loop((next) => {
      const host = f.let(callTerm(parts.loadSlow, add(address, extendU(at)), c32(1)))
      f.if(eqz(host), () => f.return(c32(0)))
      f.set(sum, or(sum, shl(load('i64.8u', host), extendU(shl(at, c32(3))))))
      f.set(at, add(at, c32(1)))
      f.brIf(next, ltU(at, size))
    })
    f.store('i64', c32(0), sum, slot.scratch)
    f.return(c32(slot.scratch))
  })
  const physical = f.let(callTerm(parts.translate, address, read))
  f.if(eq(physical, c64(-1)), () => f.return(c32(0)))
  const privilege = f.let(dataPrivilege())
  f.if(eqz(callTerm(parts.pmpAllows, physical, size, read, privilege)), () => raised(f, parts, read, address, c32(0)))
  f.if(inRam(parts, physical, extendU(size)), () => {
    const apart = watched(f, parts, address, size, read)
    f.if(and(eqz(apart), wholePage(parts, physical, read, privilege)), () => fill(f, tlbRead, address, get64(slot.contextData), distance(parts, address, physical)))
    f.return(hostAddress(parts, physical))
  })
  f.if(and(wrap(physical), sub(size, c32(1))), () => raised(f, parts, read, address, c32(0)))
  const low = f.let(callTerm(parts.mmioRead, asDouble(physical), select(eq(size, c32(8)), c32(4), size)))
  f.if(apply('f64.lt', low, { kind: 'const', type: 'f64', value: 0 }), () => raised(f, parts, read, address, c32(0)))
  f.store('i64', c32(0), apply('i64.trunc_f64_u', low), slot.scratch)
  f.if(eq(size, c32(8)), () => {
    f.set(low, callTerm(parts.mmioRead, asDouble(add(physical, c64(4))), c32(4)))
    f.if(apply('f64.lt', low, { kind: 'const', type: 'f64', value: 0 }), () => raised(f, parts, read, address, c32(0)))
    f.store('i64.32', c32(0), apply('i64.trunc_f64_u', low), slot.scratch + 4)
  })
  // After the look, so that what was seen doesn't depend on how much fuel there was.
  f.drop(watched(f, parts, address, size, read))
  f.call(parts.spin, physical)
  f.return(c32(slot.scratch))
}

/** Stores the low `size` bytes of `value` at a host address. */
function put(f: Func, host: LocalTerm, value: Term, size: Term): void {
  f.if(eq(size, c32(8)), () => f.store('i64', host, value), () =>
    f.if(eq(size, c32(4)), () => f.store('i64.32', host, value), () =>
      f.if(eq(size, c32(2)), () => f.store('i64.16', host, value), () => f.store('i64.8', host, value))))
}

/** RAM page number of a physical address in RAM, times 4: the offset in codeMap. */
const codeMapOffset = (parts: Parts, physical: Term): Term => shl(wrap(shrU(sub(physical, c64(parts.layout.ramBase)), c64(12))), c32(2))

function storeSlow(parts: Parts, f: Func): void {
  const [address, value, size] = [f.param(0), f.param(1), f.param(2)]
  const result = f.let(c32(0))
  f.if(crosses(address, size), () => {
    // Both pages must take it before either is touched.
    f.if(eq(callTerm(parts.translate, address, write), c64(-1)), () => f.return(c32(1)))
    f.if(eq(callTerm(parts.translate, sub(add(address, extendU(size)), c64(1)), write), c64(-1)), () => f.return(c32(1)))
    const at = f.let(c32(0))
    f.loop((next) => {
      const one = f.let(callTerm(parts.storeSlow, add(address, extendU(at)), shrU(value, extendU(shl(at, c32(3)))), c32(1)))
      f.if(eq(one, c32(1)), () => f.return(one))
      f.set(result, or(result, one))
      f.set(at, add(at, c32(1)))
      f.brIf(next, ltU(at, size))
    })
    f.return(result)
  })
  const physical = f.let(callTerm(parts.translate, address, write))
  f.if(eq(physical, c64(-1)), () => f.return(c32(1)))
  const privilege = f.let(dataPrivilege())
  f.if(eqz(callTerm(parts.pmpAllows, physical, size, write, privilege)), () => raised(f, parts, write, address, c32(1)))
  f.if(inRam(parts, physical, extendU(size)), () => {
    const host = f.let(hostAddress(parts, physical))
    const apart = watched(f, parts, address, size, write)
    put(f, host, value, size)
    f.if(load('i32', codeMapOffset(parts, physical), codeMap), () => f.return(callTerm(parts.codeWritten, host, size)))
    f.if(and(eqz(apart), wholePage(parts, physical, write, privilege)), () => fill(f, tlbWrite, address, get64(slot.contextData), distance(parts, address, physical)))
    f.return(c32(0))
  })
  f.if(and(wrap(physical), sub(size, c32(1))), () => raised(f, parts, write, address, c32(1)))
  f.drop(watched(f, parts, address, size, write))
  const width = f.let(select(eq(size, c32(8)), c32(4), size))
  f.if(eqz(callTerm(parts.mmioWrite, asDouble(physical), width, wrap(value))), () => raised(f, parts, write, address, c32(1)))
  f.if(eq(size, c32(8)), () => {
    f.if(eqz(callTerm(parts.mmioWrite, asDouble(add(physical, c64(4))), c32(4), wrap(shrU(value, c64(32))))), () => raised(f, parts, write, address, c32(1)))
  })
  f.return(c32(0))
}

/** The physical address of a fetch from `address`, checked for PMP and RAM; traps return `c32(0)` from `f`. */
function fetchPhysical(parts: Parts, f: Func, address: Term): LocalTerm {
  const physical = f.let(callTerm(parts.translate, address, fetch))
  f.if(eq(physical, c64(-1)), () => f.return(c32(0)))
  f.if(eqz(callTerm(parts.pmpAllows, physical, c32(2), fetch, get32(slot.privilege))), () => raised(f, parts, fetch, address, c32(0)))
  f.if(eqz(inRam(parts, physical, c64(2))), () => raised(f, parts, fetch, address, c32(0)))
  return physical
}

function fetchSlow(parts: Parts, f: Func): void {
  const pc = f.param(0)
  const physical = fetchPhysical(parts, f, pc)
  f.if(eqz(wholePage(parts, physical, fetch, get32(slot.privilege))), () => single(parts, f, pc, physical))
  const offset = f.let(codeMapOffset(parts, physical))
  const page = f.let(load('i32', offset, codeMap))
  f.if(eqz(page), () => f.set(page, callTerm(parts.codePage, shrU(offset, c32(2)))))
  fill(f, tlbExec, pc, get64(slot.contextExec), page)
  f.return(page)
}

/** On a page that PMP doesn't let pass as a whole every instruction is fetched, checked and decoded by itself. */
function single(parts: Parts, f: Func, pc: LocalTerm, physical: LocalTerm): void {
  const word = f.let(load('i32.16u', hostAddress(parts, physical)))
  f.if(eq(and(word, c32(3)), c32(3)), () => {
    const high = fetchPhysical(parts, f, add(pc, c64(2)))
    f.set(word, or(word, shl(load('i32.16u', hostAddress(parts, high)), c32(16))))
  })
  f.call(parts.decodeWord, word, hostAddress(parts, physical))
  f.return(c32(scratchPage))
}

function fetchAcross(parts: Parts, f: Func): void {
  const pc = f.let(get64(slot.pc))
  const low = fetchPhysical(parts, f, pc)
  const high = fetchPhysical(parts, f, add(pc, c64(2)))
  const word = or(load('i32.16u', hostAddress(parts, low)), shl(load('i32.16u', hostAddress(parts, high)), c32(16)))
  f.call(parts.decodeWord, word, hostAddress(parts, low))
  f.return(c32(1))
}

function atomicAddress(parts: Parts, f: Func): void {
  const [address, size, access] = [f.param(0), f.param(1), f.param(2)]
  f.if(and(wrap(address), sub(size, c32(1))), () => {
    f.call(parts.raise, select(eqz(access), c64(cause.loadMisaligned), c64(cause.storeMisaligned)), address)
    f.return(c32(0))
  })
  const physical = f.let(callTerm(parts.translate, address, access))
  f.if(eq(physical, c64(-1)), () => f.return(c32(0)))
  const privilege = f.let(dataPrivilege())
  f.if(eqz(callTerm(parts.pmpAllows, physical, size, access, privilege)), () => raised(f, parts, access, address, c32(0)))
  // Atomics work on RAM alone; the board's device regions have no AMO support (PMA, §3.6.3).
  f.if(eqz(inRam(parts, physical, extendU(size))), () => raised(f, parts, access, address, c32(0)))
  const host = f.let(hostAddress(parts, physical))
  const apart = watched(f, parts, address, size, shl(access, c32(1)))
  f.if(eqz(access), () => f.return(host))
  f.if(load('i32', codeMapOffset(parts, physical), codeMap), () => {
    put32(f, slot.codeTouched, host)
    f.return(host)
  })
  f.if(and(eqz(apart), wholePage(parts, physical, write, privilege)), () => fill(f, tlbWrite, address, get64(slot.contextData), distance(parts, address, physical)))
  f.return(host)
}

/** Raises an illegal instruction at state.pc, with the instruction's own bits as the trap value (§3.1.16). */
function illegal(parts: Parts, f: Func): void {
  const pc = f.let(get64(slot.pc))
  const low = f.let(callTerm(parts.translate, pc, fetch))
  f.if(eq(low, c64(-1)), () => f.return())
  const word = f.let(load('i64.16u', hostAddress(parts, low)))
  f.if(eq(and(word, c64(3)), c64(3)), () => {
    const high = f.let(callTerm(parts.translate, add(pc, c64(2)), fetch))
    f.if(eq(high, c64(-1)), () => f.return())
    f.set(word, or(word, shl(load('i64.16u', hostAddress(parts, high)), c64(16))))
  })
  f.call(parts.raise, c64(cause.illegal), word)
}
