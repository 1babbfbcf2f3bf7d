/**
 * Frames in and out: Ethernet, ARP (RFC 826), IPv4 (RFC 791), ICMP echo (RFC 792), UDP (RFC 768).
 *
 * Everything waits in `wait`, and whoever waits also answers: ARP for our address, and pings, whatever the program is about. Only what
 * somebody waits for comes back as an event. One packet is in hand at a time and one is being built; nobody keeps either across a wait.
 */
import { copyMac, loadWord, routine, storeWord, swap16, wire16 } from './routine.ts'
import { ticks } from './machine.ts'

/** What `wait` comes back with, and waits for: a datagram, the hardware address asked for, our ping's answer, a ping that we answered. */
export const events = { none: 0, udp: 1, arp: 2, echo: 3, pinged: 4 } as const

const ethernetHeader = 14
const types = { ipv4: wire16(0x0800), arp: wire16(0x0806) }
const protocols = { icmp: 1, udp: 17 }
const arp = { request: wire16(1), reply: wire16(2), bytes: 28 }
const echo = { reply: 0, request: 8 }
/** Don't fragment; and all bits that make a packet a fragment. */
const fragment = { never: wire16(0x4000), any: wire16(0x3fff) }
const payloadMax = 1480
const timeToLive = 64

export const net = [
  // a0: an event, a1: for how many ticks at most → a0: that event, or none.
  routine('wait', ['s0', 's1'], `
    mv s0, a0
    rdtime s1
    add s1, s1, a1
  1: call rx_take
    beqz a0, 2f
    call frame_heard
    bne a0, s0, 1b
    j wait.return
  2: rdtime t0
    mv a0, zero
    bgeu t0, s1, wait.return
    mv a0, s1
    call idle
    j 1b`),

  // a0: frame, a1: its length → a0: the event that it is.
  routine('frame_heard', ['s0', 's1'], `
    mv s0, a0
    addi s1, a1, -${ethernetHeader}
    bltz s1, frame_heard.nothing
    # For us or for all?
    lhu t0, 0(s0)
    lhu t1, 2(s0)
    lhu t2, 4(s0)
    and t3, t0, t1
    and t3, t3, t2
    li t4, 0xffff
    beq t3, t4, 1f
    lhu t3, my_mac(gp)
    bne t0, t3, frame_heard.nothing
    lhu t3, my_mac + 2(gp)
    bne t1, t3, frame_heard.nothing
    lhu t3, my_mac + 4(gp)
    bne t2, t3, frame_heard.nothing
  1: lhu t0, 12(s0)
    addi a0, s0, ${ethernetHeader}
    mv a1, s1
    mv a2, s0
    li t1, ${types.arp}
    beq t0, t1, 2f
    li t1, ${types.ipv4}
    bne t0, t1, frame_heard.nothing
    call ip_heard
    j frame_heard.return
  2: call arp_heard
    j frame_heard.return
  frame_heard.nothing:
    mv a0, zero`),

  // a0: ARP packet, a1: its length.
  routine('arp_heard', ['s0'], `
    mv s0, a0
    li t0, ${arp.bytes}
    bltu a1, t0, arp_heard.nothing
    # Ethernet, IPv4, six and four bytes.
    lhu t0, 0(s0)
    li t1, ${wire16(1)}
    bne t0, t1, arp_heard.nothing
    lhu t0, 2(s0)
    li t1, ${types.ipv4}
    bne t0, t1, arp_heard.nothing
    lhu t0, 4(s0)
    li t1, ${wire16(0x0604)}
    bne t0, t1, arp_heard.nothing
    lhu t0, 6(s0)
    li t1, ${arp.reply}
    beq t0, t1, arp_heard.reply
    li t1, ${arp.request}
    bne t0, t1, arp_heard.nothing
    lwu t1, my_ip(gp)
    beqz t1, arp_heard.nothing
    ${loadWord('t0', 24, 's0')}
    bne t0, t1, arp_heard.nothing
    ${copyMac('dst_mac(gp)', '8(s0)')}
    ${loadWord('a1', 14, 's0')}
    li a0, ${arp.reply}
    call arp_send
    j arp_heard.nothing
  arp_heard.reply:
    ${loadWord('t0', 14, 's0')}
    lwu t1, arp_wanted(gp)
    bne t0, t1, arp_heard.nothing
    beqz t1, arp_heard.nothing
    sw t0, arp_ip(gp)
    sw zero, arp_wanted(gp)
    ${copyMac('arp_mac(gp)', '8(s0)')}
    li a0, ${events.arp}
    j arp_heard.return
  arp_heard.nothing:
    mv a0, zero`),

  // a0: operation, a1: whom it is about; to dst_mac.
  routine('arp_send', [], `
    li t0, tx_ip
    li t1, ${wire16(1)}
    sh t1, 0(t0)
    li t1, ${types.ipv4}
    sh t1, 2(t0)
    li t1, ${wire16(0x0604)}
    sh t1, 4(t0)
    sh a0, 6(t0)
    ${copyMac('8(t0)', 'my_mac(gp)')}
    lwu t1, my_ip(gp)
    ${storeWord('t1', 14, 't0')}
    ${copyMac('18(t0)', 'dst_mac(gp)')}
    # Of one who is asked for, the hardware address is what isn't known.
    li t1, ${arp.request}
    bne a0, t1, 1f
    sh zero, 18(t0)
    sh zero, 20(t0)
    sh zero, 22(t0)
  1: sw a1, 24(t0)
    li a0, ${types.arp}
    li a1, ${arp.bytes}
    call frame_send`),

  // a0: type, a1: length of what stands at tx_ip; to dst_mac.
  routine('frame_send', [], `
    li t0, tx_frame
    ${copyMac('0(t0)', 'dst_mac(gp)')}
    ${copyMac('6(t0)', 'my_mac(gp)')}
    sh a0, 12(t0)
    addi a0, a1, ${ethernetHeader}
    call tx_send`),

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

  // a0: message, a1: length, a2: its packet, a3: its frame.
  routine('icmp_heard', ['s0', 's1', 's2', 's3'], `
    mv s0, a0
    mv s1, a1
    mv s2, a2
    mv s3, a3
    li t0, 8
    bltu s1, t0, icmp_heard.nothing
    mv a2, zero
    call sum
    li t0, 0xffff
    bne a0, t0, icmp_heard.nothing
    lhu t0, 0(s0)
    li t1, ${echo.request}
    beq t0, t1, icmp_heard.request
    bnez t0, icmp_heard.nothing
    lwu t0, 12(s2)
    lwu t1, ping_ip(gp)
    bne t0, t1, icmp_heard.nothing
    lhu t0, 4(s0)
    lhu t1, ping_id(gp)
    bne t0, t1, icmp_heard.nothing
    lhu t0, 6(s0)
    lhu t1, ping_seq(gp)
    bne t0, t1, icmp_heard.nothing
    li a0, ${events.echo}
    j icmp_heard.return
  icmp_heard.request:
    lw t0, 16(s2)
    lw t1, my_ip(gp)
    bne t0, t1, icmp_heard.nothing
    li t0, ${payloadMax}
    bltu t0, s1, icmp_heard.nothing
    lwu t0, 12(s2)
    sw t0, dst_ip(gp)
    ${copyMac('dst_mac(gp)', '6(s3)')}
    mv a0, s0
    mv a1, s1
    li a2, tx_payload
    call copy
    li a0, ${echo.reply}
    mv a1, s1
    call icmp_send
    rdtime t0
    sd t0, pinged(gp)
    li a0, ${events.pinged}
    j icmp_heard.return
  icmp_heard.nothing:
    mv a0, zero`),

  // a0: type, a1: length of the message at tx_payload, which lacks type and checksum; to dst_ip.
  routine('icmp_send', ['s0'], `
    mv s0, a1
    li t0, tx_payload
    sh a0, 0(t0)
    sh zero, 2(t0)
    mv a0, t0
    mv a2, zero
    call sum
    not a0, a0
    li t0, tx_payload
    sh a0, 2(t0)
    li a0, ${protocols.icmp}
    mv a1, s0
    call ip_send`),

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

  // Everybody on this network is dst.
  `to_all:
    li t0, -1
    sw t0, dst_ip(gp)
    sh t0, dst_mac(gp)
    sh t0, dst_mac + 2(gp)
    sh t0, dst_mac + 4(gp)
    ret`,

  // a0: address that becomes dst, a1: how often to ask for its hardware address, or the router's → a0: 0 if nobody answered.
  routine('to', ['s0', 's1', 's2'], `
    mv s0, a0
    mv s1, a1
    mv s2, a0
    lwu t0, my_ip(gp)
    xor t0, t0, s0
    lwu t1, mask(gp)
    and t0, t0, t1
    beqz t0, 1f
    lwu t0, router(gp)
    beqz t0, 1f
    mv s2, t0
  1: lwu t0, arp_ip(gp)
    beq t0, s2, to.known
    mv a0, zero
    beqz s1, to.return
    addi s1, s1, -1
    call to_all
    sw s2, arp_wanted(gp)
    li a0, ${arp.request}
    mv a1, s2
    call arp_send
    li a0, ${events.arp}
    li a1, ${ticks(500)}
    call wait
    j 1b
  to.known:
    sw s0, dst_ip(gp)
    ${copyMac('dst_mac(gp)', 'arp_mac(gp)')}
    li a0, 1`),

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
