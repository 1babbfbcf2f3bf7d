import { describe, expect, it } from 'vitest'
import { parseIpv4 } from '../../src/wire/address.ts'
import { bench, ourMac, ours, pair, TestPort, theirs } from './bench.ts'

describe('host', () => {
  it('shows its interfaces as a service sees them', () => {
    const { host } = bench()
    host.addInterface({ name: 'eth1', port: new TestPort('ethernet', 9014), mac: ourMac, mtu: 9000 })
    expect(host.views).toEqual([
      { name: 'eth0', mac: ourMac, ipv4: { address: '10.0.0.1', prefix: 24 }, mtu: 1500 },
      { name: 'eth1', mac: ourMac, ipv4: undefined, mtu: 9000 },
    ])
  })

  it('never sends more than its port takes', () => {
    const { host } = bench({ mtu: 9000 })
    expect(host.views[0].mtu).toBe(1500)
  })

  it('offers its TCP as sockets', () => {
    const { host } = bench()
    host.sockets.listen({ address: '10.0.0.1', port: 80 }, () => {})
    expect(host.tcp.connections.map(({ local, state }) => `${local} ${state}`)).toEqual(['10.0.0.1:80 LISTEN'])
  })

  it('follows its addresses with its routes', () => {
    const { host } = bench()
    const [eth0] = host.ip.interfaces
    host.setAddresses(eth0, [{ address: parseIpv4('192.168.7.5'), prefix: 16 }])
    expect(host.ip.way({ destination: theirs })).toBeUndefined()
    expect(host.ip.way({ destination: parseIpv4('192.168.200.1') })).toEqual({ interface: eth0, nextHop: parseIpv4('192.168.200.1'), source: parseIpv4('192.168.7.5') })
    host.removeInterface(eth0)
    expect(host.ip.routes.all).toEqual([])
    expect(host.ip.owns(ours)).toBe(false)
  })

  it('is the same host after save and load', () => {
    const { a, b, run } = pair()
    b.bind({ address: '0.0.0.0', port: 7 }, () => {})
    a.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(new Uint8Array(2000), { address: '10.0.0.2', port: 7 })
    run(1e6)
    const other = pair().a
    other.load(structuredClone(a.save()))
    expect(other.save()).toEqual(a.save())
    expect(a.save().arp['eth0']).toHaveLength(1)
  })
})
