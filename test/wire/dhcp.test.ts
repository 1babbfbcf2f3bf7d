import { describe, expect, it } from 'vitest'
import { concat, latin1, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as dhcp from '../../src/wire/dhcp.ts'

const padded = (text: string, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  bytes.set(latin1(text))
  return bytes
}

/** U-Boot's DISCOVER as it was seen on the wire, field by field. */
const discover = concat(
  unhex('01 01 06 00'), // op, htype, hlen, hops
  unhex('39 03 f3 26'), // xid
  unhex('00 00 00 00'), // secs, flags
  unhex('00 00 00 00'), // ciaddr
  unhex('00 00 00 00'), // yiaddr
  unhex('00 00 00 00'), // siaddr
  unhex('00 00 00 00'), // giaddr
  unhex('52 54 00 12 34 56 00 00 00 00 00 00 00 00 00 00'), // chaddr
  new Uint8Array(64), // sname
  padded('boot.scr.uimg', 128), // file
  unhex('63 82 53 63'), // cookie
  unhex('35 01 01'),
  unhex('39 02 02 40'),
  unhex('5e 03 01 00 00'),
  unhex('3c 06 55 2d 42 6f 6f 74'),
  unhex('37 05 01 03 06 0c 11'),
  unhex('ff'),
)

const changed = (at: number, value: number): Uint8Array => discover.with(at, value)

const reply: dhcp.Message = {
  op: 'reply',
  htype: 1,
  hops: 0,
  xid: 0x3903f326,
  secs: 0,
  broadcast: true,
  ciaddr: 0,
  yiaddr: 0x0a000064,
  siaddr: 0x0a000001,
  giaddr: 0,
  chaddr: unhex('525400123456'),
  sname: '',
  file: 'boot.scr.uimg',
  options: [{ code: 53, data: unhex('02') }, { code: 54, data: unhex('0a000001') }],
}

describe('dhcp.parse', () => {
  it("reads U-Boot's DISCOVER", () => {
    const message = dhcp.parse(discover)
    expect(message).toEqual({
      op: 'request',
      htype: 1,
      hops: 0,
      xid: 0x3903f326,
      secs: 0,
      broadcast: false,
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr: 0,
      chaddr: unhex('525400123456'),
      sname: '',
      file: 'boot.scr.uimg',
      options: [
        { code: 53, data: unhex('01') },
        { code: 57, data: unhex('0240') },
        { code: 94, data: unhex('010000') },
        { code: 60, data: latin1('U-Boot') },
        { code: 55, data: unhex('0103060c11') },
      ],
    })
    expect(dhcp.typeOf(message)).toBe(dhcp.types.discover)
    expect(dhcp.option(message, 60)).toEqual(latin1('U-Boot'))
    expect(dhcp.option(message, 61)).toBeUndefined()
  })

  it('reads BOOTP without a cookie, and with one but without option 53', () => {
    const old = discover.slice(0, 300)
    old.set(unhex('00000000'), 236)
    expect(dhcp.parse(old).options).toBeUndefined()
    expect(dhcp.typeOf(dhcp.parse(old))).toBeUndefined()
    expect(dhcp.parse(discover.subarray(0, 240)).options).toEqual([])
  })

  it('reads options from an overloaded file and sname, which then name nothing', () => {
    const bytes = concat(discover.subarray(0, 240), unhex('35 01 02 34 01 03 ff'))
    bytes.set(concat(unhex('0c 02 68 69 ff'), new Uint8Array(59)), 44)
    bytes.set(concat(unhex('43 03 61 2f 62 ff'), new Uint8Array(122)), 108)
    const message = dhcp.parse(bytes)
    expect(message.file).toBe('')
    expect(message.sname).toBe('')
    expect(message.options?.map((option) => option.code)).toEqual([53, 67, 12])
  })

  it('takes a file name that fills its field', () => {
    const bytes = discover.slice()
    bytes.fill(0x61, 108, 236)
    expect(dhcp.parse(bytes).file).toBe('a'.repeat(128))
  })

  it('calls short messages, odd ops, long hardware addresses and runaway options malformed', () => {
    expect(() => dhcp.parse(discover.subarray(0, 239))).toThrow(Malformed)
    expect(() => dhcp.parse(new Uint8Array(0))).toThrow(Malformed)
    expect(() => dhcp.parse(changed(0, 3))).toThrow(Malformed)
    expect(() => dhcp.parse(changed(2, 17))).toThrow(Malformed)
    expect(() => dhcp.parse(changed(241, 200))).toThrow(Malformed)
  })
})

describe('dhcp.build', () => {
  it('writes every field, padded to 300 bytes', () => {
    const bytes = dhcp.build(reply)
    const expected = concat(
      unhex('02 01 06 00 39 03 f3 26 00 00 80 00'),
      unhex('00 00 00 00 0a 00 00 64 0a 00 00 01 00 00 00 00'),
      unhex('52 54 00 12 34 56 00 00 00 00 00 00 00 00 00 00'),
      new Uint8Array(64),
      padded('boot.scr.uimg', 128),
      unhex('63 82 53 63 35 01 02 36 04 0a 00 00 01 ff'),
      new Uint8Array(50),
    )
    expect(bytes).toEqual(expected)
    expect(dhcp.parse(bytes)).toEqual(reply)
  })

  it('keeps to a size and says what stayed behind', () => {
    const large = { ...reply, options: [...(reply.options ?? []), { code: 43, data: new Uint8Array(250) }, { code: 17, data: new Uint8Array(60) }] }
    const { bytes, left } = dhcp.fit(large)
    expect(bytes.length).toBeLessThanOrEqual(548)
    expect(left).toEqual([17])
  })

  it('overloads sname, never a file that is in use', () => {
    const large = { ...reply, options: [...(reply.options ?? []), { code: 43, data: new Uint8Array(250) }, { code: 17, data: new Uint8Array(60) }] }
    const { bytes, left } = dhcp.fit(large, { overload: true })
    expect(bytes.length).toBeLessThanOrEqual(548)
    expect(left).toEqual([])
    expect(dhcp.parse(bytes)).toEqual({ ...large, options: [large.options[0], large.options[1], large.options[2], large.options[3]] })
  })

  it('writes plain BOOTP without a cookie', () => {
    const bytes = dhcp.build({ ...reply, options: undefined })
    expect(bytes.length).toBe(300)
    expect(bytes.subarray(236)).toEqual(new Uint8Array(64))
  })
})

describe('dhcp.format', () => {
  it('says what it is in one line', () => {
    expect(dhcp.format(dhcp.parse(discover))).toBe('dhcp discover xid 0x3903f326 for 52:54:00:12:34:56, file boot.scr.uimg')
    expect(dhcp.format(reply)).toBe('dhcp offer xid 0x3903f326 for 52:54:00:12:34:56, gets 10.0.0.100, server 10.0.0.1, next server 10.0.0.1, file boot.scr.uimg')
    expect(dhcp.format({ ...reply, options: undefined, file: '' })).toMatch(/^bootp reply /)
  })
})
