import { describe, expect, it } from 'vitest'
import { formatGuestFrame, GuestFrames } from '../../src/host/guest-frames.ts'

describe('messages on the control connection', () => {
  it('come out as they went in, however they are cut', () => {
    const sent = [{ kind: 'data', bytes: Uint8Array.of(1, 2, 3) }, { kind: 'end', bytes: new Uint8Array(0) }, { kind: 'result', bytes: new Uint8Array(70_000).fill(7) }] as const
    const stream = Buffer.concat(sent.map(formatGuestFrame))
    for (const step of [1, 4, 5, 6, 1000, stream.length]) {
      const frames = new GuestFrames()
      const heard = []
      for (let at = 0; at < stream.length; at += step) heard.push(...frames.feed(stream.subarray(at, at + step)))
      expect(heard.map(({ kind, bytes }) => [kind, bytes.length])).toEqual([['data', 3], ['end', 0], ['result', 70_000]])
      expect(heard[0].bytes).toEqual(sent[0].bytes)
    }
  })

  it('refuses a length and a kind that there are not', () => {
    expect(() => new GuestFrames().feed(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 1))).toThrow(RangeError)
    expect(() => new GuestFrames().feed(Uint8Array.of(0, 0, 0, 0, 99))).toThrow(RangeError)
  })
})
