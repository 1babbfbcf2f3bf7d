import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import type { PingResult } from '../../src/stack/ping.ts'
import { ping } from '../../src/stack/ping.ts'
import { world } from './world.ts'
import type { World } from './world.ts'

function pinged({ guest, time }: World, address: string, ttl = 64): () => PingResult | undefined {
  let result: PingResult | undefined
  ping(guest, time, address, { sizeBytes: 2, ttl }, (done) => void (result = done))
  return () => result
}

describe('an echo', () => {
  it('is answered by what the host heard', () => {
    const made = world()
    const result = pinged(made, '192.0.2.1')
    made.run()
    expect(made.outside.take()).toEqual(['1 ping 192.0.2.1 1 \x00\x01 ttl 63'])
    made.happen({ kind: 'echo reply', flow: 1, from: '192.0.2.1', sequence: 1, bytes: Uint8Array.of(0, 1), ttl: 50 })
    expect(result()).toMatchObject({ received: 1, echoes: [{ outcome: 'reply', ttl: 49 }] })
  })

  it('is never answered for a host that said nothing', () => {
    const made = world()
    const result = pinged(made, '192.0.2.1')
    made.run(seconds(2))
    expect(result()).toMatchObject({ received: 0, echoes: [{ outcome: 'timeout' }] })
  })

  it('is told what a router on the way said', () => {
    const made = world()
    const result = pinged(made, '192.0.2.1')
    made.run()
    made.happen({ kind: 'complaint', flow: 1, to: { address: '192.0.2.1', port: 0 }, sequence: 1, complaint: { by: '198.51.100.1', code: 'EHOSTUNREACH', mtu: 0 } })
    expect(result()).toMatchObject({ echoes: [{ outcome: 'error', code: 'EHOSTUNREACH' }] })
  })

  it('is prohibited where this computer may not ping, and inspect says what to do', () => {
    const made = world()
    const result = pinged(made, '192.0.2.1')
    made.run()
    made.happen({ kind: 'lost', flow: 1, code: 'ENOTALLOWED' })
    expect(result()).toMatchObject({ echoes: [{ outcome: 'error', code: 'EHOSTUNREACH' }] })
    expect(made.nat.rows).toMatchObject([{ protocol: 'icmp', state: 'refused', reason: 'this computer lets nobody ping without root: sysctl net.ipv4.ping_group_range' }])
  })

  it('with no hop left is answered by the gateway', () => {
    const made = world()
    const result = pinged(made, '192.0.2.1', 1)
    made.run()
    expect([made.outside.take(), result()]).toMatchObject([[], { echoes: [{ outcome: 'error', code: 'EHOSTUNREACH' }] }])
  })

  it('is forgotten after a minute', () => {
    const made = world()
    pinged(made, '192.0.2.1')
    made.run(seconds(62))
    expect([made.outside.take().at(-1), made.nat.rows]).toEqual(['1 release', []])
  })
})
