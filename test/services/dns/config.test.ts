import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../services/dns/config.ts'

describe('dns configuration', () => {
  it('has a default for everything', () => {
    for (const nothing of [undefined, null, true, {}]) expect(parseConfig(nothing)).toEqual({ domain: 'lab', zones: [], ttl: 60, records: [], forward: [] })
    expect(parseConfig({ domain: 'Test.', forward: 'none', zones: 'example.org' })).toMatchObject({ domain: 'test', zones: ['example.org'], forward: [] })
    expect(parseConfig({ forward: ['9.9.9.9', '1.1.1.1'] }).forward).toEqual(['9.9.9.9', '1.1.1.1'])
  })

  it.each<[string, unknown, readonly (string | number)[], RegExp]>([
    ['an unknown key', { record: {} }, ['record'], /no key "record"/],
    ['a time without a unit', { ttl: 60 }, ['ttl'], /a time such as 90s/],
    ['text for an address', { records: { 'a.lab': 'b.lab' } }, ['records', 'a.lab'], /expected an address/],
    ['one wrong address of several', { records: { 'a.lab': ['10.0.0.1', '10.0.0.256'] } }, ['records', 'a.lab', 1], /expected an address/],
    ['an IPv6 address as a', { records: { 'a.lab': { a: 'fd00::1' } } }, ['records', 'a.lab', 'a'], /an IPv4 address/],
    ['an unknown type', { records: { 'a.lab': { b: 'x' } } }, ['records', 'a.lab', 'b'], /no key "b"/],
    ['a wrong MX', { records: { 'a.lab': { mx: 'mail.lab' } } }, ['records', 'a.lab', 'mx'], /10 mail.lab/],
    ['a wrong SRV', { records: { 'a.lab': { srv: '0 0 99999 x' } } }, ['records', 'a.lab', 'srv'], /0 5 80/],
    ['an alias beside an address', { records: { 'a.lab': [{ cname: 'b.lab' }, '10.0.0.1'] } }, ['records', 'a.lab'], /no other record/],
    ['a label of 64 letters', { records: { [`${'a'.repeat(64)}.lab`]: '10.0.0.1' } }, ['records', `${'a'.repeat(64)}.lab`], /63 is the most/],
    ['a name beyond ASCII', { domain: 'bücher' }, ['domain'], /ASCII/],
    ['a server by name', { forward: 'dns.quad9.net' }, ['forward', 0], /a server's address/],
  ])('refuses %s', (_, config, path, message) => {
    expect(() => parseConfig(config)).toThrow(expect.objectContaining({ name: 'ServiceConfigError', path, message: expect.stringMatching(message) }))
  })
})
