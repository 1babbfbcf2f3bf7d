/** Echo requests to another machine, three answered ones wanted; and the time in which we only answer. RFC 792. */
import { events } from './frame.ts'
import { ticks } from './machine.ts'
import { routine, swap16 } from './routine.ts'

const wanted = 3
/** Unanswered ones in a row after which nobody is there. */
const patience = 5
/** Questions for a hardware address, half a second apart: the other machine may still be booting. */
const asks = 30
const payloadBytes = 56
/** How long we stay when nobody pings us, and after the last ping. */
const stay = { first: ticks(10_000), after: ticks(3000) }

export const ping = [
  // a0: whom → a0: 1 when it answered.
  routine('ping', ['s0', 's1', 's2'], `
    mv s0, a0
    sw s0, ping_ip(gp)
    lwu t0, xid(gp)
    sh t0, ping_id(gp)
    mv s1, zero           # answered
    li s2, ${patience}
  ping.next:
    mv a0, s0
    li a1, ${asks}
    call to
    beqz a0, ping.return
    call ping_send
    li a0, ${events.echo}
    li a1, ${ticks(1000)}
    call wait
    beqz a0, ping.lost
    li s2, ${patience}
    addi s1, s1, 1
    li t0, ${wanted}
    li a0, 1
    beq s1, t0, ping.return
    j ping.next
  ping.lost:
    addi s2, s2, -1
    bnez s2, ping.next
    mv a0, zero`),

  routine('ping_send', [], `
    lhu t0, ping_seq(gp)
    ${swap16('t0')}
    addi t0, t0, 1
    ${swap16('t0')}
    sh t0, ping_seq(gp)
    li t1, tx_payload
    sh t0, 6(t1)
    lhu t0, ping_id(gp)
    sh t0, 4(t1)
    li t0, ${payloadBytes}
  1: addi t0, t0, -1
    add t2, t1, t0
    addi t3, t0, 'a'
    sb t3, 8(t2)
    bnez t0, 1b
    li a0, 8
    li a1, ${8 + payloadBytes}
    call icmp_send`),

  // a0: ticks to stay if no ping comes at all; a ping makes it three seconds from then.
  routine('stay', ['s0'], `
    rdtime t0
    add s0, t0, a0
  1: ld t0, pinged(gp)
    beqz t0, 2f
    li t1, ${stay.after}
    add t0, t0, t1
    mv s0, t0
  2: rdtime t0
    bgeu t0, s0, stay.return
    sub a1, s0, t0
    li a0, ${events.pinged}
    call wait
    j 1b`),
].join('\n')

export const stayFirst = stay.first
export const stayAfter = stay.after
