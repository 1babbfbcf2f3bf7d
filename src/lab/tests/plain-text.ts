/** A console's bytes as characters without escape sequences and carriage returns, however they are cut into pieces. */

/** Longest escape sequence that is waited for. */
const longestEscape = 32

export class PlainText {
  #escape = ''

  /** One character a byte (ISO 8859-1). */
  feed(bytes: Uint8Array): string {
    let text = ''
    for (const byte of bytes) text += this.#plain(byte)
    return text
  }

  /** The character, or nothing inside a CSI sequence (ECMA-48 §5.4) and for carriage returns. */
  #plain(byte: number): string {
    const char = String.fromCharCode(byte)
    if (this.#escape !== '') {
      this.#escape += char
      const done = this.#escape.length > longestEscape || (this.#escape[1] === '[' ? this.#escape.length > 2 && byte >= 0x40 && byte <= 0x7e : this.#escape.length > 1)
      if (done) this.#escape = ''
      return ''
    }
    if (byte === 0x1b) {
      this.#escape = char
      return ''
    }
    return byte === 0x0d ? '' : char
  }
}
