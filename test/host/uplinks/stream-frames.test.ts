import { describe, expect, it } from 'vitest'
import { frameHead, longestFrame, StreamFrames } from '../../../src/host/uplinks/stream-frames.ts'

const wire = Uint8Array.of(0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 9)

const hear = (): never => {
  throw new Error('a frame came out')
}

describe('frames in a stream', () => {
  it('come out whole however the stream is cut', () => {
    for (let cut = 1; cut <= wire.length; cut++) {
      const frames = new StreamFrames()
      const heard: number[][] = []
      for (let at = 0; at < wire.length; at += cut) expect(frames.feed(wire.subarray(at, at + cut), (frame) => heard.push([...frame]))).toBe(true)
      expect(heard).toEqual([[1, 2, 3], [9]])
    }
  })

  it('are refused when they are empty or longer than QEMU makes them', () => {
    expect(new StreamFrames().feed(Uint8Array.of(0, 0, 0, 0, 1), hear)).toBe(false)
    expect(new StreamFrames().feed(frameHead(longestFrame + 1), hear)).toBe(false)
    expect(new StreamFrames().feed(Uint8Array.of(0xff, 0xff, 0xff, 0xff), hear)).toBe(false)
  })

  it('have their length in front, most significant byte first', () => {
    expect(frameHead(0x01_0203)).toEqual(Uint8Array.of(0, 1, 2, 3))
  })
})
