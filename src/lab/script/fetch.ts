/** A file by TFTP with options, and with the habits that boards have: terms refused, transfers dropped, a block number that can't wrap. RFC 1350, 2347, 2348. */
import { events } from '../hello/frame.ts'
import { ticks } from '../hello/machine.ts'
import { routine, swap16, text, wire16 } from '../hello/routine.ts'

const opcodes = { read: wire16(1), data: wire16(3), acknowledgement: wire16(4), error: wire16(5), oack: wire16(6) }
const port = wire16(69)
const usualBlock = 512
/** How often the last packet is said again, a second apart. */
const tries = 6
/** Of `fetch`'s a4. */
export const fetchFlags = { exact: 1, noWrap: 2 } as const

/** What `fetch_heard` comes back with. */
const heard = { nothing: 0, step: 1, last: 2, failed: 3 } as const

export const fetch = [
  // a0: name, a1 and a2: what follows it in the request and its length, a3: block size asked for or 0, a4: flags, a5: block behind which to hang or 0.
  // → a0: 1 when the file is there; else the reason has been said.
  routine('fetch', ['s0', 's1'], `
    sd a0, step_name(gp)
    sd a1, step_tail(gp)
    sw a2, step_length(gp)
    sw a3, step_size(gp)
    sw a4, step_flags(gp)
    sw a5, step_stop(gp)
    sh zero, tftp_port(gp)
    sh zero, block(gp)
    sw zero, count(gp)
    sw zero, blocks(gp)
    li t0, ${usualBlock}
    sw t0, size(gp)
    call own_port
  fetch.step:
    li s0, ${tries}
  fetch.say:
    call fetch_say
    rdtime s1
    li t0, ${ticks(1000)}
    add s1, s1, t0
  fetch.wait:
    rdtime a1
    bgeu a1, s1, fetch.late
    sub a1, s1, a1
    li a0, ${events.udp}
    call wait
    beqz a0, fetch.late
    call fetch_heard
    beqz a0, fetch.wait
    addi t0, a0, -${heard.step}
    beqz t0, fetch.step
    addi t0, a0, -${heard.failed}
    beqz t0, fetch.failed
    call fetch_say
    sh zero, udp_port(gp)
    call fetch_done
    li a0, 1
    j fetch.return
  fetch.late:
    addi s0, s0, -1
    bnez s0, fetch.say
    call put_hello
    la a0, fetch.silent
    call put
    call put_line_end
  fetch.failed:
    sh zero, udp_port(gp)
    mv a0, zero`),

  routine('fetch_done', [], `
    call put_hello
    la a0, fetch.fetched
    call put
    ld a0, step_name(gp)
    li a1, 127
    call put_visible
    li a0, ' '
    call put_char
    lwu a0, count(gp)
    call put_decimal
    la a0, fetch.bytes
    call put
    call put_line_end`),

  // The packet that is due: the request while no server has answered, then the acknowledgement of the last block.
  routine('fetch_say', [], `
    lwu a0, server_ip(gp)
    li a1, ${tries}
    call to
    beqz a0, fetch_say.return
    lhu t0, tftp_port(gp)
    bnez t0, 2f
    li t1, tx_udp_payload
    li t0, ${opcodes.read}
    sh t0, 0(t1)
    addi a2, t1, 2
    ld a0, step_name(gp)
  1: lbu t0, 0(a0)
    sb t0, 0(a2)
    addi a0, a0, 1
    addi a2, a2, 1
    bnez t0, 1b
    ld a0, step_tail(gp)
    lwu a1, step_length(gp)
    call copy
    li t0, tx_udp_payload
    sub a1, a2, t0
    li a0, ${port}
    call udp_send
    j fetch_say.return
  2: mv a0, t0
    li t1, tx_udp_payload
    li t0, ${opcodes.acknowledgement}
    sh t0, 0(t1)
    lhu t0, block(gp)
    ${swap16('t0')}
    sh t0, 2(t1)
    li a1, 4
    call udp_send`),

  // Looks at the datagram in hand.
  routine('fetch_heard', ['s0', 's1'], `
    ld s0, udp_data(gp)
    lwu s1, udp_length(gp)
    lwu t0, udp_from(gp)
    lwu t1, server_ip(gp)
    bne t0, t1, fetch_heard.nothing
    lhu t0, tftp_port(gp)
    lhu t1, udp_from_port(gp)
    beqz t0, 1f
    bne t0, t1, fetch_heard.nothing
  1: addi s1, s1, -4
    bltz s1, fetch_heard.nothing
    lhu t0, 0(s0)
    li t2, ${opcodes.error}
    beq t0, t2, fetch_heard.error
    li t2, ${opcodes.oack}
    beq t0, t2, fetch_heard.oack
    li t2, ${opcodes.data}
    bne t0, t2, fetch_heard.nothing
    lwu t0, size(gp)
    bltu t0, s1, fetch_heard.nothing
    # Without wrapping, block 65536 never comes: the wire has sixteen bits.
    lhu t0, 2(s0)
    ${swap16('t0')}
    lhu t2, block(gp)
    addi t3, t2, 1
    lwu t4, step_flags(gp)
    andi t4, t4, ${fetchFlags.noWrap}
    bnez t4, 2f
    slli t3, t3, 48
    srli t3, t3, 48
  2: bne t0, t3, fetch_heard.again
    sh t1, tftp_port(gp)
    sh t0, block(gp)
    lwu t0, count(gp)
    add t0, t0, s1
    sw t0, count(gp)
    lwu t0, blocks(gp)
    addi t0, t0, 1
    sw t0, blocks(gp)
    lwu t1, step_stop(gp)
    bne t0, t1, 3f
    j sleep
  3: lwu t0, size(gp)
    li a0, ${heard.last}
    bne s1, t0, fetch_heard.return
    li a0, ${heard.step}
    j fetch_heard.return
  fetch_heard.again:
    lhu t3, tftp_port(gp)
    beqz t3, fetch_heard.nothing
    li a0, ${heard.step}
    beq t0, t2, fetch_heard.return
  fetch_heard.nothing:
    mv a0, zero
    j fetch_heard.return
  fetch_heard.oack:
    lhu t2, tftp_port(gp)
    bnez t2, fetch_heard.nothing
    sh t1, tftp_port(gp)
    call fetch_terms
    j fetch_heard.return
  fetch_heard.error:
    call fetch_refused
    li a0, ${heard.failed}`),

  // The OACK in hand → a0: whether to go on. Its block size is the only number in it that is asked for.
  routine('fetch_terms', ['s0', 's1'], `
    ld t0, udp_data(gp)
    lwu t1, udp_length(gp)
    add t1, t1, t0
    addi t0, t0, 2
  1: bgeu t0, t1, 2f      # behind the option's name
    lbu t2, 0(t0)
    addi t0, t0, 1
    bnez t2, 1b
  2: mv s0, zero
  3: bgeu t0, t1, 4f
    lbu t2, 0(t0)
    addi t2, t2, -'0'
    li t3, 10
    bgeu t2, t3, 4f
    mul s0, s0, t3
    add s0, s0, t2
    addi t0, t0, 1
    j 3b
  4: lwu t0, step_size(gp)
    beq s0, t0, fetch_terms.taken
    lwu t1, step_flags(gp)
    andi t1, t1, ${fetchFlags.exact}
    bnez t1, fetch_terms.refused
    bltu t0, s0, fetch_terms.refused
    beqz s0, fetch_terms.refused
  fetch_terms.taken:
    sw s0, size(gp)
    li a0, ${heard.step}
    j fetch_terms.return
  fetch_terms.refused:
    li t1, tx_udp_payload
    li t0, ${opcodes.error}
    sh t0, 0(t1)
    li t0, ${wire16(8)}
    sh t0, 2(t1)
    la a0, fetch.terms
    li a1, 8
    addi a2, t1, 4
    call copy
    lhu a0, tftp_port(gp)
    li a1, 12
    call udp_send
    call put_hello
    la a0, fetch.unwanted
    call put
    mv a0, s0
    call put_decimal
    call put_line_end
    li a0, ${heard.failed}`),

  // Says what the ERROR in hand says.
  routine('fetch_refused', [], `
    call put_hello
    la a0, fetch.cannot
    call put
    ld a0, step_name(gp)
    li a1, 127
    call put_visible
    la a0, fetch.because
    call put
    ld a0, udp_data(gp)
    lwu a1, udp_length(gp)
    addi a0, a0, 4
    addi a1, a1, -4
    call put_visible
    call put_line_end`),

  text('fetch.silent', 'the TFTP server is silent'),
  text('fetch.fetched', 'fetched '),
  text('fetch.bytes', ' bytes'),
  text('fetch.cannot', 'cannot fetch '),
  text('fetch.because', ': '),
  text('fetch.terms', 'blksize'),
  text('fetch.unwanted', 'refuses blocks of '),
].join('\n')
