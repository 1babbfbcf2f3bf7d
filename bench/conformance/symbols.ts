/** Symbols of an ELF64 file. System V ABI, chapter 4 (section headers, symbol table). */

/** Values by name; an ELF file without a symbol table has none. @param bytes a whole little-endian ELF64 file */
export function symbolsOf(bytes: Uint8Array): ReadonlyMap<string, bigint> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = Number(view.getBigUint64(40, true))
  const [size, count] = [view.getUint16(58, true), view.getUint16(60, true)]
  const section = (index: number): { type: number; at: number; bytes: number; link: number } => {
    const at = table + index * size
    return { type: view.getUint32(at + 4, true), at: Number(view.getBigUint64(at + 24, true)), bytes: Number(view.getBigUint64(at + 32, true)), link: view.getUint32(at + 40, true) }
  }
  const symbols = new Map<string, bigint>()
  for (let index = 0; index < count; index++) {
    const own = section(index)
    if (own.type !== symbolTable) continue
    const names = section(own.link).at
    for (let at = own.at; at < own.at + own.bytes; at += 24) symbols.set(text(bytes, names + view.getUint32(at, true)), view.getBigUint64(at + 8, true))
  }
  return symbols
}

const symbolTable = 2

function text(bytes: Uint8Array, at: number): string {
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)))
}
