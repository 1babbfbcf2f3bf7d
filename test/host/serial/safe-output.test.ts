import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { SafeOutput } from '../../../src/host/serial/safe-output.ts'

const shown = (text: string): string => fromLatin1(new SafeOutput().feed(latin1(text)))

describe('what a terminal may have of a guest’s output', () => {
  it.each([
    ['text, tabs, lines and the bell', 'a\tb\r\n\x07c', 'a\tb\r\n\x07c'],
    ['colours', '\x1b[1;31mred\x1b[0m', '\x1b[1;31mred\x1b[0m'],
    ['cursor and erasing', '\x1b[2J\x1b[3;4Hx\x1b[K\x1bM', '\x1b[2J\x1b[3;4Hx\x1b[K\x1bM'],
    ['UTF-8', '\xc3\xa4', '\xc3\xa4'],
  ])('has %s', (_, text, expected) => expect(shown(text)).toBe(expected))

  it.each([
    ['a title', '\x1b]0;mine\x07x'],
    ['the clipboard', '\x1b]52;c;aGk=\x1b\\x'],
    ['a device control string', '\x1bP$q"p\x1b\\x'],
    ['questions whose answer would be typed', '\x1b[6n\x1b[c\x1b[>c\x1b[5n\x05x'],
    ['window operations', '\x1b[21t\x1b[8;9;9tx'],
    ['private modes and resets', '\x1b[?1003h\x1bc\x1b[!px'],
    ['character sets', '\x1b(0\x0ex'],
    ['a string in which another begins', '\x1b_a\x1b]b\x1b\\x'],
  ])('has not %s', (_, text) => expect(shown(text)).toBe('x'))

  it('comes to the same however it is cut, and never lets an OSC through', () => {
    const piece = fc.constantFrom('\x1b', '[', ']', '0;', '52;', 'm', 'a', '\x07', '\\', '\r', 'P', '\x9d', '1', 'n')
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const one = new SafeOutput()
      const cut = pieces.map((each) => fromLatin1(one.feed(latin1(each)))).join('')
      return cut === shown(pieces.join('')) && !cut.includes('\x1b]') && !cut.includes('\x1bP') && !new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*n`).test(cut)
    }), { seed: 7, numRuns: 2000 })
  })
})
