import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { AssertionError } from '../../src/base/errors.ts'
import { microseconds, nanoseconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { cable } from '../../src/link/cable.ts'
import { ether, frameOf, hear, patch, until } from './ears.ts'

const none = { frames: 0, bytes: 0, droppedFull: 0, droppedDown: 0, droppedLarge: 0, droppedUnheard: 0 }

describe('a cable', () => {
  it('delivers after its latency and never inside the call', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: microseconds(2) })
    const heard = hear(far, time)
    near.send(frameOf(unhex('0102')))
    expect(heard).toEqual([])
    time.run(until(1999))
    expect(heard).toEqual([])
    time.run(until(5000))
    expect(heard).toMatchObject([{ time: 2000, bytes: '0102' }])
    expect(near.counters).toEqual({ ...none, frames: 1, bytes: 2 })
    expect(far.counters).toEqual(none)
  })

  it('carries both ways', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c')
    const heard = [hear(near, time), hear(far, time)]
    near.send(frameOf(unhex('01')))
    far.send(frameOf(unhex('02')))
    time.run(until(10))
    expect(heard.map((each) => each.map(({ bytes }) => bytes))).toEqual([['02'], ['01']])
  })

  it('takes its time for every bit', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: nanoseconds(100), rateBps: 1e9 })
    const heard = hear(far, time)
    near.send(frameOf(new Uint8Array(125)))
    near.send(frameOf(new Uint8Array(250)))
    time.run(until(10_000))
    expect(heard.map((each) => each.time)).toEqual([1100, 3100])
  })

  it('drops what its queue has no room for, and goes on when it has', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { rateBps: 1e9, queueBytes: 300 })
    const heard = hear(far, time)
    for (let count = 0; count < 4; count++) near.send(frameOf(new Uint8Array(125)))
    expect(near.counters).toMatchObject({ frames: 2, droppedFull: 2 })
    time.run(until(1000))
    near.send(frameOf(new Uint8Array(125)))
    time.run(until(10_000))
    expect(heard.map((each) => each.time)).toEqual([1001, 2001, 3001])
  })

  it('sends a frame larger than its queue when it is idle', () => {
    const time = new Timeline()
    const [near] = patch(time, 'c', { rateBps: 1e9, queueBytes: 10 })
    near.send(frameOf(new Uint8Array(125)))
    expect(near.counters).toMatchObject({ frames: 1, droppedFull: 0 })
  })

  it('joins islands whose clocks stand apart', () => {
    const ahead = new Timeline()
    const behind = new Timeline()
    const sent: number[] = []
    const [near, far] = cable({
      near: { name: 'a', scheduler: ahead, sent: (arrival) => sent.push(arrival) },
      far: { name: 'b', scheduler: behind },
      latency: nanoseconds(50),
    })
    const heard = hear(far, behind)
    ahead.run(until(1000))
    near.send(frameOf(unhex('01')))
    ahead.run(until(1010))
    near.send(frameOf(unhex('02')))
    expect(sent).toEqual([1050, 1060])
    behind.run(until(1049))
    expect(heard).toEqual([])
    behind.run(until(1060))
    expect(heard).toMatchObject([{ time: 1050, bytes: '01' }, { time: 1060, bytes: '02' }])
  })

  it('is refused an arrival in the past', () => {
    const behind = new Timeline()
    const ahead = new Timeline()
    const [near] = cable({ near: { name: 'a', scheduler: behind }, far: { name: 'b', scheduler: ahead }, latency: nanoseconds(50) })
    ahead.run(until(1000))
    expect(() => near.send(frameOf(unhex('01')))).toThrow(AssertionError)
  })

  it('loses what is under way when it is pulled, tells, and carries again when it is plugged in', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: nanoseconds(100) })
    const heard = hear(far, time)
    const told: boolean[] = []
    const end = near.watch((up) => told.push(up))
    near.send(frameOf(unhex('01')))
    far.setUp(false)
    far.setUp(false)
    near.send(frameOf(unhex('02')))
    time.run(until(1000))
    near.setUp(true)
    near.send(frameOf(unhex('03')))
    time.run(until(2000))
    end()
    near.setUp(false)
    expect(heard.map(({ bytes }) => bytes)).toEqual(['03'])
    expect(told).toEqual([false, true])
    expect(near.counters).toMatchObject({ frames: 2, droppedDown: 2 })
  })

  it('drops large frames, but takes a tag on top, and super-frames whole', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c')
    const heard = hear(far, time)
    const tagged = ether('01', '02', '8100', '000a0800')
    near.send(frameOf(new Uint8Array(1515)))
    near.send(frameOf(Uint8Array.from({ length: 1518 }, (_, at) => tagged.bytes[at] ?? 0)))
    near.send({ bytes: new Uint8Array(60_000), offload: { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 54 } })
    time.run(until(10))
    expect(heard.map(({ frame }) => frame.bytes.length)).toEqual([1518, 60_000])
    expect(near.counters).toMatchObject({ frames: 2, droppedLarge: 1 })
  })

  it('times a super-frame as the segments it stands for', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { rateBps: 8e9 })
    const heard = hear(far, time)
    near.send({ bytes: new Uint8Array(54 + 3000), offload: { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 54 } })
    time.run(until(10_000))
    expect(heard[0].time).toBe(3 * 1054 + 1)
  })

  it('counts what nobody heard', () => {
    const time = new Timeline()
    const [near] = patch(time, 'c')
    near.send(frameOf(unhex('01')))
    time.run(until(10))
    expect(near.counters).toMatchObject({ frames: 1, droppedUnheard: 1 })
  })

  it('keeps the order when its latency is shortened', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: nanoseconds(1000) })
    const heard = hear(far, time)
    near.send(frameOf(unhex('01')))
    near.shape({ latency: nanoseconds(10) })
    near.send(frameOf(unhex('02')))
    time.run(until(1000))
    near.send(frameOf(unhex('03')))
    time.run(until(2000))
    expect(heard).toMatchObject([{ time: 1000, bytes: '01' }, { time: 1000, bytes: '02' }, { time: 1010, bytes: '03' }])
  })

  it('refuses to take no time', () => {
    expect(() => patch(new Timeline(), 'c', { latency: nanoseconds(0) })).toThrow('at least 1 ns')
  })

  it('is saved with what is under way, and goes on from there', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: nanoseconds(1000) })
    near.send(frameOf(unhex('01')))
    time.run(until(400))
    near.send(frameOf(unhex('02')))
    const states = [near.save(), far.save()]
    const later = new Timeline()
    later.advance(until(400))
    const [again, end] = patch(later, 'c', { latency: nanoseconds(1000) })
    const heard = hear(end, later)
    again.load(states[0])
    end.load(states[1])
    later.run(until(5000))
    expect(heard).toMatchObject([{ time: 1000, bytes: '01' }, { time: 1400, bytes: '02' }])
    expect(again.counters).toMatchObject({ frames: 2, bytes: 2 })
  })

  it('keeps order and memory over many frames', () => {
    const time = new Timeline()
    const [near, far] = patch(time, 'c', { latency: nanoseconds(300) })
    const heard = hear(far, time)
    for (let count = 0; count < 2000; count++) {
      near.send(frameOf(Uint8Array.of(count >> 8, count)))
      time.run(until(time.now + 1))
    }
    time.run(until(10_000))
    expect(heard.map(({ frame }) => (frame.bytes[0] << 8) | frame.bytes[1])).toEqual(Array.from({ length: 2000 }, (_, at) => at))
  })
})
