/** Echo: answers to those who ping us, and the answer to our own ping. RFC 792. */
import { events } from './frame.ts'
import { protocols } from './ip.ts'
import { copyMac, routine } from './routine.ts'

const types = { reply: 0, request: 8 }
/** Longest message that is answered: what fits a packet of 1500 bytes. */
const messageMax = 1480

export const icmp = [
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
    li t1, ${types.request}
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
    li t0, ${messageMax}
    bltu t0, s1, icmp_heard.nothing
    lwu t0, 12(s2)
    sw t0, dst_ip(gp)
    ${copyMac('dst_mac(gp)', '6(s3)')}
    mv a0, s0
    mv a1, s1
    li a2, tx_payload
    call copy
    li a0, ${types.reply}
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
].join('\n')
