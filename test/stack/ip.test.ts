import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { broadcastMac, parseIpv4, parseMac } from '../../src/wire/address.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as udp from '../../src/wire/udp.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import { bench, ipFrame, ourMac, ours, packetIn, pair, TestPort, theirMac, theirs } from './bench.ts'

const datagram = (payload: Uint8Array, destination = ours, source = theirs): Uint8Array => udp.build({ sourcePort: 1000, destinationPort: 2000, payload }, addressSum4(source, destination, 17))
const anywhere = { address: '0.0.0.0', port: 2000 }

const heardBy = (b: ReturnType<typeof bench>): string[] => {
  const heard: string[] = []
  b.host.bind(anywhere, (payload, { from, to, interface: by }) => heard.push(`${from.address}:${from.port} > ${to.address}:${to.port} on ${by}: ${payload.length}`))
  return heard
}

describe('ip, sending', () => {
  it('sends to a broadcast without asking ARP', () => {
    const { host, port } = bench()
    const socket = host.bind({ address: '0.0.0.0', port: 5 }, () => {})
    socket.send(Uint8Array.of(1), { address: '255.255.255.255', port: 9 })
    socket.send(Uint8Array.of(1), { address: '10.0.0.255', port: 9 })
    expect(port.lines()).toEqual([
      '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff ipv4 | 10.0.0.1 > 255.255.255.255 ttl 64 | udp 5 > 9, 1 bytes | data 1 bytes',
      '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff ipv4 | 10.0.0.1 > 10.0.0.255 ttl 64 | udp 5 > 9, 1 bytes | data 1 bytes',
    ])
  })

  it('sends multicast to its own link address with a ttl of 1', () => {
    const { host, port } = bench()
    host.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(Uint8Array.of(1), { address: '239.129.2.3', port: 9 })
    expect(port.lines()[0]).toMatch(/^02:00:00:00:00:01 > 01:00:5e:01:02:03 ipv4 \| 10\.0\.0\.1 > 239\.129\.2\.3 ttl 1 /)
  })

  it('uses the given hardware address instead of ARP', () => {
    const { host, port } = bench()
    host.bind({ address: '0.0.0.0', port: 67 }, () => {}).send(Uint8Array.of(1), { address: '10.0.0.77', port: 68 }, { interface: 'eth0', hardware: parseMac('02:00:00:00:00:77') })
    expect(port.take()[0].subarray(0, 6)).toEqual(unhex('020000000077'))
  })

  it('sends to the router what no network of ours has, and says ENETUNREACH without one', () => {
    const { host, port, wait } = bench()
    const errors: string[] = []
    const socket = host.bind({ address: '0.0.0.0', port: 0 }, () => {}, (error) => errors.push(error.code))
    socket.send(Uint8Array.of(1), { address: '192.0.2.1', port: 9 })
    expect(port.take()).toEqual([])
    expect(errors).toEqual([])
    wait(1)
    expect(errors).toEqual(['ENETUNREACH'])
    host.setGateway(host.ip.interfaces[0], parseIpv4('10.0.0.254'))
    socket.send(Uint8Array.of(1), { address: '192.0.2.1', port: 9 })
    expect(port.lines()).toEqual(['02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff arp | arp who has 10.0.0.254, tell 10.0.0.1'])
  })

  it('cuts what is longer than the MTU into fragments of multiples of 8', () => {
    const b = bench({ mtu: 600 })
    b.meet()
    b.host.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(new Uint8Array(1200).fill(7), { address: '10.0.0.2', port: 9 })
    const packets = b.port.take().map(packetIn)
    expect(packets.map(({ fragmentOffset, moreFragments, payload }) => [fragmentOffset, moreFragments, payload.length])).toEqual([[0, true, 576], [576, true, 576], [1152, false, 56]])
    expect(new Set(packets.map((packet) => packet.identification)).size).toBe(1)
    expect(packets.every((packet) => packet.checksum === 'right')).toBe(true)
  })

  it('does not send what must not be cut, and says EMSGSIZE', () => {
    const b = bench()
    b.meet()
    const errors: string[] = []
    const socket = b.host.bind({ address: '0.0.0.0', port: 0 }, () => {}, (error) => errors.push(error.code))
    socket.send(new Uint8Array(1472), { address: '10.0.0.2', port: 9 }, { dontFragment: true })
    expect(b.port.take()).toHaveLength(1)
    socket.send(new Uint8Array(1473), { address: '10.0.0.2', port: 9 }, { dontFragment: true })
    socket.send(new Uint8Array(65_508), { address: '10.0.0.2', port: 9 })
    b.wait(1)
    expect(b.port.take()).toEqual([])
    expect(errors).toEqual(['EMSGSIZE', 'EMSGSIZE'])
  })

  it('carries the largest datagram there is in fragments to another host', () => {
    const { a, b, run } = pair()
    const heard: Uint8Array[] = []
    b.bind(anywhere, (payload) => heard.push(payload.slice()))
    const payload = Uint8Array.from({ length: 65_507 }, (_, at) => at * 7)
    a.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(payload, { address: '10.0.0.2', port: 2000 })
    run()
    expect(heard).toEqual([payload])
  })

  it('hears what it sends to itself, later', () => {
    const { host, port, wait } = bench()
    const heard: string[] = []
    host.bind(anywhere, (payload, arrival) => heard.push(`${payload.length} from ${arrival.from.address} to ${arrival.to.address}`))
    const socket = host.bind({ address: '0.0.0.0', port: 0 }, () => {})
    socket.send(Uint8Array.of(1), { address: '10.0.0.1', port: 2000 })
    socket.send(Uint8Array.of(1, 2), { address: '127.0.0.1', port: 2000 })
    expect(heard).toEqual([])
    wait(1)
    expect(heard).toEqual(['1 from 10.0.0.1 to 10.0.0.1', '2 from 127.0.0.1 to 127.0.0.1'])
    expect(port.take()).toEqual([])
  })

  it('speaks bare packets on a port of medium ip', () => {
    const { host, port } = bench({}, new TestPort('ip', 1500))
    host.bind({ address: '0.0.0.0', port: 5 }, () => {}).send(Uint8Array.of(1), { address: '10.0.0.2', port: 9 })
    expect(port.lines()).toEqual(['10.0.0.1 > 10.0.0.2 ttl 64 | udp 5 > 9, 1 bytes | data 1 bytes'])
  })
})

describe('ip, receiving', () => {
  it('passes over options and padding', () => {
    const b = bench()
    const heard = heardBy(b)
    const frame = ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1)), options: unhex('94 04 00 00') })
    const padded = new Uint8Array(60)
    padded.set(frame)
    b.port.hear(padded)
    expect(heard).toEqual(['10.0.0.2:1000 > 10.0.0.1:2000 on eth0: 1'])
  })

  it('hears limited and directed broadcasts', () => {
    const b = bench()
    const heard = heardBy(b)
    for (const to of ['255.255.255.255', '10.0.0.255', '10.0.1.255']) {
      const destination = parseIpv4(to)
      b.port.hear(ipFrame({ protocol: 17, destination, payload: datagram(Uint8Array.of(1), destination) }, broadcastMac))
    }
    expect(heard).toEqual(['10.0.0.2:1000 > 255.255.255.255:2000 on eth0: 1', '10.0.0.2:1000 > 10.0.0.255:2000 on eth0: 1'])
    expect(b.host.ip.counters.notForUs).toBe(1)
  })

  it('drops wrong checksums, impossible sources, other MACs, other VLANs, and answers none of them', () => {
    const b = bench()
    const heard = heardBy(b)
    const good = ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1, 2)) })
    b.port.hear(good.with(24, good[24] ^ 1))
    b.port.hear(good.with(43, good[43] ^ 1))
    for (const source of ['127.0.0.1', '224.0.0.1', '255.255.255.255', '10.0.0.1']) b.port.hear(ipFrame({ protocol: 17, source: parseIpv4(source), payload: datagram(Uint8Array.of(1), ours, parseIpv4(source)) }))
    b.port.hear(ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1)) }, theirMac))
    b.port.hear(Uint8Array.from([...good.subarray(0, 12), 0x81, 0, 0, 5, ...good.subarray(12)]))
    expect(heard).toEqual([])
    expect(b.port.take()).toEqual([])
    b.port.hear(Uint8Array.from([...good.subarray(0, 12), 0x81, 0, 0xe0, 0, ...good.subarray(12)]))
    expect(heard).toHaveLength(1)
  })

  it('never throws on short or lying frames', () => {
    const b = bench()
    const good = ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1, 2, 3)) })
    for (let length = 0; length < good.length; length++) b.port.hear(good.slice(0, length))
    for (let at = 12; at < good.length; at++) for (const value of [0, 1, 0x45, 0x4f, 0xff]) b.port.hear(good.slice().with(at, value))
    expect(b.host.ip.interfaces[0].counters.malformed).toBeGreaterThan(20)
  })

  it('trusts a checksum that is still owed', () => {
    const b = bench()
    const heard = heardBy(b)
    const frame = ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1, 2, 3)) })
    frame.set([0xa5, 0xa5], 40)
    b.port.hear(frame.slice())
    expect(heard).toEqual([])
    b.port.hear(frame, { checksum: { start: 34, offset: 6 }, segmentation: 'none', segmentSize: 0, headerLength: 0 })
    expect(heard).toEqual(['10.0.0.2:1000 > 10.0.0.1:2000 on eth0: 3'])
  })

  it('takes a super-frame of datagrams apart', () => {
    const b = bench()
    const heard = heardBy(b)
    b.port.hear(ipFrame({ protocol: 17, payload: datagram(new Uint8Array(2500)) }), { checksum: { start: 34, offset: 6 }, segmentation: 'udp', segmentSize: 1000, headerLength: 42 })
    expect(heard.map((text) => text.split(': ')[1])).toEqual(['1000', '1000', '500'])
  })

  it('hears unicast to any address while its interface has none', () => {
    const b = bench({ addresses: [] })
    const heard = heardBy(b)
    const destination = parseIpv4('10.0.0.100')
    b.port.hear(ipFrame({ protocol: 17, destination, payload: datagram(Uint8Array.of(1), destination) }))
    expect(heard).toEqual(['10.0.0.2:1000 > 10.0.0.100:2000 on eth0: 1'])
  })

  it('joins fragments, and complains once when they never end', () => {
    const b = bench()
    b.meet()
    const heard = heardBy(b)
    const whole = datagram(new Uint8Array(100))
    const first = ipFrame({ protocol: 17, identification: 9, moreFragments: true, payload: whole.subarray(0, 56) })
    b.port.hear(ipFrame({ protocol: 17, identification: 9, fragmentOffset: 56, payload: whole.subarray(56) }))
    b.port.hear(first.slice())
    expect(heard).toEqual(['10.0.0.2:1000 > 10.0.0.1:2000 on eth0: 100'])
    b.port.hear(first)
    b.meet()
    b.wait(seconds(29))
    expect(b.port.lines()).toEqual([])
    b.wait(seconds(1))
    expect(b.port.lines()).toEqual([expect.stringContaining('icmp time exceeded in reassembly')])
  })

  it('offers what is for others to transit', () => {
    const b = bench()
    const seen: number[] = []
    b.host.ip.transit = ({ packet }) => seen.push(packet.destination) > 0
    const destination = parseIpv4('192.0.2.1')
    b.port.hear(ipFrame({ protocol: 17, destination, payload: datagram(Uint8Array.of(1), destination) }))
    b.port.hear(ipFrame({ protocol: 17, payload: datagram(Uint8Array.of(1)) }))
    expect(seen).toEqual([destination])
  })

  it('says so when nobody speaks a protocol', () => {
    const b = bench()
    b.meet()
    b.port.hear(ipFrame({ protocol: 99, payload: new Uint8Array(8) }))
    const [answer] = b.port.take()
    expect(answer.subarray(0, 12)).toEqual(Uint8Array.from([...theirMac, ...ourMac]))
    expect(packetIn(answer).payload.subarray(0, 2)).toEqual(unhex('03 02'))
    expect(ipv4.parseQuoted(packetIn(answer).payload.subarray(8)).protocol).toBe(99)
  })
})
