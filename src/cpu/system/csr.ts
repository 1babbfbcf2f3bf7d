/** Reads and writes of control and status registers. RISC-V unprivileged ISA chapter 6 (Zicsr); privileged architecture §2.1. */
import { csrMap, csrRows, slot } from '../layout.ts'
import { type Term, add, and, apply, c32, c64, eq, eqz, extendU, load, ltU, ne, or, select, shl, shrU, sub, wrap, xor } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { ticksNow } from './clock.ts'
import type { Extensions } from '../isa/profile.ts'
import { csrsFor, special } from './csr-table.ts'
import type { Parts } from './parts.ts'
import { clear, field, get32, get64, machine, menvcfg, merge, mstatus, place, put32, put64, supervisor, user } from './state.ts'

const rowBytes = 24

/** The table that the wasm code looks rows up in: [offset, bytes] to be copied into the memory. */
export function csrTables(extensions: Extensions): readonly (readonly [number, Uint8Array])[] {
  const csrs = csrsFor(extensions)
  const map = new Uint8Array(4096 * 2)
  const rows = new Uint8Array((csrs.length + 1) * rowBytes)
  const [mapView, rowView] = [new DataView(map.buffer), new DataView(rows.buffer)]
  for (const [at, csr] of csrs.entries()) {
    const offset = (at + 1) * rowBytes
    mapView.setUint16(csr.number * 2, offset, true)
    rowView.setUint16(offset, csr.slot, true)
    rowView.setUint16(offset + 2, special[csr.special], true)
    rowView.setBigUint64(offset + 8, csr.readMask, true)
    rowView.setBigUint64(offset + 16, csr.writeMask, true)
  }
  return [[csrMap, map], [csrRows, rows]]
}

interface Access {
  readonly number: LocalTerm
  readonly row: LocalTerm
  readonly kind: LocalTerm
  readonly old: LocalTerm
  readonly value: LocalTerm
  readonly writes: LocalTerm
  /** Returns "illegal" to the caller, who raises it with the instruction's bits. */
  illegal(): void
}

/** Returns 0 done, 1 illegal, 2 done, and interrupts or translations may have changed. */
export function buildCsr(parts: Parts): void {
  const f = parts.csr
  const [number, operation, operandValue, writes] = [f.param(0), f.param(1), f.param(2), f.param(3)]
  const illegal = (): void => f.return(c32(1))
  const row = f.let(load('i32.16u', shl(number, c32(1)), csrMap))
  f.if(eqz(row), illegal)
  f.if(ltU(get32(slot.privilege), and(shrU(number, c32(8)), c32(3))), illegal)
  f.if(and(writes, eq(shrU(number, c32(10)), c32(3))), illegal)
  const kind = f.let(load('i32.16u', row, csrRows + 2))
  const home = f.let(load('i32.16u', row, csrRows))
  const old = f.let(and(load('i64', home), load('i64', row, csrRows + 8)))
  const value = f.local('i64')
  const access: Access = { number, row, kind, old, value, writes, illegal }
  f.if(ne(kind, c32(special.none)), () => readSpecial(parts, f, access))
  f.store('i64', c32(0), old, slot.scratch)
  f.if(eqz(writes), () => f.return(c32(0)))
  // What lines from outside show is read, but takes no part in set and clear (§3.1.9), or a line would be latched for ever.
  f.if(is(access, 'pending'), () => f.set(old, get64(slot.mip)))
  const set = select(eq(operation, c32(1)), or(old, operandValue), and(old, xor(operandValue, c64(-1))))
  f.set(value, select(eqz(operation), operandValue, set))
  f.if(ne(kind, c32(special.none)), () => writeSpecial(parts, f, access, home))
  const mask = load('i64', row, csrRows + 16)
  f.store('i64', home, or(and(load('i64', home), xor(mask, c64(-1))), and(value, mask)))
  f.return(c32(0))
}

const is = (access: Access, ...kinds: (keyof typeof special)[]): Term =>
  kinds.map((kind) => eq(access.kind, c32(special[kind]))).reduce((a, b) => or(a, b))

function readSpecial(parts: Parts, f: Func, access: Access): void {
  const { old, number, illegal } = access
  f.if(is(access, 'fflags', 'frm', 'fcsr'), () => {
    f.if(clear(get64(slot.mstatus), mstatus.FS), illegal)
    const both = or(get32(slot.fflags), shl(get32(slot.frm), c32(5)))
    f.set(old, extendU(select(is(access, 'fflags'), get32(slot.fflags), select(is(access, 'frm'), get32(slot.frm), both))))
  })
  f.if(is(access, 'time', 'cycle', 'instret', 'counter'), () => counterAllowed(f, number, illegal))
  f.if(is(access, 'time'), () => {
    f.set(old, apply('i64.div_u', ticksNow(), c64(parts.ticksPerTime)))
    f.call(parts.spin, c64(-1))
  })
  f.if(is(access, 'cycle'), () => f.set(old, add(get64(slot.cycleOffset), ticksNow())))
  f.if(is(access, 'instret'), () => f.set(old, add(get64(slot.instretOffset), sub(ticksNow(), get64(slot.skipped)))))
  // Below M-mode stimecmp is there with STCE and with the right to read time (Sstc §1.2).
  f.if(is(access, 'timer'), () => {
    const allowed = and(wrap(field(get64(slot.menvcfg), 63, 1)), wrap(field(get64(slot.mcounteren), 1, 1)))
    f.if(and(ne(get32(slot.privilege), c32(machine)), eqz(allowed)), illegal)
  })
  f.if(is(access, 'status'), () => {
    const dirty = eq(and(get64(slot.mstatus), c64(mstatus.FS)), c64(mstatus.FS))
    f.set(old, or(and(get64(slot.mstatus), load('i64', access.row, csrRows + 8)), place(extendU(dirty), 63)))
  })
  f.if(is(access, 'pending'), () => f.set(old, and(or(get64(slot.mip), get64(slot.lines)), delegatedMask(number))))
  f.if(is(access, 'enable'), () => f.set(old, and(get64(slot.mie), delegatedMask(number))))
  f.if(is(access, 'satp'), () => {
    f.if(and(eq(get32(slot.privilege), c32(supervisor)), eqz(clear(get64(slot.mstatus), mstatus.TVM))), illegal)
  })
}

/** sip and sie show what mideleg hands down; mip and mie all. */
const delegatedMask = (number: Term): Term => select(and(number, c32(0x200)), c64(-1), get64(slot.mideleg))

/** Counters below M-mode need their bit in mcounteren, below S-mode in scounteren too (§3.1.11, §4.1.5). */
function counterAllowed(f: Func, number: Term, illegal: () => void): void {
  f.if(eq(and(number, c32(0xf00)), c32(0xc00)), () => {
    const bit = shl(c32(1), and(number, c32(31)))
    const inM = and(wrap(get64(slot.mcounteren)), bit)
    const inS = and(wrap(get64(slot.scounteren)), bit)
    f.if(and(ne(get32(slot.privilege), c32(machine)), eqz(inM)), illegal)
    f.if(and(eq(get32(slot.privilege), c32(user)), eqz(inS)), illegal)
  })
}

function writeSpecial(parts: Parts, f: Func, access: Access, home: LocalTerm): void {
  const { value, row, number } = access
  const mask = load('i64', row, csrRows + 16)
  f.if(is(access, 'fflags', 'frm', 'fcsr'), () => {
    const low = wrap(value)
    f.if(is(access, 'fflags', 'fcsr'), () => put32(f, slot.fflags, and(low, c32(31))))
    f.if(is(access, 'frm'), () => put32(f, slot.frm, and(low, c32(7))))
    f.if(is(access, 'fcsr'), () => put32(f, slot.frm, and(shrU(low, c32(5)), c32(7))))
    put64(f, slot.mstatus, or(get64(slot.mstatus), c64(mstatus.FS)))
    f.return(c32(0))
  })
  // A written counter takes effect after its instruction, whose own increment is lost (§3.1.10, §3.1.11; Zicsr §6.1).
  const behind = (count: Term): Term => sub(sub(value, c64(1)), count)
  f.if(is(access, 'cycle'), () => {
    put64(f, slot.cycleOffset, behind(ticksNow()))
    f.return(c32(0))
  })
  f.if(is(access, 'instret'), () => {
    put64(f, slot.instretOffset, behind(sub(ticksNow(), get64(slot.skipped))))
    f.return(c32(0))
  })
  f.if(is(access, 'status'), () => {
    // MPP is WARL: 2 is no privilege level, the old value stays.
    f.if(eq(field(value, 11, 2), c64(2)), () => f.set(value, merge(value, get64(slot.mstatus), mstatus.MPP)))
    put64(f, slot.mstatus, or(and(get64(slot.mstatus), xor(mask, c64(-1))), and(value, mask)))
    f.call(parts.refreshContext)
    f.return(c32(2))
  })
  f.if(is(access, 'pending', 'enable', 'delegated'), () => {
    const reach = f.let(and(mask, select(is(access, 'delegated'), c64(-1), delegatedMask(number))))
    // With STCE, STIP is stimecmp's and takes no write.
    f.if(and(is(access, 'pending'), wrap(field(get64(slot.menvcfg), 63, 1))), () => f.set(reach, and(reach, c64(~0x20n))))
    f.store('i64', home, or(and(load('i64', home), xor(reach, c64(-1))), and(value, reach)))
    f.return(c32(2))
  })
  f.if(is(access, 'satp'), () => {
    const mode = f.let(wrap(shrU(value, c64(60))))
    // A mode that we don't have leaves satp as it was (§4.1.11).
    f.if(or(eqz(mode), and(ltU(c32(7), mode), ltU(mode, c32(8 + parts.profile.pageModes)))), () => {
      put64(f, slot.satp, value)
      f.call(parts.refreshContext)
    })
    f.return(c32(2))
  })
  f.if(is(access, 'environment'), () => {
    // CBIE is WARL: 2 is reserved, the old value stays (§3.1.18).
    f.if(eq(field(value, 4, 2), c64(2)), () => f.set(value, merge(value, load('i64', home), menvcfg.CBIE)))
    f.store('i64', home, or(and(load('i64', home), xor(mask, c64(-1))), and(value, mask)))
    // ADUE and PBMTE change what page tables mean.
    f.call(parts.flushAll)
    f.call(parts.timerChanged)
    f.return(c32(2))
  })
  f.if(is(access, 'timer'), () => {
    put64(f, slot.stimecmp, value)
    f.call(parts.timerChanged)
    f.return(c32(2))
  })
  f.if(is(access, 'pmp'), () => {
    f.store('i64', c32(0), value, slot.scratch + 8)
    f.call(parts.pmpChanged, number)
    f.call(parts.flushAll)
    f.return(c32(2))
  })
}
