/** Downloads and other slow things: a bar on a terminal, a line at the start and end elsewhere. */
import type { Progress } from '../host/images/archive.ts'
import { StatusLine } from './status-line.ts'

const barWidth = 24
/** Redrawn at most so often, in milliseconds. */
const frame = 80

export class ProgressBar {
  readonly #line: StatusLine
  readonly #quiet: boolean
  #what = ''
  #drawn = 0

  constructor(quiet: boolean) {
    this.#line = new StatusLine(process.stderr)
    this.#quiet = quiet
  }

  readonly hear = (progress: Progress): void => {
    if (this.#quiet) return
    const changed = progress.what !== this.#what
    if (!this.#line.alive) {
      if (changed) process.stderr.write(`${progress.what}\n`)
      this.#what = progress.what
      return
    }
    const now = performance.now()
    if (!changed && now - this.#drawn < frame && progress.bytes !== progress.total) return
    this.#what = progress.what
    this.#drawn = now
    this.#line.show(describe(progress))
  }

  /** Takes the bar off the terminal. */
  done(): void {
    this.#line.clear()
  }
}

function describe({ what, bytes, total }: Progress): string {
  if (total === undefined || total === 0) return bytes === 0 ? what : `${what}  ${mebibytes(bytes)}`
  const share = Math.min(1, bytes / total)
  const full = Math.round(share * barWidth)
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${String(Math.floor(share * 100)).padStart(3)}%  ${what}  ${mebibytes(bytes)} of ${mebibytes(total)}`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
