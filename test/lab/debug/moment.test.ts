/** Moments of a run, as they are typed. */
import { expect, it } from 'vitest'
import { parseMoment } from '../../../src/lab/debug/moment.ts'

it('is a frame, an instant or a text', () => {
  expect(parseMoment('frame:412')).toEqual({ kind: 'frame', number: 412 })
  expect(parseMoment('3.2s')).toEqual({ kind: 'time', time: 3_200_000_000 })
  expect(parseMoment('console:"Kernel panic"')).toEqual({ kind: 'console', text: 'Kernel panic' })
  expect(parseMoment('console:Kernel panic')).toEqual({ kind: 'console', text: 'Kernel panic' })
})

it.each(['', '3', 'frame:0', 'frame:x', 'console:', 'console:""', 'packet:3', '-1s'])('refuses %j with a sentence', (text) => {
  expect(() => parseMoment(text)).toThrow(/names no|is no moment/)
})
