/** Pieces of assembly source that every file of the hello guest uses. */

/**
 * A routine of the calling convention: a0–a7 in, a0 and a1 out. It keeps ra and the `saved` registers; the body comes back by falling
 * off its end or by `j name.return`.
 */
export function routine(name: string, saved: readonly string[], body: string): string {
  const registers = ['ra', ...saved]
  const frame = Math.ceil(registers.length / 2) * 16
  return [
    `${name}:`,
    `addi sp, sp, -${frame}`,
    ...registers.map((register, index) => `sd ${register}, ${8 * index}(sp)`),
    body,
    `${name}.return:`,
    ...registers.map((register, index) => `ld ${register}, ${8 * index}(sp)`),
    `addi sp, sp, ${frame}`,
    'ret',
  ].join('\n')
}

/** Turns round the two bytes of a 16-bit value; uses t6. */
export function swap16(register: string): string {
  return `
    srli t6, ${register}, 8
    slli ${register}, ${register}, 8
    or ${register}, ${register}, t6
    slli ${register}, ${register}, 48
    srli ${register}, ${register}, 48`
}

/** 32 bits, zero-extended, from an even address that is no multiple of four; uses t6. */
export function loadWord(register: string, offset: number | string, base: string): string {
  return `
    lhu t6, ${offset} + 2(${base})
    lhu ${register}, ${offset}(${base})
    slli t6, t6, 16
    or ${register}, ${register}, t6`
}

/** 32 bits to such an address; uses t6. */
export function storeWord(register: string, offset: number | string, base: string): string {
  return `
    sh ${register}, ${offset}(${base})
    srli t6, ${register}, 16
    sh t6, ${offset} + 2(${base})`
}

/** A 16-bit constant as the wire has it, read little-endian. */
export function wire16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8)
}

/** Copies a hardware address; uses t6. */
export function copyMac(to: string, from: string): string {
  return [0, 2, 4].map((offset) => `lhu t6, ${further(from, offset)}\nsh t6, ${further(to, offset)}`).join('\n')
}

/** `8(s0)` → `8 + 2(s0)`. */
const further = (place: string, offset: number): string => place.replace('(', ` + ${offset}(`)

/** A text with its name, for `la`. */
export function text(name: string, value: string): string {
  return `${name}: .asciz ${JSON.stringify(value)}`
}
