import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { type Arguments, format, parse } from '../../src/wire/nfs3.ts'

const handle = unhex('a1a2a3a4')
const wire = '00000004 a1a2a3a4'
const name = '00000001 66000000'
const none = { mode: undefined, uid: undefined, gid: undefined, size: undefined, accessed: undefined, modified: undefined }

const calls: readonly (readonly [string, string, Arguments, string])[] = [
  ['GETATTR', `00000001 ${wire}`, { procedure: 'getattr', handle }, 'nfs3 getattr of a1a2a3a4'],
  [
    'SETATTR',
    `00000002 ${wire} 00000001 000001a4 00000000 00000001 00000005 00000001 0000000100000000 00000001 00000002 00000007 00000008 00000001 00000009 0000000a`,
    { procedure: 'setattr', handle, attributes: { mode: 0o644, uid: undefined, gid: 5, size: 2 ** 32, accessed: 'server', modified: { seconds: 7, nanoseconds: 8 } }, guard: { seconds: 9, nanoseconds: 10 } },
    'nfs3 setattr of a1a2a3a4',
  ],
  ['READ', `00000006 ${wire} 0000000000001000 00000200`, { procedure: 'read', handle, offset: 4096, count: 512 }, 'nfs3 read of a1a2a3a4 512 bytes at 4096'],
  ['WRITE', `00000007 ${wire} 0000000000000001 00000002 00000002 00000002 61620000`, { procedure: 'write', handle, offset: 1, count: 2, stable: 2, data: unhex('6162') }, 'nfs3 write of a1a2a3a4 2 bytes at 1'],
  ['CREATE, exclusive', `00000008 ${wire} ${name} 00000002 0102030405060708`, { procedure: 'create', handle, name: 'f', how: { mode: 'exclusive', verifier: unhex('0102030405060708') } }, 'nfs3 create of a1a2a3a4 "f"'],
  ['SYMLINK', `0000000a ${wire} ${name} ${'00000000'.repeat(6)} 00000002 2e2e0000`, { procedure: 'symlink', handle, name: 'f', attributes: none, target: '..' }, 'nfs3 symlink of a1a2a3a4 "f" to ".."'],
  ['MKNOD', `0000000b ${wire} ${name} 00000004 ${'00000000'.repeat(6)} 00000004 00000040`, { procedure: 'mknod', handle, name: 'f', type: 4, attributes: none, major: 4, minor: 64 }, 'nfs3 mknod of a1a2a3a4 "f"'],
  ['RENAME', `0000000e ${wire} ${name} ${wire} 00000001 67000000`, { procedure: 'rename', handle, name: 'f', to: { handle, name: 'g' } }, 'nfs3 rename of a1a2a3a4 "f" to "g"'],
  ['READDIRPLUS', `00000011 ${wire} 0000000000000002 0000000000000000 00000400 00001000`, { procedure: 'readdirplus', handle, cookie: 2n, verifier: new Uint8Array(8), maxNames: 1024, maxBytes: 4096 }, 'nfs3 readdirplus of a1a2a3a4 from 2'],
]

it.each(calls)('%s is read', (_, bytes, call, line) => {
  expect(parse(unhex(bytes))).toEqual(call)
  expect(format(call)).toBe(line)
})

describe('malformed is', () => {
  it.each(calls)('%s cut short anywhere, or with bytes behind it', (_, text) => {
    const bytes = unhex(text)
    for (let length = 0; length < bytes.length; length++) expect(() => parse(bytes.subarray(0, length))).toThrow(Malformed)
    expect(() => parse(unhex(`${text} 00000000`))).toThrow(Malformed)
  })

  it.each([
    ['a procedure that is not', '00000016'],
    ['a handle too long', `00000001 00000041 ${'00'.repeat(68)}`],
    ['a create mode that is not', `00000008 ${wire} ${name} 00000003`],
    ['a time that is not', `00000002 ${wire} ${'00000000'.repeat(4)} 00000003 00000000 00000000`],
    ['a stability that is not', `00000007 ${wire} 0000000000000001 00000000 00000003 00000000`],
  ])('%s', (_, bytes) => expect(() => parse(unhex(bytes))).toThrow(Malformed))
})
