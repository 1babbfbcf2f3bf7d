import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromLatin1, utf8 } from '../../../src/base/bytes.ts'
import { build, type CpioEntry } from '../../../src/host/images/cpio.ts'

const file = (content: string, mode = 0o644): CpioEntry => ({ kind: 'file', mode, content: utf8(content) })

describe('cpio', () => {
  it('writes a file and the trailer as newc has them', () => {
    const bytes = build(new Map([['hi', file('abcde', 0o755)]]))
    expect(fromLatin1(bytes)).toBe(
      '070701' + // c_magic
        '00000001' + // c_ino
        '000081ED' + // c_mode
        '00000000' + // c_uid
        '00000000' + // c_gid
        '00000001' + // c_nlink
        '00000000' + // c_mtime
        '00000005' + // c_filesize
        '00000000' + // c_maj
        '00000000' + // c_min
        '00000000' + // c_rmaj
        '00000000' + // c_rmin
        '00000003' + // c_namesize
        '00000000' + // c_chksum
        'hi\0\0\0\0' + // to a multiple of 4
        'abcde\0\0\0' +
        `070701${'00000000'.repeat(4)}00000001${'00000000'.repeat(6)}0000000B00000000TRAILER!!!\0` +
        '\0'.repeat(512 - 124 - 121),
    )
  })

  it('sorts, adds folders that nobody listed, and gives the same bytes for the same entries', () => {
    const one = build(new Map([['b/c/d', file('1')], ['a', file('2')]]))
    const two = build(new Map([['a', file('2')], ['b/c/d', file('1')]]))
    expect(one).toEqual(two)
    expect(fromLatin1(one).match(/(?<=\0|[0-9A-F]{8})[a-d/]+(?=\0)/g)?.slice(0, 4)).toEqual(['a', 'b', 'b/c', 'b/c/d'])
  })

  it.each(['', '/etc', 'a//b', '../x', 'a/./b', 'a/'])('refuses the name %j', (name) => {
    expect(() => build(new Map([[name, file('')]]))).toThrow(RangeError)
  })

  it('refuses a file below a file', () => {
    expect(() => build(new Map([['a', file('')], ['a/b', file('')]]))).toThrow('"a/b" lies below "a", which is no folder')
  })

  it.skipIf(spawnSync('cpio', ['--version']).status !== 0)('is understood by GNU cpio', () => {
    const entries = new Map<string, CpioEntry>([
      ['dev/console', { kind: 'device', type: 'char', mode: 0o600, major: 5, minor: 1 }],
      ['bin', { kind: 'link', target: 'usr/bin' }],
      ['usr/bin/sh', file('#!', 0o755)],
      ['tmp', { kind: 'folder', mode: 0o1777 }],
    ])
    const listed = execFileSync('cpio', ['-itv', '--numeric-uid-gid', '--quiet'], { input: build(entries), env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } }).toString()
    expect(listed.trim().split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
      'lrwxrwxrwx 1 0 0 7 Jan 1 1970 bin -> usr/bin',
      'drwxr-xr-x 2 0 0 0 Jan 1 1970 dev',
      'crw------- 1 0 0 5, 1 Jan 1 1970 dev/console',
      'drwxrwxrwt 2 0 0 0 Jan 1 1970 tmp',
      'drwxr-xr-x 2 0 0 0 Jan 1 1970 usr',
      'drwxr-xr-x 2 0 0 0 Jan 1 1970 usr/bin',
      '-rwxr-xr-x 1 0 0 2 Jan 1 1970 usr/bin/sh',
    ])
    const folder = mkdtempSync(join(tmpdir(), 'netloom-cpio-'))
    execFileSync('cpio', ['-id', '--quiet', 'usr/bin/sh'], { input: build(entries), cwd: folder })
    expect(readFileSync(join(folder, 'usr/bin/sh'), 'utf8')).toBe('#!')
    rmSync(folder, { recursive: true })
  })
})
