/** Address translation: Sv39, Sv48, Sv57. RISC-V privileged architecture §4.3.2 (the algorithm's steps are numbered as there). */
import { slot } from '../layout.ts'
import { type Term, add, and, c32, c64, eq, eqz, extendU, geU, gtU, leU, load, mul, ne, or, select, shl, shrS, shrU, sub, wrap, xor } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { dataPrivilege } from './context.ts'
import type { Parts } from './parts.ts'
import { cause, clear, field, get32, get64, machine, menvcfg, mstatus, put32, user } from './state.ts'

const pte = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, A: 64n, D: 128n, PBMT: 3n << 61n, N: 1n << 63n } as const
/** Bits that must be zero with and without Svnapot and Svpbmt. */
const reserved = 0x1fc0_0000_0000_0000n

/** Host address (i32) of a guest-physical one (i64) that is known to lie in RAM. */
export const hostAddress = (parts: Parts, physical: Term): Term => add(wrap(physical), c32((parts.layout.ram - parts.layout.ramBase) | 0))

/** i32: `size` (i64 constant or term) bytes from `physical` lie in RAM. */
export function inRam(parts: Parts, physical: Term, size: Term): Term {
  return leU(sub(physical, c64(parts.layout.ramBase)), sub(c64(parts.layout.ramBytes), size))
}

/** Page fault or access fault by access kind 0 read, 1 write, 2 fetch, 3 cache management, which faults as a write. */
function faultOf(access: Term, read: number, write: number, fetch: number): Term {
  return select(eqz(access), c64(read), select(eq(access, c32(2)), c64(fetch), c64(write)))
}
export const pageFault = (access: Term): Term => faultOf(access, cause.loadPage, cause.storePage, cause.instructionPage)
export const accessFault = (access: Term): Term => faultOf(access, cause.loadAccess, cause.storeAccess, cause.instructionAccess)

export function buildWalk(parts: Parts): void {
  const f = parts.translate
  const [address, access] = [f.param(0), f.param(1)]
  const privilege = f.let(select(eq(access, c32(2)), get32(slot.privilege), dataPrivilege()))
  const mode = f.let(wrap(shrU(get64(slot.satp), c64(60))))
  f.if(or(eq(privilege, c32(machine)), eqz(mode)), () => f.return(address))
  // Mode 8 is Sv39 with three levels, 9 Sv48 with four, 10 Sv57 with five.
  const level = f.let(sub(mode, c32(5)))
  const spare = f.let(sub(c64(52), mul(extendU(level), c64(9))))
  const fail = (): void => {
    f.call(parts.raise, pageFault(access), address)
    f.return(c64(-1))
  }
  f.if(ne(shrS(shl(address, spare), spare), address), fail)
  const table = f.let(shl(field(get64(slot.satp), 0, 44), c64(12)))
  f.loop((next) => {
    // Steps 2 and 3.
    const shift = f.let(add(mul(extendU(level), c64(9)), c64(3)))
    const at = f.let(add(table, shl(and(shrU(address, shift), c64(511)), c64(3))))
    const denied = (): void => {
      f.call(parts.raise, accessFault(access), address)
      f.return(c64(-1))
    }
    f.if(eqz(inRam(parts, at, c64(8))), denied)
    f.if(eqz({ kind: 'call', type: 'i32', func: parts.pmpAllows, args: [at, c32(8), c32(0), c32(1)] }), denied)
    const entry = f.let(load('i64', hostAddress(parts, at)))
    f.if(or(clear(entry, pte.V), eq(and(entry, c64(pte.R | pte.W)), c64(pte.W))), fail)
    extensionBits(parts, f, entry, fail)
    const page = f.let(shl(field(entry, 10, 44), c64(12)))
    // Step 4: a pointer to the next level.
    f.if(clear(entry, pte.R | pte.X), () => {
      f.if(eqz(clear(entry, pte.A | pte.D | pte.U | pte.PBMT | pte.N)), fail)
      f.set(level, sub(level, c32(1)))
      f.set(table, page)
      f.brIf(next, gtU(level, c32(0)))
      fail()
    })
    permissions(f, entry, access, privilege, fail)
    if (parts.profile.extensions.has('svnapot')) contiguous(f, { entry, address, page, level }, fail)
    // Step 6: a superpage's low bits must be zero.
    const offsetMask = f.let(sub(shl(c64(1), shift), c64(1)))
    f.if(ne(and(page, and(offsetMask, c64(-4096n))), c64(0)), fail)
    f.if(gtU(level, c32(1)), () => put32(f, slot.superpages, or(get32(slot.superpages), select(geU(address, c64(1n << 63n)), c32(2), c32(1)))))
    // Step 7, in hardware as the board's QEMU does it: A always, D on a write. With Svadu software may want the fault instead (§3.1.18).
    const wanted = f.let(or(entry, select(eq(access, c32(1)), c64(pte.A | pte.D), c64(pte.A))))
    f.if(ne(wanted, entry), () => {
      if (parts.profile.extensions.has('svadu')) f.if(clear(get64(slot.menvcfg), menvcfg.ADUE), fail)
      f.store('i64', hostAddress(parts, at), wanted)
    })
    f.return(or(and(page, xor(offsetMask, c64(-1))), and(address, offsetMask)))
  })
  f.unreachable()
}

/** Bits 63–54: reserved ones, and those of Svnapot and Svpbmt where a hart has them (chapters 11 and 13). */
function extensionBits(parts: Parts, f: Func, entry: LocalTerm, fail: () => void): void {
  const { extensions } = parts.profile
  f.if(eqz(clear(entry, reserved | (extensions.has('svnapot') ? 0n : pte.N) | (extensions.has('svpbmt') ? 0n : pte.PBMT))), fail)
  if (!extensions.has('svpbmt')) return
  f.if(eqz(clear(entry, pte.PBMT)), () => {
    // Memory types order nothing here, but 3 is reserved, and all are while PBMTE is off.
    f.if(or(eq(and(entry, c64(pte.PBMT)), c64(pte.PBMT)), clear(get64(slot.menvcfg), menvcfg.PBMTE)), fail)
  })
}

/** Svnapot: an entry with N stands for the sixteen pages of 64 KiB; it says so with the low bits of its page number, 1000. */
function contiguous(f: Func, { entry, address, page, level }: { entry: LocalTerm; address: Term; page: LocalTerm; level: LocalTerm }, fail: () => void): void {
  f.if(eqz(clear(entry, pte.N)), () => {
    f.if(or(ne(level, c32(1)), ne(field(page, 12, 4), c64(8))), fail)
    f.set(page, or(and(page, c64(~0xffffn)), and(address, c64(0xf000n))))
    // One address stands for sixteen pages: a fence of it must find them all.
    put32(f, slot.superpages, or(get32(slot.superpages), select(geU(address, c64(1n << 63n)), c32(2), c32(1))))
  })
}

/** Step 5. */
function permissions(f: Func, entry: LocalTerm, access: LocalTerm, privilege: LocalTerm, fail: () => void): void {
  const status = get64(slot.mstatus)
  f.if(eq(privilege, c32(user)), () => f.if(clear(entry, pte.U), fail), () => {
    const forbidden = or(eq(access, c32(2)), clear(status, mstatus.SUM))
    f.if(and(eqz(clear(entry, pte.U)), forbidden), fail)
  })
  // With MXR an executable page is readable, too.
  const readable = select(clear(status, mstatus.MXR), c64(pte.R), c64(pte.R | pte.X))
  const stored = select(eq(access, c32(2)), c64(pte.X), select(eq(access, c32(3)), or(readable, c64(pte.W)), c64(pte.W)))
  const needed = select(eqz(access), readable, stored)
  f.if(eqz(and(entry, needed)), fail)
}
