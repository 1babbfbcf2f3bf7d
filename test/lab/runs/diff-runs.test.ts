import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { diffRuns, type KeptRun } from '../../../src/lab/runs/diff-runs.ts'
import { formatStamps, LineStamper, parseStamps, stampAt } from '../../../src/lab/runs/line-stamps.ts'
import { packetFlags } from '../../../src/wire/pcapng-blocks.ts'

/** An ARP request of 02:…:0a for 10.0.0.`target`. */
const who = (target: string): Uint8Array => unhex(`ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a 0a00000a 000000000000 0a0000${target}`)

function kept(frames: readonly (readonly [number, Uint8Array])[], text: string, more: Partial<KeptRun['card']> = {}): KeptRun {
  const stamper = new LineStamper()
  const bytes = latin1(text)
  const stamps = [...bytes].flatMap((_, at) => stamper.hear(bytes.subarray(at, at + 1), (1000 * at) as Instant))
  return {
    card: { format: 1, lab: 't', seed: '0', digest: '0123456789abcdef', lanes: {}, retired: { a: 7 }, end: { reason: 'off', time: 9 }, tests: [], ...more },
    frames: { application: 'netloom', interfaces: [{ name: 'a:eth0', linkType: 1 }], packets: frames.map(([time, frame]) => ({ interface: 0, time, flags: packetFlags.out, comment: undefined, bytes: frame, originalLength: frame.length })) },
    consoles: { a: { bytes, stamps } },
  }
}

describe('two kept runs', () => {
  it('that are the same have no difference', () => expect(diffRuns(kept([[5, who('0b')]], 'hi\n'), kept([[5, who('0b')]], 'hi\n'))).toBeUndefined())

  it('part in a frame: told with its decode and its fields', () => {
    const found = diffRuns(kept([[5, who('0b')], [50, who('0b')]], 'hi\n'), kept([[5, who('0b')], [50, who('0c')]], 'hi\n'))
    expect(found).toMatchObject({ time: 50, where: 'frame 2 at a:eth0', fields: ['arp.targetIp: 10.0.0.11, 10.0.0.12'] })
    expect(found?.sides[1]).toContain('10.0.0.12')
  })

  it('part where one has no more frames', () => expect(diffRuns(kept([[5, who('0b')]], ''), kept([], ''))).toMatchObject({ time: 5, where: 'frame 1 at a:eth0', sides: [expect.stringContaining('10.0.0.11'), 'no more frames'] }))

  it('part in a console byte: told with its line', () => {
    expect(diffRuns(kept([], 'one\ntwo\n'), kept([], 'one\ntoo\n'))).toEqual({ time: 4000, where: 'console of a, byte 6', sides: ['"w" in "two"', '"o" in "too"'], fields: [] })
  })

  it('part in a console that says the same, but later', () => {
    const late = kept([], 'one\ntwo\n')
    const shifted = { ...late, consoles: { a: { ...late.consoles['a'], stamps: [{ offset: 0, time: 0 as Instant }, { offset: 4, time: 5000 as Instant }] } } }
    expect(diffRuns(late, shifted)).toMatchObject({ time: 4000, where: 'console of a, line 2' })
  })

  it('part where the earlier difference is, whichever it is', () => {
    expect(diffRuns(kept([[1, who('0b')]], 'a'), kept([[1, who('0c')]], 'b'))?.where).toBe('console of a, byte 1')
    expect(diffRuns(kept([[0, who('0b')]], 'aa\na'), kept([[0, who('0c')]], 'aa\nb'))?.where).toBe('frame 1 at a:eth0')
  })

  it('part in instruction counts alone', () => {
    expect(diffRuns(kept([], ''), kept([], '', { digest: 'f', retired: { a: 8 } }))).toEqual({ time: undefined, where: 'instructions of a', sides: ['7', '8'], fields: [] })
  })
})

describe('line stamps', () => {
  it('survive being written and read, and find the line of a byte', () => {
    const stamper = new LineStamper()
    const stamps = [...stamper.hear(latin1('ab\nc'), 10 as Instant), ...stamper.hear(latin1('d\ne'), 20 as Instant)]
    expect(parseStamps(formatStamps(stamps))).toEqual([{ offset: 0, time: 10 }, { offset: 3, time: 10 }, { offset: 6, time: 20 }])
    expect(stampAt(stamps, 5)).toEqual({ offset: 3, time: 10 })
    expect(stampAt([], 5)).toBeUndefined()
  })
})
