/** The `tftp:` part of a lab file, read and checked. */
import type { Path } from '../../src/stack/service.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import { hintFor } from '../near.ts'

export interface TftpConfig {
  /** Folder as the lab file names it; empty when only the lab's own `files` are served. */
  readonly root: string
  /** Whether clients may write. */
  readonly write: boolean
  /** Whether they may write what is there already. */
  readonly overwrite: boolean
  /** Most bytes of one written file. */
  readonly writeMaxBytes: number
  /** Largest block in bytes, whatever the MTU allows. */
  readonly blksize: number
  /** Largest window in blocks. */
  readonly windowsize: number
  /** Transfers at once for one client address. */
  readonly transfers: number
}

const keys = ['root', 'write', 'overwrite', 'writeMax', 'blksize', 'windowsize', 'transfers']

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): TftpConfig {
  const map = config === null || config === undefined || config === true ? {} : config
  if (typeof map !== 'object' || Array.isArray(map)) throw new ServiceConfigError(`found ${JSON.stringify(config)}, expected a map of ${keys.join(', ')}`, [])
  for (const key of Object.keys(map)) {
    if (!keys.includes(key) && !key.startsWith('x-')) throw new ServiceConfigError(`there is no key "${key}" here`, [key], hintFor(key, keys))
  }
  const { root, write, overwrite, writeMax, blksize, windowsize, transfers } = map as Record<string, unknown>
  if (root !== undefined && (typeof root !== 'string' || root === '')) throw new ServiceConfigError(`found ${JSON.stringify(root)}, expected a folder such as ./boot`, ['root'])
  return {
    root: root ?? '',
    write: flag(write, ['write']),
    overwrite: flag(overwrite, ['overwrite']),
    writeMaxBytes: writeMax === undefined ? 64 << 20 : size(writeMax, ['writeMax']),
    blksize: blksize === undefined ? 65_464 : whole(blksize, 8, 65_464, ['blksize']),
    windowsize: windowsize === undefined ? 64 : whole(windowsize, 1, 64, ['windowsize']),
    transfers: transfers === undefined ? 16 : whole(transfers, 1, 256, ['transfers']),
  }
}

function flag(value: unknown, path: Path): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new ServiceConfigError(`found ${JSON.stringify(value)}, expected true or false`, path)
  return value === true
}

function whole(value: unknown, least: number, most: number, path: Path): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) throw new ServiceConfigError(`found ${JSON.stringify(value)}, expected a whole number from ${least} to ${most}`, path)
  return value
}

const units: Readonly<Record<string, number>> = { K: 1 << 10, M: 1 << 20, G: 1 << 30 }

function size(value: unknown, path: Path): number {
  const match = typeof value === 'string' ? /^(\d{1,4})([KMG])$/.exec(value) : null
  if (match === null) throw new ServiceConfigError(`found ${JSON.stringify(value)}, expected a size such as 64M`, path)
  return Number(match[1]) * units[match[2]]
}
