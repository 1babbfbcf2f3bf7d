/** The bare machine: where it begins, how it waits and how it ends. RISC-V privileged architecture §3.1.9, §3.3.3; SiFive CLINT; PLIC 1.0. */
import { ticksPerSecond } from './layout.ts'
import { text } from './routine.ts'

const interrupts = { timer: 0x80, external: 0x800 }
const finish = { pass: 0x5555, fail: 0x3333 }

/** Ticks of so many milliseconds. */
export const ticks = (milliseconds: number): number => (milliseconds * ticksPerSecond) / 1000

export const machine = [
  // a0: hart, a1: device tree. Only hart 0 works.
  `start:
    bnez a0, sleep
    li gp, arena
    li sp, stack_top
    mv t0, gp
  1: sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, sp, 1b
    sd a1, tree(gp)
    la t0, trapped
    csrw mtvec, t0
    csrwi mstatus, 0
    # These wake us from WFI, but never interrupt.
    li t0, ${interrupts.timer + interrupts.external}
    csrw mie, t0
    j main`,

  // a0: text of what went wrong, a1: code for whoever watches.
  `fail:
    mv s0, a1
    mv s1, a0
    call put_hello
    mv a0, s1
    call put
  fail.end:
    call put_line_end
  fail.exit:
    slli s0, s0, 16
    li t0, ${finish.fail}
    or t0, t0, s0
    j power_off`,

  `done:
    li t0, ${finish.pass}
  power_off:
    li t1, finisher
    sw t0, 0(t1)
  sleep:
    csrwi mie, 0
  1: wfi
    j 1b`,

  `.balign 4
  trapped:
    li sp, stack_top
    call put_hello
    la a0, machine.trap
    call put
    csrr a0, mcause
    li a1, 16
    call put_hex
    la a0, machine.at
    call put
    csrr a0, mepc
    li a1, 16
    call put_hex
    li s0, 1
    j fail.end`,

  // a0: until when to wait. Comes back then or when the network card has something, or earlier.
  `idle:
    li t0, mtimecmp
    # Never a moment with a compare value that lies too early: the high half is out of reach meanwhile.
    li t1, -1
    sw t1, 4(t0)
    sw a0, 0(t0)
    srli t1, a0, 32
    sw t1, 4(t0)
    wfi
    ld t0, nic(gp)
    lw t1, 0x60(t0)
    sw t1, 0x64(t0)
    li t0, plic_claim
    lw t1, 0(t0)
    beqz t1, 1f
    sw t1, 0(t0)
  1: ret`,

  // a0: bytes, a1: how many, to a2.
  `copy:
    beqz a1, 2f
  1: lbu t0, 0(a0)
    sb t0, 0(a2)
    addi a0, a0, 1
    addi a2, a2, 1
    addi a1, a1, -1
    bnez a1, 1b
  2: ret`,

  // a0: from where, a1: how many bytes.
  `clear:
    beqz a1, 2f
  1: sb zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    bnez a1, 1b
  2: ret`,

  text('machine.trap', 'trap '),
  text('machine.at', ' at '),
].join('\n')
