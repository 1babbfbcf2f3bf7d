import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Door } from '../../src/lab/door.ts'

/** A guest that takes `room` bytes a millisecond. */
function guest(room: number): { timeline: Timeline; door: Door; heard: string[]; power: (on: boolean) => void } {
  const timeline = new Timeline()
  const heard: string[] = []
  let taken = 0
  const chardev = {
    get room() {
      return room - taken
    },
    write: (bytes: Uint8Array) => {
      taken += bytes.length
      heard.push(`${timeline.now} ${fromLatin1(bytes)}`)
    },
    listen: () => undefined,
  }
  const refill = timeline.alarm('refill', () => {
    taken = 0
  })
  refill.arm(500_000 as never)
  const door = new Door(timeline)
  let on = true
  door.open('a', timeline, chardev, () => on)
  return { timeline, door, heard, power: (state) => void (on = state) }
}

describe('the door', () => {
  it('hands over what is typed at the instant of its stamp, and records it', () => {
    const { timeline, door, heard } = guest(16)
    timeline.advance(100 as Instant)
    expect(door.type('a', latin1('ls'))).toBe(2)
    expect(heard).toEqual([])
    timeline.run(100 as Instant)
    expect(heard).toEqual(['100 ls'])
    expect(door.entries).toEqual([{ time: 100, node: 'a', bytes: latin1('ls') }])
  })

  it('keeps what the guest has no room for, in order', () => {
    const { timeline, door, heard } = guest(2)
    door.type('a', latin1('abc'))
    door.type('a', latin1('d'))
    timeline.run(10_000_000 as Instant)
    expect(heard).toEqual(['0 ab', '868000 cd'])
  })

  it('holds back what is stamped later', () => {
    const { timeline, door, heard } = guest(16)
    door.replay({ time: 10 as Instant, node: 'a', bytes: latin1('x') })
    door.replay({ time: 30 as Instant, node: 'a', bytes: latin1('y') })
    timeline.run(50 as Instant)
    expect(heard).toEqual(['10 x', '30 y'])
  })

  it('keeps what is typed at a machine that is off until it is switched on', () => {
    const { timeline, door, heard, power } = guest(16)
    power(false)
    door.type('a', latin1('x'))
    timeline.run(20 as Instant)
    expect([heard, timeline.next]).toEqual([[], 500_000])
    power(true)
    door.wake('a')
    timeline.run(30 as Instant)
    expect(heard).toEqual(['20 x'])
  })

  it('takes no more than a bounded paste, and nothing for a node that is not there', () => {
    const { door } = guest(0)
    expect([door.type('a', new Uint8Array(2 << 20)), door.type('a', latin1('x')), door.type('b', latin1('x'))]).toEqual([1 << 20, 0, 0])
  })
})
