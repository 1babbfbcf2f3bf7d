import { describe, expect, it } from 'vitest'
import { latin1 } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as tftp from '../../src/wire/tftp.ts'

const bytes = (...parts: readonly (number | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...latin1(part)])))

describe('tftp.parse', () => {
  it("reads U-Boot's read request with its two options", () => {
    const packet = tftp.parse(bytes(0, 1, 'boot.scr.uimg', 0, 'octet', 0, 'timeout', 0, '5', 0, 'blksize', 0, '1468', 0))
    expect(packet).toEqual({ kind: 'rrq', file: 'boot.scr.uimg', mode: 'octet', options: [['timeout', '5'], ['blksize', '1468']] })
  })

  it('lowers the case of mode and option names, never of values or the file', () => {
    const packet = tftp.parse(bytes(0, 2, 'Dump.BIN', 0, 'OCTET', 0, 'BlkSize', 0, '1024', 0))
    expect(packet).toEqual({ kind: 'wrq', file: 'Dump.BIN', mode: 'octet', options: [['blksize', '1024']] })
  })

  it('passes over padding and an option without a value', () => {
    expect(tftp.parse(bytes(0, 1, 'a', 0, 'octet', 0, 'tsize', 0))).toMatchObject({ options: [] })
    expect(tftp.parse(bytes(0, 1, 'a', 0, 'octet', 0, 0, 0, 0, 0))).toMatchObject({ options: [] })
    expect(tftp.parse(bytes(0, 1, 'a', 0, 'octet', 0, 'xx'))).toMatchObject({ options: [] })
  })

  it('reads data, acknowledgement, error and option acknowledgement', () => {
    expect(tftp.parse(bytes(0, 3, 0xff, 0xfe, 'hi'))).toEqual({ kind: 'data', block: 0xfffe, data: latin1('hi') })
    expect(tftp.parse(bytes(0, 4, 1, 0))).toEqual({ kind: 'ack', block: 256 })
    expect(tftp.parse(bytes(0, 5, 0, 1, 'File not found', 0))).toEqual({ kind: 'error', code: 1, message: 'File not found' })
    expect(tftp.parse(bytes(0, 5, 0, 0))).toEqual({ kind: 'error', code: 0, message: '' })
    expect(tftp.parse(bytes(0, 6, 'tsize', 0, '42', 0))).toEqual({ kind: 'oack', options: [['tsize', '42']] })
  })

  it.each([
    ['nothing', []],
    ['half an opcode', [0]],
    ['an unknown opcode', [0, 7, 0, 0]],
    ['an opcode above 255', [1, 1, 0x61, 0, 0x62, 0]],
    ['a request without a mode', [0, 1, 0x61, 0]],
    ['a file name that never ends', [0, 1, 0x61, 0x62]],
    ['data without a block number', [0, 3, 0]],
    ['an acknowledgement cut short', [0, 4]],
    ['an error cut short', [0, 5, 0]],
  ])('calls %s malformed', (_, wrong) => {
    expect(() => tftp.parse(Uint8Array.from(wrong))).toThrow(Malformed)
  })
})

describe('tftp.build', () => {
  it('writes what parse reads', () => {
    expect(tftp.build({ kind: 'oack', options: [['blksize', '1468'], ['timeout', '5']] })).toEqual(bytes(0, 6, 'blksize', 0, '1468', 0, 'timeout', 0, '5', 0))
    expect(tftp.build({ kind: 'error', code: 1, message: 'no' })).toEqual(bytes(0, 5, 0, 1, 'no', 0))
    expect(tftp.build({ kind: 'data', block: 65535, data: latin1('x') })).toEqual(bytes(0, 3, 0xff, 0xff, 'x'))
    expect(tftp.build({ kind: 'ack', block: 0 })).toEqual(bytes(0, 4, 0, 0))
    expect(tftp.build({ kind: 'rrq', file: 'a/b', mode: 'octet', options: [['tsize', '0']] })).toEqual(bytes(0, 1, 'a/b', 0, 'octet', 0, 'tsize', 0, '0', 0))
  })
})

describe('tftp.format', () => {
  it('says what it is in one line', () => {
    expect(tftp.format({ kind: 'rrq', file: 'x', mode: 'octet', options: [['blksize', '1468']] })).toBe('tftp read request x octet blksize=1468')
    expect(tftp.format({ kind: 'wrq', file: '\u001b[2Jx', mode: 'octet', options: [] })).toBe('tftp write request ?[2Jx octet')
    expect(tftp.format({ kind: 'error', code: 1, message: 'File not found' })).toBe('tftp error 1: File not found')
    expect(tftp.format({ kind: 'data', block: 2, data: new Uint8Array(3) })).toBe('tftp data block 2, 3 bytes')
  })
})
