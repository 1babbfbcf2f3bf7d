/** The per-user folder where running labs keep their control sockets: private, because who can write there controls the labs. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostError } from './host-error.ts'

/** What a running lab says of itself. */
export interface RunningLab {
  readonly name: string
  /** Absolute path of its lab file. */
  readonly file: string
  readonly pid: number
  /** ISO 8601, of the host. */
  readonly started: string
}

/** `$XDG_RUNTIME_DIR/netloom`, or one under the temporary folder; made if need be. @throws {HostError} when it is somebody else's. */
export function runtimeFolder(): string {
  const base = process.env['NETLOOM_RUNTIME_DIR'] ?? (process.env['XDG_RUNTIME_DIR'] ? join(process.env['XDG_RUNTIME_DIR'], 'netloom') : join(tmpdir(), `netloom-${process.getuid?.() ?? 'user'}`))
  mkdirSync(base, { recursive: true, mode: 0o700 })
  const stat = lstatSync(base)
  const foreign = !stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid()) || (process.platform !== 'win32' && (stat.mode & 0o022) !== 0)
  if (foreign) throw new HostError('EACCES', `${base} belongs to somebody else or can be written by others`, 'name another: NETLOOM_RUNTIME_DIR=… netloom …')
  return base
}

/** Where the lab called `name` listens. A unix socket's path holds 107 bytes at most. */
export function socketPath(name: string): string {
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\netloom-${name}` : join(runtimeFolder(), `${name}.sock`)
  if (Buffer.byteLength(path) > 107) throw new HostError('ENAMETOOLONG', `the control socket's path is too long: ${path}`, 'name a shorter folder: NETLOOM_RUNTIME_DIR=/tmp/nl netloom …')
  return path
}

export function logPath(name: string): string {
  return join(runtimeFolder(), `${name}.log`)
}

/** Labs that say they run; those whose process is gone are swept away. */
export function runningLabs(): RunningLab[] {
  const folder = runtimeFolder()
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const lab = readCard(join(folder, file))
      if (lab !== undefined && alive(lab.pid)) return [lab]
      rmSync(join(folder, file), { force: true })
      if (lab !== undefined && process.platform !== 'win32') rmSync(socketPath(lab.name), { force: true })
      return []
    })
}

export function enlist(lab: RunningLab): void {
  writeFileSync(cardPath(lab.name), JSON.stringify(lab), { mode: 0o600 })
}

export function strikeOff(name: string): void {
  rmSync(cardPath(name), { force: true })
  if (process.platform !== 'win32') rmSync(socketPath(name), { force: true })
}

function cardPath(name: string): string {
  return join(runtimeFolder(), `${name}.json`)
}

function readCard(path: string): RunningLab | undefined {
  try {
    const card = JSON.parse(readFileSync(path, 'utf8')) as RunningLab
    return typeof card.name === 'string' && Number.isInteger(card.pid) ? card : undefined
  } catch {
    return undefined
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
