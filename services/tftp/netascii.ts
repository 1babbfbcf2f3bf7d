/** netascii on the wire, plain lines in files: LF ↔ CR LF, CR ↔ CR NUL. RFC 764 as RFC 1350 §1 quotes it. */

const [nul, lf, cr] = [0, 10, 13]

/** File bytes → netascii. No state is needed: every byte stands for itself. */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  let extra = 0
  for (const byte of bytes) if (byte === lf || byte === cr) extra++
  const out = new Uint8Array(bytes.length + extra)
  let at = 0
  for (const byte of bytes) {
    if (byte === lf) out[at++] = cr
    out[at++] = byte
    if (byte === cr) out[at++] = nul
  }
  return out
}

/** netascii → file bytes, block by block: a pair may be cut in two by the end of a block. */
export class NetasciiReader {
  #held = false

  /** @param last whether nothing follows; a lone CR at the end then stands for itself. */
  read(bytes: Uint8Array, last: boolean): Uint8Array {
    const out: number[] = []
    for (const byte of bytes) {
      if (this.#held) {
        this.#held = false
        out.push(byte === lf ? lf : cr)
        if (byte === lf || byte === nul) continue
      }
      if (byte === cr) this.#held = true
      else out.push(byte)
    }
    if (last && this.#held) out.push(cr)
    return Uint8Array.from(out)
  }
}
