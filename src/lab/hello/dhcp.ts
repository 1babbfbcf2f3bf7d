/** A lease and a boot file's name from DHCP. RFC 2131, RFC 2132. */
import { events } from './frame.ts'
import { ticks } from './machine.ts'
import { routine, text, wire16 } from './routine.ts'

const types = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 }
const codes = { mask: 1, router: 3, requestedAddress: 50, messageType: 53, serverId: 54, parameterList: 55, vendorClass: 60, serverName: 66, bootFile: 67 }
const ports = { client: wire16(68), server: wire16(67) }
/** Offsets in a message (RFC 2131 §2), and the least length that every server takes (RFC 1542 §2.1). */
const field = { xid: 4, yiaddr: 16, siaddr: 20, chaddr: 28, file: 108, cookie: 236, options: 240 }
const messageBytes = 300
/** Tries of each kind; the wait doubles each time, from one second. */
const tries = 6

/** What makes one client another's contrary. */
export interface ClientTerms {
  /** Option 60. */
  readonly vendorClass: string
  /** Codes for option 55. */
  readonly asks: readonly number[]
  /** Source that looks at an offer, message type in a0: it jumps to dhcp_type.none to pass the offer over, and keeps a0 or sets it again. */
  readonly passOver: string
  /** Source that takes what else an ACK holds. */
  readonly take: string
}

export const helloTerms: ClientTerms = { vendorClass: 'netloom-hello', asks: [codes.mask, codes.router, codes.serverName, codes.bootFile], passOver: '', take: '' }

const bytes = (...values: readonly (number | string)[]): string => `.byte ${values.join(', ')}`

/** The client's source. */
export const dhcp = ({ vendorClass, asks, passOver, take }: ClientTerms): string => [
  `.balign 4
  dhcp.options: ${bytes(0x63, 0x82, 0x53, 0x63)}
    ${bytes(codes.vendorClass, vendorClass.length)}
    .ascii "${vendorClass}"
    ${bytes(codes.parameterList, asks.length, ...asks)}
    ${bytes(codes.messageType, 1, 0)}
  dhcp.options_end:
    .balign 4`,

  // Fills my_ip, mask, router, server_ip and file. Ends the program if nobody gives an address.
  routine('dhcp', ['s0'], `
    li t0, ${ports.client}
    sh t0, udp_port(gp)
  dhcp.discover:
    li a0, ${types.discover}
    li a1, ${types.offer}
    call dhcp_ask
    beqz a0, dhcp.nobody
    ld t0, udp_data(gp)
    lwu t1, ${field.yiaddr}(t0)
    beqz t1, dhcp.discover
    sw t1, offer_ip(gp)
    li a0, ${codes.serverId}
    call dhcp_word
    beqz a1, dhcp.discover
    sw a0, offer_server(gp)
    li a0, ${types.request}
    li a1, ${types.ack}
    call dhcp_ask
    beqz a0, dhcp.nobody
    # A NAK begins everything anew (RFC 2131 §3.1, step 5).
    addi t0, a0, -${types.ack}
    bnez t0, dhcp.discover
    call dhcp_take
    j dhcp.return
  dhcp.nobody:
    la a0, dhcp.none
    li a1, 3
    j fail`),

  // What the ACK in hand says becomes ours.
  routine('dhcp_take', ['s0'], `
    ld s0, udp_data(gp)
    lwu t0, ${field.yiaddr}(s0)
    sw t0, my_ip(gp)
    li a0, ${codes.mask}
    call dhcp_word
    sw a0, mask(gp)
    li a0, ${codes.router}
    call dhcp_word
    sw a0, router(gp)
    ${take}
    # Without a next server it is the DHCP server itself.
    lwu t0, ${field.siaddr}(s0)
    bnez t0, 1f
    lwu t0, offer_server(gp)
  1: sw t0, server_ip(gp)
    addi a0, s0, ${field.file}
    li a1, 127
    addi a2, gp, file
    lbu t0, 0(a0)
    bnez t0, 2f
    li a0, ${codes.bootFile}
    call dhcp_option
    addi a2, gp, file
    beqz a0, dhcp_take.return
    li t0, 127
    bgeu t0, a1, 2f
    mv a1, t0
  2: call copy
    sh zero, udp_port(gp)`),

  // a0: type to send, a1: type to hear → a0: the type that came, or that of a NAK; 0 when nobody spoke.
  routine('dhcp_ask', ['s0', 's1', 's2', 's3', 's4'], `
    mv s0, a0
    mv s1, a1
    li s2, ${tries}
    li s3, ${ticks(1000)}
  dhcp_ask.again:
    mv a0, s0
    call dhcp_send
    rdtime s4
    add s4, s4, s3
  dhcp_ask.wait:
    rdtime a1
    bgeu a1, s4, dhcp_ask.late
    sub a1, s4, a1
    li a0, ${events.udp}
    call wait
    beqz a0, dhcp_ask.late
    call dhcp_type
    beq a0, s1, dhcp_ask.return
    li t0, ${types.request}
    bne s0, t0, dhcp_ask.wait
    addi t0, a0, -${types.nak}
    bnez t0, dhcp_ask.wait
    j dhcp_ask.return
  dhcp_ask.late:
    slli s3, s3, 1
    addi s2, s2, -1
    bnez s2, dhcp_ask.again
    mv a0, zero`),

  // → a0: message type of the datagram in hand if it is an answer to us, else 0.
  routine('dhcp_type', [], `
    lwu t0, udp_length(gp)
    li t1, ${field.options}
    bltu t0, t1, dhcp_type.none
    ld t0, udp_data(gp)
    lbu t1, 0(t0)
    addi t1, t1, -2
    bnez t1, dhcp_type.none
    lw t1, ${field.xid}(t0)
    lw t2, xid(gp)
    bne t1, t2, dhcp_type.none
    lw t1, ${field.cookie}(t0)
    la t2, dhcp.options
    lw t2, 0(t2)
    bne t1, t2, dhcp_type.none
    lhu t1, ${field.chaddr}(t0)
    lhu t2, my_mac(gp)
    bne t1, t2, dhcp_type.none
    lhu t1, ${field.chaddr + 2}(t0)
    lhu t2, my_mac + 2(gp)
    bne t1, t2, dhcp_type.none
    lhu t1, ${field.chaddr + 4}(t0)
    lhu t2, my_mac + 4(gp)
    bne t1, t2, dhcp_type.none
    li a0, ${codes.messageType}
    call dhcp_option
    beqz a0, dhcp_type.none
    beqz a1, dhcp_type.none
    lbu a0, 0(a0)
    ${passOver}
    j dhcp_type.return
  dhcp_type.none:
    mv a0, zero`),

  // a0: code → a0: where its data is, 0 if there is none; a1: length. Nothing reaches beyond the message.
  `dhcp_option:
    ld t0, udp_data(gp)
    lwu t1, udp_length(gp)
    add t1, t1, t0
    addi t0, t0, ${field.options}
    mv t4, a0
    mv a0, zero
    mv a1, zero
  1: bgeu t0, t1, 3f
    lbu t2, 0(t0)
    addi t0, t0, 1
    beqz t2, 1b           # pad
    addi t3, t2, -255     # end
    beqz t3, 3f
    bgeu t0, t1, 3f
    lbu t3, 0(t0)
    addi t0, t0, 1
    add t5, t0, t3
    bltu t1, t5, 3f
    beq t2, t4, 2f
    mv t0, t5
    j 1b
  2: mv a0, t0
    mv a1, t3
  3: ret`,

  // a0: code → a0: the first four bytes of its data, 0 if there are none; a1: its length.
  routine('dhcp_word', [], `
    call dhcp_option
    li t0, 4
    bgeu a1, t0, 1f
    mv a0, zero
    mv a1, zero
    j dhcp_word.return
  1: mv t0, a0
    lbu a0, 3(t0)
    slli a0, a0, 8
    lbu t1, 2(t0)
    or a0, a0, t1
    slli a0, a0, 8
    lbu t1, 1(t0)
    or a0, a0, t1
    slli a0, a0, 8
    lbu t1, 0(t0)
    or a0, a0, t1`),

  // a0: type.
  routine('dhcp_send', ['s0'], `
    mv s0, a0
    call to_all
    li a0, tx_udp_payload
    li a1, ${messageBytes}
    call clear
    li t0, tx_udp_payload
    li t1, 0x00060101     # request, Ethernet, six bytes, no hops
    sw t1, 0(t0)
    lw t1, xid(gp)
    sw t1, ${field.xid}(t0)
    ${[0, 2, 4].map((at) => `lhu t1, my_mac + ${at}(gp)\nsh t1, ${field.chaddr + at}(t0)`).join('\n')}
    la a0, dhcp.options
    li a1, dhcp.options_end - dhcp.options
    addi a2, t0, ${field.cookie}
    call copy
    # a2 is behind what was copied, and the type is its last byte.
    sb s0, -1(a2)
    li t0, ${types.request}
    bne s0, t0, 1f
    lwu t1, offer_ip(gp)
    li t2, ${codes.requestedAddress}
    call dhcp_put_word
    lwu t1, offer_server(gp)
    li t2, ${codes.serverId}
    call dhcp_put_word
  1: li t0, 255
    sb t0, 0(a2)
    li a0, ${ports.server}
    li a1, ${messageBytes}
    call udp_send`),

  // t2: code, t1: four bytes; a2: where, and then behind it.
  `dhcp_put_word:
    sb t2, 0(a2)
    li t0, 4
    sb t0, 1(a2)
    addi a2, a2, 2
  1: sb t1, 0(a2)
    srli t1, t1, 8
    addi a2, a2, 1
    addi t0, t0, -1
    bnez t0, 1b
    ret`,

  text('dhcp.none', 'nobody gives us an address'),
].join('\n')
