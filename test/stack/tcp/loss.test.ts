import { describe, expect, it } from 'vitest'
import { Script } from './script.ts'

/** A connection with a measured round trip of 10 ms and `segments` of 1000 bytes out, nothing acknowledged. */
function flying(segments: number, peer = 'win 65535 <mss 1000,sackOK>'): Script {
  const s = new Script().listen()
  s.send(`S 0:0(0) ${peer}`).flush().wait(10).send('. 1:1(0) ack 1').nothing()
  s.write(segments * 1000)
  expect(s.lines()).toHaveLength(segments)
  return s.wait(10)
}

describe('retransmission time-out', () => {
  it('comes after 200 ms at least, doubles, and begins anew with new data acknowledged (RFC 6298 §2, §5)', () => {
    const s = flying(1, 'win 65535 <mss 1000>')
    s.wait(189).nothing().wait(1.1).expect('P. 1:1001(1000) ack 1').wait(400.1).expect('P. 1:1001(1000) ack 1').wait(800.1).expect('P. 1:1001(1000) ack 1')
    s.send('. 1:1(0) ack 1001').nothing()
    s.write(1000)
    s.expect('P. 1001:2001(1000) ack 1').wait(200.1).expect('P. 1001:2001(1000) ack 1')
  })

  it('sends one segment and then as many as are acknowledged: slow start (RFC 5681 §3.1)', () => {
    const s = flying(4, 'win 65535 <mss 1000>')
    s.wait(190.1).expect('. 1:1001(1000) ack 1')
    s.send('. 1:1(0) ack 1001').expect('. 1001:2001(1000) ack 1', '. 2001:3001(1000) ack 1')
    s.send('. 1:1(0) ack 4001').nothing().wait(5000).nothing()
  })

  it('gives up after fifteen: ETIMEDOUT (RFC 9293 §3.8.3)', () => {
    const s = flying(1)
    s.wait(2_000_000)
    expect(s.happened()).toEqual(['accept', 'error ETIMEDOUT', 'close'])
  })

  it('tells what the network said, if it said something', () => {
    const s = flying(1)
    s.unreachable(1, 0, 1, 1040).wait(2_000_000)
    expect(s.happened()).toEqual(['accept', 'error EHOSTUNREACH', 'close'])
  })

  it('believes no SACK of a receiver that has thrown away what it reported (RFC 2018 §8)', () => {
    const s = flying(2)
    s.send('. 1:1(0) ack 1 <sack 1001:2001>').flush().send('. 1:1(0) ack 1001').wait(200.1)
    s.expect('P. 1001:2001(1000) ack 1')
  })
})

describe('fast retransmit without SACK (RFC 6582)', () => {
  it('comes on the third duplicate acknowledgment, and each partial one brings the next', () => {
    const s = flying(6, 'win 65535 <mss 1000>')
    s.send('. 1:1(0) ack 1001').nothing().send('. 1:1(0) ack 1001').nothing().send('. 1:1(0) ack 1001').nothing()
    s.send('. 1:1(0) ack 1001').expect('. 1001:2001(1000) ack 1')
    s.wait(10).send('. 1:1(0) ack 3001').expect('. 3001:4001(1000) ack 1')
    s.wait(10).send('. 1:1(0) ack 6001').nothing().wait(1000).nothing()
    expect(s.host.tcp.counters.recoveries).toBe(1)
  })

  it('is not begun by acknowledgments that carry text or move the window (RFC 5681 §2)', () => {
    const s = flying(4, 'win 65535 <mss 1000>')
    for (let at = 0; at < 4; at++) s.send(`P. ${1 + at * 10}:${11 + at * 10}(10) ack 1`)
    for (let at = 0; at < 4; at++) s.send(`. 41:41(0) ack 1 win ${60_000 - at}`)
    expect(s.lines().filter((each) => each.includes('(1000)'))).toEqual([])
  })
})

describe('RACK-TLP (RFC 8985)', () => {
  it('retransmits what three segments overtook at once (§6.2 step 4: DupThresh)', () => {
    const s = flying(5)
    s.send('. 1:1(0) ack 1 <sack 1001:2001>').nothing().send('. 1:1(0) ack 1 <sack 1001:3001>').nothing()
    s.send('. 1:1(0) ack 1 <sack 1001:4001>').expect('. 1:1001(1000) ack 1')
    s.wait(10).send('. 1:1(0) ack 5001').nothing()
    expect(s.host.tcp.counters.recoveries).toBe(1)
  })

  it('waits a quarter of the round trip where fewer did (§6.2 step 5)', () => {
    const s = flying(2)
    s.send('. 1:1(0) ack 1 <sack 1001:2001>').nothing().wait(2.4).nothing().wait(0.2).expect('. 1:1001(1000) ack 1')
  })

  it('takes late originals for reordering and waits from then on (§6.2 step 3)', () => {
    const s = flying(5)
    s.send('. 1:1(0) ack 1 <sack 1001:2001>').nothing().send('. 1:1(0) ack 2001').nothing()
    s.send('. 1:1(0) ack 2001 <sack 3001:5001>').nothing().wait(1).nothing()
    expect(s.host.tcp.counters.recoveries).toBe(0)
    s.wait(2).expect('. 2001:3001(1000) ack 1')
  })

  it('finds a retransmission lost as well (§3.3)', () => {
    const s = flying(9)
    s.send('. 1:1(0) ack 1 <sack 1001:4001>').expect('. 1:1001(1000) ack 1')
    s.write(3000)
    s.wait(10).flush().send('. 1:1(0) ack 1 <sack 1001:9001>').flush()
    s.wait(10).send('. 1:1(0) ack 1 <sack 1001:12001>')
    s.wait(30)
    expect(s.lines()).toContain('. 1:1001(1000) ack 1')
    expect(s.host.tcp.counters.timeouts).toBe(0)
  })

  it('probes the tail after two round trips, and repairs its loss without a time-out (§7)', () => {
    const s = flying(3)
    s.wait(9.9).nothing().wait(0.2).expect('P. 2001:3001(1000) ack 1')
    s.wait(10).send('. 1:1(0) ack 1 <sack 2001:3001>').wait(3).expect('. 1:1001(1000) ack 1').wait(10).send('. 1:1(0) ack 1001 <sack 2001:3001>').expect('. 1001:2001(1000) ack 1')
    expect(s.host.tcp.counters.timeouts).toBe(0)
  })

  it('gives the acknowledgment of a lone segment 200 ms more (§7.2)', () => {
    const s = flying(1)
    s.wait(189).nothing().wait(2).expect('P. 1:1001(1000) ack 1')
  })

  it('reduces the window when a probe has repaired a loss unseen, not when both arrived (§7.4)', () => {
    const lost = flying(3)
    lost.wait(10.1).flush().write(1000)
    lost.flush().send('. 1:1(0) ack 4001')
    expect(lost.host.tcp.counters.recoveries).toBe(1)
    const both = flying(3)
    both.wait(10.1).flush().send('. 1:1(0) ack 3001').send('. 1:1(0) ack 3001 <sack 2001:3001>')
    expect(both.host.tcp.counters.recoveries).toBe(0)
  })
})

const stamped = (): Script => {
  const s = new Script().listen()
  s.stamps = true
  s.send('S 0:0(0) <mss 1012,sackOK,TS 100>').expect('S. 0:0(0) ack 1 <mss 1460,sackOK,ecr 100>')
  return s.send('. 1:1(0) ack 1 win 65535 <TS 101>').nothing()
}

describe('timestamps (RFC 7323)', () => {
  it('are echoed as of the first segment not yet acknowledged (§4.3)', () => {
    const s = stamped()
    s.send('P. 1:11(10) ack 1 <TS 200>').send('P. 11:21(10) ack 1 <TS 201>').wait(40).expect('. 1:1(0) ack 21 <ecr 200>')
  })

  it('keep out what is older than they are: PAWS (§5.3)', () => {
    const s = stamped()
    s.send('P. 1:11(10) ack 1 <TS 99>').expect('. 1:1(0) ack 1 <ecr 101>')
    expect(s.happened()).toEqual(['accept'])
    s.send('R 1:1(0)')
    expect(s.happened()).toEqual(['error ECONNRESET', 'close'])
  })

  it('are asked of every segment once agreed on (§3.2)', () => {
    const s = stamped().send('P. 1:11(10) ack 1').nothing()
    expect(s.happened()).toEqual(['accept'])
  })

  it('make segments twelve bytes shorter, SACK blocks more so (§A.1)', () => {
    const s = stamped()
    s.write(1000)
    s.expect('P. 1:1001(1000) ack 1 <ecr 101>').send('. 1:1(0) ack 1001 <TS 102>').send('. 101:201(100) ack 1001 <TS 103>').flush()
    s.write(2000)
    expect(s.lines()[0]).toBe('. 1001:1989(988) ack 1 <ecr 102,sack 101:201>')
  })

  it('undo a reduction when the original had arrived: Eifel (RFC 3522 §3.2)', () => {
    const s = stamped()
    s.write(3000)
    s.lines()
    const original = s.stamp
    s.wait(600)
    expect(s.lines()).toContain('. 1:1001(1000) ack 1 <ecr 101>')
    s.stamp = original
    s.send('. 1:1(0) ack 1001 <TS 102>')
    expect(s.host.tcp.counters.undone).toBe(1)
    s.flush().write(20_000)
    expect(s.lines()).toHaveLength(8)
  })
})

describe('congestion (RFC 9438)', () => {
  it('takes seven tenths of the window after a loss (§4.6)', () => {
    const s = flying(10)
    s.send('. 1:1(0) ack 1 <sack 1001:10001>').flush().wait(10).send('. 1:1(0) ack 10001')
    s.write(40_000)
    expect(s.lines()).toHaveLength(7)
  })

  it('begins anew after a rest longer than the time-out (RFC 5681 §4.1)', () => {
    const s = flying(10)
    s.write(20_000)
    s.send('. 1:1(0) ack 10001').flush().wait(10).send('. 1:1(0) ack 30001').flush().wait(3000)
    s.write(60_000)
    expect(s.lines()).toHaveLength(10)
  })
})
