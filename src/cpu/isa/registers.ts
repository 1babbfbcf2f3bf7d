/** Registers by the names of the calling convention (RISC-V psABI 1.0, §1), both ways. */

/** x0–x31. */
export const integerNames: readonly string[] = [
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
]

/** f0–f31. */
export const floatNames: readonly string[] = [
  'ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1', 'fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5',
  'fa6', 'fa7', 'fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11',
]

/** Rounding modes by their number; undefined are reserved (unprivileged architecture 20240411, table 28). */
export const roundingNames: readonly (string | undefined)[] = ['rne', 'rtz', 'rdn', 'rup', 'rmm', undefined, undefined, 'dyn']

const integers = new Map<string, number>([...integerNames.entries()].flatMap(([number, name]) => [[name, number], [`x${number}`, number]]))
const floats = new Map<string, number>([...floatNames.entries()].flatMap(([number, name]) => [[name, number], [`f${number}`, number]]))
integers.set('fp', 8)

/** @returns 0–31, or undefined if `name` is no integer register */
export function integerRegister(name: string): number | undefined {
  return integers.get(name)
}

/** @returns 0–31, or undefined if `name` is no floating-point register */
export function floatRegister(name: string): number | undefined {
  return floats.get(name)
}
