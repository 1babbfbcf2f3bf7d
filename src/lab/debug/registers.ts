/** A hart's registers by GDB's numbers, and their description. GDB manual, appendix G.5.12 "RISC-V Features"; numbers as gdb/riscv-tdep.h has them. */
import type { HartInspection } from '../../cpu/core.ts'
import { csrNumber } from '../../cpu/isa/csr-names.ts'
import { floatNames, integerNames } from '../../cpu/isa/registers.ts'

const pcNumber = 32
const firstFloat = 33
/** CSR n is register 65 + n. */
export const firstCsr = 65
const privNumber = 4161
const [fflags, frm, fcsr] = [1, 2, 3]

/** What `g` tells: x0 to x31, pc, f0 to f31; the others are asked for one by one. */
export const generalCount = firstCsr

/** In the order of their description. */
const controlNames = [
  'cycle', 'time', 'instret', 'sstatus', 'sie', 'stvec', 'scounteren', 'senvcfg', 'sscratch', 'sepc', 'scause', 'stval', 'sip', 'satp',
  'mstatus', 'misa', 'medeleg', 'mideleg', 'mie', 'mtvec', 'mcounteren', 'menvcfg', 'mcountinhibit', 'mscratch', 'mepc', 'mcause', 'mtval', 'mip',
  'mvendorid', 'marchid', 'mimpid', 'mhartid',
]

/** Eight bytes each, but for fflags, frm and fcsr. @returns undefined for a number that no register has. */
export function readRegister(hart: HartInspection, number: number): { readonly value: bigint; readonly bytes: 4 | 8 } | undefined {
  if (number < pcNumber) return { value: hart.x(number), bytes: 8 }
  if (number === pcNumber) return { value: hart.pc, bytes: 8 }
  if (number < firstCsr) return { value: hart.f(number - firstFloat), bytes: 8 }
  if (number === privNumber) return { value: BigInt(hart.privilege), bytes: 8 }
  const csr = number - firstCsr
  const value = csr < 0x1000 ? hart.csr(csr) : undefined
  return value === undefined ? undefined : { value, bytes: csr <= fcsr ? 4 : 8 }
}

/** @returns whether the register can be written: CSRs but for fcsr can't, for they are more than a value. */
export function writeRegister(hart: HartInspection, number: number, value: bigint): boolean {
  const csr = number - firstCsr
  const flags = Number(hart.csr(fcsr) ?? 0n)
  if (number < pcNumber) hart.setX(number, value)
  else if (number === pcNumber) hart.pc = value
  else if (number < firstCsr) hart.setF(number - firstFloat, value)
  else if (csr === fflags) hart.setFcsr((flags & ~31) | (Number(value) & 31))
  else if (csr === frm) hart.setFcsr((flags & 31) | ((Number(value) & 7) << 5))
  else if (csr === fcsr) hart.setFcsr(Number(value & 0xffn))
  else return false
  return true
}

/** `target.xml`: what the debugger is told of all this. */
export function targetDescription(): string {
  const reg = (name: string, number: number, type: string, bits = 64): string => `<reg name="${name}" bitsize="${bits}" regnum="${number}" type="${type}"/>`
  const pointers: Readonly<Record<string, string>> = { ra: 'code_ptr', sp: 'data_ptr', gp: 'data_ptr', tp: 'data_ptr' }
  const features: readonly (readonly [string, readonly string[]])[] = [
    ['cpu', [...integerNames.map((name, at) => reg(name, at, pointers[name] ?? 'int')), reg('pc', pcNumber, 'code_ptr')]],
    ['fpu', [...floatNames.map((name, at) => reg(name, firstFloat + at, 'ieee_double')), ...['fflags', 'frm', 'fcsr'].map((name, at) => reg(name, firstCsr + 1 + at, 'int', 32))]],
    ['virtual', [reg('priv', privNumber, 'int')]],
    ['csr', controlNames.map((name) => reg(name, firstCsr + (csrNumber(name) as number), 'int'))],
  ]
  const body = features.map(([name, registers]) => `<feature name="org.gnu.gdb.riscv.${name}">\n${registers.join('\n')}\n</feature>\n`).join('')
  return `<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n<architecture>riscv:rv64</architecture>\n${body}</target>\n`
}
