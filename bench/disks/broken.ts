/** Broken headers, a format in a process of its own: its memory is its own, and one that hangs can be stopped. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What the process says after each batch, and at its end. */
export interface Tally {
  readonly headers: number
  readonly opened: number
  readonly crashes: number
  readonly outside: number
  readonly slowestMs: number
  /** Above what the process had before its first header. */
  readonly grownBytes: number
  /** Descriptors more than before. */
  readonly left: number
}

/** A header that takes so long counts as a hang for ever. */
const patienceMs = 20_000

/** @returns what came of it; `hung` where no batch came to its end in time. */
export function breakHeaders(format: string, headers: number): Promise<Tally & { readonly hung: boolean }> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('breaker.ts', import.meta.url)), [format, `${headers}`], { execArgv: ['--import', 'tsx'] })
    let last: Tally = { headers: 0, opened: 0, crashes: 0, outside: 0, slowestMs: 0, grownBytes: 0, left: 0 }
    let hung = false
    const stop = (): void => {
      hung = true
      child.kill('SIGKILL')
    }
    let watchdog = setTimeout(stop, 3 * patienceMs)
    child.on('message', (tally: Tally) => {
      last = tally
      clearTimeout(watchdog)
      watchdog = setTimeout(stop, patienceMs)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(watchdog)
      if (code !== 0 && !hung) last = { ...last, crashes: last.crashes + 1 }
      resolve({ ...last, hung })
    })
  })
}
