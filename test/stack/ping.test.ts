import { describe, expect, it } from 'vitest'
import { milliseconds, seconds } from '../../src/base/time.ts'
import type { PingResult } from '../../src/stack/ping.ts'
import { ping } from '../../src/stack/ping.ts'
import { bench, pair } from './bench.ts'

describe('ping', () => {
  it('reaches the other host and takes two cable latencies, once ARP is done', () => {
    const { a, time, run } = pair()
    const results: PingResult[] = []
    ping(a, time, '10.0.0.2', { count: 3, interval: milliseconds(10) }, (result) => results.push(result))
    run()
    expect(results).toEqual([{
      sent: 3,
      received: 3,
      echoes: [
        { sequence: 1, outcome: 'reply', time: 4000, ttl: 64 },
        { sequence: 2, outcome: 'reply', time: 2000, ttl: 64 },
        { sequence: 3, outcome: 'reply', time: 2000, ttl: 64 },
      ],
    }])
  })

  it('reaches itself, and fragments what is large', () => {
    const { a, time, run } = pair()
    const results: PingResult[] = []
    ping(a, time, '10.0.0.1', {}, (result) => results.push(result))
    ping(a, time, '10.0.0.2', { sizeBytes: 5000 }, (result) => results.push(result))
    run()
    expect(results.map((result) => result.received)).toEqual([1, 1])
  })

  it('says timeout for a host that is silent, and error for one that is not there', () => {
    const b = bench()
    b.meet()
    const results: PingResult[] = []
    ping(b.host, b.time, '10.0.0.2', { count: 2 }, (result) => results.push(result))
    ping(b.host, b.time, '10.0.0.9', { timeout: seconds(5) }, (result) => results.push(result))
    ping(b.host, b.time, '192.0.2.1', {}, (result) => results.push(result))
    expect(results).toEqual([])
    b.wait(seconds(10))
    expect(results.map((result) => result.echoes)).toEqual([
      [{ sequence: 1, outcome: 'error', code: 'ENETUNREACH' }],
      [{ sequence: 1, outcome: 'timeout' }, { sequence: 2, outcome: 'timeout' }],
      [{ sequence: 1, outcome: 'error', code: 'EHOSTUNREACH' }],
    ])
  })
})
