/**
 * A guest's output as a terminal may have it: text, colours and cursor movement, and nothing by which a terminal answers (as if its user had typed), changes its title, its
 * clipboard or its keys, or runs a string. ECMA-48; xterm's control sequences.
 */

/** Final bytes of the CSI sequences that pass: erase, insert, delete, scroll, cursor, tabs, rendition, margins, save and restore. */
const finals = new Set([...'@ABCDEFGHIJKLMPSTXZ`abdefgmrsu'].map((char) => char.charCodeAt(0)))
/** Two-byte sequences that pass: index, next line, reverse index, tab set, save and restore. */
const shorts = new Set([...'DEHM78'].map((char) => char.charCodeAt(0)))
/** A sequence that is longer is none. */
const longest = 32
const [esc, bel, csi, stringEnd] = [0x1b, 0x07, 0x5b, 0x5c]
const [backspace, carriageReturn] = [0x08, 0x0d]

type State = 'text' | 'escape' | 'sequence' | 'charset' | 'string' | 'string-escape'

export class SafeOutput {
  #state: State = 'text'
  #kept: number[] = []

  /** @returns what passes; what is cut off in the midst of a sequence comes with its end. */
  feed(bytes: Uint8Array): Uint8Array {
    const out: number[] = []
    for (const byte of bytes) this.#step(byte, out)
    return Uint8Array.from(out)
  }

  #step(byte: number, out: number[]): void {
    switch (this.#state) {
      case 'text':
        if (byte === esc) this.#begin(byte)
        // ENQ makes some terminals answer, SO and SI change the character set; C1 controls are left to UTF-8, whose bytes they are.
        else if ((byte >= bel && byte !== 0x7f && byte < 0x0e) || byte >= 0x20) out.push(byte)
        return
      case 'escape':
        return this.#escape(byte, out)
      case 'charset':
        this.#state = 'text'
        return
      case 'sequence':
        return this.#sequence(byte, out)
      case 'string':
        if (byte === bel) this.#state = 'text'
        else if (byte === esc) this.#state = 'string-escape'
        return
      case 'string-escape':
        this.#state = byte === stringEnd ? 'text' : byte === esc ? 'string-escape' : 'string'
    }
  }

  #begin(byte: number): void {
    this.#state = 'escape'
    this.#kept = [byte]
  }

  #escape(byte: number, out: number[]): void {
    this.#kept.push(byte)
    if (byte === esc) return this.#begin(byte)
    if (byte === csi) this.#state = 'sequence'
    // DCS, SOS, OSC, PM and APC take a string.
    else if ([0x50, 0x58, 0x5d, 0x5e, 0x5f].includes(byte)) this.#state = 'string'
    else if (byte >= 0x20 && byte <= 0x2f) this.#state = 'charset'
    else {
      this.#state = 'text'
      if (shorts.has(byte)) out.push(...this.#kept)
    }
  }

  #sequence(byte: number, out: number[]): void {
    if (byte === esc) return this.#begin(byte)
    // A control inside a sequence is carried out as if it stood before it.
    if (byte < 0x20) {
      if (byte >= backspace && byte <= carriageReturn) out.push(byte)
      return
    }
    this.#kept.push(byte)
    const over = byte >= 0x40 && byte <= 0x7e
    if (!over && this.#kept.length < longest) return
    this.#state = 'text'
    // Private ones (`<`, `=`, `>`, `?`) set the terminal's own modes; with intermediate bytes they are more than display.
    if (over && finals.has(byte) && this.#kept.slice(2, -1).every((each) => each >= 0x30 && each <= 0x3b)) out.push(...this.#kept)
  }
}
