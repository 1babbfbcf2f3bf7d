import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { copyFrame, moveOffload, saveFrame, wireBytes } from '../../src/link/frame.ts'
import type { Frame } from '../../src/link/port.ts'

const frame: Frame = { bytes: new Uint8Array(54 + 2500), offload: { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 54 } }

describe('frames', () => {
  it('are copied with bytes of their own', () => {
    const original: Frame = { bytes: unhex('0102'), offload: undefined }
    for (const copy of [copyFrame(original), saveFrame(original)]) {
      expect(copy).toEqual(original)
      expect(copy.bytes).not.toBe(original.bytes)
    }
  })

  it('measure as many headers as they have segments', () => {
    expect(wireBytes(frame)).toBe(3 * 54 + 2500)
    expect(wireBytes({ ...frame, offload: undefined })).toBe(2554)
    expect(wireBytes({ bytes: new Uint8Array(10), offload: { checksum: undefined, segmentation: 'tcp4', segmentSize: 0, headerLength: 99 } })).toBe(10)
  })

  it('move what is owed with their headers, an unknown header length not', () => {
    expect(moveOffload(frame.offload, 4)).toEqual({ checksum: { start: 38, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 58 })
    expect(moveOffload({ checksum: undefined, segmentation: 'none', segmentSize: 0, headerLength: 0 }, -4)).toMatchObject({ headerLength: 0 })
    expect(moveOffload(undefined, 4)).toBeUndefined()
  })
})
