import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import { fromLatin1 } from '../../src/base/bytes.ts'
import { text, world } from './world.ts'

/** A guest's socket on port 4000, and what it hears. */
function bound(options = {}) {
  const made = world(options)
  const heard: string[] = []
  const socket = made.guest.bind({ address: '0.0.0.0', port: 4000 }, (payload, { from }) => heard.push(`${from.address}:${from.port} ${fromLatin1(payload)}`), ({ code, to }) => heard.push(`${code} ${to.address}:${to.port}`))
  return { ...made, socket, heard }
}

describe('a UDP mapping', () => {
  it('is one for all whom the guest’s endpoint speaks with, and hears them', () => {
    const { socket, outside, run, happen, heard, nat } = bound()
    socket.send(text('a'), { address: '192.0.2.1', port: 1 })
    socket.send(text('b'), { address: '192.0.2.2', port: 2 })
    run()
    expect(outside.take()).toEqual(['1 bind', '1 send 192.0.2.1:1 a ttl 63', '1 send 192.0.2.2:2 b ttl 63'])
    happen({ kind: 'datagram', flow: 1, from: { address: '192.0.2.2', port: 2 }, bytes: text('B') }, { kind: 'datagram', flow: 1, from: { address: '192.0.2.1', port: 99 }, bytes: text('A') })
    expect(heard).toEqual(['192.0.2.2:2 B', '192.0.2.1:99 A'])
    expect(nat.rows).toEqual([{ protocol: 'udp', inside: '10.0.0.10:4000', outside: '192.0.2.2:2 and 1 more', direction: 'out', state: 'open', sent: 2, received: 2, idle: 0, reason: '' }])
  })

  it('is closed to who was not spoken to', () => {
    const { socket, run, happen, heard } = bound()
    socket.send(text('a'), { address: '192.0.2.1', port: 1 })
    run()
    happen({ kind: 'datagram', flow: 1, from: { address: '192.0.2.3', port: 1 }, bytes: text('x') })
    expect(heard).toEqual([])
  })

  it('carries datagrams larger than a frame, both ways', () => {
    const { socket, outside, run, happen, guest } = bound()
    let length = 0
    guest.bind({ address: '0.0.0.0', port: 4001 }, (payload) => void (length = payload.length)).send(new Uint8Array(9000), { address: '192.0.2.1', port: 1 })
    socket.send(text('a'), { address: '192.0.2.1', port: 1 })
    run()
    expect(outside.take().map((line) => line.length)).toEqual([6, '1 send 192.0.2.1:1  ttl 63'.length + 9000, 6, '2 send 192.0.2.1:1 a ttl 63'.length])
    happen({ kind: 'datagram', flow: 1, from: { address: '192.0.2.1', port: 1 }, bytes: new Uint8Array(20_000) })
    expect(length).toBe(20_000)
  })

  it('asks this computer’s resolver for the gateway’s port 53, and hears the gateway', () => {
    const { socket, outside, run, happen, heard } = bound()
    socket.send(text('q'), { address: '10.0.0.1', port: 53 })
    run()
    expect(outside.take()).toEqual(['1 bind', '1 send resolver:53 q ttl 63'])
    happen({ kind: 'datagram', flow: 1, from: { address: 'resolver', port: 53 }, bytes: text('a') })
    expect(heard).toEqual(['10.0.0.1:53 a'])
  })

  it('hears ICMP errors of the outside', () => {
    const { socket, run, happen, heard, nat } = bound()
    socket.send(text('a'), { address: '192.0.2.1', port: 7 })
    run()
    happen({ kind: 'complaint', flow: 1, to: { address: '192.0.2.1', port: 7 }, sequence: 0, complaint: { by: '192.0.2.1', code: 'ECONNREFUSED', mtu: 0 } })
    expect([heard, nat.rows[1].reason]).toEqual([['ECONNREFUSED 192.0.2.1:7'], 'refused there'])
  })

  it('to loopback, link-local and group addresses is prohibited', () => {
    const { socket, outside, run, heard } = bound()
    for (const address of ['169.254.0.1', '240.0.0.1', '0.1.2.3']) socket.send(text('a'), { address, port: 7 })
    run()
    expect([outside.take(), heard]).toEqual([[], ['EHOSTUNREACH 169.254.0.1:7', 'EHOSTUNREACH 240.0.0.1:7', 'EHOSTUNREACH 0.1.2.3:7']])
  })

  it('ends five minutes after the guest’s last word; one for DNS alone after twenty seconds', () => {
    const { socket, outside, run, guest } = bound()
    socket.send(text('a'), { address: '192.0.2.1', port: 1 })
    guest.bind({ address: '0.0.0.0', port: 4001 }, () => {}).send(text('q'), { address: '10.0.0.1', port: 53 })
    run(seconds(19))
    outside.take()
    run(seconds(4))
    expect(outside.take()).toEqual(['2 release'])
    run(seconds(275))
    expect(outside.take()).toEqual([])
    run(seconds(5))
    expect(outside.take()).toEqual(['1 release'])
  })

  it('makes room, the one idle for longest first, when there are too many', () => {
    const { guest, outside, run, nat } = bound()
    for (let at = 0; at < 4100; at++) {
      guest.bind({ address: '0.0.0.0', port: 5000 + at }, () => {}).send(text('a'), { address: '192.0.2.1', port: 1 })
      if (at % 50 === 0) run()
    }
    run()
    expect(outside.take().filter((line) => line.endsWith('release'))).toEqual(['1 release', '2 release', '3 release', '4 release'])
    expect([nat.rows.length, nat.counters.full]).toEqual([4096, 4])
  })
})

describe('a forwarded UDP port', () => {
  it('reaches the guest, and its answers the peer', () => {
    const { guest, outside, happen, nat } = world()
    const socket = guest.bind({ address: '0.0.0.0', port: 69 }, (payload, { from }) => socket.send(text(`re ${fromLatin1(payload)} ${from.address}`), from))
    happen({ kind: 'inbound datagram', flow: -1, from: { address: '127.0.0.1', port: 6000 }, to: { address: '10.0.0.10', port: 69 }, bytes: text('hi') })
    expect(outside.take()).toEqual(['-1 send 127.0.0.1:6000 re hi 10.0.0.1 ttl 64'])
    happen({ kind: 'inbound datagram', flow: -1, from: { address: '127.0.0.1', port: 6000 }, to: { address: '10.0.0.10', port: 69 }, bytes: text('ho') })
    expect(outside.take()).toEqual(['-1 send 127.0.0.1:6000 re ho 10.0.0.1 ttl 64'])
    expect(nat.rows).toMatchObject([{ protocol: 'udp', inside: '10.0.0.10:69', outside: '127.0.0.1:6000', direction: 'in', sent: 28, received: 4 }])
  })
})
