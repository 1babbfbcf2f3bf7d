/** One line at the bottom of a terminal that is drawn over and over; nothing where there is no terminal. */

export class StatusLine {
  readonly #stream: NodeJS.WriteStream
  #shown = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get alive(): boolean {
    return this.#stream.isTTY === true && process.env['TERM'] !== 'dumb'
  }

  show(text: string): void {
    if (!this.alive) return
    const cut = text.slice(0, Math.max(10, (this.#stream.columns || 80) - 1))
    if (cut === this.#shown) return
    this.#stream.write(`\r\x1b[2K${cut}`)
    this.#shown = cut
  }

  clear(): void {
    if (this.#shown !== '') this.#stream.write('\r\x1b[2K')
    this.#shown = ''
  }

  /** Writes something above the line. */
  above(write: () => void): void {
    const shown = this.#shown
    this.clear()
    write()
    if (shown !== '') this.show(shown)
  }
}
