/** Who is where: questions, answers, and the one answer that is remembered. RFC 826; routing by mask and router, RFC 1122 §3.3.1.1. */
import { events, types } from './frame.ts'
import { ticks } from './machine.ts'
import { copyMac, loadWord, routine, storeWord, wire16 } from './routine.ts'

const operations = { request: wire16(1), reply: wire16(2) }
const messageBytes = 28

export const arp = [
  // a0: ARP packet, a1: its length.
  routine('arp_heard', ['s0'], `
    mv s0, a0
    li t0, ${messageBytes}
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
    li t1, ${operations.reply}
    beq t0, t1, arp_heard.reply
    li t1, ${operations.request}
    bne t0, t1, arp_heard.nothing
    lwu t1, my_ip(gp)
    beqz t1, arp_heard.nothing
    ${loadWord('t0', 24, 's0')}
    bne t0, t1, arp_heard.nothing
    ${copyMac('dst_mac(gp)', '8(s0)')}
    ${loadWord('a1', 14, 's0')}
    li a0, ${operations.reply}
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
    li t1, ${operations.request}
    bne a0, t1, 1f
    sh zero, 18(t0)
    sh zero, 20(t0)
    sh zero, 22(t0)
  1: sw a1, 24(t0)
    li a0, ${types.arp}
    li a1, ${messageBytes}
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
    li a0, ${operations.request}
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
].join('\n')
