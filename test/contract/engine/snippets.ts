/** What supervisor software does between its computations, in a line or a few; in user mode most of it is illegal, which is a test as well. */
import type { Random } from '../../../src/base/random.ts'
import type { CpuName } from '../../../src/cpu/isa/profile.ts'
import { deviceBase } from './device.ts'
import { places, ramBase } from './guest.ts'

type Maker = (random: Random) => string

const register = (random: Random): string => `x${10 + random.below(6)}`
const dataPage = (random: Random): number => 0x10 + random.below(3)
const fences = ['', 'sfence.vma', 'sfence.vma x30', 'sfence.vma zero, x10', 'sfence.vma x8, zero', 'sfence.vma x8, x11']

const makers: readonly Maker[] = [
  (random) => `li x30, ${deviceBase}; l${'bhw'[random.below(3)]} ${register(random)}, 0(x30)`,
  (random) => `li x30, ${deviceBase}; sw ${register(random)}, 4(x30); ld ${register(random)}, 0(x30)`,
  (random) => `li x30, ${deviceBase}; sw ${register(random)}, 8(x30)`,
  (random) => `li x30, ${deviceBase}; sd ${register(random)}, ${8 * random.below(3)}(x30)`,
  (random) => `li x30, ${deviceBase}; li x31, ${random.below(32)}; sw x31, 16(x30); addi x10, x10, 1`,
  (random) => `li x30, ${deviceBase}; lw ${register(random)}, ${20 + 4 * random.below(2)}(x30)`,
  (random) => `li x30, ${deviceBase}; li x31, ${1 + random.below(90)}; 1: lw x10, 0(x30); add x11, x11, x10; sw x11, ${4 * random.below(3)}(x30); addi x31, x31, -1; bnez x31, 1b`,
  (random) => `li x31, ${1 + random.below(200)}; 1: xor x10, x10, x31; sd x10, 0(x8); addi x31, x31, -1; bnez x31, 1b`,
  (random) => `li x30, ${[0x40000, 0x80000, 2, 0x6000, 0x2_0000][random.below(5)]}; ${['csrs', 'csrc'][random.below(2)]} sstatus, x30`,
  () => 'li x30, 0x40002; csrs sstatus, x30',
  (random) => `li x30, 0x22800; csrs mstatus, x30; ld ${register(random)}, 0(x8); sd ${register(random)}, 8(x8); li x30, 0x20000; csrc mstatus, x30`,
  (random) => fences[1 + random.below(fences.length - 1)],
  (random) => `csrr x30, satp; li x31, ${BigInt(random.below(4)) << 44n}; xor x30, x30, x31; csrw satp, x30; ${fences[random.below(2)]}`,
  // A data page's entry: V, R, W, U, A, D come and go, now and then without a fence.
  (random) => `li x30, ${ramBase + places.leaves + 8 * dataPage(random)}; ld x31, 0(x30); xori x31, x31, ${[1, 2, 4, 6, 0x10, 0x40, 0x80, 0xc0][random.below(8)]}; sd x31, 0(x30); ${fences[random.below(fences.length)]}`,
  // The same for a page of user code, always with a fence.
  (random) => `li x30, ${ramBase + places.aliasLeaves + 8 * 0x20}; ld x31, 0(x30); xori x31, x31, ${[4, 0x40, 0x80, 0xc4][random.below(4)]}; sd x31, 0(x30); sfence.vma`,
  (random) => `li x30, ${ramBase + places.leaves + 8 * (0x20 + random.below(2))}; ld x31, 0(x30); xori x31, x31, ${[4, 0x40, 0x80][random.below(3)]}; sd x31, 0(x30); sfence.vma`,
  (random) => `li x30, ${ramBase + 0x20_0000 + places.data}; ${['ld', 'lwu', 'lb'][random.below(3)]} ${register(random)}, ${random.below(64)}(x30); sw ${register(random)}, ${random.below(64)}(x30)`,
  // Code written through the superpage: another address, the same page.
  (random) => `auipc x30, 0; li x31, 0x200000; add x30, x30, x31; lw x31, ${28 + 4 * random.below(2)}(x30); sw x31, 28(x30); fence.i; nop; nop; nop; nop`,
  () => 'wfi',
  () => 'ecall',
  (random) => (random.below(4) === 0 ? 'sret' : 'ecall'),
  (random) => `csrr ${register(random)}, ${['cycle', 'time', 'instret', 'sip', 'sie', 'sstatus', 'sepc', 'scause', 'stval', 'mip', 'minstret', 'mcycle'][random.below(12)]}`,
  (random) => `csrw ${['minstret', 'mcycle', 'sie', 'sscratch'][random.below(3)]}, ${register(random)}`,
  (random) => `csr${'sc'[random.below(2)]}i ${['sip', 'sie', 'sstatus'][random.below(3)]}, ${[2, 2, 0, 31][random.below(4)]}`,
  () => 'li x30, 0x222; csrs sie, x30; csrsi sip, 2',
  (random) => `li x30, ${ramBase + 0x1_0ffd + 0x1000 * random.below(2)}; ${['ld x10', 'lw x11', 'sd x10', 'sw x12', 'lhu x13', 'sh x14', 'fld f1', 'fsw f2'][random.below(8)]}, ${random.below(3)}(x30)`,
  (random) => `lr.${'wd'[random.below(2)]} x10, (x8); addi x11, x10, 1; sc.d x12, x11, (x8); bnez x12, 1f; nop; 1: nop`,
  (random) => `li x30, ${random.below(2) === 0 ? ramBase + 0x1_0000 * random.below(20) : 0x9000_0000}; l${'bd'[random.below(2)]} x10, 0(x30)`,
  () => 'li x30, -8; ld x10, 0(x30); sd x10, 4(x30)',
  (random) => ['netloom.magic', 'slti zero, zero, 0x4e4', 'ebreak', 'netloom.magic; nop; netloom.magic', 'slli zero, zero, 0x1f; ebreak; srai zero, zero, 7'][random.below(5)],
  (random) => `li x31, ${1 + random.below(60)}; 1: xor x10, x10, x31; netloom.magic; sd x10, 0(x8); addi x31, x31, -1; bnez x31, 1b`,
]

const richer: readonly Maker[] = [
  (random) => `rdtime x30; addi x30, x30, ${random.below(12)}; csrw stimecmp, x30; ${['', 'wfi', 'csrr x10, sip', 'csrr x11, stimecmp', 'li x31, 0x20; csrs sie, x31', 'csrsi sip, 2'][random.below(6)]}`,
  (random) => `addi x30, x${8 + random.below(2)}, ${random.below(256)}; cbo.${['inval', 'clean', 'flush', 'zero', 'zero'][random.below(5)]} (x30)`,
  // Over code: the next instructions are gone, which is as good a test as any.
  (random) => `auipc x30, 0; cbo.${['flush', 'zero'][random.below(2)]} (x30)`,
  (random) => ['sfence.w.inval; sinval.vma x8, x10; sfence.inval.ir', 'sinval.vma zero, zero', 'wrs.nto', 'wrs.sto', 'pause'][random.below(4)],
  // A data page's memory type, and sixteen pages at a time.
  (random) => `li x30, ${ramBase + places.leaves + 8 * dataPage(random)}; ld x31, 0(x30); li x10, ${1n << BigInt(61 + random.below(3))}; xor x31, x31, x10; sd x31, 0(x30); ${fences[random.below(fences.length)]}`,
  () => `li x30, ${ramBase + places.leaves + 8 * 0x12}; li x31, ${(1n << 63n) | (BigInt((ramBase + places.data) >>> 12) << 10n) | 0x20dfn}; sd x31, 0(x30); sfence.vma x30`,
]

/** One line, of statements between semicolons. */
export function snippet(random: Random, cpu: CpuName): string {
  const all = cpu === 'rv64gc' ? makers : [...makers, ...richer, ...richer]
  return all[random.below(all.length)](random)
}
