/** Folders as LIST, NLST and MLSD show them. MLSx by RFC 3659 §7; LIST as `ls -l`, which all clients that parse it know. */
import type { FileInfo, FileTree } from '../../src/stack/files.ts'
import { civilOf, monthNames, two } from '../../src/base/calendar.ts'
import { FileError } from '../../src/stack/files.ts'

export interface Entry {
  readonly name: string
  readonly info: FileInfo
}

const mostNames = 20_000
const halfYear = 182 * 86_400

/** What is in a folder, or the one file. What can't be looked at, a link that leads out of the root, is left out. @throws {FileError} */
export function entriesOf(files: FileTree, path: string): readonly Entry[] {
  const info = files.stat(path)
  if (info.kind !== 'folder') return [{ name: path.slice(path.lastIndexOf('/') + 1), info }]
  return files.list(path).slice(0, mostNames).flatMap((name) => {
    try {
      return [{ name, info: files.stat(`${path}/${name}`) }]
    } catch (error) {
      if (error instanceof FileError) return []
      throw error
    }
  })
}

/** `-rw-r--r--   1 ftp      ftp          12345 Jan  1 00:00 name`. @param now seconds since 1970: what is older than half a year shows its year. */
export function longLine({ name, info }: Entry, write: boolean, now: number): string {
  const { year, month, day, hour, minute } = civilOf(info.modified)
  const recent = info.modified <= now && now - info.modified < halfYear
  const mode = info.kind === 'folder' ? (write ? 'drwxrwxr-x' : 'dr-xr-xr-x') : info.kind === 'file' ? (write ? '-rw-rw-r--' : '-r--r--r--') : 's---------'
  const time = recent ? `${two(hour)}:${two(minute)}` : ` ${year}`
  return `${mode}   1 ftp      ftp      ${String(info.size).padStart(12)} ${monthNames[month - 1]} ${String(day).padStart(2)} ${time} ${name}`
}

/** Facts that there are, in the order in which they are told (RFC 3659 §7.5). */
export const allFacts = ['type', 'size', 'modify', 'perm'] as const
export type Fact = (typeof allFacts)[number]

/** `type=file;size=3;modify=20260101000000;perm=r; name`. */
export function factLine({ name, info }: Entry, facts: readonly Fact[], write: boolean): string {
  const told: Readonly<Record<Fact, string | undefined>> = {
    type: info.kind === 'folder' ? 'dir' : info.kind === 'file' ? 'file' : 'OS.unix=special',
    size: info.kind === 'file' ? String(info.size) : undefined,
    modify: stampOf(info.modified),
    perm: info.kind === 'folder' ? (write ? 'cdeflmp' : 'el') : write ? 'adfrw' : 'r',
  }
  return `${facts.flatMap((fact) => (told[fact] === undefined ? [] : `${fact}=${told[fact]};`)).join('')} ${name}`
}

/** `20260101000000`: the time-val of RFC 3659 §2.3. */
export function stampOf(seconds: number): string {
  const { year, month, day, hour, minute, second } = civilOf(seconds)
  return `${String(year).padStart(4, '0')}${two(month)}${two(day)}${two(hour)}${two(minute)}${two(second)}`
}
