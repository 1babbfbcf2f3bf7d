import { describe, expect, it } from 'vitest'
import { forward6 } from '../../../src/stack/ip6/forward6.ts'
import { seconds } from '../../../src/base/time.ts'
import { parseIpv6 } from '../../../src/wire/address.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import { TestPort } from '../bench.ts'
import { type Bench6, bench6, theirs6 } from './bench.ts'

const beyond = parseIpv6('fd00:99::1')

/** fd00:1::ff:fe00:1 on Ethernet, fd00:99::2 on a tunnel. */
function router(mtu = 1500): Bench6 & { readonly tunnel: TestPort } {
  const tunnel = new TestPort('ip', mtu)
  const one = bench6()
  one.host.addInterface({ name: 'tun', port: tunnel, mac: new Uint8Array(6), mtu, six: { addresses: [{ address: parseIpv6('fd00:99::2'), prefix: 64 }], autoconfigure: false } })
  one.wait(seconds(5))
  forward6(one.six)
  tunnel.take()
  one.port.take()
  return { ...one, tunnel }
}

const cargo = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)
const packet = (more: Partial<ipv6.Draft> = {}): ipv6.Draft => ({ protocol: 99, source: theirs6, destination: beyond, payload: cargo(32), hopLimit: 9, ...more })

describe('a router of IPv6', () => {
  it('passes a packet on, one hop older and its bytes as they were', () => {
    const { hear, port, tunnel } = router()
    hear(packet())
    const [bytes] = tunnel.take()
    const passed = ipv6.parse(bytes)
    expect(passed).toMatchObject({ hopLimit: 8, source: theirs6, destination: beyond, protocol: 99 })
    expect(passed.payload).toEqual(cargo(32))
    expect(port.lines()).toEqual([])
  })

  it('asks for the neighbour of what comes back the other way', () => {
    const { port, tunnel } = router()
    tunnel.hear(ipv6.build({ protocol: 99, source: beyond, destination: theirs6, payload: cargo(8), hopLimit: 64 }))
    expect(port.lines().join()).toContain('who has fd00:1::2')
    expect(tunnel.lines()).toEqual([])
  })

  it.each([
    ['at the end of its life', { hopLimit: 1 }, 'time exceeded'],
    ['to where there is no way', { destination: parseIpv6('2001:db8::1') }, 'unreachable'],
    ['too big for the way', { payload: cargo(1400) }, 'too big'],
  ])('tells the sender of a packet %s', (_, more, said) => {
    const { hear, say, port, tunnel } = router(1280)
    say({ kind: 'neighbor advertisement', router: false, solicited: true, override: true, target: theirs6, options: [] })
    hear(packet(more))
    expect(tunnel.lines()).toEqual([])
    // The error waits for the sender's link address.
    say({ kind: 'neighbor solicitation', target: parseIpv6('fd00:1::ff:fe00:1'), options: [{ kind: 'source mac', mac: Uint8Array.of(2, 0, 0, 0, 0, 2) }] }, { source: theirs6, destination: parseIpv6('fd00:1::ff:fe00:1') })
    expect(port.lines().join()).toContain(said)
  })

  it.each([
    ['a link-local source', { source: parseIpv6('fe80::ff:fe00:2') }],
    ['a group', { destination: parseIpv6('ff0e::1') }],
    ['a link-local destination', { destination: parseIpv6('fe80::77') }],
  ])('keeps what has %s', (_, more) => {
    const { hear, tunnel, port } = router()
    hear(packet(more))
    expect(tunnel.lines()).toEqual([])
    expect(port.lines()).toEqual([])
  })
})
