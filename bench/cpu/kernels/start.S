# Start of a bare M-mode program on the virt board: stack, floating point on, bss cleared, main, then the test finisher.
    .section .text.start
    .globl _start
_start:
    la sp, stack_top
    li t0, 0x6000
    csrs mstatus, t0
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    addi t0, t0, 8
    j 1b
2:  la t0, trap
    csrw mtvec, t0
    call main
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
3:  wfi
    j 3b

# Counts the trap and goes on behind the instruction (all that trap here are four bytes long).
    .align 2
    .globl trap
trap:
    csrw mscratch, t0
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    csrr t0, mscratch
    mret
