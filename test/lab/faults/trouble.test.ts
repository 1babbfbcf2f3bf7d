import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Duration } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { combine } from '../../../src/lab/faults/combine.ts'
import type { FaultKind, FaultPlan, FaultScript, Hit } from '../../../src/lab/faults/fault-plan.ts'
import { parsePattern } from '../../../src/lab/faults/pattern.ts'
import { Trouble } from '../../../src/lab/faults/trouble.ts'
import { who } from './frames.ts'

function bench(what: FaultKind, more: { at?: number; span?: number; script?: FaultScript } = {}) {
  const timeline = new Timeline()
  const trouble = new Trouble({ port: 'a:eth0', medium: 'ethernet', scheduler: timeline, random: new SeededRandom('t'), macs: () => [], script: more.script })
  const plan: FaultPlan = { name: 'f1', ports: [], at: (more.at ?? 0) as Duration, span: more.span as Duration | undefined, what }
  trouble.add(plan, 'out')
  const sent: string[] = []
  const hits: Hit[] = []
  trouble.hear((hit) => void hits.push(hit))
  const send = (last: number): string => trouble.pass('out', { bytes: who(last), offload: undefined }, ({ bytes }) => void sent.push(`${timeline.now}: ${bytes[41]}`))
  return { timeline, trouble, sent, hits, send }
}
const pick = { nth: undefined, every: undefined, between: undefined, chance: 1 }
const match = (text: string, more: Partial<typeof pick> | object = {}, act: object = { kind: 'drop' }): FaultKind => ({ kind: 'match', pattern: parsePattern(text), pick: { ...pick, ...more }, act }) as FaultKind

describe('trouble at an interface', () => {
  it('drops the nth of those that match, and says so', () => {
    const { send, sent, hits } = bench(match('arp.targetIp = 10.0.0.2', { nth: new Set([2]) }))
    expect([1, 2, 1, 2, 2].map(send)).toEqual(['', '', '', 'dropped by f1', ''])
    expect(sent).toEqual(['0: 1', '0: 2', '0: 1', '0: 2'])
    expect(hits).toEqual([{ fault: 'f1', port: 'a:eth0', way: 'out', packet: 4, effect: 'drop' }])
  })

  it('drops first, every and between', () => {
    const dropped = (more: object): number[] => {
      const { send } = bench(match('arp', more))
      return [1, 2, 3, 4, 5, 6].filter((last) => send(last) !== '')
    }
    expect(dropped({ between: [1, 2] })).toEqual([1, 2])
    expect(dropped({ every: 3 })).toEqual([3, 6])
    expect(dropped({ between: [3, 4] })).toEqual([3, 4])
    expect(dropped({ chance: 0.5 })).toEqual(dropped({ chance: 0.5 }))
  })

  it('doubles, delays and damages', () => {
    const doubled = bench(match('arp', {}, { kind: 'duplicate' }))
    doubled.send(7)
    expect(doubled.sent).toEqual(['0: 7', '0: 7'])
    const delayed = bench(match('arp', { nth: new Set([1]) }, { kind: 'delay', by: 50 }))
    delayed.send(7)
    delayed.send(8)
    delayed.timeline.run(100 as never)
    expect(delayed.sent).toEqual(['0: 8', '50: 7'])
    const damaged = bench(match('arp', {}, { kind: 'corrupt' }))
    let bytes = new Uint8Array(0)
    expect(damaged.trouble.pass('out', { bytes: who(7), offload: undefined }, (frame) => (bytes = frame.bytes.slice()))).toBe('damaged by f1')
    expect(bytes).not.toEqual(who(7))
    expect(bytes.subarray(0, 14)).toEqual(who(7).subarray(0, 14))
  })

  it('holds the link down for as long as it says', () => {
    const { send, sent, timeline } = bench({ kind: 'down' }, { at: 10, span: 20 })
    for (const at of [0, 10, 29, 30]) {
      timeline.run(at as never)
      send(at)
    }
    expect(sent).toEqual(['0: 0', '30: 30'])
  })

  it('loses by chance, the same packets for the same seed', () => {
    const lost = (): number[] => {
      const { send } = bench({ kind: 'impair', faults: { loss: 0.3 } })
      return Array.from({ length: 50 }, (_, at) => at).filter((at) => send(at) === 'dropped by f1')
    }
    expect(lost().length).toBeGreaterThan(5)
    expect(lost()).toEqual(lost())
  })

  it('loses what a script says, and nothing else', () => {
    const script = { faults: new Set(['f1']), hits: new Set(['f1 a:eth0 out 3']) }
    const { send } = bench({ kind: 'impair', faults: { loss: 0.9 } }, { script })
    expect([1, 2, 3, 4].map(send)).toEqual(['', '', 'dropped by f1', ''])
    const matched = bench(match('arp'), { script })
    expect([1, 2, 3, 4].map(matched.send)).toEqual(['', '', 'dropped by f1', ''])
  })

  it('is over when it is taken away', () => {
    const { send, trouble } = bench({ kind: 'down' })
    expect(send(1)).toBe('lost: link down by f1')
    trouble.remove('f1')
    expect(send(1)).toBe('')
    expect(trouble.concerns('in')).toBe(false)
  })
})

describe('impairments together', () => {
  it('add up', () => {
    const both = combine([{ loss: 0.5, delay: 10 as Duration, rateBps: 100 }, { loss: 0.5, delay: 5 as Duration, rateBps: 50 }])
    expect(both).toEqual({ loss: 0.75, delay: 15, rateBps: 50 })
    expect(combine([{ loss: 0.5, lossBurst: 2 }, { loss: 0.9 }])).toEqual({ loss: 0.95 })
  })
})
