import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import {
  broadcastOf, formatIpv4, formatIpv6, formatMac, formatSubnet4, inSubnet, ipv4Bytes, isGroupMac, isMulticastIpv4, maskOf, multicastMac4, multicastMac6,
  parseIpv4, parseIpv6, parseMac, parseSubnet4, prefixOf, subnetOf,
} from '../../src/wire/address.ts'

describe('IPv4 text', () => {
  it.each([['0.0.0.0', 0], ['10.0.0.1', 0x0a000001], ['255.255.255.255', 0xffff_ffff]])('%s', (text, address) => {
    expect(parseIpv4(text)).toBe(address)
    expect(formatIpv4(address)).toBe(text)
  })

  it.each(['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '0x1.2.3.4', '1.2.3.4 ', '-1.2.3.4', '1..2.3'])('refuses %j', (text) => {
    expect(() => parseIpv4(text)).toThrow(Malformed)
  })

  it('gives the bytes in network order', () => {
    expect(hex(ipv4Bytes(0x0a0000ff))).toBe('0a0000ff')
  })
})

describe('MAC text', () => {
  it('reads colons and dashes, writes colons', () => {
    expect(formatMac(parseMac('52-54-00-12-AB-56'))).toBe('52:54:00:12:ab:56')
    expect(formatMac(parseMac('52:54:00:12:ab:56'))).toBe('52:54:00:12:ab:56')
  })

  it.each(['', '52:54:00:12:ab', '52:54:00:12:ab:5', '52:54-00:12:ab:56', '525400:12:ab:56', '52:54:00:12:ab:56:00'])('refuses %j', (text) => {
    expect(() => parseMac(text)).toThrow(Malformed)
  })

  it('knows groups', () => {
    expect(isGroupMac(parseMac('01:00:5e:00:00:01'))).toBe(true)
    expect(isGroupMac(parseMac('02:00:5e:00:00:01'))).toBe(false)
  })

  it('maps multicast groups of both families', () => {
    expect(isMulticastIpv4(parseIpv4('224.0.0.251'))).toBe(true)
    expect(formatMac(multicastMac4(parseIpv4('239.255.128.1')))).toBe('01:00:5e:7f:80:01')
    expect(formatMac(multicastMac6(parseIpv6('ff02::1:ff12:3456')))).toBe('33:33:ff:12:34:56')
  })
})

describe('subnets', () => {
  it('have masks, members and a broadcast address', () => {
    const lan = parseSubnet4('10.0.1.0/24')
    expect(formatSubnet4(lan)).toBe('10.0.1.0/24')
    expect(inSubnet(lan, parseIpv4('10.0.1.255'))).toBe(true)
    expect(inSubnet(lan, parseIpv4('10.0.2.0'))).toBe(false)
    expect(formatIpv4(broadcastOf(lan))).toBe('10.0.1.255')
    expect(formatSubnet4(subnetOf(parseIpv4('192.168.7.9'), 22))).toBe('192.168.4.0/22')
  })

  it('may be all or one', () => {
    expect(inSubnet(parseSubnet4('0.0.0.0/0'), 0xffff_ffff)).toBe(true)
    expect(inSubnet(parseSubnet4('255.255.255.255/32'), 0xffff_ffff)).toBe(true)
    expect(broadcastOf(parseSubnet4('10.0.0.0/8'))).toBe(0x0aff_ffff)
  })

  it('turn masks into prefixes', () => {
    for (let prefix = 0; prefix <= 32; prefix++) expect(prefixOf(maskOf(prefix))).toBe(prefix)
    expect(prefixOf(0xff00_ff00)).toBeUndefined()
  })

  it.each(['10.0.0.1/24', '10.0.0.0/33', '10.0.0.0', '10.0.0/8', '10.0.0.0/-1'])('refuses %j', (text) => {
    expect(() => parseSubnet4(text)).toThrow(Malformed)
  })
})

describe('IPv6 text', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['fe80::0202:00ff:fe00:0001', 'fe80::202:ff:fe00:1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s is written %s', (text, written) => {
    expect(formatIpv6(parseIpv6(text))).toBe(written)
  })

  it.each(['', ':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '1:2:3:4:5:6:7::8', '1.2.3.4::', '::1.2.3.4:5', 'fe80::1%eth0', '1:', ':1', '::1.2.3.256'])(
    'refuses %j',
    (text) => {
      expect(() => parseIpv6(text)).toThrow(Malformed)
    },
  )

  it('gives 16 bytes', () => {
    expect(parseIpv6('fe80::1')).toEqual(unhex('fe80 0000 0000 0000 0000 0000 0000 0001'))
  })
})
