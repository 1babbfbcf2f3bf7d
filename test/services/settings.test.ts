import { describe, expect, it } from 'vitest'
import { Settings } from '../../services/settings.ts'

const given = new Settings({ text: 'x', flag: true, whole: 5, size: '2M', span: '1h30m', address: '10.0.0.1', list: [1, 2], one: 3, 'x-note': 1, map: { a: 1 } })

describe('settings', () => {
  it('are read by kind, with a default for what is not there', () => {
    expect([given.text('text'), given.text('no'), given.flag('flag'), given.flag('no', true)]).toEqual(['x', undefined, true, true])
    expect([given.whole('whole', 1, 9, 2), given.whole('no', 1, 9, 2), given.size('size', 0), given.span('span', 0, 1e6, 0), given.address('address')]).toEqual([5, 2, 2 << 20, 5400, '10.0.0.1'])
    expect([given.list('list'), given.list('one'), given.list('no')]).toEqual([[1, 2], [3], []])
    expect([given.inner('map').path, given.inner('map', ['a']).keys, given.keys.includes('x-note')]).toEqual([['map'], ['a'], false])
  })

  it.each<[string, () => unknown, RegExp]>([
    ['a list for a map', () => new Settings([], ['a']), /expected a map of a/],
    ['an unknown key', () => new Settings({ rot: 1 }, ['root']), /no key "rot"/],
    ['a number for text', () => given.text('whole'), /found 5, expected text/],
    ['text for a flag', () => given.flag('text'), /true or false/],
    ['a number beyond its bounds', () => given.whole('whole', 6, 9, 6), /from 6 to 9/],
    ['a size without a unit', () => given.size('whole', 0), /such as 64M/],
    ['a span beyond its bounds', () => given.span('span', 0, 60, 0), /from 0s to 60s/],
    ['an address that is none', () => given.address('text'), /an IPv4 address/],
  ])('refuse %s', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ name: 'ServiceConfigError', message: expect.stringMatching(message) }))
  })
})
