/** The control connection's lines: Telnet's commands are taken out (RFC 959 §4.1.3, RFC 854), what is too long is dropped whole. */
import { fromUtf8 } from '../../src/base/bytes.ts'

const longestLine = 4096
const interpretAsCommand = 255

/** Collects lines. A line that was too long is handed over as undefined. */
export class Lines {
  #line: number[] = []
  #tooLong = false
  /** Bytes of a Telnet command still to come. */
  #command = 0

  take(bytes: Uint8Array): (string | undefined)[] {
    const lines: (string | undefined)[] = []
    for (const byte of bytes) {
      if (this.#command > 0) this.#telnet(byte)
      else if (byte === interpretAsCommand) this.#command = 1
      else if (byte === 10) lines.push(this.#close())
      else if (this.#line.length < longestLine) this.#line.push(byte)
      else this.#tooLong = true
    }
    return lines
  }

  /** WILL, WON'T, DO and DON'T have one byte more; 255 itself is a byte of data. */
  #telnet(byte: number): void {
    const first = this.#command === 1
    this.#command = first && byte >= 251 && byte < interpretAsCommand ? 2 : 0
    if (first && byte === interpretAsCommand && this.#line.length < longestLine) this.#line.push(byte)
  }

  #close(): string | undefined {
    const bytes = this.#line
    const tooLong = this.#tooLong
    this.#line = []
    this.#tooLong = false
    // CR NUL stands for a CR alone in Telnet; at a line's end both are noise.
    while (bytes.length > 0 && (bytes[bytes.length - 1] === 13 || bytes[bytes.length - 1] === 0)) bytes.pop()
    return tooLong ? undefined : fromUtf8(Uint8Array.from(bytes))
  }
}
