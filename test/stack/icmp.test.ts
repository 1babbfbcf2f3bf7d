import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import { broadcastMac, parseIpv4 } from '../../src/wire/address.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as quoted from '../../src/wire/quoted.ts'
import * as udp from '../../src/wire/udp.ts'
import { bench, ipFrame, ours, packetIn, theirs } from './bench.ts'

const echo = icmp.build({ kind: 'echo', identifier: 7, sequence: 3, payload: Uint8Array.of(1, 2, 3) })
const stray = (sum = addressSum4(theirs, ours, 17)): Uint8Array => udp.build({ sourcePort: 1000, destinationPort: 2000, payload: new Uint8Array(600) }, sum)
const error = (message: icmp.Message): Uint8Array => ipFrame({ protocol: 1, payload: icmp.build(message) })

describe('icmp', () => {
  it('answers an echo with its own payload, from the address that was asked', () => {
    const b = bench({ addresses: [{ address: ours, prefix: 24 }, { address: parseIpv4('10.0.0.9'), prefix: 24 }] })
    b.meet()
    b.port.hear(ipFrame({ protocol: 1, destination: parseIpv4('10.0.0.9'), payload: echo }))
    const [reply] = b.port.take().map(packetIn)
    expect(reply.source).toBe(parseIpv4('10.0.0.9'))
    expect(icmp.parse(reply.payload)).toEqual({ kind: 'echo reply', identifier: 7, sequence: 3, payload: Uint8Array.of(1, 2, 3), checksum: 'right' })
  })

  it('does not answer broadcast echoes or wrong checksums', () => {
    const b = bench()
    b.meet()
    b.port.hear(ipFrame({ protocol: 1, destination: parseIpv4('10.0.0.255'), payload: echo }, broadcastMac))
    b.port.hear(ipFrame({ protocol: 1, payload: echo.with(9, 0x77) }))
    expect(b.port.take()).toEqual([])
    expect(b.host.icmp.counters.malformed).toBe(1)
  })

  it('says that a port is unreachable, quoting no more than 576 bytes hold', () => {
    const b = bench()
    b.meet()
    b.port.hear(ipFrame({ protocol: 17, payload: stray() }))
    const [reply] = b.port.take().map(packetIn)
    expect(reply.totalLength).toBe(576)
    const message = icmp.parse(reply.payload)
    expect(message).toMatchObject({ kind: 'unreachable', code: 3, checksum: 'right' })
    expect(quoted.parse((message as { quoted: Uint8Array }).quoted)).toMatchObject({ sourcePort: 1000, destinationPort: 2000, totalLength: 628 })
  })

  it('never complains about broadcasts, other errors, later fragments or nobody', () => {
    const b = bench()
    b.meet()
    b.port.hear(ipFrame({ protocol: 17, destination: parseIpv4('10.0.0.255'), payload: stray(addressSum4(theirs, parseIpv4('10.0.0.255'), 17)) }, broadcastMac))
    b.port.hear(ipFrame({ protocol: 17, payload: stray() }, broadcastMac))
    b.port.hear(ipFrame({ protocol: 17, source: 0, payload: stray(addressSum4(0, ours, 17)) }))
    b.port.hear(error({ kind: 'unreachable', code: 3, mtu: 0, quoted: quoted.build({ protocol: 17, source: ours, destination: theirs, payload: stray() }) }))
    b.wait(seconds(1))
    expect(b.port.take()).toEqual([])
  })

  it('complains fifty times at once and then a hundred times a second', () => {
    const b = bench()
    b.meet()
    for (let count = 0; count < 80; count++) b.port.hear(ipFrame({ protocol: 17, payload: stray() }))
    expect(b.port.take()).toHaveLength(50)
    b.wait(seconds(0.1))
    for (let count = 0; count < 80; count++) b.port.hear(ipFrame({ protocol: 17, payload: stray() }))
    expect(b.port.take()).toHaveLength(10)
    expect(b.host.icmp.counters.errorsHeld).toBe(100)
  })

  it.each([
    [0, 'ENETUNREACH'],
    [1, 'EHOSTUNREACH'],
    [2, 'EPROTO'],
    [3, 'ECONNREFUSED'],
    [13, 'EHOSTUNREACH'],
  ])('tells the socket that sent it: unreachable, code %i, is %s', (code, expected) => {
    const b = bench()
    const errors: string[] = []
    b.host.bind({ address: '0.0.0.0', port: 1000 }, () => {}, (each) => errors.push(`${each.code} ${each.to.address}:${each.to.port}`))
    const sent = { protocol: 17, source: ours, destination: theirs, payload: stray() }
    b.port.hear(error({ kind: 'unreachable', code, mtu: 0, quoted: quoted.build(sent) }))
    b.port.hear(error({ kind: 'unreachable', code, mtu: 0, quoted: quoted.build({ ...sent, source: theirs }) }))
    b.port.hear(error({ kind: 'unreachable', code, mtu: 0, quoted: quoted.build(sent, 3) }))
    b.port.hear(error({ kind: 'unreachable', code, mtu: 0, quoted: new Uint8Array(5) }))
    expect(errors).toEqual([`${expected} 10.0.0.2:2000`])
  })

  it('learns the path MTU and keeps to it for ten minutes', () => {
    const b = bench()
    b.meet()
    const errors: string[] = []
    const socket = b.host.bind({ address: '0.0.0.0', port: 1000 }, () => {}, (each) => errors.push(each.code))
    const payload = udp.build({ sourcePort: 1000, destinationPort: 9, payload: new Uint8Array(1472) }, addressSum4(ours, theirs, 17))
    b.port.hear(error({ kind: 'unreachable', code: 4, mtu: 1000, quoted: quoted.build({ protocol: 17, source: ours, destination: theirs, dontFragment: true, payload }) }))
    expect(errors).toEqual(['EMSGSIZE'])
    socket.send(new Uint8Array(1400), { address: '10.0.0.2', port: 9 })
    expect(b.port.take().map((frame) => packetIn(frame).totalLength)).toEqual([996, 452])
    b.wait(seconds(601))
    b.meet()
    socket.send(new Uint8Array(1400), { address: '10.0.0.2', port: 9 })
    expect(b.port.take().map((frame) => packetIn(frame).totalLength)).toEqual([1428])
  })
})
