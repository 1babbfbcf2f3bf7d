/** What `--workers` says. */
import { ConfigError } from '../base/errors.ts'

/** @throws {ConfigError} */
export function readWorkers(text: string | undefined): number | 'auto' | undefined {
  if (text === undefined || text === 'auto') return text
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 64) throw new ConfigError(`--workers: found ${text}, expected 1 to 64, or auto`)
  return count
}
