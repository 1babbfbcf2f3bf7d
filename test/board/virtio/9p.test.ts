import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import type { Plain } from '../../../src/base/state.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { type NinepServer, VirtioNinep } from '../../../src/board/virtio/9p.ts'
import { Driver } from './driver.ts'

class Echo implements NinepServer {
  readonly largestMessage = 64
  readonly heard: string[] = []
  resets = 0
  state: Plain = 0

  serve(request: Uint8Array, room: number): readonly Uint8Array[] {
    if (request[0] === 0xff) throw new Malformed('no message')
    this.heard.push(`${request.length} bytes, room for ${room}`)
    return [latin1('an'), latin1('swer')]
  }

  reset(): void {
    this.resets++
  }

  save(): Plain {
    return this.state
  }

  load(state: Plain): void {
    this.state = state
  }
}

function world(): { timeline: Timeline; server: Echo; device: VirtioNinep; driver: Driver } {
  const [timeline, server] = [new Timeline(), new Echo()]
  const device = new VirtioNinep('share0', 'host', timeline, server)
  return { timeline, server, device, driver: new Driver(device).start([0], 1) }
}

describe('virtio-9p', () => {
  it('is device 9 with its mount tag in the configuration, and nothing behind it', () => {
    const { driver } = world()
    expect([driver.slot.read(0x008, 4), driver.slot.read(0x100, 2)]).toEqual([9, 4])
    expect([0, 1, 2, 3, 4].map((at) => driver.slot.read(0x102 + at, 1))).toEqual([...latin1('host'), 0])
    driver.slot.write(0x014, 4, 0)
    expect(driver.slot.read(0x010, 4) & 1).toBe(1)
  })

  it('answers each request after its time, in pieces over the room that was lent', () => {
    const { timeline, server, driver } = world()
    const [, first, second] = driver.lend(0, { bytes: unhex('01020304') }, { room: 3 }, { room: 16 })
    driver.lend(0, { bytes: unhex('05') }, { room: 32 })
    driver.kick(0)
    expect([driver.used(0), server.heard]).toEqual([[], []])
    timeline.run(10_005 as Instant)
    expect(driver.used(0)).toEqual([[0, 6]])
    expect([driver.bytes(first, 4), driver.bytes(second, 4)]).toEqual([unhex('616e73a5'), unhex('776572a5')])
    expect(driver.acknowledge()).toBe(1)
    timeline.run(30_000 as Instant)
    expect([driver.used(0), server.heard]).toEqual([[[3, 6]], ['4 bytes, room for 19', '1 bytes, room for 32']])
  })

  it('reads no more of a request than a message may have', () => {
    const { timeline, server, driver } = world()
    driver.lend(0, { bytes: new Uint8Array(100) }, { room: 11 })
    driver.kick(0)
    timeline.run(1_000_000 as Instant)
    expect(server.heard).toEqual(['64 bytes, room for 11'])
  })

  it('needs a reset after what no answer can be given to, and its server is told of the reset', () => {
    const { timeline, server, driver } = world()
    const before = server.resets
    driver.lend(0, { bytes: unhex('ff') }, { room: 11 })
    driver.kick(0)
    timeline.run(1_000_000 as Instant)
    expect([driver.used(0), driver.status & 64, driver.reports.length]).toEqual([[], 64, 1])
    driver.slot.write(0x070, 4, 0)
    expect(server.resets).toBe(before + 1)
  })

  it('goes on where it was saved', () => {
    const one = world()
    one.server.state = 7
    one.driver.lend(0, { bytes: unhex('01') }, { room: 11 })
    one.driver.kick(0)
    one.timeline.run(5_000 as Instant)
    const other = world()
    other.timeline.run(5_000 as Instant)
    other.driver.ram.set(one.driver.ram)
    other.driver.slot.load(one.driver.slot.save())
    other.timeline.run(10_002 as Instant)
    expect(other.server.heard).toEqual([])
    other.timeline.run(10_003 as Instant)
    expect([other.driver.used(0), other.server.heard, other.server.state]).toEqual([[[0, 6]], ['1 bytes, room for 11'], 7])
  })
})
