/**
 * Waiting, and Ethernet frames in and out. IEEE 802.3 §3.
 *
 * Everything waits in `wait`, and whoever waits also answers: ARP for our address, and pings, whatever the program is about. Only what
 * somebody waits for comes back as an event. One packet is in hand at a time and one is being built; nobody keeps either across a wait.
 */
import { copyMac, routine, wire16 } from './routine.ts'

/** What `wait` comes back with, and waits for: a datagram, the hardware address asked for, our ping's answer, a ping that we answered. */
export const events = { none: 0, udp: 1, arp: 2, echo: 3, pinged: 4 } as const

const headerBytes = 14
/** EtherTypes, as the wire has them. */
export const types = { ipv4: wire16(0x0800), arp: wire16(0x0806) } as const

export const frame = [
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
    addi s1, a1, -${headerBytes}
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
    addi a0, s0, ${headerBytes}
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

  // a0: type, a1: length of what stands at tx_ip; to dst_mac.
  routine('frame_send', [], `
    li t0, tx_frame
    ${copyMac('0(t0)', 'dst_mac(gp)')}
    ${copyMac('6(t0)', 'my_mac(gp)')}
    sh a0, 12(t0)
    addi a0, a1, ${headerBytes}
    call tx_send`),
].join('\n')
