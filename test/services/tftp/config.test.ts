import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../services/tftp/config.ts'

describe('tftp configuration', () => {
  it('has a default for everything', () => {
    const plain = { root: '', write: false, overwrite: false, writeMaxBytes: 67_108_864, blksize: 65_464, windowsize: 64, transfers: 16 }
    for (const nothing of [undefined, null, true, {}]) expect(parseConfig(nothing)).toEqual(plain)
    expect(parseConfig({ root: './boot', write: true, writeMax: '1G', blksize: 512, 'x-note': 1 })).toEqual({ ...plain, root: './boot', write: true, writeMaxBytes: 2 ** 30, blksize: 512 })
  })

  it.each<[string, unknown, readonly string[], RegExp]>([
    ['a list', [], [], /expected a map/],
    ['a number', 5, [], /expected a map/],
    ['an unknown key', { rot: './x' }, ['rot'], /no key "rot"/],
    ['an empty root', { root: '' }, ['root'], /expected a folder/],
    ['write: yes as text', { write: 'yes' }, ['write'], /true or false/],
    ['a small blksize', { blksize: 7 }, ['blksize'], /from 8 to 65464/],
    ['a large window', { windowsize: 65 }, ['windowsize'], /from 1 to 64/],
    ['a size without a unit', { writeMax: 1000 }, ['writeMax'], /such as 64M/],
  ])('refuses %s', (_, config, path, message) => {
    expect(() => parseConfig(config)).toThrow(expect.objectContaining({ name: 'ServiceConfigError', path, message: expect.stringMatching(message) }))
  })
})
