/** NAT for guests that speak IPv6: what nat.test.ts, datagram-flow.test.ts and echo-flow.test.ts have for IPv4. */
import { describe, expect, it } from 'vitest'
import { fromLatin1 } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import type { Stack6 } from '../../src/stack/ip6/stack6.ts'
import { formatIpv6, parseIpv6 } from '../../src/wire/address.ts'
import { text, watch, world } from './world.ts'

const far = '2001:db8::5'

describe('a TCP connection over IPv6', () => {
  it('is answered once the outside is open, and carries bytes both ways', () => {
    const { guest, outside, run, happen } = world({ six: true })
    const { socket, log } = watch(guest.connect({ address: far, port: 80 }))
    run()
    expect([outside.take(), log]).toEqual([['1 dial 2001:db8::5:80'], []])
    happen({ kind: 'open', flow: 1 })
    socket.write(text('hello'))
    run()
    expect([outside.take(), log]).toEqual([['1 write hello'], ['connect']])
    happen({ kind: 'data', flow: 1, bytes: text('world') })
    expect(log).toEqual(['connect', 'data world'])
  })

  it.each([['ECONNREFUSED', 'ECONNREFUSED'], ['EHOSTUNREACH', 'EHOSTUNREACH'], ['ENETUNREACH', 'ENETUNREACH']])('hears %s as the host does', (code, heard) => {
    const { guest, run, happen } = world({ six: true })
    const { log } = watch(guest.connect({ address: far, port: 80 }))
    run()
    happen({ kind: 'closed', flow: 1, code })
    run(seconds(2))
    expect(log).toEqual([`error ${heard}`, 'close'])
  })
})

describe('a UDP mapping over IPv6', () => {
  function bound(options = {}) {
    const made = world({ six: true, ...options })
    const heard: string[] = []
    const socket = made.guest.bind({ address: '::', port: 4000 }, (payload, { from }) => heard.push(`${from.address} ${from.port} ${fromLatin1(payload)}`), ({ code, to }) => heard.push(`${code} ${to.address} ${to.port}`))
    return { ...made, socket, heard }
  }

  it('carries datagrams both ways, and errors of the outside', () => {
    const { socket, outside, run, happen, heard, nat } = bound()
    socket.send(text('a'), { address: far, port: 7 })
    run()
    expect(outside.take()).toEqual(['1 bind', '1 send 2001:db8::5:7 a ttl 63'])
    happen({ kind: 'datagram', flow: 1, from: { address: far, port: 7 }, bytes: text('A') }, { kind: 'datagram', flow: 1, from: { address: '2001:db8::6', port: 7 }, bytes: text('x') })
    happen({ kind: 'complaint', flow: 1, to: { address: far, port: 7 }, sequence: 0, complaint: { by: far, code: 'ECONNREFUSED', mtu: 0 } })
    expect(heard).toEqual(['2001:db8::5 7 A', 'ECONNREFUSED 2001:db8::5 7'])
    expect(nat.rows.map(({ inside, outside: to }) => [inside, to])).toEqual([['[fd00:1::ff:fe00:10]:4000', '[2001:db8::5]:7'], ['fd00:1::ff:fe00:10', '[2001:db8::5]:7']])
  })

  it('takes the gateway’s port 53 to the resolver, and larger datagrams in fragments', () => {
    const { socket, outside, run, happen, heard } = bound()
    socket.send(text('q'), { address: 'fd00:1::1', port: 53 })
    socket.send(new Uint8Array(9000), { address: far, port: 1 })
    run()
    expect(outside.take().map((line) => [line.slice(0, 20), line.length])).toEqual([['1 bind', 6], ['1 send 2001:db8::5:1', '1 send 2001:db8::5:1  ttl 63'.length + 9000], ['1 send resolver:53 q', 27]])
    happen({ kind: 'datagram', flow: 1, from: { address: 'resolver', port: 53 }, bytes: text('a') })
    expect(heard).toEqual(['fd00:1::1 53 a'])
  })
})

describe('echoes over IPv6', () => {
  it('are asked outside, and answered with what was heard there', () => {
    const { guest, outside, run, happen } = world({ six: true })
    const heard: string[] = []
    const { icmp } = guest.six as Stack6
    icmp.listen(9, (what) => heard.push('failed' in what ? what.failed : `${formatIpv6(what.from)} ${what.sequence} ${fromLatin1(what.payload)}`))
    for (const sequence of [1, 2]) icmp.send({ kind: 'echo', identifier: 9, sequence, payload: text('hi') }, { destination: parseIpv6(far) })
    run()
    expect(outside.take()).toEqual(['1 ping 2001:db8::5 1 hi ttl 63', '1 ping 2001:db8::5 2 hi ttl 63'])
    happen({ kind: 'echo reply', flow: 1, from: far, sequence: 1, bytes: text('hi'), ttl: 60 })
    happen({ kind: 'complaint', flow: 1, to: { address: far, port: 0 }, sequence: 2, complaint: { by: '2001:db8::1', code: 'EHOSTUNREACH', mtu: 0 } })
    expect(heard).toEqual(['2001:db8::5 1 hi', 'EHOSTUNREACH'])
  })

  it('with one hop left end at the gateway', () => {
    const { guest, outside, run } = world({ six: true })
    const heard: string[] = []
    const { icmp } = guest.six as Stack6
    icmp.listen(9, (what) => heard.push('failed' in what ? what.failed : 'reply'))
    icmp.send({ kind: 'echo', identifier: 9, sequence: 1, payload: text('hi') }, { destination: parseIpv6(far), hopLimit: 1 })
    run()
    expect([outside.take(), heard]).toEqual([[], ['EHOSTUNREACH']])
  })
})

describe('what is closed to guests', () => {
  it.each([
    ['fd00:1::1', 'nothing listens there; this computer’s own ports need host_loopback: true'],
    ['::127.0.0.1', 'an IPv4 address is reached by IPv4'],
    ['::ffff:0:127.0.0.1', 'an IPv4 address is reached by IPv4'],
  ])('%s', (address, reason) => {
    const { guest, outside, run, nat } = world({ six: true })
    const { log } = watch(guest.connect({ address, port: 80 }))
    run(seconds(2))
    expect([outside.take(), log.length, nat.rows.map((row) => row.reason.replace(/ \(.*/, ''))]).toEqual([[], 2, [reason]])
  })

  it('the host’s loopback is the gateway’s address with host_loopback', () => {
    const { guest, outside, run } = world({ six: true, hostLoopback: true })
    guest.connect({ address: 'fd00:1::1', port: 80 })
    run()
    expect(outside.take()).toEqual(['1 dial ::1:80'])
  })

  it('a guest without IPv6 is not heard of', () => {
    const { gateway } = world()
    expect(gateway.six).toBeUndefined()
  })
})
