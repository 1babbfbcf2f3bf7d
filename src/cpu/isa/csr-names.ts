/** Control and status registers by name. Unprivileged architecture 20240411 table 72, privileged architecture 20240411 tables 4–8. */

const single: Readonly<Record<string, number>> = {
  fflags: 0x001, frm: 0x002, fcsr: 0x003, vstart: 0x008, vxsat: 0x009, vxrm: 0x00a, vcsr: 0x00f, seed: 0x015,
  cycle: 0xc00, time: 0xc01, instret: 0xc02, vl: 0xc20, vtype: 0xc21, vlenb: 0xc22,
  sstatus: 0x100, sie: 0x104, stvec: 0x105, scounteren: 0x106, senvcfg: 0x10a, scountinhibit: 0x120,
  sscratch: 0x140, sepc: 0x141, scause: 0x142, stval: 0x143, sip: 0x144, stimecmp: 0x14d, satp: 0x180, scontext: 0x5a8, scountovf: 0xda0,
  mvendorid: 0xf11, marchid: 0xf12, mimpid: 0xf13, mhartid: 0xf14, mconfigptr: 0xf15,
  mstatus: 0x300, misa: 0x301, medeleg: 0x302, mideleg: 0x303, mie: 0x304, mtvec: 0x305, mcounteren: 0x306,
  mscratch: 0x340, mepc: 0x341, mcause: 0x342, mtval: 0x343, mip: 0x344, mtinst: 0x34a, mtval2: 0x34b,
  menvcfg: 0x30a, mseccfg: 0x747, mcountinhibit: 0x320, mcycle: 0xb00, minstret: 0xb02,
  tselect: 0x7a0, tdata1: 0x7a1, tdata2: 0x7a2, tdata3: 0x7a3, tinfo: 0x7a4, tcontrol: 0x7a5, mcontext: 0x7a8,
  dcsr: 0x7b0, dpc: 0x7b1, dscratch0: 0x7b2, dscratch1: 0x7b3,
}

const numbers = new Map<string, number>(Object.entries(single))
family('hpmcounter', 0xc00, 3, 31)
family('mhpmcounter', 0xb00, 3, 31)
family('mhpmevent', 0x320, 3, 31)
family('pmpaddr', 0x3b0, 0, 63)
// On RV64 only the even pmpcfg registers exist.
for (let index = 0; index < 16; index += 2) numbers.set(`pmpcfg${index}`, 0x3a0 + index)

const names = new Map<number, string>([...numbers].map(([name, number]) => [number, name]))

function family(name: string, base: number, first: number, last: number): void {
  for (let index = first; index <= last; index++) numbers.set(`${name}${index}`, base + index)
}

/** @returns 0–0xfff, or undefined for an unknown name */
export function csrNumber(name: string): number | undefined {
  return numbers.get(name)
}

/** The register's name, or its number in hexadecimal. */
export function csrName(number: number): string {
  return names.get(number) ?? `0x${number.toString(16)}`
}
