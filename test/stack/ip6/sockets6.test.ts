/** UDP and TCP over IPv6, by the same sockets as over IPv4. */
import { describe, expect, it } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import type { Arrival, TcpSocket } from '../../../src/stack/sockets.ts'
import { formatIpv6 } from '../../../src/wire/address.ts'
import { pair } from '../bench.ts'
import { pair6 } from './bench.ts'

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe('a host that a router tells its prefix', () => {
  it('has an address of it, a router, and a route', () => {
    const { a } = pair6()
    const [link] = a.six?.ip.links ?? []
    expect(link.addresses.usable.map(({ address, origin }) => `${origin} ${formatIpv6(address)}`)).toEqual(['link-local fe80:1::ff:fe00:1', 'autoconfigured fd00:1::ff:fe00:1'])
    expect(link.routing?.routers.map(formatIpv6)).toEqual(['fe80:1::ff:fe00:2'])
    expect(link.neighbours.entries.map(({ router }) => router)).toEqual([true])
  })
})

describe('UDP over IPv6', () => {
  it('carries datagrams both ways, larger ones than the link takes in fragments', () => {
    const { a, b, run } = pair6()
    const heard: [number, Arrival][] = []
    const answers: number[] = []
    const server = b.bind({ address: '::', port: 7 }, (payload, arrival) => {
      heard.push([payload.length, arrival])
      server.send(payload.slice(0, 3), arrival.from)
    })
    const client = a.bind({ address: '::', port: 4000 }, (payload) => answers.push(payload.length))
    client.send(new Uint8Array(9000), { address: 'fd00:1::2', port: 7 })
    run(seconds(2))
    expect(heard).toEqual([[9000, { from: { address: 'fd00:1::ff:fe00:1', port: 4000 }, to: { address: 'fd00:1::2', port: 7 }, interface: 'eth0' }]])
    expect(answers).toEqual([3])
  })

  it('tells a refused port as ECONNREFUSED', () => {
    const { a, run } = pair6()
    const errors: unknown[] = []
    a.bind({ address: '::', port: 4000 }, () => {}, (error) => errors.push(error)).send(latin1('x'), { address: 'fd00:1::2', port: 9 })
    run(seconds(1))
    expect(errors).toEqual([{ code: 'ECONNREFUSED', to: { address: 'fd00:1::2', port: 9 } }])
  })

  it('hears a group that it joined, and answers the link-local address that asked', () => {
    const { a, b, run } = pair6()
    const heard: Arrival[] = []
    const answers: string[] = []
    const server = b.bind({ address: '::', port: 547 }, (payload, arrival) => {
      heard.push(arrival)
      server.send(payload, arrival.from, { interface: arrival.interface })
    })
    const client = a.bind({ address: '::', port: 546 }, (payload, { from }) => answers.push(`${fromLatin1(payload)} from ${from.address}`))
    client.send(latin1('before'), { address: 'ff02::1:2', port: 547 }, { interface: 'eth0' })
    run(seconds(1))
    expect(heard).toEqual([])
    server.join('ff02::1:2', 'eth0')
    client.send(latin1('solicit'), { address: 'ff02::1:2', port: 547 }, { interface: 'eth0' })
    run(seconds(1))
    expect(heard).toEqual([{ from: { address: 'fe80::ff:fe00:1%eth0', port: 546 }, to: { address: 'ff02::1:2', port: 547 }, interface: 'eth0' }])
    expect(answers).toEqual(['solicit from fe80::ff:fe00:2%eth0'])
    server.leave('ff02::1:2', 'eth0')
    client.send(latin1('after'), { address: 'ff02::1:2%eth0', port: 547 })
    run(seconds(1))
    expect(heard).toHaveLength(1)
  })

  it('refuses what is no group, joined already, or IPv4', () => {
    const { a } = pair6()
    const socket = a.bind({ address: '::', port: 0 }, () => {})
    expect(codeOf(() => socket.join('fd00::1'))).toBe('EINVAL')
    expect(codeOf(() => socket.join('ff02::1:2', 'eth9'))).toBe('ENODEV')
    socket.join('ff02::1:2')
    expect(codeOf(() => socket.join('ff02::1:2'))).toBe('EADDRINUSE')
    expect(codeOf(() => pair().a.bind({ address: '0.0.0.0', port: 0 }, () => {}).join('224.0.0.251'))).toBe('EAFNOSUPPORT')
  })

  it('keeps ports of the two versions apart', () => {
    const { a } = pair6()
    a.bind({ address: '0.0.0.0', port: 53 }, () => {})
    a.bind({ address: '::', port: 53 }, () => {})
    expect(codeOf(() => a.bind({ address: '::', port: 53 }, () => {}))).toBe('EADDRINUSE')
  })

  it('does not speak it on a host that was not asked to', () => {
    const { a } = pair()
    expect(codeOf(() => a.bind({ address: '::', port: 1 }, () => {}))).toBe('EAFNOSUPPORT')
    expect(codeOf(() => a.connect({ address: 'fd00::1', port: 1 }))).toBe('EAFNOSUPPORT')
  })
})

describe('TCP over IPv6', () => {
  it.each(['fd00:1::2', 'fe80::ff:fe00:2%eth0'])('carries a megabyte each way to %s', (address) => {
    const { a, b, run } = pair6()
    const bytes = Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 31) & 0xff)
    let back = 0
    let wrong = 0
    const ends: string[] = []
    b.listen({ address: '::', port: 80 }, (socket) => {
      socket.on('data', (data) => void socket.write(data))
      socket.on('end', () => void ends.push(`${socket.remoteAddress} ended`))
    })
    const client: TcpSocket = a.connect({ address, port: 80 })
    client.on('data', (data) => {
      for (let at = 0; at < data.length; at++) if (data[at] !== bytes[back + at]) wrong++
      back += data.length
      if (back === bytes.length) client.end()
    })
    client.on('connect', () => void client.write(bytes))
    run(seconds(30))
    expect({ back, wrong, ends }).toEqual({ back: bytes.length, wrong: 0, ends: [address.startsWith('fe80') ? 'fe80::ff:fe00:1%eth0 ended' : 'fd00:1::ff:fe00:1 ended'] })
  })

  it('tells a refused connection', () => {
    const { a, run } = pair6()
    const errors: (string | undefined)[] = []
    a.connect({ address: 'fd00:1::2', port: 81 }).on('error', ({ code }) => void errors.push(code))
    run(seconds(2))
    expect(errors).toEqual(['ECONNREFUSED'])
  })

  it('tells that nobody is there', () => {
    const { a, run } = pair6()
    const errors: (string | undefined)[] = []
    a.connect({ address: 'fd00:1::99', port: 81 }).on('error', ({ code }) => void errors.push(code))
    run(seconds(5))
    expect(errors).toEqual(['EHOSTUNREACH'])
  })
})
