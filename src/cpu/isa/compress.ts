/** From a base instruction to its compressed form, if it has one. */
import { compressed, expand } from './c.ts'
import { type CompressedRow, type Register, places } from './compressed.ts'
import type { Operands } from './encode.ts'
import { pattern } from './pattern.ts'
import type { Decoded, Row } from './row.ts'

/** @returns 16 bits that `expand` to just this row and these operands; undefined if there are none */
export function compress(row: Row, operands: Operands): number | undefined {
  for (const form of byBase.get(row.name) ?? []) {
    const parcel = fill(form, operands)
    const meant = expand(parcel)
    if (meant !== undefined && meant.row === row && agree(meant, operands)) return parcel
  }
  return undefined
}

const byBase = new Map<string, CompressedRow[]>()
for (const row of compressed) byBase.set(row.base, [...(byBase.get(row.base) ?? []), row])

/** Puts the operands where they would go, fit or not: whether they did shows when it is expanded again. */
function fill(form: CompressedRow, operands: Operands): number {
  let parcel = pattern(form.bits, 16).match
  parcel |= put(form.rd, operands.rd) | put(form.rs1, operands.rs1) | put(form.rs2, operands.rs2)
  if (typeof form.imm === 'string') for (const { from, to } of places(form.imm)) parcel |= (((operands.imm ?? 0) >> to) & 1) << from
  return parcel & 0xffff
}

function put(where: Register | undefined, number = 0): number {
  switch (where) {
    case 'rd': return number << 7
    case 'rs2': return number << 2
    case 'high': return (number & 7) << 7
    case 'low': return (number & 7) << 2
    default: return 0
  }
}

function agree(decoded: Decoded, { rd = 0, rs1 = 0, rs2 = 0, imm = 0 }: Operands): boolean {
  return decoded.rd === rd && decoded.rs1 === rs1 && decoded.rs2 === rs2 && decoded.imm === imm
}
