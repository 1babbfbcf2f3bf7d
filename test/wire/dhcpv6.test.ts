import { describe, expect, it } from 'vitest'
import { concat, unhex, utf8 } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { parseIpv6, parseMac } from '../../src/wire/address.ts'
import * as dhcpv6 from '../../src/wire/dhcpv6.ts'
import * as dissect from '../../src/wire/dissect.ts'

/** A SOLICIT as dhclient sends it, field by field. */
const solicit = concat(
  unhex('01 3903f3'), // type, transaction
  unhex('0001 000a 0003 0001 525400123456'), // client: DUID-LL
  unhex('0006 0004 0017 0018'), // wishes: DNS servers, domains
  unhex('0008 0002 0000'), // elapsed
  unhex('0003 000c 00123456 00000e10 00001518'), // IA_NA
)
const advertise: dhcpv6.Exchange = {
  type: dhcpv6.types.advertise,
  xid: 0x3903f3,
  options: [
    { code: dhcpv6.codes.clientId, data: dhcpv6.duidOf(parseMac('52:54:00:12:34:56')) },
    { code: dhcpv6.codes.iaNa, data: dhcpv6.buildIa({ iaid: 7, t1: 1, t2: 2, options: [{ code: dhcpv6.codes.iaAddress, data: dhcpv6.buildIaAddress({ address: parseIpv6('fd00:1::1000'), preferred: 2250, valid: 3600, options: [] }) }] }) },
    { code: dhcpv6.codes.bootUrl, data: utf8('tftp://[fd00:1::1]/boot.efi') },
  ],
}

describe('dhcpv6', () => {
  it('reads what a client says, and says it again to the byte', () => {
    const message = dhcpv6.parse(solicit) as dhcpv6.Exchange
    expect([message.type, message.xid, message.options.map(({ code }) => code)]).toEqual([1, 0x3903f3, [1, 6, 8, 3]])
    expect(dhcpv6.parseIa(dhcpv6.option(message.options, 3) as Uint8Array)).toEqual({ iaid: 0x123456, t1: 3600, t2: 5400, options: [] })
    expect(dhcpv6.wordsOf(dhcpv6.option(message.options, 6))).toEqual([23, 24])
    expect(dhcpv6.build(message)).toEqual(solicit)
    expect(dhcpv6.format(message)).toBe('dhcpv6 solicit xid 0x3903f3 for 52:54:00:12:34:56')
  })

  it('builds addresses, prefixes and a line for people', () => {
    expect(dhcpv6.parse(dhcpv6.build(advertise))).toEqual(advertise)
    expect(dhcpv6.format(advertise)).toBe('dhcpv6 advertise xid 0x3903f3 for 52:54:00:12:34:56, address fd00:1::1000 for 3600 s, boot tftp://[fd00:1::1]/boot.efi')
    const prefix = { prefix: parseIpv6('fd00:100::'), length: 56, preferred: 1, valid: dhcpv6.infinity, options: [] }
    expect(dhcpv6.parseIaPrefix(dhcpv6.buildIaPrefix(prefix))).toEqual(prefix)
  })

  it('descends through relays', () => {
    const relayed: dhcpv6.Relayed = { type: dhcpv6.types.relayForward, hops: 1, link: parseIpv6('fd00:9::1'), peer: parseIpv6('fe80::2'), options: [{ code: dhcpv6.codes.interfaceId, data: utf8('eth7') }, { code: dhcpv6.codes.relayMessage, data: solicit }] }
    const bytes = dhcpv6.build(relayed)
    expect(dhcpv6.parse(bytes)).toEqual(relayed)
    expect(dissect.dissectAs({ space: 'udp', numbers: [547], bytes }).map(({ line }) => line)).toEqual(['dhcpv6 relay-forward for fe80::2, link fd00:9::1, hops 1', 'dhcpv6 solicit xid 0x3903f3 for 52:54:00:12:34:56'])
  })

  it('knows DUIDs, names and pieces', () => {
    expect(dhcpv6.macOf(unhex('0001 0001 2b3c4d5e 525400123456'))).toEqual(parseMac('52:54:00:12:34:56'))
    expect(dhcpv6.macOf(unhex('0004 00112233445566778899aabbccddeeff'))).toBeUndefined()
    expect(dhcpv6.buildNames(['lab.example'])).toEqual(concat(unhex('03'), utf8('lab'), unhex('07'), utf8('example'), unhex('00')))
    expect(dhcpv6.piecesOf(concat(dhcpv6.buildPieces([utf8('a'), utf8('bc')]), unhex('0009 41')))).toEqual([utf8('a'), utf8('bc')])
  })

  it.each([['no transaction', '010203'], ['an option without its length', '01 000001 0001 00'], ['an option longer than the message', '01 000001 0001 0004 ffff'], ['a relay message cut short', '0c00 fe80']])('refuses %s', (_, written) => {
    expect(() => dhcpv6.parse(unhex(written))).toThrow(Malformed)
  })

  it('refuses more options than there can be, and lifetimes cut short', () => {
    expect(() => dhcpv6.parse(concat(unhex('01 000001'), new Uint8Array(4 * 300)))).toThrow(/256/)
    expect(() => dhcpv6.parseIa(new Uint8Array(11))).toThrow(Malformed)
    expect(() => dhcpv6.parseIaAddress(new Uint8Array(23))).toThrow(Malformed)
    expect(() => dhcpv6.parseIaPrefix(new Uint8Array(25).fill(200))).toThrow(/bits/)
  })
})
