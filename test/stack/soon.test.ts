import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Soon } from '../../src/stack/soon.ts'

describe('soon', () => {
  it('acts a nanosecond later, in order; what is added meanwhile a nanosecond after that', () => {
    const time = new Timeline()
    const soon = new Soon(time, 'soon')
    const log: string[] = []
    soon.do(() => {
      log.push(`a ${time.now}`)
      soon.do(() => log.push(`c ${time.now}`))
    })
    soon.do(() => log.push(`b ${time.now}`))
    expect(log).toEqual([])
    time.run(10 as Instant)
    expect(log).toEqual(['a 1', 'b 1', 'c 2'])
  })

  it('keeps to 1024 acts', () => {
    const time = new Timeline()
    const soon = new Soon(time, 'soon')
    let count = 0
    for (let at = 0; at < 2000; at++) soon.do(() => count++)
    time.run(1 as Instant)
    expect(count).toBe(1024)
  })
})
