import { describe, expect, it } from 'vitest'
import { Script } from './script.ts'

describe('closing', () => {
  it('first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT for a minute (RFC 9293 §3.6, figure 12)', () => {
    const s = new Script().established()
    s.socket.end()
    s.settle().expect('F. 1:1(0) ack 1')
    expect(s.state()).toBe('FIN-WAIT-1')
    s.send('. 1:1(0) ack 2').nothing()
    expect(s.state()).toBe('FIN-WAIT-2')
    s.send('P. 1:6(5) ack 2').wait(40).expect('. 2:2(0) ack 6')
    s.send('F. 6:6(0) ack 2').expect('. 2:2(0) ack 7')
    expect(s.state()).toBe('TIME-WAIT')
    expect(s.happened()).toEqual(['accept', 'data 5', 'end', 'close'])
    s.wait(59_000)
    expect(s.state()).toBe('TIME-WAIT')
    s.wait(1000).nothing()
    expect(s.state()).toBe('CLOSED')
  })

  it('second: CLOSE-WAIT, LAST-ACK, and our side follows by itself (RFC 9293 §3.6, figure 12)', () => {
    const s = new Script().established()
    s.send('F. 1:1(0) ack 1').expect('F. 1:1(0) ack 2')
    expect(s.state()).toBe('LAST-ACK')
    s.send('. 2:2(0) ack 2').nothing()
    expect(s.happened()).toEqual(['accept', 'end', 'close'])
    expect(s.state()).toBe('CLOSED')
  })

  it('half: with allowHalfOpen we go on until end() (RFC 9293 §3.6.2)', () => {
    const s = new Script().established(undefined, { allowHalfOpen: true })
    s.send('F. 1:1(0) ack 1').expect('. 1:1(0) ack 2')
    expect(s.state()).toBe('CLOSE-WAIT')
    s.write(10)
    s.expect('P. 1:11(10) ack 2').send('. 2:2(0) ack 11')
    s.socket.end()
    s.settle().expect('F. 11:11(0) ack 2').send('. 2:2(0) ack 12')
    expect(s.happened()).toEqual(['accept', 'end', 'close'])
  })

  it('at once: CLOSING (RFC 9293 §3.6, figure 13)', () => {
    const s = new Script().established()
    s.socket.end()
    s.settle().expect('F. 1:1(0) ack 1').send('F. 1:1(0) ack 1').expect('. 2:2(0) ack 2')
    expect(s.state()).toBe('CLOSING')
    s.send('. 2:2(0) ack 2').nothing()
    expect(s.state()).toBe('TIME-WAIT')
    expect(s.happened()).toEqual(['accept', 'end', 'close'])
  })

  it('waits with the FIN for what lies before it, and with the peer’s for what is missing', () => {
    const s = new Script().established()
    s.send('F. 101:101(0) ack 1').expect('. 1:1(0) ack 1')
    expect(s.happened()).toEqual(['accept'])
    s.send('. 1:101(100) ack 1').expect('F. 1:1(0) ack 102')
    expect(s.happened()).toEqual(['data 100', 'end'])
  })

  it('says end only to who reads: the FIN is acknowledged, the window stays', () => {
    const s = new Script().established()
    s.socket.pause()
    s.send('FP. 1:11(10) ack 1').expect('. 1:1(0) ack 12')
    expect(s.happened()).toEqual(['accept'])
    s.socket.resume()
    s.settle().expect('F. 1:1(0) ack 12')
    expect(s.happened()).toEqual(['data 10', 'end'])
  })

  it('repeats a lost FIN (RFC 6298 §5.4)', () => {
    const s = new Script().established('win 65535 <mss 1460>')
    s.socket.end()
    s.settle().expect('F. 1:1(0) ack 1').wait(200).expect('F. 1:1(0) ack 1').wait(400).expect('F. 1:1(0) ack 1')
  })

  it('end() before the handshake is done follows it', () => {
    const s = new Script().connect()
    s.socket.end(Uint8Array.of(1, 2))
    s.flush().send('S. 0:0(0) ack 1 <mss 1460,sackOK>').expect('FP. 1:3(2) ack 1')
    expect(s.state()).toBe('FIN-WAIT-1')
  })
})

const waiting = (peer?: string): Script => {
  const s = new Script().established(peer)
  s.socket.end()
  s.settle().flush().send('F. 1:1(0) ack 2').flush()
  expect(s.state()).toBe('TIME-WAIT')
  return s
}

describe('TIME-WAIT', () => {
  it('acknowledges a FIN that comes again and waits anew (RFC 9293 §3.10.7.4)', () => {
    const s = waiting().wait(30_000)
    s.send('F. 1:1(0) ack 2').expect('. 2:2(0) ack 2').wait(59_000)
    expect(s.state()).toBe('TIME-WAIT')
    s.wait(1000)
    expect(s.state()).toBe('CLOSED')
  })

  it('is not ended by a reset (RFC 1337)', () => {
    const s = waiting().send('R 2:2(0)').nothing()
    expect(s.state()).toBe('TIME-WAIT')
  })

  it('gives way to a SYN that is newer, and to no older one (RFC 6191, RFC 9293 §3.10.7.4)', () => {
    const s = waiting()
    s.send('S 1:1(0) <mss 1460>').expect('. 2:2(0) ack 2')
    s.send('S 1000:1000(0) <mss 1460>').expect('S. 0:0(0) ack 1001 <mss 1460>')
    expect(s.state()).toBe('SYN-RECEIVED')
  })

  it('is bounded: the oldest makes room', () => {
    const s = new Script({ timeWaits: 2 })
    s.listen()
    for (const port of [1000, 1001, 1002]) {
      s.theirPort = port
      s.send('S 0:0(0) <mss 1460>').flush().send('. 1:1(0) ack 1')
      s.socket.end()
      s.settle().flush().send('F. 1:1(0) ack 2')
    }
    expect(s.host.tcp.connections.filter(({ state }) => state === 'TIME-WAIT').map(({ remote }) => remote)).toEqual(['10.0.0.2:1001', '10.0.0.2:1002'])
  })
})

describe('letting go', () => {
  it('destroy() sends what was written, then a FIN, and resets what comes after (RFC 1122 §4.2.2.13)', () => {
    const s = new Script().established()
    s.socket.write(new Uint8Array(5))
    s.socket.destroy()
    s.settle().expect('FP. 1:6(5) ack 1')
    expect(s.happened()).toEqual(['accept', 'close'])
    s.send('P. 1:11(10) ack 7').expect('R. 7:7(0) ack 1')
    expect(s.state()).toBe('CLOSED')
  })

  it('destroy() resets when something was left unread (RFC 9293 §3.10.4, RFC 2525 §2.17)', () => {
    const s = new Script().established()
    s.socket.pause()
    s.send('P. 1:11(10) ack 1')
    s.socket.destroy()
    s.settle().expect('R. 1:1(0) ack 11')
    expect(s.happened()).toEqual(['accept', 'close'])
    expect(s.host.tcp.memory.usedBytes).toBe(0)
  })

  it('an abandoned FIN-WAIT-2 ends after a minute', () => {
    const s = new Script().established()
    s.socket.destroy()
    s.settle().expect('F. 1:1(0) ack 1').send('. 1:1(0) ack 2').wait(59_000)
    expect(s.state()).toBe('FIN-WAIT-2')
    s.wait(1001).nothing()
    expect(s.state()).toBe('CLOSED')
  })

  it('an abandoned connection does not probe a closed window for ever', () => {
    const s = new Script().established('win 1000 <mss 1000>')
    s.write(2000)
    s.socket.destroy()
    s.send('. 1:1(0) ack 1001 win 0')
    for (let count = 0; count < 12; count++) s.wait(60_000).send('. 1:1(0) ack 1001 win 0')
    expect(s.state()).toBe('CLOSED')
    expect(s.lines().some((each) => each.startsWith('R.'))).toBe(true)
  })

  it('resetAndDestroy() resets', () => {
    const s = new Script().established()
    s.socket.resetAndDestroy()
    s.settle().expect('R. 1:1(0) ack 1')
    expect(s.happened()).toEqual(['accept', 'close'])
  })

  it('a closed listener resets those that were on their way in', () => {
    const s = new Script()
    const listener = s.host.listen({ address: '10.0.0.1', port: 80 }, () => {})
    s.send('S 0:0(0) <mss 1460>').flush()
    listener.close()
    s.settle().expect('R. 1:1(0) ack 1').send('S 9:9(0)')
    s.iss = 0
    s.expect('R. 0:0(0) ack 10')
  })

  it('write after end is an error of its own, and EPIPE when the peer’s end brought it about', () => {
    const s = new Script().established()
    s.socket.end()
    expect(s.socket.write(Uint8Array.of(1))).toBe(false)
    expect(s.happened()).toEqual(['accept', 'error ERR_STREAM_WRITE_AFTER_END'])
    const t = new Script().established()
    t.send('F. 1:1(0) ack 1')
    t.socket.write(Uint8Array.of(1))
    expect(t.happened()).toEqual(['accept', 'end', 'error EPIPE', 'close'])
  })
})

describe('resets and forgeries (RFC 5961)', () => {
  it('a reset with the exact number ends the connection: ECONNRESET (§3.2)', () => {
    const s = new Script().established().send('R 1:1(0)').nothing()
    expect(s.happened()).toEqual(['accept', 'error ECONNRESET', 'close'])
    expect(s.state()).toBe('CLOSED')
  })

  it('a reset elsewhere in the window is challenged, beyond it passed over (§3.2)', () => {
    const s = new Script().established()
    s.send('R 2:2(0)').expect('. 1:1(0) ack 1').send('R 100000:100000(0)').nothing().send('R 0:0(0)').nothing()
    expect(s.happened()).toEqual(['accept'])
  })

  it('a SYN is challenged wherever it lies (§4.2)', () => {
    const s = new Script().established()
    s.send('S 1:1(0)').expect('. 1:1(0) ack 1').send('S 50000:50000(0)').expect('. 1:1(0) ack 1').send('S 900000:900000(0)').expect('. 1:1(0) ack 1')
    expect(s.state()).toBe('ESTABLISHED')
  })

  it('an acknowledgment of what was not sent, or far too old, is challenged and its text dropped (§5.2)', () => {
    const s = new Script().established()
    s.send('P. 1:11(10) ack 2').expect('. 1:1(0) ack 1').send('P. 1:11(10) ack -70000').expect('. 1:1(0) ack 1')
    expect(s.happened()).toEqual(['accept'])
  })

  it('challenges are ten in five seconds (§7)', () => {
    const s = new Script().established()
    for (let count = 0; count < 30; count++) s.send('R 2:2(0)')
    expect(s.lines()).toHaveLength(10)
    s.wait(5000).send('R 2:2(0)').expect('. 1:1(0) ack 1')
  })

  it('a segment without ACK is dropped (RFC 9293 §3.10.7.4)', () => {
    const s = new Script().established().send('P 1:11(10)').nothing()
    expect(s.happened()).toEqual(['accept'])
  })
})
