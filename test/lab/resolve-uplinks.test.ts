import { describe, expect, it } from 'vitest'
import { read, refusal } from './dictionary.ts'

const lan = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 }, bare: {} }\n'
const of = (text: string): unknown => read(`${lan}uplinks: { home: ${text} }`).uplinks[0]
const refused = (text: string): string => refusal(`${lan}uplinks: { home: ${text} }`)

describe('uplinks', () => {
  it('of every type, with what was left out filled in', () => {
    const common = { name: 'home', network: 'lan', latency: 5000, mtu: 1500 }
    expect(of('{ network: lan, type: tap }')).toEqual({ ...common, type: 'tap', ifname: undefined, bridge: undefined, hostAddress: undefined })
    expect(of('{ network: lan, type: tap, ifname: tap0, host_address: 10.0.0.2/24, mtu: 9000, latency: 1us }')).toMatchObject({ ifname: 'tap0', hostAddress: { address: '10.0.0.2', prefix: 24 }, mtu: 9000, latency: 1000 })
    expect(of('{ network: lan, type: tun, address: 10.99.0.2/30 }')).toEqual({ ...common, type: 'tun', ifname: undefined, gateway: 'lan', address: { address: '10.99.0.2', prefix: 30 }, hostAddress: undefined, subnet: { network: '10.0.0.0', prefix: 24 } })
    expect(of('{ network: bare, type: nic, ifname: eth1 }')).toEqual({ ...common, network: 'bare', type: 'nic', ifname: 'eth1' })
    expect(of('{ network: lan, type: qemu, listen: ./q.sock }')).toEqual({ ...common, type: 'stream', side: 'listen', at: { path: './q.sock' } })
    expect(of('{ network: lan, type: qemu, connect: "[::1]:5000" }')).toEqual({ ...common, type: 'stream', side: 'connect', at: { host: '::1', port: 5000 } })
    const ends = { local: { host: '127.0.0.1', port: 5001 }, remote: { host: 'box', port: 5002 } }
    expect(of('{ network: lan, type: qemu, mode: dgram, local: 5001, remote: "box:5002" }')).toEqual({ ...common, type: 'dgram', ...ends })
    expect(of('{ network: lan, type: udp, local: 5001, remote: "box:5002" }')).toEqual({ ...common, type: 'dgram', ...ends })
  })

  it('have IPv6 where their network has', () => {
    const six = `name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64 } }\n`
    const one = (text: string): unknown => read(`${six}uplinks: { home: { network: lan, ${text} } }`).uplinks[0]
    const wrong = (text: string): string => refusal(`${six}uplinks: { home: { network: lan, ${text} } }`).replace(/^.*?uplinks/, 'uplinks')
    expect(one('type: tap, host_address6: fd00:1::2/64')).toMatchObject({ hostAddress6: { address: 'fd00:1::2', prefix: 64 } })
    expect(one('type: tun, address: 10.99.0.2/30, address6: fd00:99::2/64, host_address6: "fd00:99:0::1/64"')).toMatchObject({ six: { address: { address: 'fd00:99::2', prefix: 64 }, hostAddress: { address: 'fd00:99::1', prefix: 64 }, subnet: { network: 'fd00:1::', prefix: 64 } } })
    const tun = 'type: tun, address: 10.99.0.2/30'
    expect(wrong(`${tun}, host_address6: fd00:99::1/64`)).toBe('uplinks.home.host_address6: goes with address6 only | address6: fd00:99::2/64')
    expect(wrong(`${tun}, address6: fd00:1::9/64`)).toBe('uplinks.home.address6: fd00:1::9/64 lies in the subnet6 of lan | the tunnel needs one of its own: address6: fd00:99::2/64')
    expect(wrong(`${tun}, address6: fd00:99::2/64, host_address6: fd00:98::1/64`)).toBe('uplinks.home.host_address6: fd00:98::1/64 is not on the tunnel | the tunnel is fd00:99::/64')
    expect(wrong(`${tun}, address6: fd00:99::/64`)).toContain('every router')
    expect(wrong('type: tap, bridge: br0, host_address6: fd00:1::2/64')).toContain('a port of a bridge has no address of its own')
    expect(refused(`{ network: lan, ${tun}, address6: fd00:99::2/64 }`)).toContain('lan has no IPv6')
  })

  it('make the clock the outside’s', () => {
    expect(read(`${lan}uplinks: { home: { network: lan, type: tap } }`).sim.clock).toBe('realtime')
    expect(read(lan).sim.clock).toBe('virtual')
    expect(refusal(`${lan}sim: { clock: virtual }\nuplinks: { home: { network: lan, type: tap } }`)).toBe('lab.yaml:3:15: sim.clock: an uplink needs the outside’s time | clock: realtime, or take the uplinks out')
  })

  it.each([
    ['{ network: lna, type: tap }', 'lab.yaml:3:29: uplinks.home.network: there is no network "lna" | did you mean "lan"?'],
    ['{ network: lan, type: tab }', 'lab.yaml:3:40: uplinks.home.type: found "tab", expected tap, tun, nic, qemu or udp | did you mean "tap"?'],
    ['{ network: lan, type: tap, listen: 5000 }', 'lab.yaml:3:45: uplinks.home.listen: does not go with type: tap | that one takes ifname, bridge, host_address and host_address6'],
    ['{ network: lan, type: tap, bridge: br0, host_address: 10.0.0.2/24 }', 'lab.yaml:3:58: uplinks.home.host_address: a port of a bridge has no address of its own | give it to the bridge'],
    ['{ network: lan, type: nic }', 'lab.yaml:3:12: uplinks.home: type: nic needs the name of an interface | ifname: eth1'],
    ['{ network: bare, type: tun, address: 10.99.0.2/30 }', 'lab.yaml:3:12: uplinks.home: a tunnel carries packets, so bare needs a gateway that forwards them | networks.bare: gateway: 10.0.0.1'],
    ['{ network: lan, type: tun }', 'lab.yaml:3:12: uplinks.home: type: tun needs the gateway’s address on the tunnel | address: 10.99.0.2/30'],
    ['{ network: lan, type: tun, address: 10.0.0.9/30 }', 'lab.yaml:3:54: uplinks.home.address: 10.0.0.9/30 lies in the subnet of lan | the tunnel needs one of its own: address: 10.99.0.2/30'],
    ['{ network: lan, type: tun, address: 10.99.0.2/30, host_address: 10.98.0.1/30 }', 'lab.yaml:3:82: uplinks.home.host_address: 10.98.0.1/30 is not on the tunnel | e.g. 10.99.0.1/30'],
    ['{ network: lan, type: qemu }', 'lab.yaml:3:12: uplinks.home: type: qemu needs either listen or connect | listen: ./guest.sock'],
    ['{ network: lan, type: qemu, listen: "5000x" }', 'lab.yaml:3:54: uplinks.home.listen: found "5000x", expected a port, "host:port" or ./path'],
    ['{ network: lan, type: udp, local: 5000 }', 'lab.yaml:3:12: uplinks.home: datagrams need "remote" | remote: 127.0.0.1:5001'],
    ['{ network: lan, type: udp, local: ./x, remote: 5001 }', 'lab.yaml:3:52: uplinks.home.local: datagrams go over UDP only | local: 127.0.0.1:5001, or mode: stream for a unix socket'],
  ])('%s is refused at its place', (text, complaint) => {
    expect(refused(text)).toBe(complaint)
  })

  it('may not be called as a network or a node', () => {
    expect(refusal(`${lan}uplinks: { lan: { network: lan, type: tap } }`)).toContain('a network or node has the same name')
  })
})
