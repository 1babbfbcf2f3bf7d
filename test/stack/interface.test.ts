import { describe, expect, it } from 'vitest'
import { Timeline } from '../../src/base/timeline.ts'
import { Interface } from '../../src/stack/interface.ts'
import { parseIpv4 } from '../../src/wire/address.ts'
import { ourMac, ours, TestPort } from './bench.ts'

const make = (prefix: number): Interface => new Interface({ name: 'eth0', port: new TestPort(), mac: ourMac, addresses: [{ address: ours, prefix }, { address: parseIpv4('172.16.5.1'), prefix: 16 }] }, 'h', { packet: () => {}, unresolved: () => {} }, new Timeline(), undefined)

describe('interface', () => {
  it('knows its broadcasts; a /31 and a /32 have none', () => {
    expect(make(24).isBroadcast(parseIpv4('10.0.0.255'))).toBe(true)
    expect(make(24).isBroadcast(parseIpv4('172.16.255.255'))).toBe(true)
    expect(make(24).isBroadcast(parseIpv4('255.255.255.255'))).toBe(true)
    expect(make(24).isBroadcast(parseIpv4('10.0.1.255'))).toBe(false)
    expect(make(31).isBroadcast(parseIpv4('10.0.0.1'))).toBe(false)
    expect(make(32).isBroadcast(ours)).toBe(false)
  })

  it('sends from its address in the subnet of the target, else from its first', () => {
    expect(make(24).sourceFor(parseIpv4('172.16.9.9'))).toBe(parseIpv4('172.16.5.1'))
    expect(make(24).sourceFor(parseIpv4('192.0.2.1'))).toBe(ours)
  })
})
