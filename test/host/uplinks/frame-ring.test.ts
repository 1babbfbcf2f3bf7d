import { describe, expect, it } from 'vitest'
import { FrameRing } from '../../../src/host/uplinks/frame-ring.ts'

/** Both ends of one ring, as two threads have them; the kernel's part is the test's. */
function ends(capacity: number): { writer: FrameRing; reader: FrameRing } {
  const reader = FrameRing.of(capacity)
  return { writer: new FrameRing(reader.shared, reader.bytes), reader }
}

function put(ring: FrameRing, bytes: readonly number[], largest = 16): boolean {
  const at = ring.reserve(largest)
  if (at < 0) return false
  ring.bytes.set(bytes, at)
  ring.commit(bytes.length)
  return true
}

function take(ring: FrameRing): number[] | undefined {
  const bytes = ring.peek()
  if (bytes === undefined) return undefined
  const taken = [...bytes]
  ring.next()
  return taken
}

describe('a frame ring', () => {
  it('gives frames in the order they came, at their own lengths', () => {
    const { writer, reader } = ends(256)
    put(writer, [1])
    put(writer, [2, 2, 2, 2, 2, 2, 2, 2, 2])
    put(writer, [])
    expect([take(reader), take(reader), take(reader), take(reader)]).toEqual([[1], [2, 2, 2, 2, 2, 2, 2, 2, 2], [], undefined])
  })

  it('shows nothing that is not whole yet', () => {
    const { writer, reader } = ends(256)
    writer.bytes.set([7], writer.reserve(16))
    expect(reader.waiting).toBe(false)
    expect(reader.peek()).toBeUndefined()
    writer.commit(1)
    expect(reader.waiting).toBe(true)
  })

  it('has no room where the largest frame would not fit, and has it again after one was taken', () => {
    const { writer, reader } = ends(64)
    expect(put(writer, [1])).toBe(true)
    expect(put(writer, [2])).toBe(true)
    expect(put(writer, [3])).toBe(true)
    expect(put(writer, [4])).toBe(false)
    take(reader)
    take(reader)
    expect(put(writer, [4], 8)).toBe(true)
    expect([take(reader), take(reader), take(reader)]).toEqual([[3], [4], undefined])
  })

  it('keeps its order over thousands of turns, whatever the lengths', () => {
    const { writer, reader } = ends(512)
    let written = 0
    let read = 0
    for (let turn = 0; turn < 5000; turn++) {
      for (let count = (turn * 7) % 5; count > 0; count--) {
        if (put(writer, Array.from({ length: (written * 13) % 61 }, () => written & 0xff), 61)) written++
      }
      for (let count = (turn * 11) % 5; count > 0; count--) {
        const bytes = take(reader)
        if (bytes === undefined) break
        expect(bytes).toEqual(Array.from({ length: (read * 13) % 61 }, () => read & 0xff))
        read++
      }
    }
    while (take(reader) !== undefined) read++
    expect(read).toBe(written)
    expect(written).toBeGreaterThan(5000)
  })

  it('tells the other side that it is stalled, and how it ended', () => {
    const { writer, reader } = ends(64)
    writer.stalled = true
    expect(reader.stalled).toBe(true)
    reader.stalled = false
    expect(writer.stalled).toBe(false)
    writer.failure = -77
    expect(reader.failure).toBe(-77)
  })
})
