import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as arp from '../../src/wire/arp.ts'

const request = concat(
  unhex('00 01'), // hardware: Ethernet
  unhex('08 00'), // protocol: IPv4
  unhex('06'), // hardware address length
  unhex('04'), // protocol address length
  unhex('00 01'), // operation: request
  unhex('52 54 00 12 34 56'), // sender hardware
  unhex('0a 00 00 02'), // sender protocol
  unhex('00 00 00 00 00 00'), // target hardware
  unhex('0a 00 00 01'), // target protocol
)
const message: arp.Message = { operation: 1, senderMac: unhex('525400123456'), senderIp: 0x0a000002, targetMac: new Uint8Array(6), targetIp: 0x0a000001 }

describe('ARP', () => {
  it('parses a request, padding and all', () => {
    expect(arp.parse(request)).toEqual(message)
    expect(arp.parse(concat(request, new Uint8Array(18).fill(0xa5)))).toEqual(message)
  })

  it('builds a request', () => {
    expect(hex(arp.build(message))).toBe(hex(request))
  })

  it('formats what each message is for', () => {
    expect(arp.format(message)).toBe('arp who has 10.0.0.1, tell 10.0.0.2')
    expect(arp.format({ ...message, operation: 2 })).toBe('arp 10.0.0.2 is at 52:54:00:12:34:56')
    expect(arp.format({ ...message, senderIp: 0 })).toBe('arp probe for 10.0.0.1')
    expect(arp.format({ ...message, senderIp: message.targetIp })).toBe('arp announcement: 10.0.0.1 is at 52:54:00:12:34:56')
    expect(arp.format({ ...message, operation: 8 })).toBe('arp operation 8 10.0.0.2 > 10.0.0.1')
  })

  it.each([
    ['27 bytes', request.subarray(0, 27)],
    ['another hardware', unhex(`0006${hex(request).slice(4)}`)],
    ['another protocol', unhex(`000186dd${hex(request).slice(8)}`)],
    ['another hardware length', unhex(`0001080008${hex(request).slice(10)}`)],
    ['another protocol length', unhex(`000108000610${hex(request).slice(12)}`)],
  ])('refuses %s', (_, bytes) => {
    expect(() => arp.parse(bytes)).toThrow(Malformed)
  })
})
