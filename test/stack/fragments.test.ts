import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { seconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Fragments } from '../../src/stack/fragments.ts'
import type { Whole } from '../../src/stack/fragments.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'

interface Cut {
  readonly offset: number
  readonly more: boolean
  readonly data: Uint8Array
  readonly id?: number
  readonly source?: number
}

const fill = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => from + at)

function world(): { time: Timeline; fragments: Fragments; expired: Whole[]; add: (cut: Cut) => Whole | undefined } {
  const time = new Timeline()
  const expired: Whole[] = []
  const fragments = new Fragments(time, 'h', (first) => expired.push(first))
  const add = ({ offset, more, data, id = 7, source = 1 }: Cut): Whole | undefined => {
    const bytes = ipv4.build({ protocol: 17, source, destination: 2, identification: id, fragmentOffset: offset, moreFragments: more, payload: data })
    const whole = fragments.add(ipv4.parse(bytes), bytes)
    bytes.fill(0xa5)
    return whole
  }
  return { time, fragments, expired, add }
}

describe('fragments', () => {
  it.each([
    ['in order', [0, 1, 2]],
    ['backwards', [2, 1, 0]],
    ['mixed', [1, 0, 2]],
    ['with duplicates', [0, 0, 2, 2, 1]],
  ])('joins three pieces %s', (_, order) => {
    const { add, fragments } = world()
    const cuts = [{ offset: 0, more: true, data: fill(16) }, { offset: 16, more: true, data: fill(8, 16) }, { offset: 24, more: false, data: fill(5, 24) }]
    const results = order.map((at) => add(cuts[at]))
    const whole = results.pop()
    expect(results.every((result) => result === undefined)).toBe(true)
    expect(whole?.packet.payload).toEqual(fill(29))
    expect(whole?.packet).toMatchObject({ totalLength: 49, moreFragments: false, fragmentOffset: 0 })
    expect(fragments.waiting).toBe(0)
  })

  it.each<[string, Cut]>([
    ['overlaps the one before', { offset: 8, more: true, data: fill(16) }],
    ['lies within another', { offset: 8, more: true, data: fill(0x8) }],
    ['ends the packet inside another', { offset: 8, more: false, data: fill(4) }],
    ['starts where another starts with another length', { offset: 0, more: true, data: fill(8) }],
  ])('drops the whole datagram when a piece %s', (_, bad) => {
    const { add } = world()
    add({ offset: 0, more: true, data: fill(16) })
    expect(add(bad)).toBeUndefined()
    expect(add({ offset: 0, more: true, data: fill(16) })).toBeUndefined()
    expect(add({ offset: 16, more: false, data: fill(8) })).toBeUndefined()
  })

  it('drops a datagram with two ends, or with a piece behind its end', () => {
    const twice = world()
    twice.add({ offset: 16, more: false, data: fill(8) })
    twice.add({ offset: 24, more: false, data: fill(8) })
    expect(twice.add({ offset: 0, more: true, data: fill(16) })).toBeUndefined()
    const behind = world()
    behind.add({ offset: 16, more: false, data: fill(8) })
    behind.add({ offset: 24, more: true, data: fill(8) })
    expect(behind.add({ offset: 0, more: true, data: fill(16) })).toBeUndefined()
  })

  it('passes over empty pieces and middle pieces of odd length', () => {
    const { add, fragments } = world()
    add({ offset: 8, more: true, data: fill(0) })
    add({ offset: 0, more: true, data: fill(7) })
    expect(fragments.waiting).toBe(0)
  })

  it('gives up after 30 seconds and tells only of datagrams whose first piece came', () => {
    const { add, time, fragments, expired } = world()
    add({ offset: 0, more: true, data: fill(8), id: 1 })
    time.run(seconds(10) as number as Instant)
    add({ offset: 8, more: false, data: fill(8), id: 2 })
    time.run(seconds(30) as number as Instant)
    expect(expired.map((first) => first.packet.identification)).toEqual([1])
    expect(fragments.waiting).toBe(1)
    time.run(seconds(40) as number as Instant)
    expect(expired).toHaveLength(1)
    expect(fragments.waiting).toBe(0)
    expect(time.next).toBeUndefined()
  })

  it('holds at most 32 datagrams of one source and 256 in all, the oldest going first', () => {
    const { add, fragments } = world()
    for (let id = 0; id < 100; id++) add({ offset: 0, more: true, data: fill(8), id })
    expect(fragments.waiting).toBe(32)
    expect(add({ offset: 8, more: false, data: fill(1), id: 99 })).toBeDefined()
    for (let source = 0; source < 400; source++) add({ offset: 0, more: true, data: fill(8), id: 1, source: 1000 + source })
    expect(fragments.waiting).toBe(256)
  })

  it('takes no more than four megabytes in all, tiny pieces counted by what they cost', () => {
    const { add, fragments } = world()
    let taken = 0
    for (let source = 0; source < 20; source++) for (let at = 0; at < 4000; at++) if (add({ offset: 8 + 8 * at, more: true, data: fill(8), source }) === undefined) taken++
    expect(taken).toBe(80_000)
    expect(fragments.waiting).toBeLessThan(20)
    add({ offset: 8, more: false, data: fill(1), source: 999 })
    expect(add({ offset: 0, more: true, data: fill(8), source: 999 })?.packet.payload.length).toBe(9)
  })

  it('keeps pieces of different datagrams apart', () => {
    const { add } = world()
    add({ offset: 0, more: true, data: fill(8), id: 1 })
    expect(add({ offset: 8, more: false, data: fill(8), id: 2 })).toBeUndefined()
    expect(add({ offset: 8, more: false, data: fill(8), id: 1, source: 9 })).toBeUndefined()
    expect(add({ offset: 8, more: false, data: fill(8, 8), id: 1 })?.packet.payload).toEqual(fill(16))
  })
})
