import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { GoldfishRtc } from '../../src/board/rtc.ts'
import { Wire } from './fake-core.ts'

const epoch = 1_767_225_600
const nanosecondsAt = (time: number): bigint => BigInt(epoch) * 1_000_000_000n + BigInt(time)

function board(): { rtc: GoldfishRtc; timeline: Timeline; irq: Wire; time: () => bigint } {
  const timeline = new Timeline()
  const irq = new Wire()
  const rtc = new GoldfishRtc(timeline, irq, epoch)
  const time = (): bigint => BigInt(rtc.read(0, 4)) | (BigInt(rtc.read(4, 4)) << 32n)
  return { rtc, timeline, irq, time }
}

describe('goldfish clock', () => {
  it('tells nanoseconds since 1970, the high word as it was at the low one', () => {
    const { rtc, timeline, time } = board()
    expect(time()).toBe(nanosecondsAt(0))
    timeline.advance(5_000_000_123 as Instant)
    rtc.read(0, 4)
    timeline.advance(9_000_000_000 as Instant)
    expect(BigInt(rtc.read(4, 4))).toBe(nanosecondsAt(5_000_000_123) >> 32n)
    expect(time()).toBe(nanosecondsAt(9_000_000_000))
  })

  it('can be set', () => {
    const { rtc, timeline, time } = board()
    timeline.advance(100 as Instant)
    rtc.write(4, 4, 2)
    rtc.write(0, 4, 7)
    timeline.advance(150 as Instant)
    expect(time()).toBe((2n << 32n) + 57n)
    rtc.reset()
    expect(time()).toBe(nanosecondsAt(150))
  })

  it('rings its alarm once, when that is enabled', () => {
    const { rtc, timeline, irq } = board()
    const at = nanosecondsAt(1000)
    rtc.write(0x10, 4, 1)
    rtc.write(0x0c, 4, Number(at >> 32n))
    rtc.write(0x08, 4, Number(at & 0xffff_ffffn))
    expect(rtc.read(0x18, 4)).toBe(1)
    timeline.run(999 as Instant)
    expect(irq.high).toBe(false)
    timeline.run(1000 as Instant)
    expect(irq.high).toBe(true)
    expect(rtc.read(0x18, 4)).toBe(0)
    rtc.write(0x1c, 4, 1)
    expect(irq.high).toBe(false)
  })

  it('rings at once for the past, never for the end of time, and not when cleared', () => {
    const { rtc, timeline } = board()
    rtc.write(0x0c, 4, 0)
    rtc.write(0x08, 4, 1)
    expect(timeline.next).toBe(0)
    rtc.write(0x14, 4, 1)
    expect(timeline.next).toBeUndefined()
    rtc.write(0x0c, 4, 0xffff_ffff)
    rtc.write(0x08, 4, 0xffff_ffff)
    expect(timeline.next).toBeUndefined()
  })
})
