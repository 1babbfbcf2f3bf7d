import { describe, expect, it } from 'vitest'
import { distance, hintFor, nearest } from '../../services/near.ts'

describe('near words', () => {
  it('counts what to change, letters’ case passed over', () => {
    expect(distance('kitten', 'sitting')).toBe(3)
    expect(distance('', 'abc')).toBe(3)
    expect(distance('Boot', 'boot')).toBe(0)
  })

  it('offers the nearest, or what there is', () => {
    expect(nearest('vmlinux', ['vmlinuz', 'initrd', 'Vmlinux'], 2)).toEqual(['Vmlinux', 'vmlinuz'])
    expect(hintFor('rnage', ['range', 'lease'])).toBe('did you mean "range"?')
    expect(hintFor('gateway', ['range', 'lease'])).toBe('one of: range, lease')
    expect(hintFor('x', [])).toBeUndefined()
  })
})
