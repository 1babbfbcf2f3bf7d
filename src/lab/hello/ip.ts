/** IPv4 without options to send, with them to hear; no fragments. RFC 791; checksums RFC 1071. */
import { types } from './frame.ts'
import { routine, swap16, wire16 } from './routine.ts'

/** Protocol numbers. */
export const protocols = { icmp: 1, udp: 17 } as const
/** Don't fragment; and all bits that make a packet a fragment. */
const fragment = { never: wire16(0x4000), any: wire16(0x3fff) }
const timeToLive = 64

export const ip = [
  // a0: packet, a1: bytes from there on, a2: its frame.
  routine('ip_heard', ['s0', 's1', 's2', 's3'], `
    mv s0, a0
    mv s1, a1
    mv s3, a2
    li t0, 20
    bltu s1, t0, ip_heard.nothing
    lbu t1, 0(s0)
    srli t2, t1, 4
    addi t2, t2, -4
    bnez t2, ip_heard.nothing
    andi s2, t1, 15
    slli s2, s2, 2
    bltu s2, t0, ip_heard.nothing
    lhu t1, 2(s0)
    ${swap16('t1')}
    bltu s1, t1, ip_heard.nothing
    bltu t1, s2, ip_heard.nothing
    mv s1, t1
    lhu t1, 6(s0)
    li t2, ${fragment.any}
    and t1, t1, t2
    bnez t1, ip_heard.nothing
    mv a0, s0
    mv a1, s2
    mv a2, zero
    call sum
    li t0, 0xffff
    bne a0, t0, ip_heard.nothing
    # While we have no address, whatever came to our card is for us (RFC 2131 §4.1).
    lw t0, 16(s0)
    lw t1, my_ip(gp)
    beqz t1, 1f
    beq t0, t1, 1f
    li t1, -1
    bne t0, t1, ip_heard.nothing
  1: add a0, s0, s2
    sub a1, s1, s2
    mv a2, s0
    mv a3, s3
    lbu t0, 9(s0)
    addi t1, t0, -${protocols.icmp}
    beqz t1, 2f
    addi t1, t0, -${protocols.udp}
    bnez t1, ip_heard.nothing
    call udp_heard
    j ip_heard.return
  2: call icmp_heard
    j ip_heard.return
  ip_heard.nothing:
    mv a0, zero`),

  // a0: protocol, a1: length of the payload at tx_payload; to dst_ip by way of dst_mac.
  routine('ip_send', ['s0'], `
    li t0, tx_ip
    addi s0, a1, 20
    li t1, 0x45
    sh t1, 0(t0)
    mv t1, s0
    ${swap16('t1')}
    sh t1, 2(t0)
    lhu t1, ip_id(gp)
    addi t1, t1, 1
    sh t1, ip_id(gp)
    sh t1, 4(t0)
    li t1, ${fragment.never}
    sh t1, 6(t0)
    li t1, ${timeToLive}
    sb t1, 8(t0)
    sb a0, 9(t0)
    sh zero, 10(t0)
    lwu t1, my_ip(gp)
    sw t1, 12(t0)
    lwu t1, dst_ip(gp)
    sw t1, 16(t0)
    mv a0, t0
    li a1, 20
    mv a2, zero
    call sum
    not a0, a0
    li t0, tx_ip
    sh a0, 10(t0)
    li a0, ${types.ipv4}
    mv a1, s0
    call frame_send`),

  // a0: even address, a1: bytes, a2: a sum to go on from → a0: the ones' complement sum (RFC 1071), 16 bits, in the byte order of the wire.
  `sum:
    add a1, a1, a0
    andi t2, a1, -2
  1: bgeu a0, t2, 2f
    lhu t0, 0(a0)
    add a2, a2, t0
    addi a0, a0, 2
    j 1b
  2: beq a0, a1, 3f
    lbu t0, 0(a0)
    add a2, a2, t0
  3: srli t0, a2, 16
    slli a0, a2, 48
    srli a0, a0, 48
    add a2, a0, t0
    bnez t0, 3b
    ret`,
].join('\n')
