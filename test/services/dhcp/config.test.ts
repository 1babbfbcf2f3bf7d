import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../../src/base/bytes.ts'
import { parseIpv4 } from '../../../src/wire/address.ts'
import { parseConfig } from '../../../services/dhcp/config.ts'
import { dhcp } from '../../../services/dhcp/dhcp.ts'
import { serviceBench } from '../bench.ts'

const option = (code: number | string, value: unknown): Uint8Array | undefined => [...parseConfig({ options: { [code]: value } }).options.values()][0]?.data

describe('dhcp configuration', () => {
  it('reads the example of the product', () => {
    const config = parseConfig({
      range: '10.0.0.100-10.0.0.199',
      lease: '1h',
      boot: { file: 'boot.scr.uimg' },
      match: [{ arch: 27, boot: { file: 'grubriscv64.efi' } }],
      hosts: { node1: '10.0.0.10' },
      options: { 17: '10.0.0.1:/srv/root', 43: 0x0104deadbeef },
    })
    expect(config.range).toEqual({ first: parseIpv4('10.0.0.100'), last: parseIpv4('10.0.0.199') })
    expect(config.lease).toBe(3600)
    expect(config.boot).toEqual({ file: 'boot.scr.uimg', server: undefined, url: undefined })
    expect(config.rules[0]).toMatchObject({ when: { arch: [27] }, boot: { file: 'grubriscv64.efi' } })
    expect(config.hosts[0]).toMatchObject({ who: 'node1', address: parseIpv4('10.0.0.10') })
    expect([...config.options]).toEqual([[17, { data: latin1('10.0.0.1:/srv/root'), force: false }], [43, { data: unhex('0104deadbeef'), force: false }]])
    expect(parseConfig(null)).toMatchObject({ range: undefined, lease: 3600, rules: [], hosts: [] })
  })

  it.each([
    ['90s', 90],
    ['1h30m', 5400],
    ['7d', 604_800],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('reads a lease of %s', (text, seconds) => {
    expect(parseConfig({ lease: text }).lease).toBe(seconds)
  })

  it.each<[number | string, unknown, string]>([
    [3, '10.0.0.1, 10.0.0.2', '0a000001 0a000002'],
    ['router', ['10.0.0.1'], '0a000001'],
    ['interface-mtu', 1400, '0578'],
    ['interface_mtu', '1400', '0578'],
    [2, -3600, 'fffff1f0'],
    [19, true, '01'],
    [25, [68, 296], '0044 0128'],
    ['domain-search', 'lab, a.lab', '036c616200 0161036c616200'],
    ['classless-routes', ['10.1.0.0/16 via 10.0.0.1', { to: 'default', via: '10.0.0.254' }], '10 0a01 0a000001 00 0a0000fe'],
    [21, '10.1.0.0/16', '0a010000 ffff0000'],
    [43, { 6: { u8: 8 }, 9: 'hi', 10: '0x00ff' }, '060108 09026869 0a0200ff'],
    [43, '01:04:de:ad', '0104dead'],
    [43, 0x104, '0104'],
    [224, 'text', '74657874'],
    [224, '0x0a0b', '0a0b'],
    [224, { u16: 5 }, '0005'],
    [224, { ips: ['10.0.0.1', '10.0.0.2'] }, '0a000001 0a000002'],
    [66, { ip: '10.0.0.1' }, '0a000001'],
  ])('makes option %s of %j', (code, value, bytes) => {
    expect(option(code, value)).toEqual(unhex(bytes))
  })

  it.each<[string, unknown, readonly (string | number)[], RegExp]>([
    ['an unknown key', { rnge: 'x' }, ['rnge'], /no key "rnge"/],
    ['a range of one', { range: '10.0.0.1' }, ['range'], /two addresses/],
    ['a range of no addresses', { range: '10.0.0.a-10.0.0.9' }, ['range'], /expected an IPv4 address/],
    ['a range backwards', { range: '10.0.0.9-10.0.0.1' }, ['range'], /ends before it starts/],
    ['an endless range', { range: '10.0.0.0-10.9.0.0' }, ['range'], /65536 is the most/],
    ['a bare lease', { lease: 60 }, ['lease'], /expected a time/],
    ['a tiny lease', { lease: '1s' }, ['lease'], /from 10s/],
    ['a rule without conditions', { match: [{ boot: 'x' }] }, ['match', 0], /no condition/],
    ['an odd architecture', { match: [{ arch: 'riscv', boot: 'x' }] }, ['match', 0, 'arch'], /architecture number/],
    ['a list for hosts', { hosts: [] }, ['hosts'], /expected names and values/],
    ['a host without an address', { hosts: { a: 5 } }, ['hosts', 'a'], /expected a map of address/],
    ['an unknown option', { options: { rooter: '10.0.0.1' } }, ['options', 'rooter'], /no DHCP option "rooter"/],
    ['an option of the protocol', { options: { 53: 1 } }, ['options', '53'], /belongs to the protocol/],
    ['a wrong type', { options: { 26: 'many' } }, ['options', '26'], /whole number from 0 to 65535/],
    ['a number for an unknown option', { options: { 224: 5 } }, ['options', '224'], /no type of its own/],
    ['a long sub-option', { options: { 43: { 1: 'x'.repeat(256) } } }, ['options', '43', '1'], /255 is the most/],
    ['a number that lost its digits', { options: { 43: 2 ** 60 } }, ['options', '43'], /53 bits/],
    ['a bad route', { options: { 121: 'x' } }, ['options', '121'], /via/],
  ])('refuses %s', (_, config, path, message) => {
    expect(() => parseConfig(config)).toThrow(expect.objectContaining({ name: 'ServiceConfigError', path, message: expect.stringMatching(message) }))
  })

  it.each<[string, unknown, readonly string[], RegExp]>([
    ['a range of another network', { range: '192.168.0.1-192.168.0.9' }, ['range'], /not in 10\.0\.0\.0\/24/],
    ['a range that leaves the network', { range: '10.0.0.200-10.0.1.9' }, ['range'], /ends at 10\.0\.1\.9/],
    ['the broadcast address', { range: '10.0.0.200-10.0.0.255' }, ['range'], /broadcast/],
    ['a host that is not there', { hosts: { node2: '10.0.0.9' } }, ['hosts', 'node2'], /no node "node2"/],
    ['a MAC that is none', { hosts: { '02:00': '10.0.0.9' } }, ['hosts', '02:00'], /expected a MAC/],
    ['a foreign address', { hosts: { node1: '10.9.0.9' } }, ['hosts', 'node1'], /not in 10\.0\.0\.0\/24/],
    ['the service point’s own', { hosts: { node1: '10.0.0.1' } }, ['hosts', 'node1'], /service point itself/],
    ['one address twice', { hosts: { node1: '10.0.0.9', '02:00:00:00:00:99': '10.0.0.9' } }, ['hosts', '02:00:00:00:00:99'], /already given to node1/],
  ])('refuses, once the network is known, %s', (_, config, path, message) => {
    const nodes = [{ name: 'node1', macs: [unhex('020000000001')] }]
    expect(() => serviceBench(dhcp, config, { nodes })).toThrow(expect.objectContaining({ name: 'ServiceConfigError', path, message: expect.stringMatching(message) }))
  })
})
