import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Door, type FrameEntry } from '../../src/lab/door.ts'
import type { UplinkPlan } from '../../src/lab/topology.ts'
import { type OutsideLink, Uplink } from '../../src/lab/uplink.ts'
import type { Frame, FrameSink } from '../../src/link/port.ts'
import { takesNothing } from '../../src/link/settle.ts'

const plan = { name: 'home', network: 'lan', latency: 1000, mtu: 1500, type: 'nic', ifname: 'eth9' } as UplinkPlan
const plain = (...bytes: readonly number[]): Frame => ({ bytes: Uint8Array.from({ length: 60 }, (_, at) => bytes[at] ?? 0), offload: undefined })
const large = (): Frame => ({ bytes: new Uint8Array(1 << 20), offload: undefined })

function bench(): { time: Timeline; uplink: Uplink; door: Door; inside: [number, number][]; leave: (frame: Frame) => void; out: Frame[]; link: OutsideLink } {
  const time = new Timeline()
  const inside: [number, number][] = []
  let sink: FrameSink | undefined
  const port = { name: 'home', medium: 'ethernet' as const, frameMax: 1514, send: ({ bytes }: Frame) => void inside.push([time.now, bytes[0]]), listen: (to: FrameSink | undefined) => void (sink = to) }
  const uplink = new Uplink(plan, port, time)
  const door = new Door(time)
  door.join(uplink)
  const out: Frame[] = []
  const link = { takes: takesNothing, send: (frame: Frame) => out.push(frame) > 0 }
  return { time, uplink, door, inside, leave: (frame) => sink?.receive(frame), out, link }
}

describe('an uplink', () => {
  it('lets frames in at the instants they are stamped with, in order, and never inside the call', () => {
    const { time, door, inside } = bench()
    door.replayFrame({ time: 100 as Instant, uplink: 'home', frame: plain(1) })
    door.replayFrame({ time: 100 as Instant, uplink: 'home', frame: plain(2) })
    door.replayFrame({ time: 300 as Instant, uplink: 'home', frame: plain(3) })
    expect(inside).toEqual([])
    time.run(1000 as Instant)
    expect(inside).toEqual([[100, 1], [100, 2], [300, 3]])
  })

  it('stamps by the clock it was given, and tells who records', () => {
    const { time, door, inside } = bench()
    const told: FrameEntry[] = []
    const stop = door.hear((entry) => told.push(entry))
    door.stampBy({ now: 500 as Instant })
    expect(door.frame('home', plain(7))).toBe(true)
    stop()
    door.frame('home', plain(8))
    time.run(1000 as Instant)
    expect(told.map((entry) => [entry.time, entry.uplink, entry.frame.bytes[0]])).toEqual([[500, 'home', 7]])
    expect(inside).toEqual([[500, 7], [500, 8]])
  })

  it('drops what comes faster than the lab takes it, counts it, and goes on afterwards', () => {
    const { time, door, uplink, inside } = bench()
    for (let count = 0; count < 20; count++) door.frame('home', large())
    expect(uplink.counters.inDropped).toBe(4)
    time.run(10 as Instant)
    expect(inside).toHaveLength(16)
    expect(door.frame('home', large())).toBe(true)
  })

  it('loses what leaves while nobody is there', () => {
    const { uplink, leave, out, link } = bench()
    leave(plain(1))
    uplink.connect(link)
    leave(plain(2))
    uplink.connect(undefined)
    leave(plain(3))
    expect(out.map(({ bytes }) => bytes[0])).toEqual([2])
    expect(uplink.counters).toMatchObject({ outFrames: 1, outBytes: 60, outDropped: 2 })
  })

  it('settles what the outside does not take', () => {
    const { uplink, leave, out, link } = bench()
    uplink.connect(link)
    leave({ bytes: plain(1).bytes, offload: { checksum: { start: 34, offset: 6 }, segmentation: 'none', segmentSize: 0, headerLength: 0 } })
    leave({ bytes: plain(1).bytes, offload: { checksum: { start: 59, offset: 6 }, segmentation: 'none', segmentSize: 0, headerLength: 0 } })
    expect(out.map(({ bytes, offload }) => [bytes[40], bytes[41], offload])).toEqual([[0xff, 0xff, undefined]])
    expect(uplink.counters.outDropped).toBe(1)
  })

  it('knows no uplink by another name', () => {
    const { door } = bench()
    expect(door.frame('away', plain(1))).toBe(false)
  })
})
