/** The serial line: a 16550A that is polled. PC16550D §8.4 (line status), §8.1 (transmit holding register). */
import { routine, text } from './routine.ts'

export const uart = [
  // a0: a byte. Leaves all but t0 and t1 alone, which printing loops count on.
  `put_char:
    li t0, uart
  1: lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, 0(t0)
    ret`,

  // a0: text, up to its NUL.
  routine('put', ['s0'], `
    mv s0, a0
  1: lbu a0, 0(s0)
    beqz a0, put.return
    call put_char
    addi s0, s0, 1
    j 1b`),

  // a0: text, at most a1 bytes of it, up to its NUL; what can't be printed shows as a dot.
  routine('put_visible', ['s0', 's1'], `
    mv s0, a0
    add s1, a0, a1
  1: bgeu s0, s1, put_visible.return
    lbu a0, 0(s0)
    beqz a0, put_visible.return
    addi t0, a0, -0x20
    li t1, 0x5f
    bltu t0, t1, 2f
    li a0, '.'
  2: call put_char
    addi s0, s0, 1
    j 1b`),

  // Begins a line with the program's own name, uart.hello.
  routine('put_hello', [], `
    la a0, uart.hello
    call put`),

  routine('put_line_end', [], `
    la a0, uart.line_end
    call put`),

  // a0: unsigned, in decimal.
  routine('put_decimal', ['s0'], `
    li t0, 10
    remu s0, a0, t0
    divu a0, a0, t0
    beqz a0, 1f
    call put_decimal
  1: addi a0, s0, '0'
    call put_char`),

  // a0: in hexadecimal, a1 digits.
  routine('put_hex', ['s0', 's1'], `
    mv s0, a0
    slli s1, a1, 2
  1: addi s1, s1, -4
    bltz s1, put_hex.return
    srl a0, s0, s1
    andi a0, a0, 15
    addi a0, a0, '0'
    li t0, '9'
    bleu a0, t0, 2f
    addi a0, a0, 'a' - '0' - 10
  2: call put_char
    j 1b`),

  // a0: an IPv4 address.
  routine('put_address', ['s0', 's1'], `
    mv s0, a0
    li s1, 4
  1: andi a0, s0, 255
    call put_decimal
    addi s1, s1, -1
    beqz s1, put_address.return
    li a0, '.'
    call put_char
    srli s0, s0, 8
    j 1b`),

  text('uart.line_end', '\r\n'),
].join('\n')
