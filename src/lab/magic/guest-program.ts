/**
 * The one program that a guest needs: a static Linux program for riscv64 that makes the system calls it is told to make.
 *
 * Theory of operation. It hands over its stack pointer (`start`), and from then on the lab has put a call and its arguments into its
 * registers each time it looks; it makes the call and hands over the result (`next`). It uses no stack and no memory of its own, so a child that
 * shares its memory can run it as well. All that it can do (copy, run commands, be a shell's tool) is thought out on our side: src/board/magic/.
 *
 * It is assembled here, by the lab's own assembler: nobody needs a cross compiler, and no binary is kept.
 */
import { concat, putU16le, putU32le, putU64le } from '../../base/bytes.ts'
import { nextWord, startWord } from '../../board/magic/process.ts'
import { assemble } from '../../cpu/asm/assemble.ts'

const origin = 0x1_0000
const headBytes = 64 + 56

const words = "magic: this machine's magic is off; in the lab file: magic: true"

const source = `
  mv a0, sp
  li a7, ${startWord}
  li t0, ${startWord}
  netloom.magic
  beq a7, t0, unheard
again:
  ecall
  li a7, ${nextWord}
  netloom.magic
  j again
unheard:
  li a0, 2
  la a1, words
  li a2, ${words.length + 1}
  li a7, 64
  ecall
  li a0, 69
  li a7, 93
  ecall
words:
  .ascii "${words}\\n"
`

/** The program as an ELF file (System V ABI; riscv64 psABI 1.0 §8.1): one segment, to read and to run. */
export function guestProgram(): Uint8Array {
  const { bytes } = assemble(origin + headBytes, source)
  const head = new Uint8Array(headBytes)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  putU16le(head, 16, 2) // e_type: EXEC
  putU16le(head, 18, 243) // e_machine: RISC-V
  putU32le(head, 20, 1) // e_version
  putU64le(head, 24, BigInt(origin + headBytes)) // e_entry
  putU64le(head, 32, 64n) // e_phoff
  putU32le(head, 48, 4) // e_flags: double-float ABI
  putU16le(head, 52, 64) // e_ehsize
  putU16le(head, 54, 56) // e_phentsize
  putU16le(head, 56, 1) // e_phnum
  putU32le(head, 64, 1) // p_type: LOAD
  putU32le(head, 68, 5) // p_flags: R X
  putU64le(head, 80, BigInt(origin)) // p_vaddr
  putU64le(head, 88, BigInt(origin)) // p_paddr
  putU64le(head, 96, BigInt(headBytes + bytes.length)) // p_filesz
  putU64le(head, 104, BigInt(headBytes + bytes.length)) // p_memsz
  putU64le(head, 112, 4096n) // p_align
  return concat(head, bytes)
}
