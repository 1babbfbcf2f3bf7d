import { describe, expect, it } from 'vitest'
import { unhex, utf8 } from '../../../src/base/bytes.ts'
import type { Client } from '../../../services/dhcp/client.ts'
import { readClient } from '../../../services/dhcp/client.ts'
import { parseConfig } from '../../../services/dhcp/config.ts'
import { matches } from '../../../services/dhcp/policy.ts'
import type { Message } from '../../../src/wire/dhcp.ts'

function client(options: Readonly<Record<number, Uint8Array | string>>): Client {
  const given = Object.entries(options).map(([code, data]) => ({ code: Number(code), data: typeof data === 'string' ? utf8(data) : data }))
  const message: Message = { op: 'request', htype: 1, hops: 0, xid: 1, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: unhex('525400123456'), sname: '', file: '', options: given }
  return readClient(message)
}
const when = (rule: object): Parameters<typeof matches>[0] => parseConfig({ match: [{ ...rule, boot: 'x' }] }).rules[0].when

describe('dhcp client', () => {
  it('is its hardware address, unless option 61 says something else', () => {
    expect(client({}).key).toBe('hw:1:525400123456')
    expect(client({ 61: unhex('01 525400123456') }).key).toBe('hw:1:525400123456')
    expect(client({ 61: unhex('ff 00000001 0001') }).key).toBe('id:ff000000010001')
    expect(client({ 61: unhex('') }).key).toBe('hw:1:525400123456')
  })

  it('tells its classes, architectures, machine id and size, however they are written', () => {
    const told = client({ 60: 'PXEClient\0', 77: unhex('04 69505845 01 78'), 93: unhex('001b 0007'), 97: unhex('00 0102'), 57: unhex('0100'), 55: unhex('01 03 01'), 82: unhex('02 01 78 01 02 6131') })
    expect(told).toMatchObject({ vendor: 'PXEClient', user: 'iPXE x', archs: [27, 7], uuid: '0102', maxMessage: 576, wishes: [1, 3], circuit: 'a1' })
    expect(client({ 77: 'iPXE' }).user).toBe('iPXE')
    expect(client({ 57: unhex('05dc') }).maxMessage).toBe(1500)
    expect(client({ 82: unhex('01 ff 61'), 50: unhex('0a0000'), 93: unhex('00') })).toMatchObject({ circuit: 'a', requested: undefined, archs: [] })
  })
})

describe('dhcp rules', () => {
  const pxe = client({ 60: 'PXEClient:Arch:00027:UNDI:003000', 93: unhex('001b'), 97: unhex('00 01020304') })

  it.each<[boolean, object]>([
    [true, { arch: 27 }],
    [true, { arch: [7, 27] }],
    [false, { arch: 7 }],
    [true, { vendor: 'pxeclient' }],
    [true, { vendor: 'PXE*:UNDI' }],
    [false, { vendor: 'Client' }],
    [true, { mac: '52:54:*' }],
    [true, { mac: '52:54:00:12:34:56' }],
    [true, { mac: '*:56' }],
    [false, { mac: '52:54:00' }],
    [true, { uuid: '0102-0304' }],
    [false, { user: 'iPXE' }],
    [false, { arch: 27, mac: '02:*' }],
    [false, { circuit: 'x' }],
  ])('%s for %j', (expected, rule) => {
    expect(matches(when(rule), pxe)).toBe(expected)
  })
})
