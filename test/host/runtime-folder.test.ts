import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { enlist, runningLabs, runtimeFolder, socketPath, strikeOff } from '../../src/host/runtime-folder.ts'

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'netloom-run-')), 'run')
  process.env['NETLOOM_RUNTIME_DIR'] = folder
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

it('lists the labs that live', () => {
  const lab = { name: 'a', file: '/x/lab.yaml', pid: process.pid, started: '2026-01-01T00:00:00Z' }
  enlist(lab)
  expect(runningLabs()).toEqual([lab])
  strikeOff('a')
  expect(runningLabs()).toEqual([])
})

it('sweeps away what a killed lab left behind, and what is no lab', () => {
  // No process has a number beyond the largest that Linux gives.
  enlist({ name: 'dead', file: '/x', pid: 2 ** 22 + 1, started: '' })
  writeFileSync(socketPath('dead'), '')
  writeFileSync(join(folder, 'torn.json'), '{"name":')
  expect(runningLabs()).toEqual([])
  expect([existsSync(socketPath('dead')), existsSync(join(folder, 'torn.json'))]).toEqual([false, false])
})

it('does not trust a folder that others can write to', () => {
  runtimeFolder()
  chmodSync(folder, 0o777)
  expect(() => runtimeFolder()).toThrow('belongs to somebody else or can be written by others')
})

it('says so when a socket would have too long a path', () => {
  process.env['NETLOOM_RUNTIME_DIR'] = join(folder, 'x'.repeat(100))
  expect(() => socketPath('a')).toThrow("the control socket's path is too long")
})
