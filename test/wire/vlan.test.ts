import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as vlan from '../../src/wire/vlan.ts'

const tag = unhex('b0 0a 08 00 45') // priority 5, drop eligible, VLAN 10, IPv4, payload

describe('802.1Q', () => {
  it('parses a tag', () => {
    expect(vlan.parse(tag)).toEqual({ priority: 5, dropEligible: true, id: 10, type: 0x0800, payload: unhex('45') })
  })

  it('builds what it parses', () => {
    expect(hex(vlan.build(vlan.parse(tag)))).toBe(hex(tag))
  })

  it('formats', () => {
    expect(vlan.format(vlan.parse(tag))).toBe('vlan 10 priority 5 drop-eligible')
    expect(vlan.format({ ...vlan.parse(tag), priority: 0, dropEligible: false })).toBe('vlan 10')
  })

  it('refuses half a tag', () => {
    expect(() => vlan.parse(tag.subarray(0, 3))).toThrow(Malformed)
  })

  it('is put into a frame and taken out', () => {
    const plain = unhex('ffffffffffff 525400123456 0800 4500')
    const tagged = vlan.insert(plain, 0x600a)
    expect(hex(tagged)).toBe('ffffffffffff5254001234568100600a08004500')
    expect(hex(plain)).toBe('ffffffffffff52540012345608004500')
    expect(vlan.controlIn(tagged)).toBe(0x600a)
    expect(hex(vlan.strip(tagged))).toBe(hex(plain))
  })

  it('is not seen in an untagged or torn frame', () => {
    expect(vlan.controlIn(unhex('ffffffffffff 525400123456 0800 45000000'))).toBe(-1)
    expect(vlan.controlIn(unhex('ffffffffffff 525400123456 8100 00'))).toBe(-1)
  })
})
