import { describe, expect, it } from 'vitest'
import { Script } from './script.ts'

describe('active open', () => {
  it('sends a SYN with all we have and completes on the SYN-ACK (RFC 9293 §3.5, figure 6)', () => {
    const s = new Script().connect()
    s.expect('S 0:0(0) <mss 1460,sackOK,wscale 7>').send('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,wscale 7>').expect('. 1:1(0) ack 1')
    expect(s.happened()).toEqual(['connect'])
    expect(s.state()).toBe('ESTABLISHED')
  })

  it('repeats its SYN with doubled waits and gives up with ETIMEDOUT (RFC 9293 §3.8.3)', () => {
    const s = new Script().connect()
    s.expect('S 0:0(0) <mss 1460,sackOK,wscale 7>')
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 32_000]) s.wait(wait - 1).nothing().wait(1).expect('S 0:0(0) <mss 1460,sackOK,wscale 7>')
    s.wait(64_000).nothing()
    expect(s.happened()).toEqual(['error ETIMEDOUT', 'close'])
    expect(s.state()).toBe('CLOSED')
  })

  it('is refused by an acceptable reset only (RFC 9293 §3.10.7.3)', () => {
    const s = new Script().connect().flush()
    s.send('R 0:0(0) win 0').nothing()
    s.send('R. 0:0(0) ack 0 win 0').nothing()
    expect(s.happened()).toEqual([])
    s.send('R. 0:0(0) ack 1 win 0')
    expect(s.happened()).toEqual(['error ECONNREFUSED', 'close'])
  })

  it('answers an acknowledgment of what was never sent with a reset (RFC 9293 §3.5.2, figure 9)', () => {
    const s = new Script().connect()
    s.expect('S 0:0(0) <mss 1460,sackOK,wscale 7>').send('. 300:300(0) ack 100').expect('R 100:100(0)')
    expect(s.state()).toBe('SYN-SENT')
  })

  it('becomes a simultaneous open when the peer dials as well (RFC 9293 §3.5, figure 8)', () => {
    const s = new Script().connect()
    s.expect('S 0:0(0) <mss 1460,sackOK,wscale 7>').send('S 0:0(0) <mss 1460,sackOK>').expect('S. 0:0(0) ack 1 <mss 1460,sackOK>')
    expect(s.state()).toBe('SYN-RECEIVED')
    s.send('S. 0:0(0) ack 1 <mss 1460,sackOK>').expect('. 1:1(0) ack 1')
    expect(s.state()).toBe('ESTABLISHED')
    expect(s.happened()).toEqual(['connect'])
  })

  it('fails at once where there is no route: ENETUNREACH', () => {
    const s = new Script()
    const events: string[] = []
    s.host.connect({ address: '192.168.9.9', port: 1 }).on('error', (error) => events.push(String(error.code)))
    expect(events).toEqual([])
    s.settle().settle()
    expect(events).toEqual(['ENETUNREACH'])
  })

  it('fails on an ICMP error about its SYN: EHOSTUNREACH (RFC 9293 §3.9.2.2)', () => {
    const s = new Script().connect()
    s.expect('S 0:0(0) <mss 1460,sackOK,wscale 7>').unreachable(1, 0, 0).settle()
    expect(s.happened()).toEqual(['error EHOSTUNREACH', 'close'])
  })
})

describe('passive open', () => {
  it('answers a SYN with those options only that it had (RFC 7323 §2.2, RFC 2018 §2)', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) win 1000 <mss 1000>').expect('S. 0:0(0) ack 1 <mss 1460>')
    expect(s.state()).toBe('SYN-RECEIVED')
    expect(s.happened()).toEqual([])
    s.send('. 1:1(0) ack 1').nothing()
    expect(s.happened()).toEqual(['accept'])
  })

  it('answers a SYN that comes again again', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) <mss 1460>').expect('S. 0:0(0) ack 1 <mss 1460>').send('S 0:0(0) <mss 1460>').expect('S. 0:0(0) ack 1 <mss 1460>')
  })

  it('takes text that comes with the third segment', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) <mss 1460>').expect('S. 0:0(0) ack 1 <mss 1460>').send('P. 1:11(10) ack 1').nothing().wait(40).expect('. 1:1(0) ack 11')
    expect(s.happened()).toEqual(['accept', 'data 10'])
  })

  it('resets what acknowledges another SYN (RFC 9293 §3.10.7.4)', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) <mss 1460>').flush().send('. 1:1(0) ack 7').expect('R 7:7(0)')
    expect(s.happened()).toEqual([])
  })

  it('forgets a half-open connection on a reset (RFC 9293 §3.10.7.4)', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) <mss 1460>').flush().send('R 1:1(0)').nothing()
    expect(s.state()).toBe('CLOSED')
  })

  it('resets a SYN to a port where nobody listens, and what belongs to no connection (RFC 9293 §3.10.7.1)', () => {
    const s = new Script()
    s.send('S 0:0(0)').expect('R. 0:0(0) ack 1')
    s.send('. 5:15(10) ack 77').expect('R 77:77(0)')
    s.send('F 5:15(10)').expect('R. 0:0(0) ack 16')
    s.send('R 5:5(0)').nothing()
  })

  it('lets the oldest of too many half-open connections go, once it had time to answer (RFC 4987 §3.5)', () => {
    const s = new Script({ backlog: 4 }).listen()
    for (let port = 1000; port < 1010; port++) {
      s.theirPort = port
      if (port === 1006) s.wait(1000)
      s.send('S 0:0(0) <mss 1460>')
    }
    expect(s.host.tcp.connections.filter(({ state }) => state === 'SYN-RECEIVED').map(({ remote }) => remote.split(':')[1]).sort()).toEqual(['1006', '1007', '1008', '1009'])
    expect(s.host.tcp.counters.backlogFull).toBe(6)
  })

  it('gives up a half-open connection in silence', () => {
    const s = new Script().listen().send('S 0:0(0) <mss 1460>').wait(64_000)
    expect(s.lines()).toHaveLength(6)
    expect(s.state()).toBe('CLOSED')
    expect(s.happened()).toEqual([])
  })
})

const first = (port: number, wait: number): number => {
  const s = new Script().listen()
  s.theirPort = port
  s.wait(wait).send('S 0:0(0)').expect('S. 0:0(0) ack 1 <mss 1460>')
  return s.iss
}

describe('initial sequence numbers', () => {
  it('differ by peer, advance by one each 4 µs, and are the seed’s (RFC 6528 §3)', () => {
    expect(first(1000, 0)).toBe(first(1000, 0))
    expect(first(1001, 0)).not.toBe(first(1000, 0))
    expect((first(1000, 4) - first(1000, 0)) >>> 0).toBe(1000)
  })
})
