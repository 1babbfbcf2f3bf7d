import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openVolume } from '../../../src/host/volume/open-volume.ts'
import type { Volume, VolumeSource } from '../../../src/stack/volume.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-open-volume-'))
  for (const name of ['a', 'b']) mkdirSync(join(folder, name))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('volumes of one lab', () => {
  it('write to a folder in place once, whatever it is called; overlays and readers are as many as one likes', () => {
    const written = new Set<string>()
    const opened: Volume[] = []
    const open = (path: string, write: VolumeSource['write']): void => {
      opened.push(openVolume({ path, image: undefined, write, limitBytes: 1 << 20 }, { clock: () => 1n, resolve: (name) => join(folder, name), image: () => new Uint8Array(0), written }))
    }
    for (const write of [true, false, 'overlay', false, 'overlay'] as const) open('./a', write)
    expect(() => open('b/../a', true)).toThrow('two parts of the lab would write to b/../a')
    open('./b', true)
    for (const volume of opened) volume.close()
    expect(opened.length).toBe(6)
  })
})
