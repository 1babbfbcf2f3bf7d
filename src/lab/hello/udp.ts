/** Datagrams to and from one port. RFC 768. */
import { events } from './frame.ts'
import { protocols } from './ip.ts'
import { routine, swap16, wire16 } from './routine.ts'

export const udp = [
  // a0: datagram, a1: bytes from there on, a2: its packet.
  routine('udp_heard', ['s0', 's1', 's2'], `
    mv s0, a0
    mv s2, a2
    li t0, 8
    bltu a1, t0, udp_heard.nothing
    lhu s1, 4(s0)
    ${swap16('s1')}
    bltu s1, t0, udp_heard.nothing
    bltu a1, s1, udp_heard.nothing
    lhu t0, 2(s0)
    lhu t1, udp_port(gp)
    bne t0, t1, udp_heard.nothing
    beqz t1, udp_heard.nothing
    # No checksum is as good as a right one (RFC 768).
    lhu t0, 6(s0)
    beqz t0, 1f
    lwu a0, 12(s2)
    lwu a1, 16(s2)
    mv a2, s1
    call pseudo_sum
    mv a2, a0
    mv a0, s0
    mv a1, s1
    call sum
    li t0, 0xffff
    bne a0, t0, udp_heard.nothing
  1: addi t0, s0, 8
    sd t0, udp_data(gp)
    addi t0, s1, -8
    sw t0, udp_length(gp)
    lwu t0, 12(s2)
    sw t0, udp_from(gp)
    lhu t0, 0(s0)
    sh t0, udp_from_port(gp)
    li a0, ${events.udp}
    j udp_heard.return
  udp_heard.nothing:
    mv a0, zero`),

  // From udp_port to port a0, a1 bytes that stand at tx_udp_payload; to dst_ip.
  routine('udp_send', ['s0'], `
    addi s0, a1, 8
    li t0, tx_payload
    lhu t1, udp_port(gp)
    sh t1, 0(t0)
    sh a0, 2(t0)
    mv t1, s0
    ${swap16('t1')}
    sh t1, 4(t0)
    sh zero, 6(t0)
    lwu a0, my_ip(gp)
    lwu a1, dst_ip(gp)
    mv a2, s0
    call pseudo_sum
    mv a2, a0
    li a0, tx_payload
    mv a1, s0
    call sum
    not a0, a0
    slli a0, a0, 48
    srli a0, a0, 48
    bnez a0, 1f
    li a0, 0xffff         # a sum of zero is sent as ones
  1: li t0, tx_payload
    sh a0, 6(t0)
    li a0, ${protocols.udp}
    mv a1, s0
    call ip_send`),

  // a0 and a1: addresses, a2: length of a UDP datagram → a0: the sum of its pseudo-header.
  `pseudo_sum:
    ${swap16('a2')}
    li t0, ${wire16(protocols.udp)}
    add a2, a2, t0
    srli t0, a0, 16
    add a2, a2, t0
    slli a0, a0, 48
    srli a0, a0, 48
    add a2, a2, a0
    srli t0, a1, 16
    add a2, a2, t0
    slli a1, a1, 48
    srli a1, a1, 48
    add a0, a2, a1
    ret`,
].join('\n')
