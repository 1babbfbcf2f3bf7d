import { describe, expect, it } from 'vitest'
import { Script } from './script.ts'

describe('receiving', () => {
  it('acknowledges every second full segment at once and a lone one after 40 ms (RFC 9293 §3.8.6.3, RFC 5681 §4.2)', () => {
    const s = new Script().established()
    s.send('. 1:1461(1460) ack 1').nothing().wait(39).nothing().wait(1).expect('. 1:1(0) ack 1461')
    s.send('. 1461:2921(1460) ack 1').nothing().send('. 2921:4381(1460) ack 1').expect('. 1:1(0) ack 4381')
    expect(s.happened()).toEqual(['accept', 'data 1460', 'data 1460', 'data 1460'])
  })

  it('acknowledges with the answer, when there is one', () => {
    const s = new Script().established()
    s.socket.on('data', (bytes) => s.socket.write(bytes))
    s.send('P. 1:11(10) ack 1').expect('P. 1:11(10) ack 11').wait(100)
  })

  it('keeps what comes out of order, reports it, and acknowledges at once (RFC 9293 §3.10.7.4, RFC 2018 §4)', () => {
    const s = new Script().established()
    s.send('. 101:201(100) ack 1').expect('. 1:1(0) ack 1 <sack 101:201>')
    s.send('. 301:401(100) ack 1').expect('. 1:1(0) ack 1 <sack 301:401 101:201>')
    s.send('. 201:301(100) ack 1').expect('. 1:1(0) ack 1 <sack 101:401>')
    s.send('. 1:101(100) ack 1').expect('. 1:1(0) ack 401')
    expect(s.happened()).toEqual(['accept', 'data 400'])
  })

  it('reports the most recent islands first, three at most (RFC 2018 §4)', () => {
    const s = new Script().established()
    for (const at of [101, 301, 501, 701]) s.send(`. ${at}:${at + 100}(100) ack 1`)
    expect(s.lines().at(-1)).toBe('. 1:1(0) ack 1 <sack 701:801 501:601 301:401>')
  })

  it('reports duplicates with a DSACK (RFC 2883 §4)', () => {
    const s = new Script().established().send('. 1:101(100) ack 1').wait(40).flush()
    s.send('. 1:101(100) ack 1').expect('. 1:1(0) ack 101 <sack 1:101>')
    s.send('. 201:301(100) ack 1').expect('. 1:1(0) ack 101 <sack 201:301>')
    s.send('. 201:301(100) ack 1').expect('. 1:1(0) ack 101 <sack 201:301 201:301>')
    s.send('. 51:151(100) ack 1').expect('. 1:1(0) ack 151 <sack 51:101 201:301>')
    expect(s.happened()).toEqual(['accept', 'data 100', 'data 50'])
  })

  it('cuts off what lies beyond its window (RFC 9293 §3.10.7.4)', () => {
    const s = new Script({ receiveBuffer: 1000 }).established()
    s.socket.pause()
    s.send('. 1:1201(1200) ack 1').expect('. 1:1(0) ack 1001')
    s.send('. 1001:1201(200) ack 1').expect('. 1:1(0) ack 1001')
    s.socket.resume()
    s.settle().expect('. 1:1(0) ack 1001')
    expect(s.happened()).toEqual(['accept', 'data 1000'])
  })

  it('hands over nothing while paused, and tells of the window that opens (RFC 9293 §3.8.6.2.2)', () => {
    const s = new Script({ receiveBuffer: 4000 }).established()
    s.socket.pause()
    s.send('. 1:1461(1460) ack 1').flush().send('. 1461:2921(1460) ack 1').flush().send('. 2921:4001(1080) ack 1').wait(40).flush()
    expect(s.happened()).toEqual(['accept'])
    s.socket.resume()
    s.settle().expect('. 1:1(0) ack 4001')
    expect(s.happened()).toEqual(['data 4000'])
  })

  it('takes urgent data as any other (RFC 9293 §3.8.5)', () => {
    const s = new Script().established()
    s.send('PU. 1:11(10) ack 1').nothing()
    expect(s.happened()).toEqual(['accept', 'data 10'])
  })

  it('answers a keep-alive (RFC 9293 §3.8.4)', () => {
    new Script().established().send('. 0:0(0) ack 1').expect('. 1:1(0) ack 1')
  })

  it('bounds the islands it keeps', () => {
    const s = new Script().established('win 65535 <mss 1460,sackOK,wscale 0>')
    for (let at = 0; at < 600; at++) s.send(`. ${3 + at * 2}:${4 + at * 2}(1) ack 1`)
    s.flush().send('. 1:3(2) ack 1').expect('. 1:1(0) ack 4 <sack 1025:1026 1023:1024 1021:1022>')
  })
})

describe('sending', () => {
  it('cuts by the peer’s MSS and pushes the last (RFC 9293 §3.7.1, §3.9.1.2)', () => {
    const s = new Script().established('win 65535 <mss 1000,sackOK>')
    s.write(2500)
    s.expect('. 1:1001(1000) ack 1', '. 1001:2001(1000) ack 1', 'P. 2001:2501(500) ack 1')
    s.send('. 1:1(0) ack 2501').nothing().wait(1000).nothing()
  })

  it('takes 536 for the MSS of a peer that tells none (RFC 9293 §3.7.1, MUST-15)', () => {
    const s = new Script().established('win 65535')
    s.write(600)
    s.expect('. 1:537(536) ack 1', 'P. 537:601(64) ack 1')
  })

  it('puts writes together that come at once', () => {
    const s = new Script().established()
    s.socket.write(new Uint8Array(10))
    s.socket.write(new Uint8Array(20))
    s.socket.end()
    s.settle().expect('FP. 1:31(30) ack 1')
  })

  it('holds a second small segment until the first is acknowledged (RFC 9293 §3.7.4)', () => {
    const s = new Script().established()
    s.write(10)
    s.expect('P. 1:11(10) ack 1')
    s.write(10)
    s.write(10)
    s.nothing().send('. 1:1(0) ack 11').expect('P. 11:31(20) ack 1')
  })

  it('holds nothing with noDelay (RFC 9293 §3.7.4, MUST-17)', () => {
    const s = new Script().established(undefined, { noDelay: true })
    s.write(10)
    s.write(10)
    s.expect('P. 1:11(10) ack 1', 'P. 11:21(10) ack 1')
  })

  it('begins with ten segments (RFC 6928 §2)', () => {
    const s = new Script().established()
    s.write(30_000)
    expect(s.lines()).toHaveLength(10)
    s.send('. 1:1(0) ack 2921')
    expect(s.lines()).toHaveLength(4)
  })

  it('keeps within the window, and sends no silly segment at its end (RFC 9293 §3.8.6.2.1)', () => {
    const s = new Script().established('win 4000 <mss 1460,sackOK>')
    s.write(6000)
    s.expect('. 1:1461(1460) ack 1', '. 1461:2921(1460) ack 1')
    s.send('. 1:1(0) ack 2921 win 4000').expect('. 2921:4381(1460) ack 1', '. 4381:5841(1460) ack 1', 'P. 5841:6001(160) ack 1')
  })

  it('probes a closed window with one octet, ever more seldom, for as long as it is answered (RFC 9293 §3.8.6.1)', () => {
    const s = new Script().established('win 1000 <mss 1000,sackOK>')
    s.write(1500)
    s.expect('. 1:1001(1000) ack 1').send('. 1:1(0) ack 1001 win 0').nothing()
    for (const wait of [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]) s.wait(wait).expect('. 1001:1002(1) ack 1').send('. 1:1(0) ack 1001 win 0')
    s.send('. 1:1(0) ack 1001 win 5000').expect('P. 1001:1501(500) ack 1')
  })

  it('goes on behind the octet when the probe was taken', () => {
    const s = new Script().established('win 1000 <mss 1000,sackOK>')
    s.write(1500)
    s.flush().send('. 1:1(0) ack 1001 win 0').wait(200).expect('. 1001:1002(1) ack 1').send('. 1:1(0) ack 1002 win 5000').expect('P. 1002:1501(499) ack 1')
  })

  it('gives up a peer that answers no probe: ETIMEDOUT', () => {
    const s = new Script().established('win 1000 <mss 1000,sackOK>')
    s.write(1500)
    s.send('. 1:1(0) ack 1001 win 0').wait(1_000_000)
    expect(s.happened()).toEqual(['accept', 'error ETIMEDOUT', 'close'])
  })

  it('says false above the high-water mark, and drain below it', () => {
    const s = new Script({ sendBuffer: 2000, sendBufferMax: 2000 }).established()
    expect(s.write(1500)).toBe(true)
    expect(s.write(1500)).toBe(false)
    s.flush().send('. 1:1(0) ack 1461')
    expect(s.happened()).toEqual(['accept', 'drain'])
  })

  it('scales the window it is told, but not a SYN’s (RFC 7323 §2.2)', () => {
    const s = new Script().listen()
    s.send('S 0:0(0) win 1000 <mss 1000,sackOK,wscale 3>').expect('S. 0:0(0) ack 1 <mss 1460,sackOK,wscale 7>')
    s.send('. 1:1(0) ack 1 win 500').nothing()
    s.write(9000)
    expect(s.lines()).toHaveLength(4)
  })
})

describe('path MTU discovery', () => {
  it('cuts what is out anew, at once, and without a smaller congestion window (RFC 1191 §6.4)', () => {
    const s = new Script().established()
    s.write(2920)
    s.expect('. 1:1461(1460) ack 1', 'P. 1461:2921(1460) ack 1')
    s.unreachable(4, 1000, 1).expect('. 1:961(960) ack 1', '. 961:1461(500) ack 1', '. 1461:2421(960) ack 1', 'P. 2421:2921(500) ack 1')
    s.send('. 1:1(0) ack 2921').nothing()
    s.write(1000)
    s.expect('. 2921:3881(960) ack 1', 'P. 3881:3921(40) ack 1')
  })

  it('heeds no error about what is not out (RFC 5927 §4.1)', () => {
    const s = new Script().established()
    s.write(1460)
    s.flush().unreachable(4, 1000, 5000).unreachable(1, 0, 1).nothing()
    expect(s.state()).toBe('ESTABLISHED')
  })
})

describe('keep-alive', () => {
  it('probes an idle peer nine times and gives up (RFC 9293 §3.8.4)', () => {
    const s = new Script().established()
    s.socket.setKeepAlive(true, 10_000)
    s.wait(9999).nothing().wait(1).expect('. 0:0(0) ack 1').send('. 1:1(0) ack 1').nothing()
    s.wait(75_000).expect('. 0:0(0) ack 1')
    for (let count = 1; count < 9; count++) s.wait(75_000).expect('. 0:0(0) ack 1')
    s.wait(75_000).nothing()
    expect(s.happened()).toEqual(['accept', 'error ETIMEDOUT', 'close'])
  })
})

describe('sequence numbers', () => {
  it('pass 2^32 in both directions (RFC 9293 §3.4)', () => {
    const { iss } = new Script().established()
    const s = new Script()
    // The initial sequence number counts 4 µs; so far must it be waited for it to stand 1000 before the end.
    const ticks = (0xffff_ffff - iss - 1000) >>> 0
    s.wait(ticks * 0.004)
    s.listen().send('S -2000:-2000(0) win 65535 <mss 1000,sackOK>').expect('S. 0:0(0) ack -1999 <mss 1460,sackOK>')
    expect(0xffff_ffff - s.iss).toBeLessThan(1100)
    s.send('. -1999:-1999(0) ack 1').nothing()
    s.write(3000)
    s.expect('. 1:1001(1000) ack -1999', '. 1001:2001(1000) ack -1999', 'P. 2001:3001(1000) ack -1999')
    s.send('. -1999:-1999(0) ack 1 <sack 1001:2001>').expect('. 1:1001(1000) ack -1999').send('. -1999:-1999(0) ack 3001').nothing()
    s.send('. -999:1(1000) ack 3001').expect('. 3001:3001(0) ack -1999 <sack -999:1>')
    s.send('. 1:1001(1000) ack 3001').expect('. 3001:3001(0) ack -1999 <sack -999:1001>')
    s.send('. -1999:-999(1000) ack 3001').expect('. 3001:3001(0) ack 1001')
    expect(s.happened()).toEqual(['accept', 'data 3000'])
  })
})
