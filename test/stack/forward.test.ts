import { describe, expect, it } from 'vitest'
import { forward } from '../../src/stack/forward.ts'
import { parseIpv4 } from '../../src/wire/address.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import { type Bench, bench, ipFrame, TestPort, theirs } from './bench.ts'

const beyond = parseIpv4('10.99.0.1')

/** 10.0.0.1 on Ethernet, 10.99.0.2 on a tunnel. */
function router(mtu = 1500): Bench & { tunnel: TestPort } {
  const tunnel = new TestPort('ip', mtu)
  const one = bench()
  one.host.addInterface({ name: 'tun', port: tunnel, mac: new Uint8Array(6), mtu, addresses: [{ address: parseIpv4('10.99.0.2'), prefix: 30 }] })
  forward(one.host)
  one.meet()
  return { ...one, tunnel }
}

const cargo = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)
const packet = (more: Partial<ipv4.Packet> = {}): Uint8Array => ipFrame({ protocol: 99, destination: beyond, payload: cargo(32), ttl: 9, ...more })

describe('a router', () => {
  it('passes a packet on, one hop older, its header summed anew and its bytes as they were', () => {
    const { port, tunnel } = router()
    port.hear(packet({ identification: 7, options: Uint8Array.of(1, 1, 1, 1) }))
    const [bytes] = tunnel.take()
    const passed = ipv4.parse(bytes)
    expect(passed).toMatchObject({ ttl: 8, checksum: 'right', source: theirs, destination: beyond, identification: 7, options: Uint8Array.of(1, 1, 1, 1) })
    expect(passed.payload).toEqual(cargo(32))
    expect(port.lines()).toEqual([])
  })

  it('passes on what comes back the other way', () => {
    const { port, tunnel } = router()
    tunnel.hear(ipv4.build({ protocol: 99, source: beyond, destination: theirs, payload: cargo(8) }))
    expect(port.lines()).toHaveLength(1)
    expect(tunnel.lines()).toEqual([])
  })

  it('tells the sender of a packet at the end of its life', () => {
    const { port, tunnel } = router()
    port.hear(packet({ ttl: 1 }))
    expect(tunnel.lines()).toEqual([])
    expect(port.lines().join()).toContain('time exceeded')
  })

  it('tells the sender where there is no way', () => {
    const { port, tunnel } = router()
    port.hear(packet({ destination: parseIpv4('192.0.2.1') }))
    expect(tunnel.lines()).toEqual([])
    expect(port.lines().join()).toContain('unreachable')
  })

  it('cuts what is too big, and the pieces are the packet', () => {
    const { port, tunnel } = router(100)
    port.hear(packet({ payload: cargo(200), identification: 5, options: Uint8Array.of(0x94, 4, 0, 0, 7, 3, 4, 0) }))
    const pieces = tunnel.take().map((bytes) => ipv4.parse(bytes))
    const whole = new Uint8Array(200).fill(0xa5)
    for (const piece of pieces) whole.set(piece.payload, piece.fragmentOffset)
    expect(whole).toEqual(cargo(200))
    expect(pieces.map((piece) => [piece.moreFragments, piece.totalLength <= 100, piece.identification, piece.checksum])).toEqual(pieces.map((_, at) => [at < pieces.length - 1, true, 5, 'right']))
    // Router alert is copied into every fragment, record route stays in the first (RFC 791 §3.1).
    expect(pieces.map((piece) => piece.options.length)).toEqual([8, ...pieces.slice(1).map(() => 4)])
  })

  it('names the MTU of the next hop for what may not be cut', () => {
    const { port, tunnel } = router(100)
    port.hear(packet({ payload: cargo(200), dontFragment: true }))
    expect(tunnel.lines()).toEqual([])
    const [error] = port.take()
    expect([...error.subarray(14 + 20, 14 + 28)].filter((_, at) => at < 2 || at > 3)).toEqual([3, 4, 0, 0, 0, 100])
  })

  it.each(['169.254.0.9', '224.0.0.9', '240.0.0.1', '127.0.0.1', '0.0.0.9', '10.99.0.3'])('passes nothing on to %s', (address) => {
    const { port, tunnel } = router()
    port.hear(packet({ destination: parseIpv4(address) }))
    expect(tunnel.lines()).toEqual([])
  })

  it('passes a super-frame on whole, with what is owed to it', () => {
    const { host, port } = router()
    const heard: unknown[] = []
    const far = new TestPort('ip')
    far.send = (frame) => void heard.push(frame.offload)
    host.addInterface({ name: 'far', port: far, mac: new Uint8Array(6), addresses: [{ address: parseIpv4('10.98.0.2'), prefix: 30 }] })
    const segment = new Uint8Array(20 + 4000)
    segment[12] = 5 << 4
    port.hear(ipFrame({ protocol: 6, destination: parseIpv4('10.98.0.1'), payload: segment, dontFragment: true }), { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 54 })
    expect(heard).toEqual([{ checksum: { start: 20, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 40 }])
  })
})
