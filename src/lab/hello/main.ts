/** What the hello guest does: lease, fetch, ping or be pinged, done. */
import { stayAfter, stayFirst } from './ping.ts'
import { routine, text } from './routine.ts'

export const main = [
  `main:
    call nic_open
    call tree_seed
    lwu t0, my_mac + 2(gp)
    xor a0, a0, t0
    sw a0, xid(gp)
    call dhcp
    call put_hello
    la a0, main.lease
    call put
    lwu a0, my_ip(gp)
    call put_address
    call put_line_end
    call fetch
    call main_fetched
    call main_act
    call put_hello
    la a0, main.done
    call put
    call put_line_end
    j done`,

  routine('main_fetched', [], `
    call put_hello
    la a0, main.fetched
    call put
    addi a0, gp, file
    li a1, 127
    call put_visible
    li a0, ' '
    call put_char
    lwu a0, count(gp)
    call put_decimal
    la a0, main.crc
    call put
    lwu a0, crc(gp)
    li a1, 8
    call put_hex
    call put_line_end`),

  // The file's first line says whom to ping; one who finds himself there, or nothing of the kind, waits to be pinged.
  routine('main_act', ['s0'], `
    addi a0, gp, line
    call main_whom
    mv s0, a0
    li a0, ${stayFirst}
    beqz s0, main_act.stay
    lwu t0, my_ip(gp)
    beq t0, s0, main_act.stay
    mv a0, s0
    call ping
    beqz a0, main_act.failed
    la a0, main.ok
    call main_pinged
    li a0, ${stayAfter}
  main_act.stay:
    call stay
    j main_act.return
  main_act.failed:
    la a0, main.failed
    call main_pinged
    li s0, 5
    j fail.exit`),

  // a0: how it went.
  routine('main_pinged', ['s0'], `
    mv s0, a0
    call put_hello
    la a0, main.ping
    call put
    lwu a0, ping_ip(gp)
    call put_address
    mv a0, s0
    call put
    call put_line_end`),

  // a0: text → a0: the address behind "ping ", 0 if it says something else.
  routine('main_whom', [], `
    la t0, main.ping
  1: lbu t1, 0(t0)
    beqz t1, 2f
    lbu t2, 0(a0)
    bne t1, t2, main_whom.nobody
    addi t0, t0, 1
    addi a0, a0, 1
    j 1b
  2: mv t0, a0
    mv a0, zero
    mv t3, zero           # bits so far
  main_whom.number:
    mv t1, zero
    mv t4, zero           # digits
  3: lbu t2, 0(t0)
    addi t2, t2, -'0'
    li t5, 10
    bgeu t2, t5, 4f
    mul t1, t1, t5
    add t1, t1, t2
    addi t0, t0, 1
    addi t4, t4, 1
    li t5, 4
    bltu t4, t5, 3b
  4: beqz t4, main_whom.nobody
    li t5, 255
    bltu t5, t1, main_whom.nobody
    sll t1, t1, t3
    or a0, a0, t1
    addi t3, t3, 8
    li t5, 32
    beq t3, t5, main_whom.return
    addi t2, t2, '0' - '.'
    addi t0, t0, 1
    beqz t2, main_whom.number
  main_whom.nobody:
    mv a0, zero`),

  text('main.lease', 'lease '),
  text('main.fetched', 'fetched '),
  text('main.crc', ' bytes crc32 '),
  text('main.ping', 'ping '),
  text('main.ok', ' ok'),
  text('main.failed', ' failed'),
  text('main.done', 'done'),
].join('\n')
