import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { seconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import type { OutsideEvent } from '../../src/nat/outside.ts'
import { nowhere } from '../../src/nat/outside.ts'
import { headroom } from '../../src/stack/ip.ts'
import { parseIpv4 } from '../../src/wire/address.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import { watch, text, world } from './world.ts'

describe('NAT', () => {
  it('answers what it can’t carry with "prohibited"', () => {
    const { guest, run, gateway, nat } = world()
    const buffer = new Uint8Array(headroom + 8)
    guest.ip.send(buffer, { protocol: 132, destination: parseIpv4('192.0.2.1') })
    run()
    expect([gateway.icmp.counters.errorsSent, nat.rows]).toEqual([1, []])
  })

  it('leaves packets with a forged source alone', () => {
    const { guest, run, outside } = world()
    const buffer = new Uint8Array(headroom + 8)
    guest.ip.send(buffer, { protocol: 17, source: parseIpv4('172.16.0.1'), destination: parseIpv4('192.0.2.1') })
    run()
    expect(outside.take()).toEqual([])
  })

  it('does what a recording says when there is no outside: the same bytes at the same instants', () => {
    const script: (readonly [number, OutsideEvent])[] = [
      [1_000_000, { kind: 'open', flow: 1 }],
      [2_000_000, { kind: 'data', flow: 1, bytes: text('one') }],
      [2_000_000, { kind: 'data', flow: 1, bytes: text('two') }],
      [5_000_000, { kind: 'end', flow: 1 }],
      [9_000_000, { kind: 'closed', flow: 1, code: undefined }],
    ]
    const play = (silent: boolean): string[] => {
      const { guest, nat, time } = world()
      if (silent) nat.connect(nowhere)
      const heard: string[] = []
      const client = guest.connect({ address: '192.0.2.1', port: 80 })
      client.on('data', (bytes) => heard.push(`${time.now} ${bytes.length}`))
      client.on('end', () => heard.push(`${time.now} end`))
      for (const [at, event] of script) nat.enter(at as Instant, event)
      time.run(seconds(1) as number as Instant)
      return heard
    }
    expect(play(false)).toEqual([expect.stringMatching(/^200\d+ 6$/), expect.stringMatching(/^500\d+ end$/)])
    expect(play(true)).toEqual(play(false))
  })

  it('cuts every flow when the outside is taken away', () => {
    const { guest, run, happen, nat, outside } = world()
    const client = watch(guest.connect({ address: '192.0.2.1', port: 80 }))
    guest.bind({ address: '0.0.0.0', port: 9 }, () => {}).send(text('x'), { address: '192.0.2.1', port: 9 })
    run()
    happen({ kind: 'open', flow: 1 })
    nat.connect(undefined)
    run()
    expect([client.log, nat.rows, outside.take().slice(-2)]).toEqual([['connect', 'error ECONNRESET', 'close'], [], ['1 reset', '2 release']])
  })

  it('drops datagrams that come faster than they are taken', () => {
    const { nat, time } = world()
    let taken = 0
    for (let at = 0; at < 300; at++) if (nat.enter(time.now, { kind: 'datagram', flow: 1, from: { address: '192.0.2.1', port: 1 }, bytes: new Uint8Array(65_000) })) taken++
    expect([taken, nat.counters.dropped]).toEqual([257, 43])
  })

  it('survives any packet a guest may send, and any event a recording may hold', () => {
    const { guest, run, nat, time } = world()
    const random = new SeededRandom('nat fuzz')
    const kinds = ['open', 'data', 'end', 'room', 'closed', 'datagram', 'echo reply', 'lost'] as const
    for (let at = 0; at < 3000; at++) {
      const payload = random.bytes(random.below(60))
      const buffer = new Uint8Array(headroom + payload.length)
      buffer.set(payload, headroom)
      const protocol = [ipv4.protocols.tcp, ipv4.protocols.udp, ipv4.protocols.icmp, 99][random.below(4)]
      guest.ip.send(buffer, { protocol, destination: [parseIpv4('192.0.2.1'), parseIpv4('10.0.0.1'), parseIpv4('127.0.0.1')][random.below(3)], ttl: 1 + random.below(64) })
      const event = { kind: kinds[random.below(kinds.length)], flow: random.below(20), bytes: payload, count: random.below(999), code: undefined, from: { address: '192.0.2.1', port: 1 }, sequence: random.below(9), ttl: 9 }
      nat.enter(time.now, (event.kind === 'echo reply' ? { ...event, from: '192.0.2.1' } : event.kind === 'lost' ? { ...event, code: 'EIO' } : event) as OutsideEvent)
      if (at % 20 === 0) run()
    }
    run(seconds(600))
    expect(nat.rows.filter((row) => row.state !== 'refused')).toEqual([])
  })
})
