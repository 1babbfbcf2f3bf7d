/** One file from TFTP, summed as it comes. RFC 1350, in blocks of 512; CRC-32 as Ethernet and zip have it. */
import { events } from './frame.ts'
import { ticks } from './machine.ts'
import { routine, swap16, text, wire16 } from './routine.ts'

const opcodes = { read: wire16(1), data: wire16(3), acknowledgement: wire16(4), error: wire16(5) }
const port = wire16(69)
const blockBytes = 512
/** How often the last packet is said again, a second apart. */
const tries = 6
const lineBytes = 63
const crcPolynomial = 0xedb8_8320

export const tftp = [
  // Fetches the file that the lease named; fills count, crc and line. Ends the program if it can't be had.
  routine('fetch', ['s0', 's1'], `
    lbu t0, file(gp)
    beqz t0, fetch.unnamed
    # A port of our own, one of the 16384 dynamic ones.
    lwu t0, xid(gp)
    li t1, 0xc0
    or t0, t0, t1
    sh t0, udp_port(gp)
    li t0, -1
    sw t0, crc(gp)
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
    addi t0, a0, -1
    beqz t0, fetch.step
    # The last block: say that we have it, and be done.
    call fetch_say
    sh zero, udp_port(gp)
    lw t0, crc(gp)
    not t0, t0
    sw t0, crc(gp)
    j fetch.return
  fetch.late:
    addi s0, s0, -1
    bnez s0, fetch.say
    la a0, tftp.silent
    li a1, 4
    j fail
  fetch.unnamed:
    la a0, tftp.unnamed
    li a1, 4
    j fail`),

  // The packet that is due: the request while no server has answered, then the acknowledgement of the last block.
  routine('fetch_say', ['s0'], `
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
    addi a0, gp, file
  1: lbu t0, 0(a0)
    sb t0, 0(a2)
    addi a0, a0, 1
    addi a2, a2, 1
    bnez t0, 1b
    la a0, tftp.octet
    li a1, 6
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

  // Looks at the datagram in hand → a0: 0 not for us, 1 there is something to acknowledge, 2 it was the last block.
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
    li t2, ${opcodes.data}
    bne t0, t2, fetch_heard.nothing
    li t0, ${blockBytes}
    bltu t0, s1, fetch_heard.nothing
    lhu t0, 2(s0)
    ${swap16('t0')}
    lhu t2, block(gp)
    addi t2, t2, 1
    slli t2, t2, 48
    srli t2, t2, 48
    bne t0, t2, fetch_heard.again
    sh t1, tftp_port(gp)
    sh t0, block(gp)
    addi a0, s0, 4
    mv a1, s1
    call fetch_take
    li a0, 1
    li t0, ${blockBytes}
    beq s1, t0, fetch_heard.return
    li a0, 2
    j fetch_heard.return
  fetch_heard.again:
    # Our acknowledgement was lost: the block before is acknowledged once more.
    li a0, 1
    lhu t2, tftp_port(gp)
    beqz t2, fetch_heard.nothing
    lhu t2, block(gp)
    beq t0, t2, fetch_heard.return
  fetch_heard.nothing:
    mv a0, zero
    j fetch_heard.return
  fetch_heard.error:
    call put_hello
    la a0, tftp.refused
    call put
    addi a0, gp, file
    li a1, 127
    call put_visible
    la a0, tftp.because
    call put
    addi a0, s0, 4
    mv a1, s1
    call put_visible
    li s0, 4
    j fail.end`),

  // a0: bytes of the file, a1: how many: counted, summed, and the first of them kept.
  routine('fetch_take', [], `
    lwu t0, count(gp)
    add t1, t0, a1
    sw t1, count(gp)
    lw t1, crc(gp)
    add a1, a1, a0
    li t5, ${crcPolynomial}
  1: beq a0, a1, 4f
    lbu t2, 0(a0)
    addi a0, a0, 1
    li t3, ${lineBytes}
    bgeu t0, t3, 2f
    add t3, gp, t0
    sb t2, line(t3)
    addi t0, t0, 1
  2: xor t1, t1, t2
    slli t1, t1, 32
    srli t1, t1, 32
    li t3, 8
  3: andi t4, t1, 1
    neg t4, t4
    and t4, t4, t5
    srli t1, t1, 1
    xor t1, t1, t4
    addi t3, t3, -1
    bnez t3, 3b
    j 1b
  4: sw t1, crc(gp)`),

  text('tftp.octet', 'octet'),
  text('tftp.silent', 'the TFTP server is silent'),
  text('tftp.unnamed', 'the lease names no boot file'),
  text('tftp.refused', 'cannot fetch '),
  text('tftp.because', ': '),
].join('\n')
