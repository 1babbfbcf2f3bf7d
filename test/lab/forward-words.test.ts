import { describe, expect, it } from 'vitest'
import { formatAt, parseAt, parseForward } from '../../src/lab/forward-words.ts'

describe('a forwarded port', () => {
  it('is this computer’s port and the guest’s, on loopback by TCP unless it says otherwise', () => {
    expect(parseForward('2222:22')).toEqual({ protocol: 'tcp', at: { host: '127.0.0.1', port: 2222 }, port: 22 })
    expect(parseForward('0.0.0.0:2222:22')).toEqual({ protocol: 'tcp', at: { host: '0.0.0.0', port: 2222 }, port: 22 })
    expect(parseForward('[::1]:5353:53/udp')).toEqual({ protocol: 'udp', at: { host: '::1', port: 5353 }, port: 53 })
    expect(parseForward('./web.sock:80')).toEqual({ protocol: 'tcp', at: { path: './web.sock' }, port: 80 })
    expect(parseForward('/run/a b.sock:80')).toEqual({ protocol: 'tcp', at: { path: '/run/a b.sock' }, port: 80 })
  })

  it('is not what lacks a port, or has an impossible one', () => {
    for (const text of ['', '22', '2222:', ':22', '0:22', '65536:22', '22:65536', 'a:b', '2222:22/sctp', '1.2.3.4:2222', './web.sock', '::1:2222:22']) expect([text, parseForward(text)]).toEqual([text, undefined])
  })

  it('is named by its end on this computer', () => {
    for (const text of ['127.0.0.1:2222', '0.0.0.0:2222', '[::1]:5353/udp', './web.sock']) expect(formatAt(parseAt(text) as never)).toBe(text)
    expect(formatAt(parseAt('2222/udp') as never)).toBe('127.0.0.1:2222/udp')
    expect(parseAt('what')).toBeUndefined()
  })
})
