/** Guests of some dozen instructions that do things with their serial ports. M-mode, at 0x8000_0000. */
import { assemble } from '../../../src/cpu/asm/assemble.ts'

const head = (port: 0 | 1): string => `
    li s0, ${port === 0 ? 0x1000_0000 : 0x1002_0000}
    li s1, 0x10000000
    # 8N1 at 115,200 bit/s, FIFOs, DTR and RTS.
    li t0, 0x83
    sb t0, 3(s0)
    li t0, 2
    sb t0, 0(s0)
    sb zero, 1(s0)
    li t0, 3
    sb t0, 3(s0)
    li t0, 7
    sb t0, 2(s0)
    li t0, 3
    sb t0, 4(s0)
`
const off = `
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
  rest:
    wfi
    j rest
`

/** Says `text` on the port, at the port's pace, then tells its console all that it hears there, and switches off at a full stop. */
export function talker(text: string, port: 0 | 1 = 1): Uint8Array {
  return assemble(0x8000_0000, `${head(port)}
    la s2, words
  say:
    lbu a0, 0(s2)
    beqz a0, hear
  full:
    lbu t0, 5(s0)
    andi t0, t0, 0x20
    beqz t0, full
    sb a0, 0(s0)
    addi s2, s2, 1
    j say
  hear:
    lbu t0, 5(s0)
    andi t0, t0, 1
    beqz t0, hear
    lbu a0, 0(s0)
    sb a0, 0(s1)
    li t0, '.'
    bne a0, t0, hear
${off}
  words: .asciz ${JSON.stringify(text)}
`).bytes
}

/** Says back on the port what it hears there, a break as `!`, and switches off at a full stop. */
export function parrot(port: 0 | 1 = 1): Uint8Array {
  return assemble(0x8000_0000, `${head(port)}
  hear:
    lbu s3, 5(s0)
    andi t0, s3, 1
    beqz t0, hear
    lbu a0, 0(s0)
    andi t0, s3, 0x10
    beqz t0, full
    li a0, '!'
  full:
    lbu t0, 5(s0)
    andi t0, t0, 0x20
    beqz t0, full
    sb a0, 0(s0)
    li t0, '.'
    bne a0, t0, hear
  drain:
    lbu t0, 5(s0)
    andi t0, t0, 0x40
    beqz t0, drain
${off}
`).bytes
}
