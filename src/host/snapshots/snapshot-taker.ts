/** Snapshots of a lab while a driver runs it: now, or at a stated instant. */
import { ConfigError } from '../../base/errors.ts'
import { formatTime, type Instant } from '../../base/time.ts'
import type { Lab } from '../../lab/lab.ts'
import { savable } from '../../lab/snapshot/save-lab.ts'
import type { Driver } from '../driver.ts'
import { version } from '../version.ts'
import { type SavedLab, takeSnapshot } from './take-snapshot.ts'

export class SnapshotTaker {
  readonly #lab: Lab
  readonly #driver: Driver
  /** Those that wait for their instant, and whose file is not there yet. */
  readonly #open = new Map<Promise<SavedLab>, () => void>()

  constructor(lab: Lab, driver: Driver) {
    this.#lab = lab
    this.#driver = driver
  }

  /** As soon as the lab stands where it can be saved: within microseconds of virtual time. @param path absolute. @throws {ConfigError | HostError} */
  now(path: string): Promise<SavedLab> {
    return this.#when(path, () => true, 'the lab has ended')
  }

  /** When nothing before `time` can happen any more. @throws {ConfigError | HostError} */
  at(path: string, time: Instant): Promise<SavedLab> {
    return this.#when(path, () => (this.#lab.next ?? Number.POSITIVE_INFINITY) >= time, `there was no moment for it from ${formatTime(time)} on`)
  }

  /** Nothing is saved any more. @returns once every file that was begun is there. */
  async close(): Promise<void> {
    for (const callOff of this.#open.values()) callOff()
    await Promise.allSettled(this.#open.keys())
  }

  /** Nothing more will come of it. */
  get #over(): boolean {
    const { machines } = this.#lab
    return machines.size > 0 && [...machines.values()].every(({ state }) => state === 'off')
  }

  #when(path: string, due: () => boolean, late: string): Promise<SavedLab> {
    let callOff: () => void = () => undefined
    const saved = new Promise<SavedLab>((resolve, reject) => {
      const stop = this.#driver.between(() => {
        if (!due() || !savable(this.#lab) || this.#over) return false
        // What is taken is not called off any more.
        callOff = () => undefined
        try {
          takeSnapshot(this.#lab, path, version()).then(resolve, reject)
        } catch (error) {
          reject(error as Error)
        }
        return true
      })
      callOff = () => {
        stop()
        reject(new ConfigError(`not saved into ${path}: ${late}`))
      }
    })
    this.#open.set(saved, () => callOff())
    const forget = (): void => void this.#open.delete(saved)
    saved.then(forget, forget)
    return saved
  }
}
