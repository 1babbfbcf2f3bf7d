/** One datagram out, one back: how a script speaks to everything that has no step of its own in the guest. */
import { events } from '../hello/frame.ts'
import { ticks } from '../hello/machine.ts'
import { routine, swap16, text } from '../hello/routine.ts'

const tries = 3

export const ask = [
  // Another port for each step, of the 16384 dynamic ones; as the wire has it.
  `own_port:
    lwu t1, steps(gp)
    addi t1, t1, 1
    sw t1, steps(gp)
    slli t1, t1, 8
    lwu t0, xid(gp)
    add t0, t0, t1
    ori t0, t0, 0xc0
    sh t0, udp_port(gp)
    ret`,

  // a0: address, a1: port as the wire has it, a2 and a3: bytes and how many. Says what became of it.
  routine('ask', ['s0', 's1'], `
    sw a0, step_ip(gp)
    sw a1, step_port(gp)
    sd a2, step_tail(gp)
    sw a3, step_length(gp)
    call own_port
    li s0, ${tries}
  ask.say:
    lwu a0, step_ip(gp)
    li a1, 1
    call to
    beqz a0, ask.wait_arp
    ld a0, step_tail(gp)
    lwu a1, step_length(gp)
    li a2, tx_udp_payload
    call copy
    lwu a0, step_port(gp)
    lwu a1, step_length(gp)
    call udp_send
    rdtime s1
    li t0, ${ticks(1000)}
    add s1, s1, t0
  ask.wait:
    rdtime a1
    bgeu a1, s1, ask.late
    sub a1, s1, a1
    li a0, ${events.udp}
    call wait
    beqz a0, ask.late
    lwu t0, udp_from(gp)
    lwu t1, step_ip(gp)
    bne t0, t1, ask.wait
    lhu t0, udp_from_port(gp)
    lwu t1, step_port(gp)
    bne t0, t1, ask.wait
    call ask_whom
    la a0, ask.answered
    call put
    lwu a0, udp_length(gp)
    call put_decimal
    la a0, ask.bytes
    call put
    call put_line_end
    sh zero, udp_port(gp)
    j ask.return
  ask.wait_arp:
  ask.late:
    addi s0, s0, -1
    bnez s0, ask.say
    sh zero, udp_port(gp)
    call ask_whom
    la a0, ask.silent
    call put
    call put_line_end`),

  routine('ask_whom', [], `
    call put_hello
    lwu a0, step_ip(gp)
    call put_address
    la a0, ask.port
    call put
    lwu a0, step_port(gp)
    ${swap16('a0')}
    call put_decimal`),

  // a0: for how many ticks we only answer what we are asked.
  routine('rest', ['s0'], `
    rdtime s0
    add s0, s0, a0
  1: rdtime t0
    bgeu t0, s0, rest.return
    sub a1, s0, t0
    li a0, ${events.pinged}
    call wait
    j 1b`),

  text('ask.port', ' port '),
  text('ask.answered', ' answers with '),
  text('ask.bytes', ' bytes'),
  text('ask.silent', ' does not answer'),
].join('\n')
