/** Text on a data connection: lines end in CR LF there and in LF here. RFC 959 §3.1.1.1. */

const lineFeed = 10
const carriageReturn = 13

export function toText(bytes: Uint8Array): Uint8Array {
  let ends = 0
  for (const byte of bytes) if (byte === lineFeed) ends++
  const text = new Uint8Array(bytes.length + ends)
  let at = 0
  for (const byte of bytes) {
    if (byte === lineFeed) text[at++] = carriageReturn
    text[at++] = byte
  }
  return text
}

/** A CR that isn't followed by LF stays one; a piece may end between the two. */
export function fromText(): { take(bytes: Uint8Array): Uint8Array; rest(): Uint8Array } {
  let open = false
  return {
    take(bytes) {
      const plain = new Uint8Array(bytes.length + 1)
      let at = 0
      for (const byte of bytes) {
        if (open && byte !== lineFeed) plain[at++] = carriageReturn
        open = byte === carriageReturn
        if (!open) plain[at++] = byte
      }
      return plain.subarray(0, at)
    },
    rest() {
      const left = open ? Uint8Array.of(carriageReturn) : new Uint8Array(0)
      open = false
      return left
    },
  }
}
