import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { addressSum6 } from '../../src/wire/checksum.ts'
import * as icmpv6 from '../../src/wire/icmpv6.ts'

const near = unhex('fe800000000000000000000000000002')
const router = unhex('fe800000000000000000000000000001')
const target = unhex('20010db8000000000000000000000001')
const sum = addressSum6(near, router, 58)
const quotation = unhex(`60000000 0004 11 40 ${hex(near)} ${hex(router)} 00440045`)
const prefix = unhex('20010db8000000000000000000000000')

/** Name, message, its bytes, its line. */
const cases: readonly (readonly [string, icmpv6.Message, string, string])[] = [
  ['port unreachable', { kind: 'unreachable', code: 4, quoted: quotation }, `0104 92b6 00000000 ${hex(quotation)}`, 'unreachable: port'],
  ['packet too big', { kind: 'packet too big', mtu: 1280, quoted: quotation }, `0200 8cba 00000500 ${hex(quotation)}`, 'packet too big, mtu 1280'],
  ['time exceeded', { kind: 'time exceeded', code: 0, quoted: quotation }, `0300 90ba 00000000 ${hex(quotation)}`, 'time exceeded in transit'],
  ['parameter problem', { kind: 'parameter problem', code: 1, pointer: 6, quoted: quotation }, `0401 8fb3 00000006 ${hex(quotation)}`, 'parameter problem at 6'],
  ['echo', { kind: 'echo', identifier: 0x1234, sequence: 5, payload: unhex('6162') }, '8000 0f1b 1234 0005 6162', 'echo id 4660 seq 5, 2 bytes'],
  ['echo reply', { kind: 'echo reply', identifier: 0x1234, sequence: 5, payload: unhex('616263') }, '8100 ab19 1234 0005 616263', 'echo reply id 4660 seq 5, 3 bytes'],
  ['router solicitation', { kind: 'router solicitation', options: [{ kind: 'source mac', mac: unhex('020000000002') }] }, '8500 7aad 00000000 0101 020000000002', 'router solicitation, source mac 02:00:00:00:00:02'],
  [
    'router advertisement',
    {
      kind: 'router advertisement', hopLimit: 64, managed: true, other: true, lifetimeSeconds: 1800, reachableMilliseconds: 30_000, retransmitMilliseconds: 1000,
      options: [
        { kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 2_592_000, preferredSeconds: 604_800, prefix },
        { kind: 'mtu', mtu: 1500 },
        { kind: 'dns', lifetimeSeconds: 1200, servers: [target] },
      ],
    },
    `8600 2c17 40c0 0708 00007530 000003e8 0304 40c0 00278d00 00093a80 00000000 ${hex(prefix)} 0501 0000 000005dc 1903 0000 000004b0 ${hex(target)}`,
    'router advertisement managed other, lifetime 1800 s, prefix 2001:db8::/64 on-link autonomous, mtu 1500, dns 2001:db8::1',
  ],
  [
    'neighbor solicitation', { kind: 'neighbor solicitation', target, options: [{ kind: 'source mac', mac: unhex('020000000002') }] },
    `8700 4ae3 00000000 ${hex(target)} 0101 020000000002`, 'who has 2001:db8::1, source mac 02:00:00:00:00:02',
  ],
  [
    'neighbor advertisement', { kind: 'neighbor advertisement', router: true, solicited: true, override: true, target, options: [{ kind: 'target mac', mac: unhex('020000000001') }] },
    `8800 68e3 e0000000 ${hex(target)} 0201 020000000001`, '2001:db8::1 is here router solicited override, target mac 02:00:00:00:00:01',
  ],
  [
    'redirect', { kind: 'redirect', target: router, destination: target, options: [{ kind: 'redirected', quoted: unhex(`${hex(quotation)}00000000`) }] },
    `8900 da4a 00000000 ${hex(router)} ${hex(target)} 0407 0000 00000000 ${hex(quotation)} 00000000`, 'redirect for 2001:db8::1 to fe80::1, redirected 48 bytes',
  ],
  [
    'a listener query', { kind: 'listener query', version: 2, maxResponseMilliseconds: 10_000, group: new Uint8Array(16), sources: [] },
    `8200 5717 2710 0000 ${'00'.repeat(16)} 02 7d 0000`, 'listener query v2 general',
  ],
  [
    'a listener query of version 1', { kind: 'listener query', version: 1, maxResponseMilliseconds: 1000, group: unhex('ff020000000000000000000000010002'), sources: [] },
    '8200 7dba 03e8 0000 ff020000000000000000000000010002', 'listener query v1 ff02::1:2',
  ],
  [
    'a listener report', { kind: 'listener report', records: [{ change: 4, group: unhex('ff020000000000000000000000010002'), sources: [] }, { change: 1, group: unhex('ff020000000000000000000000000005'), sources: [target] }] },
    `8f00 42b5 0000 0002 04 00 0000 ff020000000000000000000000010002 01 00 0001 ff020000000000000000000000000005 ${hex(target)}`, 'listener report ff02::1:2 to exclude, ff02::5 includes 2001:db8::1',
  ],
  ['another type', { kind: 'other', type: 144, code: 0, payload: unhex('00000001') }, '9000 72b7 00000001', 'type 144 code 0'],
]

describe('ICMPv6', () => {
  it.each(cases)('builds, parses and formats %s', (_, message, text, line) => {
    const built = icmpv6.build(message, sum)
    expect(hex(built)).toBe(text.replaceAll(' ', ''))
    expect(icmpv6.parse(built, sum)).toEqual({ ...message, checksum: 'right' })
    expect(icmpv6.format(icmpv6.parse(built))).toBe(`icmpv6 ${line}`)
  })

  it('tells a wrong checksum', () => {
    expect(icmpv6.format(icmpv6.parse(unhex('9000 72b8 00000001'), sum))).toBe('icmpv6 type 144 code 0, WRONG CHECKSUM')
  })

  it.each([
    ['3 bytes', '800000'],
    ['a short echo', '80000000 123400'],
    ['a short solicitation', `87000000 00000000 ${hex(target).slice(2)}`],
    ['neighbour discovery with a code', `87010000 00000000 ${hex(target)}`],
    ['an option of length 0', `87000000 00000000 ${hex(target)} 0100 020000000002`],
    ['a short listener query', '82000000 03e80000'],
    ['a listener report with less than it says', '8f000000 00000001'],
    ['an option beyond the end', `87000000 00000000 ${hex(target)} 0102 020000000002`],
  ])('refuses %s', (_, text) => {
    expect(() => icmpv6.parse(unhex(text))).toThrow(Malformed)
  })

  it('carries what an error quotes', () => {
    expect(icmpv6.carries({ kind: 'packet too big', mtu: 1280, quoted: quotation })).toEqual({ space: 'quoted', numbers: [6], bytes: quotation })
    expect(icmpv6.carries({ kind: 'router solicitation', options: [] })).toBeUndefined()
  })
})
