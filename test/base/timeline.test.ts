import { describe, expect, it } from 'vitest'
import { AssertionError } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { nanoseconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'

const at = (time: number): Instant => time as Instant

describe('a timeline', () => {
  it('rings at the due instant and not before', () => {
    const time = new Timeline()
    const rung: number[] = []
    time.alarm('a', () => rung.push(time.now)).arm(nanoseconds(10))
    time.run(at(9))
    expect([rung, time.now]).toEqual([[], 9])
    time.run(at(20))
    expect([rung, time.now]).toEqual([[10], 20])
  })

  it('orders by time, then name, and by nothing else', () => {
    const time = new Timeline()
    const rung: string[] = []
    for (const [name, wait] of [['b', 5], ['c', 5], ['a', 5], ['z', 1], ['y', 9]] as const) time.alarm(name, () => rung.push(name)).arm(nanoseconds(wait))
    time.run(at(10))
    expect(rung).toEqual(['z', 'a', 'b', 'c', 'y'])
  })

  it('rings alarms of one name in the order in which they were armed', () => {
    const time = new Timeline()
    const rung: number[] = []
    const alarms = [0, 1, 2].map((number) => time.alarm('same', () => rung.push(number)))
    for (const number of [2, 0, 1]) alarms[number].arm(nanoseconds(5))
    time.run(at(5))
    expect(rung).toEqual([2, 0, 1])
  })

  it('moves an alarm that is armed again, and drops one that is disarmed', () => {
    const time = new Timeline()
    const rung: number[] = []
    const alarm = time.alarm('a', () => rung.push(time.now))
    alarm.arm(nanoseconds(5))
    alarm.arm(nanoseconds(50))
    expect([alarm.due, time.next]).toEqual([50, 50])
    time.run(at(20))
    alarm.disarm()
    alarm.disarm()
    expect([alarm.due, time.next]).toEqual([undefined, undefined])
    time.run(at(100))
    expect(rung).toEqual([])
  })

  it('lets an alarm arm itself, also for the same instant', () => {
    const time = new Timeline()
    const rung: number[] = []
    const alarm = time.alarm('a', () => {
      rung.push(time.now)
      if (rung.length < 3) alarm.arm(nanoseconds(rung.length === 1 ? 0 : 7))
    })
    alarm.arm(nanoseconds(5))
    time.run(at(100))
    expect(rung).toEqual([5, 5, 12])
  })

  it('steps from alarm to alarm', () => {
    const time = new Timeline()
    time.alarm('a', () => {}).arm(nanoseconds(5))
    expect([time.step(), time.now, time.step(), time.now]).toEqual([true, 5, false, 5])
  })

  it('does not run backwards', () => {
    const time = new Timeline()
    time.advance(at(10))
    expect(() => time.advance(at(9))).toThrow(AssertionError)
    expect(() => time.alarm('a', () => {}).arm(-1 as never)).toThrow(AssertionError)
    time.run(at(5))
    expect(time.now).toBe(10)
  })

  it('keeps its order through any arming, moving and dropping', () => {
    const random = new SeededRandom('heap')
    const time = new Timeline()
    const rung: { time: number; name: string }[] = []
    const alarms = Array.from({ length: 50 }, (_, number) => {
      const name = `a${random.below(30)}`
      return { name, number, alarm: time.alarm(name, () => rung.push({ time: time.now, name })) }
    })
    for (let round = 0; round < 2000; round++) {
      const { alarm } = alarms[random.below(50)]
      if (random.below(4) === 0) alarm.disarm()
      else alarm.arm(nanoseconds(1 + random.below(100)))
      if (random.below(10) === 0) time.run(at(time.now + random.below(20)))
    }
    const armed = alarms.map(({ alarm }) => alarm.due).filter((due) => due !== undefined).length
    const before = rung.length
    time.run(at(time.now + 1000))
    expect(rung.length - before).toBe(armed)
    for (let each = before + 1; each < rung.length; each++) {
      const [a, b] = [rung[each - 1], rung[each]]
      expect(a.time < b.time || (a.time === b.time && a.name <= b.name)).toBe(true)
    }
  })
})
