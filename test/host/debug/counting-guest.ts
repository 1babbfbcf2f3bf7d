/** A guest that counts in s0 and in memory, for debuggers' tests. M-mode, assembled; prints nothing. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assemble } from '../../../src/cpu/asm/assemble.ts'

export interface CountingGuest {
  /** Of its lab. */
  readonly file: string
  /** The address of `again`, `store`, `sleeper` or `count`. */
  at(label: string): bigint
}

/** Written into `folder` with its lab file. Hart 0 counts so many times and switches the machine off; the others count once and sleep. */
export function countingGuest(folder: string, name: string, harts = 1, rounds = 60): CountingGuest {
  const source = `csrr t0, mhartid; la s1, count; slli t1, t0, 3; add s1, s1, t1; li s2, ${rounds}; bnez t0, sleeper
again: addi s0, s0, 1; store: sd s0, (s1); addi s2, s2, -1; bnez s2, again
li t2, 0x100000; li t3, 0x5555; sw t3, (t2); j .
sleeper: addi s0, s0, 1; sd s0, (s1); wfi; j sleeper
.space 64; count: .space 64`
  const { bytes, symbols } = assemble(0x8000_0000, source)
  writeFileSync(join(folder, `${name}.bin`), bytes)
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, `name: ${name}\nnodes: { a: { kernel: ./${name}.bin, firmware: none, memory: 2M, cpus: ${harts} } }\n`)
  return { file, at: (label) => symbols.get(label) as bigint }
}
