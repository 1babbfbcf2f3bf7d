/** The network card: virtio-net over MMIO, modern, with split rings. virtio 1.2 §2.7, §4.2, §5.1. */
import { bufferBytes, ringSize } from './layout.ts'
import { routine, text } from './routine.ts'

const magic = 0x7472_6976
const slots = 8
const status = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8 }
const macFeature = 1 << 5
const descriptorWrite = 2
/** Of the available ring: no interrupt when a buffer comes back. */
const noInterrupt = 1
const headerBytes = 12

export const virtio = [
  // The first network card of the slots, made ready. Ends the program if there is none.
  routine('nic_open', ['s0', 's1'], `
    li s0, virtio
    li s1, 1
  1: lw t0, 0(s0)
    li t1, ${magic}
    bne t0, t1, 2f
    lw t0, 4(s0)
    addi t0, t0, -2
    bnez t0, 2f
    lw t0, 8(s0)
    addi t0, t0, -1
    beqz t0, nic_open.found
  2: li t0, 0x1000
    add s0, s0, t0
    addi s1, s1, 1
    li t0, ${slots + 1}
    blt s1, t0, 1b
    la a0, nic.none
    li a1, 2
    j fail
  nic_open.found:
    sd s0, nic(gp)
    sw s1, nic_irq(gp)
    call nic_negotiate
    mv a0, zero
    li a1, rx_ring
    call queue_open
    li a0, 1
    li a1, tx_ring
    call queue_open
    li t0, tx_ring
    li t1, ${noInterrupt}
    sh t1, 0x100(t0)
    li t0, ${status.acknowledge + status.driver + status.featuresOk + status.driverOk}
    sw t0, 0x70(s0)
    # The card's address, a byte at a time (§4.2.2.2).
    addi t2, s0, 0x100
    addi t3, gp, my_mac
    li t4, 6
  1: lbu t0, 0(t2)
    sb t0, 0(t3)
    addi t2, t2, 1
    addi t3, t3, 1
    addi t4, t4, -1
    bnez t4, 1b
    li s1, 0
  2: mv a0, s1
    call rx_lend
    addi s1, s1, 1
    li t0, ${ringSize}
    bltu s1, t0, 2b
    # Its interrupt shall wake us: priority 1, for machine mode of hart 0.
    lw t0, nic_irq(gp)
    li t1, plic_priority
    slli t2, t0, 2
    add t1, t1, t2
    li t2, 1
    sw t2, 0(t1)
    sllw t2, t2, t0
    li t1, plic_enable
    sw t2, 0(t1)
    li t1, plic_claim
    sw zero, -4(t1)       # threshold`),

  // VERSION_1 and MAC, and nothing else.
  routine('nic_negotiate', [], `
    ld t0, nic(gp)
    sw zero, 0x70(t0)
    li t1, ${status.acknowledge}
    sw t1, 0x70(t0)
    li t1, ${status.acknowledge + status.driver}
    sw t1, 0x70(t0)
    sw zero, 0x14(t0)
    lw t1, 0x10(t0)
    andi t1, t1, ${macFeature}
    sw zero, 0x24(t0)
    sw t1, 0x20(t0)
    li t1, 1
    sw t1, 0x24(t0)
    sw t1, 0x20(t0)
    li t1, ${status.acknowledge + status.driver + status.featuresOk}
    sw t1, 0x70(t0)
    lw t1, 0x70(t0)
    andi t1, t1, ${status.featuresOk}
    bnez t1, nic_negotiate.return
    la a0, nic.refuses
    li a1, 2
    j fail`),

  // a0: queue, a1: its ring.
  routine('queue_open', [], `
    ld t0, nic(gp)
    sw a0, 0x30(t0)
    li t1, ${ringSize}
    sw t1, 0x38(t0)
    sw a1, 0x80(t0)
    sw zero, 0x84(t0)
    addi t1, a1, 0x100
    sw t1, 0x90(t0)
    sw zero, 0x94(t0)
    addi t1, a1, 0x200
    sw t1, 0xa0(t0)
    sw zero, 0xa4(t0)
    li t1, 1
    sw t1, 0x44(t0)`),

  // a0: number of a receive buffer, which the card may fill.
  `rx_lend:
    li t0, rx_ring
    slli t1, a0, 4
    add t1, t1, t0
    li t2, ${bufferBytes}
    mul t2, t2, a0
    li t3, rx_buffers + 2
    add t2, t2, t3
    sd t2, 0(t1)
    li t2, ${bufferBytes - 2}
    sw t2, 8(t1)
    li t2, ${descriptorWrite}
    sw t2, 12(t1)
    lhu t2, 0x102(t0)
    andi t3, t2, ${ringSize - 1}
    slli t3, t3, 1
    add t3, t3, t0
    sh a0, 0x104(t3)
    fence w, w
    addi t2, t2, 1
    sh t2, 0x102(t0)
    fence
    ld t0, nic(gp)
    sw zero, 0x50(t0)
    ret`,

  // The next frame that came, held until the one after it is asked for → a0: its address, 0 if there is none; a1: its length.
  routine('rx_take', [], `
    lw a0, held(gp)
    beqz a0, 1f
    sw zero, held(gp)
    addi a0, a0, -1
    call rx_lend
  1: mv a0, zero
    li t0, rx_ring + 0x200
    lhu t1, 2(t0)
    lhu t2, rx_seen(gp)
    beq t1, t2, rx_take.return
    fence r, rw
    andi t3, t2, ${ringSize - 1}
    slli t3, t3, 3
    add t3, t3, t0
    lw t4, 4(t3)
    lw a1, 8(t3)
    addi t2, t2, 1
    sh t2, rx_seen(gp)
    andi t4, t4, ${ringSize - 1}
    addi t0, t4, 1
    sw t0, held(gp)
    addi a1, a1, -${headerBytes}
    li t0, ${bufferBytes}
    mul t4, t4, t0
    li a0, rx_buffers + 2 + ${headerBytes}
    add a0, a0, t4`),

  // a0: length of the frame at tx_frame. Comes back when the card has taken it.
  `tx_send:
    li t0, tx_ring
    li t1, tx_start
    sd t1, 0(t0)
    addi t1, a0, ${headerBytes}
    sw t1, 8(t0)
    sw zero, 12(t0)
    lhu t2, 0x102(t0)
    andi t3, t2, ${ringSize - 1}
    slli t3, t3, 1
    add t3, t3, t0
    sh zero, 0x104(t3)
    fence w, w
    addi t2, t2, 1
    sh t2, 0x102(t0)
    fence
    li t3, 1
    ld t1, nic(gp)
    sw t3, 0x50(t1)
  1: lhu t1, 0x202(t0)
    lhu t2, 0x102(t0)
    bne t1, t2, 1b
    ret`,

  text('nic.none', 'there is no network card'),
  text('nic.refuses', 'the network card refuses VERSION_1'),
].join('\n')
