import { describe, expect, it } from 'vitest'
import { Malformed } from '../../../src/base/errors.ts'
import { parseVnetHeader, vnetHeaderBytes, writeVnetHeader } from '../../../src/host/uplinks/vnet-header.ts'

const header = (...bytes: readonly number[]): Uint8Array => Uint8Array.from({ length: vnetHeaderBytes }, (_, at) => bytes[at] ?? 0)

describe('the header in front of a frame', () => {
  it('of zeros owes nothing', () => {
    expect(parseVnetHeader(header(), 60)).toBeUndefined()
  })

  it('with DATA_VALID owes nothing either', () => {
    expect(parseVnetHeader(header(2), 60)).toBeUndefined()
  })

  it.each([
    [1, 'tcp4'],
    [4, 'tcp6'],
    [5, 'udp'],
  ] as const)('says where the sum goes and how large segments are (gso_type %i)', (type, segmentation) => {
    const bytes = header(
      1, //          flags: NEEDS_CSUM
      type, //       gso_type
      54, 0, //      hdr_len
      0xb4, 0x05, // gso_size 1460
      34, 0, //      csum_start
      16, 0, //      csum_offset
    )
    const offload = { checksum: { start: 34, offset: 16 }, segmentation, segmentSize: 1460, headerLength: 54 }
    expect(parseVnetHeader(bytes, 9000)).toEqual(offload)
    const into = new Uint8Array(vnetHeaderBytes).fill(0xa5)
    writeVnetHeader(into, offload)
    expect(into).toEqual(bytes)
  })

  it('is written whole for a frame that owes nothing', () => {
    const into = new Uint8Array(vnetHeaderBytes).fill(0xa5)
    writeVnetHeader(into, undefined)
    expect(into).toEqual(header())
  })

  it('takes the mark of congestion off the type', () => {
    expect(parseVnetHeader(header(1, 0x81, 54, 0, 100, 0, 34, 0, 16, 0), 9000)?.segmentation).toBe('tcp4')
  })

  it.each([
    ['a sum outside the frame', header(1, 0, 0, 0, 0, 0, 50, 0, 16, 0)],
    ['segments without a sum', header(0, 1, 54, 0, 100, 0)],
    ['segments of no bytes', header(1, 1, 54, 0, 0, 0, 34, 0, 16, 0)],
    ['fragments of UDP, which nobody asked for', header(1, 3, 42, 0, 100, 0, 34, 0, 6, 0)],
  ])('is refused for %s', (_, bytes) => {
    expect(() => parseVnetHeader(bytes, 60)).toThrow(Malformed)
  })
})
