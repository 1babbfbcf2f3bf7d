/** iproute2's `ip`, for what an ioctl can't say. */
import { spawnSync } from 'node:child_process'
import { HostError } from '../host-error.ts'

/** @returns what it printed. @throws {HostError} with the command to type. */
export function ip(...words: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8' })
  const command = `ip ${words.join(' ')}`
  if (error !== undefined) throw new HostError((error as NodeJS.ErrnoException).code ?? 'EIO', `"${command}" does not run: ${error.message}`, 'sudo apt install iproute2', error)
  if (status !== 0) throw new HostError('EIP', `"${command}" fails: ${stderr.trim()}`, `sudo ${command}`)
  return stdout
}
