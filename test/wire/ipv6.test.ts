import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { AssertionError, Malformed } from '../../src/base/errors.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'

const source = unhex('fe800000000000000000000000000002')
const destination = unhex('ff020000000000000000000000000001')
const bytes = concat(
  unhex('62e12345'), // version, class, flow label
  unhex('0003'), // payload length
  unhex('11'), // next header: UDP
  unhex('ff'), // hop limit
  source,
  destination,
  unhex('010203'), // payload
)
const packet = { trafficClass: 0x2e, flowLabel: 0x12345, hopLimit: 255, source, destination, extensions: [], protocol: 17, payload: unhex('010203') }

const head = (next: string, length: string): string => `60000000 ${length} ${next} 40 ${hex(source)} ${hex(destination)}`

describe('IPv6', () => {
  it('parses a packet, its padding cut off', () => {
    expect(ipv6.parse(concat(bytes, unhex('a5a5')))).toEqual({ ...packet, fragment: undefined })
  })

  it('builds a packet', () => {
    expect(hex(ipv6.build(packet))).toBe(hex(bytes))
  })

  it('fills in what a draft leaves out', () => {
    expect(hex(ipv6.build({ protocol: 58, source, destination, payload: unhex('ff') }).subarray(0, 8))).toBe('6000000000013a40')
  })

  it('writes its header and nothing else', () => {
    const into = new Uint8Array(44).fill(0xa5)
    ipv6.write(into, 2, packet, 3)
    expect(hex(into)).toBe(`a5a5${hex(bytes.subarray(0, 40))}a5a5`)
  })

  it('walks through extension headers', () => {
    const built = ipv6.build({ ...packet, extensions: [{ kind: 0, body: unhex('0502 00000100') }, { kind: 60, body: unhex('010c 0000000000000000000000 00') }] })
    expect(hex(built.subarray(4, 8))).toBe('001b00ff')
    expect(hex(built.subarray(40))).toBe('3c000502000001001101010c000000000000000000000000010203')
    expect(ipv6.parse(built)).toEqual({ ...packet, fragment: undefined, extensions: [{ kind: 0, body: unhex('0502 00000100') }, { kind: 60, body: unhex('010c 0000000000000000000000 00') }] })
  })

  it('reads a fragment and stops there', () => {
    const built = ipv6.build({ ...packet, protocol: 60, payload: unhex('ffffffffffffffff'), extensions: [ipv6.fragmentExtension({ offset: 1448, more: true, identification: 0xdeadbeef })] })
    expect(hex(built.subarray(40, 48))).toBe('3c0005a9deadbeef')
    const parsed = ipv6.parse(built)
    expect(parsed).toMatchObject({ fragment: { offset: 1448, more: true, identification: 0xdeadbeef }, protocol: 60, payload: unhex('ffffffffffffffff') })
    expect(ipv6.carries(parsed)).toBeUndefined()
    expect(ipv6.format(parsed)).toBe('fe80::2 > ff02::1 hops 255, extensions 44, fragment 1448+8 more id 3735928559')
  })

  it('takes an atomic fragment for whole', () => {
    const parsed = ipv6.parse(ipv6.build({ ...packet, extensions: [ipv6.fragmentExtension({ offset: 0, more: false, identification: 1 })] }))
    expect(ipv6.carries(parsed)).toMatchObject({ space: 'ip', numbers: [17], bytes: unhex('010203') })
  })

  it.each([
    ['39 bytes', hex(bytes.subarray(0, 39))],
    ['version 4', `4${hex(bytes).slice(1)}`],
    ['a payload longer than what came', hex(bytes.subarray(0, 42))],
    ['an extension beyond the end', `${head('00', '0004')} 3a000000`],
    ['an extension longer than the payload', `${head('3c', '0008')} 3a01000000000000`],
    ['hop-by-hop options behind another extension', `${head('3c', '0010')} 0000000000000000 3a00000000000000`],
    ['an endless chain', `${head('3c', '0048')} ${'3c00000000000000'.repeat(9)}`],
    ['a fragment that ends beyond 65535', `${head('2c', '0010')} 3a00fff800000000 0000000000000000`],
  ])('refuses %s', (_, text) => {
    expect(() => ipv6.parse(unhex(text))).toThrow(Malformed)
  })

  it('refuses to build what can not be', () => {
    expect(() => ipv6.build({ ...packet, payload: new Uint8Array(65_536) })).toThrow(AssertionError)
    expect(() => ipv6.build({ ...packet, extensions: [{ kind: 0, body: unhex('00') }] })).toThrow(AssertionError)
    expect(() => ipv6.fragmentExtension({ offset: 4, more: false, identification: 0 })).toThrow(AssertionError)
  })
})
