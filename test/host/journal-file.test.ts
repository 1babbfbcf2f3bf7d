import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import { HostError } from '../../src/host/host-error.ts'
import { HostJournalFile } from '../../src/host/journal-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('gives back what was appended, and what was put in its place', () => {
  const path = join(folder, 'leases')
  const first = new HostJournalFile(path)
  expect(first.content).toHaveLength(0)
  first.append(latin1('one\n'))
  first.append(latin1('two\n'))
  const second = new HostJournalFile(path)
  expect(fromLatin1(second.content)).toBe('one\ntwo\n')
  second.replace(latin1('two\n'))
  second.append(latin1('three\n'))
  second.close()
  expect(fromLatin1(new HostJournalFile(path).content)).toBe('two\nthree\n')
  expect(readdirSync(folder)).toEqual(['leases'])
})

it('is whole after the process was killed right behind an append', () => {
  const path = join(folder, 'leases')
  const module = new URL('../../src/host/journal-file.ts', import.meta.url).pathname
  const program = `import(${JSON.stringify(module)}).then(({ HostJournalFile }) => { new HostJournalFile(${JSON.stringify(path)}).append(Buffer.from('kept\\n')); process.kill(process.pid, 'SIGKILL') })`
  expect(spawnSync(process.execPath, ['--import', 'tsx', '-e', program]).signal).toBe('SIGKILL')
  expect(readFileSync(path, 'latin1')).toBe('kept\n')
})

it('says what to do where it can’t be made', () => {
  expect(() => new HostJournalFile(join(folder, 'no', 'leases'))).toThrow(HostError)
})
