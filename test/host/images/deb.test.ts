import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { packageFiles } from '../../../src/host/images/deb.ts'
import { entries } from '../../../src/host/images/tar.ts'
import { arOf, debOf, tarOf } from './fixtures.ts'

describe('tar', () => {
  it('gives names without dots and slashes around them, and what each is', () => {
    const files = [...entries(tarOf([{ name: './', type: '5' }, { name: './usr/', type: '5', mode: 0o755 }, { name: './usr/hi', content: 'hi', mode: 0o4755 }, { name: 'usr/link', type: '2', target: './hi' }, { name: 'usr/hard', type: '1', target: './usr/hi' }, { name: 'dev/fifo', type: '6' }]))]
    expect(files.map(({ name, kind, mode, target, content }) => [name, kind, mode, target, fromUtf8(content)])).toEqual([
      ['', 'folder', 0o644, '', ''],
      ['usr', 'folder', 0o755, '', ''],
      ['usr/hi', 'file', 0o4755, '', 'hi'],
      ['usr/link', 'link', 0o644, './hi', ''],
      ['usr/hard', 'hardlink', 0o644, 'usr/hi', ''],
      ['dev/fifo', 'other', 0o644, '', ''],
    ])
  })

  it('takes long names from GNU records and from pax records, for one entry each', () => {
    const long = `${'long/'.repeat(30)}name`
    const pax = ` path=${long}\n`
    const files = [...entries(tarOf([{ name: '././@LongLink', type: 'L', content: `${long}\0` }, { name: 'short', content: '1' }, { name: 'pax', type: 'x', content: `${pax.length + 3}${pax}` }, { name: 'short', content: '2' }, { name: 'plain', content: '3' }]))]
    expect(files.map((file) => [file.name, fromUtf8(file.content)])).toEqual([[long, '1'], [long, '2'], ['plain', '3']])
  })

  it('refuses what is cut short or damaged', () => {
    const whole = tarOf([{ name: 'a', content: 'x'.repeat(600) }])
    expect(() => [...entries(whole.subarray(0, 1000))]).toThrow('tar: cut short')
    whole[0] ^= 1
    expect(() => [...entries(whole)]).toThrow('tar: a header does not match its checksum')
  })
})

describe('Debian packages', () => {
  it('give the files of their data', async () => {
    const files = [...(await packageFiles(debOf([{ name: './usr/bin/x', content: 'odd' }])))]
    expect(files.map((file) => [file.name, fromUtf8(file.content)])).toEqual([['usr/bin/x', 'odd']])
  })

  it.each([
    ['no archive', utf8('hello'), 'not a Debian package: it is no ar archive'],
    ['no data', arOf([{ name: 'debian-binary', content: utf8('2.0\n') }]), 'not a Debian package: it has no data.tar'],
    ['another compression', arOf([{ name: 'data.tar.zst', content: utf8('x') }]), 'a package with data.tar.zst: its compression is not known here'],
    ['a member that is cut', debOf([]).subarray(0, 140), 'a Debian package is cut short'],
  ])('refuse %s with a sentence', async (_, bytes, sentence) => {
    await expect(packageFiles(bytes)).rejects.toThrow(sentence)
  })
})
