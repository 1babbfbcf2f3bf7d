/** `--save-at 3s=FILE`: where on its way a lab is saved, and what became of that. */
import { resolve } from 'node:path'
import { ConfigError } from '../base/errors.ts'
import type { Instant } from '../base/time.ts'
import { formatTime } from '../base/time.ts'
import type { SnapshotTaker } from '../host/snapshots/snapshot-taker.ts'
import type { SavedLab } from '../host/snapshots/take-snapshot.ts'
import { duration } from '../lab/units.ts'
import { readQuantity } from './quantity.ts'

export interface SavePoint {
  readonly time: Instant
  /** Absolute. */
  readonly file: string
}

/** @throws {ConfigError} */
export function readSavePoints(words: readonly string[] = []): SavePoint[] {
  return words.map((word) => {
    const [text, ...rest] = word.split('=')
    const file = rest.join('=')
    if (file === '') throw new ConfigError(`--save-at: "${word}" names no file`, undefined, 'an instant and a file: --save-at 3s=booted.nlsnap')
    return { time: readQuantity('--save-at', duration, text) as number as Instant, file: resolve(file) }
  })
}

/** `3.000001s, 24.1 MB in FILE`. */
export function describeSaved({ instant, bytes, file }: SavedLab): string {
  return `${formatTime(instant as Instant)}, ${(bytes / 1e6).toFixed(1)} MB in ${file}`
}

export class SaveQueue {
  readonly #taker: SnapshotTaker
  readonly #saves: Promise<void>[]
  #failed: Error | undefined

  /** @param quiet what was saved is not told. */
  constructor(taker: SnapshotTaker, points: readonly SavePoint[], quiet: boolean) {
    this.#taker = taker
    this.#saves = points.map(async ({ time, file }) => {
      try {
        const saved = await taker.at(file, time)
        if (!quiet) process.stderr.write(`saved as of ${describeSaved(saved)}\n`)
      } catch (error) {
        this.#failed ??= error as Error
      }
    })
  }

  /** Once the lab has ended. @returns why one of them was not saved. */
  async close(): Promise<Error | undefined> {
    await this.#taker.close()
    await Promise.all(this.#saves)
    return this.#failed
  }
}
