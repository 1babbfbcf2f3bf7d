import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { Cutter, longestMessage } from '../../../services/syslog/cutter.ts'
import { syslog } from '../../../services/syslog/syslog.ts'
import { serviceBench } from '../bench.ts'
import { served } from '../pair-bench.ts'

const nodes = [{ name: 'node1', macs: [], addresses: ['10.0.0.100'] }]

describe('syslog', () => {
  it("puts a node's messages into the lab's log, at their own urgency", () => {
    const lan = serviceBench(syslog, {}, { nodes })
    lan.say(utf8('<30>Jan  1 00:00:07 udhcpc[42]: lease of 10.0.0.100 obtained'), { port: 1000 }, { port: 514 })
    lan.say(utf8('<3>kernel: out of memory\n'), { port: 1000, address: 0x0a000063 }, { port: 514 })
    lan.say(utf8(''), { port: 1000 }, { port: 514 })
    expect(lan.log.entries.map(({ event, fields }) => [event, fields])).toEqual([
      ['syslog.message', { from: '10.0.0.100', node: 'node1', facility: 'daemon', severity: 'info', app: 'udhcpc' }],
      ['syslog.message', { from: '10.0.0.99', facility: 'kern', severity: 'err', app: 'kernel' }],
    ])
    expect(lan.log.take()).toEqual(['info syslog.message: node1: daemon.info udhcpc[42]: lease of 10.0.0.100 obtained', 'error syslog.message: 10.0.0.99: kern.err kernel: out of memory'])
    expect(lan.service.inspect?.()).toMatchObject({ messages: [{ from: '10.0.0.100', app: 'udhcpc', severity: 'info' }, { app: 'kernel' }], counters: [{ messages: 2, malformed: 1 }] })
  })

  it('keeps the last messages, and passes over what is not urgent enough', () => {
    const lan = serviceBench(syslog, { keep: 2, level: 'info' })
    for (const text of ['<14>a', '<15>b', '<14>c', '<14>d']) lan.say(utf8(text), { port: 1000 }, { port: 514 })
    expect(lan.service.inspect?.()).toMatchObject({ messages: [{ text: 'c' }, { text: 'd' }], counters: [{ messages: 3, passedOver: 1 }] })
    expect(() => syslog.parse({ level: 'loud' })).toThrow(/one of emerg/)
  })

  it('takes messages by TCP, counted and by lines, and the last one without its end', () => {
    const lan = served(syslog, {})
    const talk = lan.dial(514)
    talk.say('7 <14>one7 <14>tw')
    talk.say('o<14>three\n<14>four')
    talk.socket.end()
    lan.run(seconds(1))
    expect(lan.log.take().map((each) => each.split(': ').at(-1))).toEqual(['one', 'two', 'three', 'four'])
    expect(talk.closed).toBe(true)
  })
})

const cut = (...pieces: readonly string[]): string[] => {
  const cutter = new Cutter()
  return [...pieces.flatMap((piece) => cutter.take(utf8(piece))), ...cutter.rest()].map(fromUtf8)
}

describe('a stream of syslog messages', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['5 <1>ab', '5 <2>cd'], ['<1>ab', '<2>cd']],
    [['1', '0', ' 0123456789'], ['0123456789']],
    [['<1>a\n\n<2>b\r\n'], ['<1>a', '<2>b\r']],
    [['<1>a', 'b'], ['<1>ab']],
    [['0 x\n'], ['0 x']],
    [['1234567 x\ny\n'], ['1234567 x', 'y']],
    [[`${'a'.repeat(longestMessage + 10)}\n<1>b\n`], ['a'.repeat(longestMessage), '<1>b']],
    [['9000 ', 'b'.repeat(8500), 'b'.repeat(500), '1 c'], ['b'.repeat(longestMessage), 'c']],
  ])('%j is cut where it should be', (pieces, messages) => {
    expect(cut(...pieces)).toEqual(messages)
  })
})
