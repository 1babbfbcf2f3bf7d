/**
 * What the peers' tests have seen work, for docs/interop.md. A test tells its rows after it has passed; with NETLOOM_INTEROP=1 the run writes them to the table when
 * it is over (interop-table.ts), else they are dropped.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect } from 'vitest'

export interface Row {
  /** A program that we did not write, with its version. */
  readonly client: string
  /** What of ours it met: `DHCPv4`, `TFTP`, `NFS 4.1`. */
  readonly service: string
  /** What was done, as a phrase. */
  readonly check: string
  /** `works` unless it is said to be otherwise, with the reason. */
  readonly result?: string
}

/** A row, and the test file that stands behind it. */
export interface Recorded extends Row {
  readonly test: string
}

/** Where this run's rows are gathered, a line of JSON each; set by interop-table.ts. */
export const gathered = 'NETLOOM_INTEROP_ROWS'

/** Tells rows of the test that is running; called at its end, so that they stand for what passed. */
export function row(...rows: readonly Row[]): void {
  const file = process.env[gathered]
  if (file === undefined) return
  const test = basename(expect.getState().testPath ?? '')
  for (const each of rows) appendFileSync(file, `${JSON.stringify({ ...each, test } satisfies Recorded)}\n`)
}

/** @returns `name` with the upstream version of the Debian package that it is in: `curl 7.88.1`. */
export function debian(name: string, inPackage = name): string {
  if (process.env[gathered] === undefined) return name
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${source:Upstream-Version}', inPackage], { encoding: 'utf8' })
  return `${name} ${stdout.replace(/^\d+:|[+~]dfsg.*$/g, '')}`.trim()
}

/** What a guest's console says that it is: the first version after one of the words, in their order. */
export function versionOn(console: string, word: 'U-Boot' | 'Linux version' | 'GNU GRUB'): string {
  const version = new RegExp(`${word}(?: {1,2}version)? +(\\d[\\w.]*)`).exec(console)?.[1] ?? ''
  return `${word.replace(' version', '').replace('GNU ', '')} ${version}`.trim()
}
