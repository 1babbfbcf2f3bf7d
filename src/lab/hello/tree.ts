/**
 * The first four bytes of the device tree's rng-seed, which is what makes two runs with one seed alike; the clock if there is none.
 * Devicetree Specification v0.4, §5: header, structure block (tokens are big-endian), strings block.
 */
import { routine, text } from './routine.ts'

export const tree = [
  // a0: a big-endian word's address → a0: its value. Keeps all but t0 and t6.
  `tree_word:
    lbu t0, 0(a0)
    lbu t6, 1(a0)
    slli t0, t0, 8
    or t0, t0, t6
    lbu t6, 2(a0)
    slli t0, t0, 8
    or t0, t0, t6
    lbu t6, 3(a0)
    slli t0, t0, 8
    or a0, t0, t6
    ret`,

  routine('tree_seed', ['s0', 's1', 's2', 's3'], `
    ld s0, tree(gp)
    mv a0, s0
    call tree_word
    li t0, 0xd00dfeed
    bne a0, t0, tree_seed.none
    addi a0, s0, 12
    call tree_word
    add s1, s0, a0        # strings
    addi a0, s0, 8
    call tree_word
    add s0, s0, a0        # the next token
  tree_seed.next:
    mv a0, s0
    call tree_word
    addi s0, s0, 4
    li t0, 1
    beq a0, t0, tree_seed.node
    li t0, 3
    beq a0, t0, tree_seed.property
    li t0, 9
    bne a0, t0, tree_seed.next
  tree_seed.none:
    rdtime a0
    j tree_seed.return
  tree_seed.node:
    lbu t0, 0(s0)
    addi s0, s0, 1
    bnez t0, tree_seed.node
    addi s0, s0, 3
    andi s0, s0, -4
    j tree_seed.next
  tree_seed.property:
    mv a0, s0
    call tree_word
    mv s2, a0             # length
    addi a0, s0, 4
    call tree_word
    add s3, s1, a0        # name
    addi s0, s0, 8
    la t1, tree.name
  1: lbu t2, 0(t1)
    lbu t3, 0(s3)
    bne t2, t3, tree_seed.skip
    addi t1, t1, 1
    addi s3, s3, 1
    bnez t2, 1b
    li t0, 4
    bltu s2, t0, tree_seed.skip
    lwu a0, 0(s0)
    j tree_seed.return
  tree_seed.skip:
    add s0, s0, s2
    addi s0, s0, 3
    andi s0, s0, -4
    j tree_seed.next`),

  text('tree.name', 'rng-seed'),
].join('\n')
