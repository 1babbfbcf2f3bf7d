import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { dissectAs, lineOf } from '../../src/wire/dissect.ts'
import { buildCall, buildSystem, format, parse, parseSystem, putReply } from '../../src/wire/rpc.ts'
import * as record from '../../src/wire/rpc-record.ts'
import { XdrWriter } from '../../src/wire/xdr.ts'

const who = { stamp: 1, machine: 'node1', uid: 0, gid: 5, groups: [6, 7] }
const credential = buildSystem(who)
/** LOOKUP of `f` in the folder 01020304. */
const lookup = buildCall({ xid: 0x12345678, program: 100_003, version: 3, procedure: 3, credential, payload: unhex('00000004 01020304 00000001 66000000') })

describe('a call', () => {
  it('is built and read, field by field', () => {
    expect(hex(lookup, ' ')).toBe(
      [
        '12 34 56 78', // xid
        '00 00 00 00', // CALL
        '00 00 00 02', // RPC version
        '00 01 86 a3', // program
        '00 00 00 03', // version
        '00 00 00 03', // procedure
        '00 00 00 01 00 00 00 24', // AUTH_SYS, length
        '00 00 00 01 00 00 00 05 6e 6f 64 65 31 00 00 00 00 00 00 00 00 00 00 05 00 00 00 02 00 00 00 06 00 00 00 07',
        '00 00 00 00 00 00 00 00', // AUTH_NONE
        '00 00 00 04 01 02 03 04 00 00 00 01 66 00 00 00',
      ].join(' '),
    )
    const call = parse(lookup)
    expect(call).toMatchObject({ kind: 'call', xid: 0x12345678, program: 100_003, version: 3, procedure: 3 })
    expect(parseSystem(credential.body)).toEqual(who)
    expect(format(call)).toBe('rpc call 0x12345678 nfs v3 procedure 3 as 0:5@node1')
  })

  it.each([['credentials too long', '00000001 00000000 00000002 00000001 00000001 00000001 00000001 00000191'], ['a third type', '00000001 00000002'], ['nothing behind its xid', '00000001']])('with %s is malformed', (_, bytes) => {
    expect(() => parse(concat(unhex(bytes), new Uint8Array(500)).subarray(0, unhex(bytes).length + (bytes.length > 30 ? 500 : 0)))).toThrow(Malformed)
  })

  it('as seventeen groups is malformed', () => {
    expect(() => parseSystem(buildSystem({ ...who, groups: Array.from({ length: 17 }, (_, at) => at) }).body)).toThrow(Malformed)
  })
})

describe('a reply', () => {
  it.each([
    [{ kind: 'accepted', status: 0 } as const, '00000009 00000001 00000000 00000000 00000000 00000000', 'rpc reply 0x00000009 success, 0 bytes'],
    [{ kind: 'accepted', status: 2, low: 3, high: 4 } as const, '00000009 00000001 00000000 00000000 00000000 00000002 00000003 00000004', 'rpc reply 0x00000009 program version mismatch, 0 bytes'],
    [{ kind: 'version mismatch', low: 2, high: 2 } as const, '00000009 00000001 00000001 00000000 00000002 00000002', 'rpc reply 0x00000009 rpc versions 2-2 only, 0 bytes'],
    [{ kind: 'authentication', status: 5 } as const, '00000009 00000001 00000001 00000001 00000005', 'rpc reply 0x00000009 authentication refused (5), 0 bytes'],
  ])('%j is written and read', (verdict, bytes, line) => {
    expect(hex(putReply(new XdrWriter(), 9, verdict).bytes)).toBe(hex(unhex(bytes)))
    expect(parse(unhex(bytes))).toMatchObject({ xid: 9, verdict })
    expect(format(parse(unhex(bytes)))).toBe(line)
  })
})

const shown = (bytes: Uint8Array, space: 'udp' | 'tcp' = 'udp', port = 2049): string => lineOf(dissectAs({ space, numbers: [port], bytes }))

describe('the pretty-printer', () => {
  it('descends to what is asked', () => {
    expect(shown(lookup)).toBe('rpc call 0x12345678 nfs v3 procedure 3 as 0:5@node1 | nfs3 lookup of 01020304 "f"')
    expect(shown(buildCall({ xid: 1, program: 100_005, version: 3, procedure: 1, payload: unhex('00000002 2f610000') }), 'udp', 20_048)).toBe('rpc call 0x00000001 mount v3 procedure 1 | mount mnt "/a"')
    expect(shown(buildCall({ xid: 1, program: 100_000, version: 2, procedure: 3, payload: unhex('000186a3 00000003 00000006 00000000') }), 'udp', 111)).toBe('rpc call 0x00000001 portmap v2 procedure 3 | rpcbind getport program 100003 v3 protocol 6')
    expect(shown(buildCall({ xid: 1, program: 100_000, version: 4, procedure: 3, payload: unhex('000186a3 00000003 00000003 74637000 00000000 00000000') }), 'udp', 111)).toBe('rpc call 0x00000001 portmap v4 procedure 3 | rpcbind getaddr program 100003 v3 tcp')
  })

  it('reads records of a stream where they begin, and not where they go on', () => {
    expect(shown(record.build(lookup), 'tcp')).toBe('rpc record of 92 bytes | rpc call 0x12345678 nfs v3 procedure 3 as 0:5@node1 | nfs3 lookup of 01020304 "f"')
    expect(shown(record.build(lookup).subarray(0, 60), 'tcp')).toBe('rpc record of 92 bytes')
    expect(shown(new Uint8Array(60).fill(0xa5), 'tcp')).toBe('part of an rpc record, 60 bytes')
  })
})
