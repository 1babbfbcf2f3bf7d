/**
 * TLB contexts. RISC-V privileged architecture §4.2.1 (sfence.vma) says what may be remembered and when it must be forgotten.
 *
 * Theory of operation. An entry's tag is the virtual page with a context identifier in bits 3–11, so that a look-up is one comparison
 * and neither a trap nor a change of satp has to empty anything. An identifier stands for hart, satp, and how the page table is read
 * (S, S with SUM, U, each with or without MXR; M). A hart remembers identifiers for its last sixteen values of satp; forgetting means
 * dropping identifiers, and only when all 511 are used up are the tables themselves cleared. The index depends on the address alone,
 * so one address can be dropped from all contexts at once.
 */
import { contextLimit, hartsMax, nextContext, satpEntries, satpEntryBytes, savedHart, slot, tlbBytes, tlbExec, tlbRead, tlbWrite } from '../layout.ts'
import { type Term, add, and, c32, c64, eq, eqz, extendU, geU, load, ltU, mul, ne, select, shl, shrU, wrap, xor } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Parts } from './parts.ts'
import { clear, field, get32, get64, machine, mstatus, put32, put64 } from './state.ts'

/** Byte offset in a TLB of the entry for a virtual address: bits 12–23 xor bits 20–31. */
export function tlbIndex(address: Term): Term {
  return and(xor(shrU(wrap(address), c32(8)), shrU(wrap(address), c32(16))), c32(tlbBytes - 16))
}

/** Position of each way to read the page table in a satp entry's identifiers. M-mode has its place in the entry of satp, too. */
const ways = { supervisor: 0, sum: 1, user: 2, machine: 6 } as const

function clearTables(f: Func): void {
  f.fill(c32(tlbRead), c32(0xff), c32(tlbBytes))
  f.fill(c32(tlbWrite), c32(0xff), c32(tlbBytes))
  f.fill(c32(tlbExec), c32(0xff), c32(tlbBytes))
}

/** Once nearly all identifiers are used up: empties the tables and every hart's identifiers. Harts that wait look theirs up again when they run. */
function wipe(f: Func): void {
  f.if(geU(load('i32', c32(nextContext)), c32(contextLimit - 2)), () => {
    clearTables(f)
    for (let hart = -1; hart < hartsMax; hart++) {
      const base = hart < 0 ? 0 : savedHart(hart)
      f.fill(c32(base + slot.satpTable), c32(0), c32(satpEntries * satpEntryBytes))
    }
    f.store('i32', c32(nextContext), c32(1))
  })
}

/** The identifier for `way` (i32) of the present satp entry, allocated if need be; in place for a tag. */
function identifier(f: Func, way: Term): Term {
  const at = f.let(add(add(get32(slot.satpEntry), mul(way, c32(4))), c32(slot.satpTable + 8)))
  const known = f.let(load('i32', at))
  f.if(eqz(known), () => {
    f.set(known, load('i32', c32(nextContext)))
    f.store('i32', c32(nextContext), add(known, c32(1)))
    f.store('i32', at, known)
  })
  return shl(extendU(known), c64(3))
}

/** The way for a privilege (i32), by SUM and MXR of mstatus. */
function wayOf(privilege: Term): Term {
  const status = get64(slot.mstatus)
  const base = select(eqz(privilege), c32(ways.user), select(clear(status, mstatus.SUM), c32(ways.supervisor), c32(ways.sum)))
  const withMxr = add(base, select(clear(status, mstatus.MXR), c32(0), c32(3)))
  return select(eq(privilege, c32(machine)), c32(ways.machine), withMxr)
}

/** The privilege that loads and stores act with: MPP while MPRV is set in M-mode (§3.1.6.3). */
export function dataPrivilege(): Term {
  const status = get64(slot.mstatus)
  return select(and(eq(get32(slot.privilege), c32(machine)), wrap(field(status, 17, 1))), wrap(field(status, 11, 2)), get32(slot.privilege))
}

export function buildContext(parts: Parts): void {
  refresh(parts.refreshContext)
  parts.flushAll.fill(c32(slot.satpTable), c32(0), c32(satpEntries * satpEntryBytes))
  parts.flushAll.call(parts.refreshContext)
  fence(parts, parts.fence)
}

function refresh(f: Func): void {
  wipe(f)
  // Find satp among the entries. An empty entry has satp 0 and no identifiers, which is right for satp 0 as well.
  const entry = f.local('i32')
  f.set(entry, get32(slot.satpEntry))
  f.if(ne(load('i64', entry, slot.satpTable), get64(slot.satp)), () => {
    f.block((found) => {
      f.set(entry, c32(0))
      f.loop((next) => {
        f.brIf(found, eq(load('i64', entry, slot.satpTable), get64(slot.satp)))
        f.set(entry, add(entry, c32(satpEntryBytes)))
        f.brIf(next, ltU(entry, c32(satpEntries * satpEntryBytes)))
      })
      f.set(entry, get32(slot.satpNext))
      put32(f, slot.satpNext, select(geU(entry, c32((satpEntries - 1) * satpEntryBytes)), c32(0), add(entry, c32(satpEntryBytes))))
      f.fill(add(entry, c32(slot.satpTable)), c32(0), c32(satpEntryBytes))
      f.store('i64', entry, get64(slot.satp), slot.satpTable)
    })
    put32(f, slot.satpEntry, entry)
  })
  const privilege = f.let(get32(slot.privilege))
  put64(f, slot.contextExec, identifier(f, wayOf(privilege)))
  const data = f.let(dataPrivilege())
  f.if(eq(data, privilege), () => put64(f, slot.contextData, get64(slot.contextExec)), () => put64(f, slot.contextData, identifier(f, wayOf(data))))
}

function fence(parts: Parts, f: Func): void {
  const [address, asid, flags] = [f.param(0), f.param(1), f.param(2)]
  f.if(and(flags, c32(1)), () => {
    // One address: a leaf of a superpage fills many entries, of which only one is found here, so fall through when there was any.
    f.if(eqz(and(get32(slot.superpages), select(ltU(address, c64(1n << 63n)), c32(1), c32(2)))), () => {
      const index = f.let(tlbIndex(address))
      for (const table of [tlbRead, tlbWrite, tlbExec]) {
        f.if(eq(and(load('i64', index, table), c64(-4096n)), and(address, c64(-4096n))), () => f.store('i64', index, c64(-1), table))
      }
      f.return()
    })
    put32(f, slot.superpages, and(get32(slot.superpages), select(ltU(address, c64(1n << 63n)), c32(2), c32(1))))
    f.call(parts.flushAll)
    f.return()
  })
  f.if(and(flags, c32(2)), () => {
    const entry = f.let(c32(0))
    f.loop((next) => {
      f.if(eq(field(load('i64', entry, slot.satpTable), 44, 16), and(asid, c64(0xffff))), () => {
        f.fill(add(entry, c32(slot.satpTable + 8)), c32(0), c32(satpEntryBytes - 8))
      })
      f.set(entry, add(entry, c32(satpEntryBytes)))
      f.brIf(next, ltU(entry, c32(satpEntries * satpEntryBytes)))
    })
    f.call(parts.refreshContext)
    f.return()
  })
  put32(f, slot.superpages, c32(0))
  f.call(parts.flushAll)
}
