/** Literal cases of floating-point operations: the host FPU's (host-vectors.c), and RISC-V's own rules, from the manual. */
import { readFileSync } from 'node:fs'

export interface Vector {
  readonly name: string
  readonly rm: number
  readonly args: readonly bigint[]
  readonly value: bigint
  readonly flags: number
}

/** `fadd.s 0 <operands> = <result> <flags>`: registers in hexadecimal. */
function parse(line: string): Vector {
  const [left, right] = line.split(' = ').map((side) => side.split(' '))
  const [name, rm, ...args] = left
  return { name, rm: Number(rm), args: args.map((digits) => BigInt(`0x${digits}`)), value: BigInt(`0x${right[0]}`), flags: Number(right[1]) }
}

export const hostVectors: readonly Vector[] = readFileSync(new URL('host-vectors.txt', import.meta.url), 'utf8').trim().split('\n').map(parse)

/** Unprivileged manual 20240411, chapters 21 (F) and 22 (D). */
export const manualVectors: readonly Vector[] = `
fadd.s 0 ffffffff3f800000 000000003f800000 = ffffffff7fc00000 0
fadd.s 0 ffffffff3f800000 fffffffe3f800000 = ffffffff7fc00000 0
fadd.s 0 ffffffff3f800000 ffffffffffffffff = ffffffff7fc00000 0
fadd.s 0 ffffffff3f800000 ffffffff7f800001 = ffffffff7fc00000 16
fadd.d 0 7ff8000000001234 3ff0000000000000 = 7ff8000000000000 0
fadd.d 0 fff4000000000000 3ff0000000000000 = 7ff8000000000000 16
fsub.d 0 7ff0000000000000 7ff0000000000000 = 7ff8000000000000 16
fadd.d 2 3ff0000000000000 bff0000000000000 = 8000000000000000 0
fadd.d 4 4340000000000000 3ff0000000000000 = 4340000000000001 1
fadd.d 0 4340000000000000 3ff0000000000000 = 4340000000000000 1
fmul.d 4 0000000000000001 3fe0000000000000 = 0000000000000001 3
fdiv.d 0 3ff0000000000000 8000000000000000 = fff0000000000000 8
fdiv.d 0 0000000000000000 8000000000000000 = 7ff8000000000000 16
fmul.d 0 0010000000000000 3fefffffffffffff = 0010000000000000 3
fmul.d 0 0010000000000001 3feffffffffffffe = 0010000000000000 1
fmadd.d 0 7ff0000000000000 0000000000000000 7ff8000000000000 = 7ff8000000000000 16
fmadd.s 0 ffffffff00000000 ffffffff7f800000 ffffffff7fc00000 = ffffffff7fc00000 16
fmadd.d 0 3ff0000000000000 3ff0000000000000 7ff8000000000000 = 7ff8000000000000 0
fmadd.d 0 3ff0000002000000 3feffffffc000000 bff0000000000000 = bc90000000000000 0
fnmadd.d 0 3ff0000000000000 0000000000000000 0000000000000000 = 8000000000000000 0
fnmsub.d 0 3ff0000000000000 0000000000000000 0000000000000000 = 0000000000000000 0
fnmsub.d 0 3ff0000000000000 3ff0000000000000 3ff0000000000000 = 0000000000000000 0
fmin.s 0 ffffffff80000000 ffffffff00000000 = ffffffff80000000 0
fmin.s 0 ffffffff00000000 ffffffff80000000 = ffffffff80000000 0
fmax.d 0 8000000000000000 0000000000000000 = 0000000000000000 0
fmax.d 0 7ff8000000000001 bff0000000000000 = bff0000000000000 0
fmin.d 0 3ff0000000000000 7ff0000000000001 = 3ff0000000000000 16
fmin.d 0 7ff0000000000001 7ff8000000000000 = 7ff8000000000000 16
fmax.s 0 ffffffff7fc00001 ffffffff7fc00002 = ffffffff7fc00000 0
feq.d 0 7ff8000000000000 7ff8000000000000 = 0 0
feq.d 0 7ff0000000000001 3ff0000000000000 = 0 16
feq.d 0 0000000000000000 8000000000000000 = 1 0
flt.s 0 ffffffff7fc00000 ffffffff3f800000 = 0 16
fle.s 0 ffffffff3f800000 ffffffff3f800000 = 1 0
fle.s 0 000000003f800000 ffffffff3f800000 = 0 16
flt.d 0 fff0000000000000 7ff0000000000000 = 1 0
fclass.d 0 fff0000000000000 = 1 0
fclass.d 0 bff0000000000000 = 2 0
fclass.d 0 8000000000000001 = 4 0
fclass.d 0 8000000000000000 = 8 0
fclass.d 0 0000000000000000 = 10 0
fclass.d 0 000fffffffffffff = 20 0
fclass.d 0 0010000000000000 = 40 0
fclass.d 0 7ff0000000000000 = 80 0
fclass.d 0 fff0000000000001 = 100 0
fclass.d 0 fff8000000000000 = 200 0
fclass.s 0 0000000000000000 = 200 0
fcvt.w.d 1 41e0000000000000 = 7fffffff 16
fcvt.w.d 1 41dfffffffffffff = 7fffffff 1
fcvt.w.d 3 41dfffffffffffff = 7fffffff 16
fcvt.w.d 1 c1e0000000100000 = ffffffff80000000 1
fcvt.w.d 1 fff0000000000000 = ffffffff80000000 16
fcvt.w.s 0 ffffffffffc00000 = 7fffffff 16
fcvt.wu.d 1 41efffffffe00000 = ffffffffffffffff 0
fcvt.wu.d 1 bfefffffffffffff = 0 1
fcvt.wu.d 2 bfb999999999999a = 0 16
fcvt.wu.d 0 bff0000000000000 = 0 16
fcvt.wu.d 0 7ff8000000000000 = ffffffffffffffff 16
fcvt.l.d 0 43e0000000000000 = 7fffffffffffffff 16
fcvt.l.d 0 c3e0000000000000 = 8000000000000000 0
fcvt.lu.s 0 ffffffff5f800000 = ffffffffffffffff 16
fcvt.lu.s 0 ffffffff5f7fffff = ffffff0000000000 0
fcvt.l.d 0 4004000000000000 = 2 1
fcvt.l.d 4 4004000000000000 = 3 1
fcvt.l.d 4 c004000000000000 = fffffffffffffffd 1
fcvt.d.wu 0 ffffffffffffffff = 41efffffffe00000 0
fcvt.d.w 0 00000000ffffffff = bff0000000000000 0
fcvt.d.lu 0 ffffffffffffffff = 43f0000000000000 1
fcvt.d.lu 1 ffffffffffffffff = 43efffffffffffff 1
fcvt.s.l 0 8000000000000000 = ffffffffdf000000 0
fcvt.s.w 4 0000000001000001 = ffffffff4b800001 1
fcvt.s.w 0 0000000001000001 = ffffffff4b800000 1
fcvt.d.s 0 000000003f800000 = 7ff8000000000000 0
fcvt.d.s 0 ffffffffff800001 = 7ff8000000000000 16
fcvt.d.s 0 ffffffff80000001 = b6a0000000000000 0
fcvt.s.d 0 380fffffffffffff = ffffffff00800000 1
fcvt.s.d 0 380fffffe0000000 = ffffffff00800000 3
fcvt.s.d 0 380fffffc0000000 = ffffffff007fffff 0
fcvt.s.d 0 47efffffefffffff = ffffffff7f7fffff 1
fcvt.s.d 0 47effffff0000000 = ffffffff7f800000 5
`.trim().split('\n').map(parse)
