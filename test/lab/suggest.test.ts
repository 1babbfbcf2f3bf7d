import { expect, it } from 'vitest'
import { list, nearest, suggestion } from '../../src/lab/suggest.ts'

it('finds a slip of one letter, two swapped letters, and another case', () => {
  const words = ['memory', 'cmdline', 'networks', 'dhcp']
  expect(['memroy', 'cmdlin', 'Networks', 'dcph', 'xyzzy', ''].map((word) => nearest(word, words))).toEqual(['memory', 'cmdline', 'networks', 'dhcp', undefined, undefined])
})

it('takes the nearer of two', () => expect(nearest('node', ['mode', 'nodes', 'note'])).toBe('mode'))

it('has no neighbours for a single letter', () => expect(nearest('b', ['a'])).toBeUndefined())

it('lists the words when none is near and they are few', () => {
  expect(suggestion('zzz', ['b', 'a'])).toBe('expected a or b')
  expect(suggestion('zzz', Array.from({ length: 50 }, (_, at) => `word${at}`))).toBe('')
  expect(list(['a', 'b', 'c'], 'and')).toBe('a, b and c')
})
