import { describe, expect, it } from 'vitest'
import type { Finish } from '../../src/board/finisher.ts'
import { Finisher } from '../../src/board/finisher.ts'

describe('test finisher', () => {
  it('ends the machine by the low half, with the code in the high half', () => {
    const heard: Finish[] = []
    const finisher = new Finisher((finish) => heard.push(finish))
    finisher.write(0, 4, 0x5555)
    finisher.write(0, 4, 0x7777)
    finisher.write(0, 4, 0x002a_3333)
    finisher.write(0, 2, 0x5555)
    finisher.write(0, 4, 0x1234)
    finisher.write(4, 4, 0x5555)
    finisher.write(0, 1, 0x55)
    expect(heard).toEqual([{ kind: 'poweroff' }, { kind: 'reset' }, { kind: 'fail', code: 42 }, { kind: 'poweroff' }])
    expect(finisher.read()).toBe(0)
  })
})
