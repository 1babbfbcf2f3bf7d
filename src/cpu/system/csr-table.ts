/** Control and status registers: number, home, what reads and writes of it touch. RISC-V privileged architecture 20240411, chapters 2–4. */
import { slot } from '../layout.ts'
import type { Extensions } from '../isa/profile.ts'
import { menvcfg, mstatus } from './state.ts'

/** What a plain masked slot can't express; csr.ts has a branch for each. */
export const special = {
  none: 0, fflags: 1, frm: 2, fcsr: 3, time: 4, cycle: 5, instret: 6, counter: 7, satp: 8, status: 9, pending: 10, enable: 11, pmp: 12, tvec: 13, delegated: 14, environment: 15, timer: 16,
} as const
export type Special = keyof typeof special

export interface CsrRow {
  readonly number: number
  readonly name: string
  readonly slot: number
  readonly special: Special
  readonly readMask: bigint
  readonly writeMask: bigint
}

const all = 0xffff_ffff_ffff_ffffn
const row = (number: number, name: string, at: number, writeMask: bigint = all, kind: Special = 'none', readMask: bigint = all): CsrRow =>
  ({ number, name, slot: at, special: kind, readMask, writeMask })

const { SIE, MIE, SPIE, MPIE, SPP, MPP, FS, MPRV, SUM, MXR, TVM, TW, TSR, UXL, SD } = mstatus
const sstatusWrite = SIE | SPIE | SPP | FS | SUM | MXR
/** SSI, STI, SEI: what M-mode may set in mip and hand down in mideleg. */
const supervisorInterrupts = 0x222n
/** All but ecall from M, and double faults. */
const delegable = 0xb3ffn

const range = (count: number, make: (at: number) => CsrRow): CsrRow[] => Array.from({ length: count }, (_, at) => make(at))

/** All there are, with the masks of RV64GC. */
export const csrs: readonly CsrRow[] = [
  row(0x001, 'fflags', slot.fflags, 0x1fn, 'fflags'),
  row(0x002, 'frm', slot.frm, 0x7n, 'frm'),
  row(0x003, 'fcsr', slot.fflags, 0xffn, 'fcsr'),
  row(0xc00, 'cycle', slot.cycleOffset, 0n, 'cycle'),
  row(0xc01, 'time', slot.zero, 0n, 'time'),
  row(0xc02, 'instret', slot.instretOffset, 0n, 'instret'),
  ...range(29, (at) => row(0xc03 + at, `hpmcounter${at + 3}`, slot.zero, 0n, 'counter')),
  row(0x100, 'sstatus', slot.mstatus, sstatusWrite, 'status', sstatusWrite | UXL | SD),
  row(0x104, 'sie', slot.mie, supervisorInterrupts, 'enable'),
  row(0x105, 'stvec', slot.stvec, ~2n & all, 'tvec'),
  row(0x106, 'scounteren', slot.scounteren, 0xffff_ffffn),
  row(0x10a, 'senvcfg', slot.senvcfg, 1n, 'environment'),
  row(0x140, 'sscratch', slot.sscratch),
  row(0x141, 'sepc', slot.sepc, ~1n & all),
  row(0x142, 'scause', slot.scause),
  row(0x143, 'stval', slot.stval),
  row(0x14d, 'stimecmp', slot.stimecmp, all, 'timer'),
  row(0x144, 'sip', slot.mip, 2n, 'pending'),
  row(0x180, 'satp', slot.satp, all, 'satp'),
  row(0x300, 'mstatus', slot.mstatus, SIE | MIE | SPIE | MPIE | SPP | MPP | FS | MPRV | SUM | MXR | TVM | TW | TSR, 'status'),
  row(0x301, 'misa', slot.misa, 0n),
  row(0x302, 'medeleg', slot.medeleg, delegable),
  row(0x303, 'mideleg', slot.mideleg, supervisorInterrupts, 'delegated'),
  row(0x304, 'mie', slot.mie, 0xaaan, 'enable'),
  row(0x305, 'mtvec', slot.mtvec, ~2n & all, 'tvec'),
  row(0x306, 'mcounteren', slot.mcounteren, 0xffff_ffffn),
  row(0x30a, 'menvcfg', slot.menvcfg, 1n, 'environment'),
  row(0x320, 'mcountinhibit', slot.mcountinhibit, 0n),
  ...range(29, (at) => row(0x323 + at, `mhpmevent${at + 3}`, slot.zero, 0n)),
  row(0x340, 'mscratch', slot.mscratch),
  row(0x341, 'mepc', slot.mepc, ~1n & all),
  row(0x342, 'mcause', slot.mcause),
  row(0x343, 'mtval', slot.mtval),
  row(0x344, 'mip', slot.mip, supervisorInterrupts, 'pending'),
  row(0x3a0, 'pmpcfg0', slot.pmpcfg, all, 'pmp'),
  row(0x3a2, 'pmpcfg2', slot.pmpcfg + 8, all, 'pmp'),
  ...range(16, (at) => row(0x3b0 + at, `pmpaddr${at}`, slot.pmpaddr + 8 * at, 0x3f_ffff_ffff_ffffn, 'pmp')),
  row(0x7a0, 'tselect', slot.zero, 0n),
  row(0x7a1, 'tdata1', slot.zero, 0n),
  row(0x7a2, 'tdata2', slot.zero, 0n),
  row(0x7a3, 'tdata3', slot.zero, 0n),
  row(0xb00, 'mcycle', slot.cycleOffset, all, 'cycle'),
  row(0xb02, 'minstret', slot.instretOffset, all, 'instret'),
  ...range(29, (at) => row(0xb03 + at, `mhpmcounter${at + 3}`, slot.zero, 0n)),
  row(0xf11, 'mvendorid', slot.zero, 0n),
  row(0xf12, 'marchid', slot.zero, 0n),
  row(0xf13, 'mimpid', slot.zero, 0n),
  row(0xf14, 'mhartid', slot.mhartid, 0n),
  row(0xf15, 'mconfigptr', slot.zero, 0n),
]

/** The registers of a hart with these extensions: menvcfg and senvcfg have a field for each of some. */
export function csrsFor(extensions: Extensions): readonly CsrRow[] {
  const { FIOM, CBIE, CBCFE, CBZE, ADUE, PBMTE, STCE } = menvcfg
  const has = (name: Parameters<Extensions['has']>[0], bits: bigint): bigint => (extensions.has(name) ? bits : 0n)
  const below = FIOM | has('zicbom', CBIE | CBCFE) | has('zicboz', CBZE)
  const masks: Readonly<Record<string, bigint>> = { senvcfg: below, menvcfg: below | has('svadu', ADUE) | has('svpbmt', PBMTE) | has('sstc', STCE) }
  return csrs.filter(({ special: kind }) => kind !== 'timer' || extensions.has('sstc')).map((row) => ({ ...row, writeMask: masks[row.name] ?? row.writeMask }))
}
