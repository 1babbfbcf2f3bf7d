import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { leave, membership } from '../../src/link/vlan-port.ts'
import { ether } from './ears.ts'

describe('a port’s VLANs', () => {
  it('of an access port: its own, in by any way that means it, out without a tag', () => {
    const port = membership({ mode: 'access', vlan: 10 })
    expect([-1, 0xa000, 0x000a, 0x000b].map((control) => port.enter(control))).toEqual([10, 10, 10, -1])
    expect([port.carries(10), port.carries(11), port.tags(10)]).toEqual([true, false, false])
  })

  it('of a trunk: all but the reserved ones, or those allowed and the native one', () => {
    const all = membership({ mode: 'trunk' })
    expect([-1, 0x0001, 0x0ffe, 0x0fff].map((control) => all.enter(control))).toEqual([-1, 1, 4094, -1])
    const some = membership({ mode: 'trunk', allowed: [20], native: 5 })
    expect([-1, 0x6000, 0x0014, 0x0005, 0x0006].map((control) => some.enter(control))).toEqual([5, 5, 20, 5, -1])
    expect([some.tags(5), some.tags(20), some.carries(6)]).toEqual([false, true, false])
  })

  it('are put on, taken off, renumbered, and left as they are', () => {
    const plain = ether('01', '02', '0800', 'aa')
    const tagged = leave(plain, -1, 10, true)
    expect(hex(tagged.bytes.subarray(12))).toBe('8100000a0800aa')
    expect(leave(tagged, 10, 10, true)).toBe(tagged)
    expect(hex(leave(tagged, 10, 10, false).bytes)).toBe(hex(plain.bytes))
    expect(leave(plain, -1, 10, false)).toBe(plain)
    expect(hex(leave(ether('01', '02', '8100', 'e0000800aa'), 0xe000, 10, true).bytes.subarray(12))).toBe('8100e00a0800aa')
  })
})
