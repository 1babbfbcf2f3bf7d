import { describe, expect, it } from 'vitest'
import { concat, unhex } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { broadcastMac, parseIpv4, parseMac } from '../../src/wire/address.ts'
import { arpFrame, bench, noMac, ourMac, ours, theirMac, theirs } from './bench.ts'

const asks = '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff arp | arp who has 10.0.0.2, tell 10.0.0.1'

const send = (b: ReturnType<typeof bench>, to = '10.0.0.2', text = 'x'): void => b.host.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(Uint8Array.from(text, (char) => char.charCodeAt(0)), { address: to, port: 9 })

describe('arp, answering', () => {
  it('answers a question for our address, byte for byte, and nothing else', () => {
    const { port } = bench()
    port.hear(arpFrame(1, theirMac, theirs, noMac, ours, broadcastMac))
    expect(port.take()).toEqual([
      concat(
        unhex('02 00 00 00 00 02'), // destination
        unhex('02 00 00 00 00 01'), // source
        unhex('08 06'), // EtherType
        unhex('00 01 08 00 06 04 00 02'), // Ethernet, IPv4, reply
        unhex('02 00 00 00 00 01 0a 00 00 01'), // sender
        unhex('02 00 00 00 00 02 0a 00 00 02'), // target
      ),
    ])
  })

  it('stays silent to questions for others, to announcements and to unknown operations', () => {
    const { port, host } = bench()
    port.hear(arpFrame(1, theirMac, theirs, noMac, parseIpv4('10.0.0.9'), broadcastMac))
    port.hear(arpFrame(1, theirMac, theirs, noMac, theirs, broadcastMac))
    port.hear(arpFrame(9, theirMac, theirs, noMac, ours))
    expect(port.take()).toEqual([])
    expect(host.ip.interfaces[0].arp?.entries).toEqual([])
  })

  it('answers a probe (sender 0.0.0.0) without learning from it', () => {
    const { port, host } = bench()
    port.hear(arpFrame(1, theirMac, 0, noMac, ours, broadcastMac))
    expect(port.lines()).toEqual(['02:00:00:00:00:01 > 02:00:00:00:00:02 arp | arp 10.0.0.1 is at 02:00:00:00:00:01'])
    expect(host.ip.interfaces[0].arp?.entries).toEqual([])
  })

  it('learns nothing from a group address or from our own', () => {
    const { port, host } = bench()
    port.hear(arpFrame(1, parseMac('03:00:00:00:00:02'), theirs, noMac, ours))
    port.hear(arpFrame(1, ourMac, theirs, noMac, ours))
    expect(host.ip.interfaces[0].arp?.entries).toEqual([])
    expect(port.take()).toEqual([])
  })
})

describe('arp, asking', () => {
  it('holds packets until the answer comes, then sends them in order', () => {
    const b = bench()
    send(b)
    send(b, '10.0.0.2', 'yy')
    expect(b.port.lines()).toEqual([asks])
    b.port.hear(arpFrame(2, theirMac, theirs, ourMac, ours))
    expect(b.port.lines().map((text) => text.replace(/udp \d+/, 'udp *'))).toEqual([
      '02:00:00:00:00:01 > 02:00:00:00:00:02 ipv4 | 10.0.0.1 > 10.0.0.2 ttl 64 | udp * > 9, 1 bytes | data 1 bytes',
      '02:00:00:00:00:01 > 02:00:00:00:00:02 ipv4 | 10.0.0.1 > 10.0.0.2 ttl 64 | udp * > 9, 2 bytes | data 2 bytes',
    ])
    send(b)
    expect(b.port.lines()).toHaveLength(1)
  })

  it('asks three times, a second apart, then tells the socket EHOSTUNREACH', () => {
    const b = bench()
    const errors: string[] = []
    const socket = b.host.bind({ address: '0.0.0.0', port: 7000 }, () => {}, (error) => errors.push(`${error.code} ${error.to.address}:${error.to.port}`))
    socket.send(Uint8Array.of(1), { address: '10.0.0.2', port: 9 })
    b.time.run((seconds(1) - 1) as Instant)
    expect(b.port.lines()).toEqual([asks])
    b.wait(seconds(1))
    expect(b.port.lines()).toEqual([asks])
    b.wait(seconds(0.5))
    expect(errors).toEqual([])
    b.wait(seconds(1))
    expect(b.port.lines()).toEqual([asks])
    expect(errors).toEqual(['EHOSTUNREACH 10.0.0.2:9'])
    b.wait(seconds(100))
    expect(b.port.lines()).toEqual([])
    expect(b.time.next).toBeUndefined()
  })

  it('keeps the latest 64 packets', () => {
    const b = bench()
    for (let length = 1; length <= 70; length++) send(b, '10.0.0.2', 'z'.repeat(length))
    b.port.take()
    b.port.hear(arpFrame(2, theirMac, theirs, ourMac, ours))
    expect(b.port.take().map((frame) => frame.length - 42)).toEqual(Array.from({ length: 64 }, (_, at) => at + 7))
  })

  it('uses a stale entry while it asks about it again, to its own address', () => {
    const b = bench()
    b.meet()
    b.wait(seconds(61))
    send(b)
    expect(b.port.lines().map((text) => text.slice(0, 70))).toEqual(['02:00:00:00:00:01 > 02:00:00:00:00:02 arp | arp who has 10.0.0.2, tell', '02:00:00:00:00:01 > 02:00:00:00:00:02 ipv4 | 10.0.0.1 > 10.0.0.2 ttl 6'])
    b.port.hear(arpFrame(2, theirMac, theirs, ourMac, ours))
    expect(b.host.ip.interfaces[0].arp?.entries).toEqual([{ address: theirs, mac: theirMac, status: 'known' }])
  })

  it('forgets a stale entry that no longer answers', () => {
    const b = bench()
    b.meet()
    b.wait(seconds(61))
    send(b)
    b.wait(seconds(3))
    expect(b.host.ip.interfaces[0].arp?.entries).toEqual([])
  })

  it('takes a changed address from an announcement', () => {
    const b = bench()
    b.meet()
    const newMac = parseMac('02:00:00:00:00:77')
    b.port.hear(arpFrame(1, newMac, theirs, noMac, theirs, broadcastMac))
    send(b)
    expect(b.port.take()[0].subarray(0, 6)).toEqual(newMac)
  })

  it('stays within 1024 entries however many addresses are tried', () => {
    const b = bench({ addresses: [{ address: ours, prefix: 8 }] })
    const socket = b.host.bind({ address: '0.0.0.0', port: 0 }, () => {})
    for (let at = 0; at < 1500; at++) socket.send(Uint8Array.of(1), { address: `10.1.${at >> 8}.${at & 255}`, port: 9 })
    expect(b.host.ip.interfaces[0].arp?.entries.length).toBe(1024)
  })
})

describe('arp probes and announcements', () => {
  it('finds an address free after three unanswered probes', () => {
    const b = bench()
    const told: unknown[] = []
    b.host.probe(b.host.ip.interfaces[0], parseIpv4('10.0.0.50'), (taken) => told.push(taken), 3, milliseconds(100))
    b.wait(milliseconds(299))
    expect(b.port.lines()).toEqual(Array.from({ length: 3 }, () => '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff arp | arp probe for 10.0.0.50'))
    expect(told).toEqual([])
    b.wait(milliseconds(1))
    expect(told).toEqual([undefined])
    expect(b.port.lines()).toEqual([])
  })

  it('finds it taken by who answers, or by who probes as well', () => {
    const b = bench()
    const told: unknown[] = []
    const wanted = parseIpv4('10.0.0.50')
    b.host.probe(b.host.ip.interfaces[0], wanted, (taken) => told.push(taken))
    b.port.hear(arpFrame(2, theirMac, wanted, ourMac, 0))
    b.host.probe(b.host.ip.interfaces[0], wanted, (taken) => told.push(taken))
    b.port.hear(arpFrame(1, theirMac, 0, noMac, wanted, broadcastMac))
    b.wait(seconds(10))
    expect(told).toEqual([theirMac, theirMac])
  })

  it('announces', () => {
    const b = bench()
    b.host.ip.interfaces[0].arp?.announce(ours)
    expect(b.port.lines()).toEqual(['02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff arp | arp announcement: 10.0.0.1 is at 02:00:00:00:00:01'])
  })

  it('saves what it knows and takes it up again', () => {
    const b = bench()
    b.meet()
    const other = bench()
    other.host.load(b.host.save())
    other.host.bind({ address: '0.0.0.0', port: 0 }, () => {}).send(Uint8Array.of(1), { address: '10.0.0.2', port: 9 })
    expect(other.port.take()[0].subarray(0, 6)).toEqual(theirMac)
  })
})
