import { describe, expect, it } from 'vitest'
import { PingWatch } from '../../src/lab/ping-watch.ts'
import { parseIpv4, parseIpv6, parseMac } from '../../src/wire/address.ts'
import { addressSum6 } from '../../src/wire/checksum.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as icmpv6 from '../../src/wire/icmpv6.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'

const [ours, theirs, stranger] = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03']

function echo(kind: 'echo' | 'echo reply', from: string, to: string, sequence: number, peer = '10.0.0.2'): Uint8Array {
  const payload = icmp.build({ kind, identifier: 7, sequence, payload: new Uint8Array(8) })
  const [source, destination] = kind === 'echo' ? ['10.0.0.1', peer] : [peer, '10.0.0.1']
  const packet = ipv4.build({ protocol: ipv4.protocols.icmp, source: parseIpv4(source), destination: parseIpv4(destination), payload })
  return ethernet.build({ destination: parseMac(to), source: parseMac(from), type: ethernet.types.ipv4, payload: packet })
}

function echo6(kind: 'echo' | 'echo reply', from: string, to: string, sequence: number): Uint8Array {
  const [source, destination] = (kind === 'echo' ? ['fd00:1::1', 'fd00:1::2'] : ['fd00:1::2', 'fd00:1::1']).map(parseIpv6)
  const payload = icmpv6.build({ kind, identifier: 7, sequence, payload: new Uint8Array(8) }, addressSum6(source, destination, 58))
  return ethernet.build({ destination: parseMac(to), source: parseMac(from), type: ethernet.types.ipv6, payload: ipv6.build({ protocol: 58, source, destination, hopLimit: 64, payload }) })
}

describe('pings that pass an interface', () => {
  it('are counted by request and answer, each once', () => {
    const watch = new PingWatch(new Set([theirs]))
    const seen = [
      watch.see('out', echo('echo', ours, theirs, 1)),
      watch.see('in', echo('echo reply', theirs, ours, 1)),
      watch.see('in', echo('echo reply', theirs, ours, 1)),
      watch.see('out', echo('echo', ours, theirs, 2)),
      watch.see('in', echo('echo reply', theirs, ours, 3)),
    ]
    expect([seen, watch.sent, watch.answered]).toEqual([[true, true, false, true, false], 2, 1])
  })

  it('are those of IPv6, too', () => {
    const watch = new PingWatch(new Set([theirs]))
    const seen = [watch.see('out', echo6('echo', ours, theirs, 1)), watch.see('in', echo6('echo reply', theirs, ours, 2)), watch.see('in', echo6('echo reply', theirs, ours, 1)), watch.see('out', echo6('echo', ours, stranger, 3))]
    expect([seen, watch.sent, watch.answered]).toEqual([[true, false, true, false], 1, 1])
  })

  it('to and from others are not', () => {
    const watch = new PingWatch(new Set([theirs]))
    expect([watch.see('out', echo('echo', ours, stranger, 1)), watch.see('in', echo('echo', theirs, ours, 1)), watch.see('in', echo('echo reply', stranger, ours, 1))]).toEqual([false, false, false])
  })

  it('that make no sense do no harm', () => {
    const watch = new PingWatch(new Set([theirs]))
    const whole = echo('echo', ours, theirs, 1)
    for (let length = 0; length < whole.length; length++) watch.see('out', whole.subarray(0, length))
    expect(watch.answered).toBe(0)
  })
})
