import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Clint } from '../../src/board/clint.ts'
import { Wire } from './fake-core.ts'

function board(): { clint: Clint; timeline: Timeline; timers: Wire[]; softwares: Wire[] } {
  const timeline = new Timeline()
  const timers = [new Wire(), new Wire()]
  const softwares = [new Wire(), new Wire()]
  const lines = timers.map((timer, hart) => ({ timer, software: softwares[hart] }))
  return { clint: new Clint(timeline, timeline, lines, 10_000_000), timeline, timers, softwares }
}

describe('CLINT', () => {
  it('counts mtime at 10 MHz, whole ticks only, in two words', () => {
    const { clint, timeline } = board()
    timeline.advance(199 as Instant)
    expect(clint.read(0xbff8, 4)).toBe(1)
    timeline.advance((100 * 0x1_2345_6789 + 99) as Instant)
    expect(clint.read(0xbff8, 4)).toBe(0x2345_6789)
    expect(clint.read(0xbffc, 4)).toBe(1)
  })

  it('raises the timer of its own hart exactly at mtimecmp, and drops it when moved ahead', () => {
    const { clint, timeline, timers } = board()
    clint.write(0x4008, 4, 25)
    clint.write(0x400c, 4, 0)
    timeline.run(2499 as Instant)
    expect(timers[1].high).toBe(false)
    timeline.run(2500 as Instant)
    expect(timers.map((timer) => timer.high)).toEqual([false, true])
    clint.write(0x4008, 4, 26)
    expect(timers[1].high).toBe(false)
    timeline.run(2600 as Instant)
    expect(timers[1].high).toBe(true)
  })

  it('raises the timer at once when mtimecmp has passed', () => {
    const { clint, timeline, timers } = board()
    timeline.advance(1000 as Instant)
    clint.write(0x4000, 4, 10)
    clint.write(0x4004, 4, 0)
    expect(timers[0].high).toBe(true)
  })

  it('never rings for an mtimecmp of all ones', () => {
    const { clint, timeline } = board()
    clint.write(0x4000, 4, 0xffff_ffff)
    expect(timeline.next).toBeUndefined()
    expect(clint.read(0x4004, 4)).toBe(0xffff_ffff)
  })

  it('sends a software interrupt to one hart by bit 0 alone', () => {
    const { clint, softwares } = board()
    clint.write(4, 4, 0xffff_ffff)
    expect(softwares.map((line) => line.high)).toEqual([false, true])
    expect(clint.read(4, 4)).toBe(1)
    clint.write(4, 4, 0xffff_fffe)
    expect(softwares[1].high).toBe(false)
  })

  it('has no third hart', () => {
    const { clint, timeline } = board()
    clint.write(8, 4, 1)
    clint.write(0x4014, 4, 0)
    expect(clint.read(8, 4)).toBe(0)
    expect(clint.read(0x4010, 4)).toBe(0)
    expect(timeline.next).toBeUndefined()
  })

  it('goes on from its saved state', () => {
    const before = board()
    before.clint.write(0x4000, 4, 7)
    before.clint.write(0x4004, 4, 0)
    const after = board()
    after.clint.load(before.clint.save())
    expect(after.timeline.next).toBe(700)
  })
})
