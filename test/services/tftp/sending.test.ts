import { describe, expect, it } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as icmp from '../../../src/wire/icmp.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import type { Option, Packet } from '../../../src/wire/tftp.ts'
import * as wire from '../../../src/wire/tftp.ts'
import { client, clientMac, server, serverMac } from '../bench.ts'
import type { Client } from './client.ts'
import { fill, world } from './client.ts'

const begun = (options: readonly Option[] = [], length = 5000): Client => {
  const lan = world({ files: { f: fill(length) } })
  lan.request('f', options)
  return lan
}

const numbers = (packets: readonly Packet[]): (number | string)[] => packets.map((packet) => (packet.kind === 'data' ? packet.block : packet.kind))

describe('tftp, losses', () => {
  it('sends a lost OACK again, and only goes on after ACK 0', () => {
    const lan = begun([['timeout', '2']])
    lan.packets()
    lan.wait(seconds(2) - 1)
    expect(lan.packets()).toEqual([])
    lan.wait(1)
    expect(numbers(lan.packets())).toEqual(['oack'])
    lan.ack(1)
    lan.ack(7)
    expect(lan.packets()).toEqual([])
    lan.ack(0)
    expect(numbers(lan.packets())).toEqual([1])
  })

  it('sends a lost block again after a second', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
    lan.wait(seconds(1))
    expect(numbers(lan.packets())).toEqual([2])
    lan.ack(2)
    expect(numbers(lan.packets())).toEqual([3])
  })

  it('gives a silent client up after six times and says so', () => {
    const lan = begun()
    lan.log.take()
    lan.wait(seconds(60))
    expect(numbers(lan.packets())).toEqual([1, 1, 1, 1, 1, 1, 'error'])
    expect(lan.log.take()).toEqual(['warn tftp.gave-up: 10.0.0.100 is silent: f given up after 0 bytes'])
    expect(lan.files.opened).toBe(0)
    expect(lan.service.inspect?.()['transfers']).toEqual([])
  })

  it('sends nothing for a duplicate acknowledgement (Sorcerer’s Apprentice)', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1)
    lan.ack(1)
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
    lan.ack(0)
    lan.ack(9)
    lan.ack(60_000)
    expect(lan.packets()).toEqual([])
    lan.ack(2)
    expect(numbers(lan.packets())).toEqual([3])
  })

  it('sends a window at once and goes on from what was acknowledged within it', () => {
    const lan = begun([['windowsize', '4']])
    lan.packets()
    lan.ack(0)
    expect(numbers(lan.packets())).toEqual([1, 2, 3, 4])
    lan.ack(4)
    expect(numbers(lan.packets())).toEqual([5, 6, 7, 8])
    lan.ack(6)
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(6)
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(6)
    lan.ack(6)
    lan.ack(2)
    expect(lan.packets()).toEqual([])
    lan.wait(seconds(1))
    expect(numbers(lan.packets())).toEqual([7, 8, 9, 10])
    lan.ack(10)
    expect(lan.packets()).toEqual([])
    expect(lan.log.take().at(-1)).toBe('info tftp.done: 10.0.0.100 has f, 5000 bytes')
  })

  it('answers a repeated request by its timer, a different one from the same port anew', () => {
    const lan = begun()
    expect(numbers(lan.packets())).toEqual([1])
    lan.request('f')
    expect(lan.packets()).toEqual([])
    lan.request('f', [['tsize', '0']])
    expect(numbers(lan.packets())).toEqual(['oack'])
    expect(lan.service.inspect?.()['transfers']).toHaveLength(1)
  })

  it('tells a stranger error 5 and is not disturbed', () => {
    const lan = begun()
    lan.packets()
    lan.ack(1, 3333)
    const [stranger] = lan.heard()
    expect(stranger.datagram.destinationPort).toBe(3333)
    expect(wire.parse(stranger.datagram.payload)).toEqual({ kind: 'error', code: 5, message: 'unknown transfer' })
    lan.send({ kind: 'error', code: 0, message: '' }, 3333)
    lan.ack(1)
    expect(numbers(lan.packets())).toEqual([2])
  })

  it('ends at once when the client’s port is closed', () => {
    const lan = begun()
    lan.log.take()
    const [{ packet }] = lan.heard()
    const bytes = ipv4.build(packet)
    const payload = icmp.build({ kind: 'unreachable', code: 3, mtu: 0, quoted: icmp.quote(bytes) })
    lan.port.hear(ethernet.build({ destination: serverMac, source: clientMac, type: 0x0800, payload: ipv4.build({ protocol: 1, source: client, destination: server, payload }) }))
    expect(lan.log.take()).toEqual(['warn tftp.failed: f for 10.0.0.100 failed after 0 bytes: the client is gone'])
    lan.wait(seconds(60))
    expect(lan.packets()).toEqual([])
    expect(lan.files.opened).toBe(0)
  })

  it('ends all when the service closes', () => {
    const lan = begun()
    lan.packets()
    lan.service.close()
    lan.wait(seconds(60))
    lan.request('f')
    expect(lan.packets()).toEqual([])
    expect(lan.files.opened).toBe(0)
  })
})
