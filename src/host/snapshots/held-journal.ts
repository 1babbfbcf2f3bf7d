/** A journal that is kept in memory while its lab is brought back, and on the host's disk from then on. */
import { concat } from '../../base/bytes.ts'
import type { JournalFile } from '../../stack/files.ts'

export class HeldJournal implements JournalFile {
  readonly content: Uint8Array
  readonly #open: () => JournalFile
  #bytes: Uint8Array
  #journal: JournalFile | undefined
  #closed = false

  /** @param content what the journal held when the lab began. @param open the real one. */
  constructor(content: Uint8Array, open: () => JournalFile) {
    this.content = content
    this.#bytes = content
    this.#open = open
  }

  append(bytes: Uint8Array): void {
    if (this.#journal !== undefined) this.#journal.append(bytes)
    else this.#bytes = concat(this.#bytes, bytes)
  }

  replace(bytes: Uint8Array): void {
    if (this.#journal !== undefined) this.#journal.replace(bytes)
    else this.#bytes = bytes.slice()
  }

  close(): void {
    this.#closed = true
    this.#journal?.close()
  }

  /** From here on the real one is written; it holds what this one did. @throws {HostError} */
  release(): void {
    const journal = this.#open()
    journal.replace(this.#bytes)
    this.#bytes = this.content
    if (this.#closed) journal.close()
    else this.#journal = journal
  }
}
