import { describe, expect, it } from 'vitest'
import { concat, hex, putU16be, u16be, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Frame, Offload } from '../../src/link/port.ts'
import { settleFrame, takesAll, takesNothing } from '../../src/link/settle.ts'
import { addressSum4, addressSum6, fold } from '../../src/wire/checksum.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tcp from '../../src/wire/tcp.ts'
import * as udp from '../../src/wire/udp.ts'

const [source, destination] = [0x0a000002, 0x0a000001]
const ethernet = unhex('020000000001 020000000002 0800')
const payload = new SeededRandom('settle').bytes(2500)
const segment: tcp.Segment = {
  sourcePort: 1, destinationPort: 2, sequence: 0xffff_ff00, acknowledgment: 7, flags: tcp.flags.ack | tcp.flags.psh | tcp.flags.fin | tcp.flags.cwr, window: 100, urgentPointer: 0,
  options: unhex('01010402'), payload,
}

/** Puts the pseudo-header's sum where the checksum belongs, as a driver that leaves the rest to the device does. */
function owe(bytes: Uint8Array, transport: number, offset: number, addressSum: number): Uint8Array {
  putU16be(bytes, transport + offset, fold(addressSum + bytes.length - transport))
  return bytes
}

function superFrame(link: Uint8Array = ethernet): Frame {
  const packet = ipv4.build({ protocol: 6, source, destination, identification: 0xfffe, payload: tcp.build(segment, 0) })
  const bytes = owe(concat(link, packet), link.length + 20, 16, addressSum4(source, destination, 6))
  return { bytes, offload: { checksum: { start: link.length + 20, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: link.length + 44 } }
}

describe('settling', () => {
  it('leaves alone what is owed nothing, and what is taken', () => {
    const settled: Frame = { bytes: unhex('01'), offload: undefined }
    expect(settleFrame(settled, takesNothing, 'ethernet')?.[0]).toBe(settled)
    const owing = superFrame()
    expect(settleFrame(owing, takesAll, 'ethernet')?.[0]).toBe(owing)
  })

  it('fills in a checksum', () => {
    const datagram = { sourcePort: 68, destinationPort: 67, payload: unhex('616263') }
    const packet = ipv4.build({ protocol: 17, source, destination, payload: udp.build(datagram, 0) })
    const bytes = owe(concat(ethernet, packet), 34, 6, addressSum4(source, destination, 17))
    const offload: Offload = { checksum: { start: 34, offset: 6 }, segmentation: 'none', segmentSize: 0, headerLength: 0 }
    const [settled] = settleFrame({ bytes, offload }, takesNothing, 'ethernet') ?? []
    expect(settled.offload).toBeUndefined()
    expect(hex(settled.bytes.subarray(34))).toBe(hex(udp.build(datagram, addressSum4(source, destination, 17))))
  })

  it('cuts TCP over IPv4 into packets that stand alone', () => {
    const pieces = settleFrame(superFrame(), takesNothing, 'ethernet') ?? []
    const packets = pieces.map(({ bytes, offload }) => {
      expect(offload).toBeUndefined()
      expect(bytes.subarray(0, 14)).toEqual(ethernet)
      return ipv4.parse(bytes.subarray(14))
    })
    const segments = packets.map((packet) => tcp.parse(packet.payload, addressSum4(source, destination, 6)))
    expect(packets.map(({ checksum, identification, totalLength }) => [checksum, identification, totalLength])).toEqual([['right', 0xfffe, 1044], ['right', 0xffff, 1044], ['right', 0, 544]])
    const { ack, psh, fin, cwr } = tcp.flags
    expect(segments.map(({ checksum, sequence, flags }) => [checksum, sequence, flags])).toEqual([['right', 0xffff_ff00, ack | cwr], ['right', 0x2e8, ack], ['right', 0x6d0, ack | psh | fin]])
    expect(concat(...segments.map((each) => each.payload))).toEqual(payload)
    for (const each of segments) expect(hex(each.options)).toBe('01010402')
  })

  it('finds the packet behind tags and in bare IP', () => {
    const tagged = settleFrame(superFrame(unhex('020000000001 020000000002 8100000a 0800')), takesNothing, 'ethernet') ?? []
    expect(tagged.map(({ bytes }) => [bytes.length, ipv4.parse(bytes.subarray(18)).checksum])).toEqual([[1062, 'right'], [1062, 'right'], [562, 'right']])
    const bare = settleFrame(superFrame(new Uint8Array(0)), takesNothing, 'ip') ?? []
    expect(bare.map(({ bytes }) => ipv4.parse(bytes).checksum)).toEqual(['right', 'right', 'right'])
  })

  it('cuts TCP over IPv6', () => {
    const addresses = [unhex('fe800000000000000000000000000002'), unhex('fe800000000000000000000000000001')]
    const sum = addressSum6(addresses[0], addresses[1], 6)
    const header = concat(unhex('60000000 0000 06 40'), ...addresses)
    const bytes = owe(concat(unhex('020000000001 020000000002 86dd'), header, tcp.build(segment, 0)), 54, 16, sum)
    const pieces = settleFrame({ bytes, offload: { checksum: { start: 54, offset: 16 }, segmentation: 'tcp6', segmentSize: 1200, headerLength: 0 } }, takesNothing, 'ethernet') ?? []
    expect(pieces.map((piece) => [u16be(piece.bytes, 18), tcp.parse(piece.bytes.subarray(54), sum).checksum])).toEqual([[1224, 'right'], [1224, 'right'], [124, 'right']])
  })

  it('cuts UDP into datagrams', () => {
    const packet = ipv4.build({ protocol: 17, source, destination, payload: udp.build({ sourcePort: 1, destinationPort: 2, payload }, 0) })
    const bytes = owe(concat(ethernet, packet), 34, 6, addressSum4(source, destination, 17))
    const pieces = settleFrame({ bytes, offload: { checksum: { start: 34, offset: 6 }, segmentation: 'udp', segmentSize: 1400, headerLength: 42 } }, takesNothing, 'ethernet') ?? []
    const datagrams = pieces.map((piece) => udp.parse(ipv4.parse(piece.bytes.subarray(14)).payload, addressSum4(source, destination, 17)))
    expect(datagrams.map(({ checksum, payload: { length } }) => [checksum, length])).toEqual([['right', 1400], ['right', 1100]])
    expect(concat(...datagrams.map((each) => each.payload))).toEqual(payload)
  })

  const nonsense: readonly (readonly [string, Partial<Offload>])[] = [
    ['a checksum beyond the end', { segmentation: 'none', checksum: { start: 2500, offset: 100 } }],
    ['a negative start', { segmentation: 'none', checksum: { start: -4, offset: 0 } }],
    ['a segment size of 0', { segmentSize: 0 }],
    ['more segments than can be', { segmentSize: 1 }],
    ['segmentation without a checksum', { checksum: undefined }],
    ['a transport where the IP header is not over', { checksum: { start: 30, offset: 16 } }],
    ['IPv6 where IPv4 is', { segmentation: 'tcp6' }],
  ]
  it.each(nonsense)('refuses %s', (_, offload) => {
    const frame = superFrame()
    expect(settleFrame({ ...frame, offload: { ...(frame.offload as Offload), ...offload } }, takesNothing, 'ethernet')).toBeUndefined()
  })

  it('never throws, whatever a guest writes', () => {
    const random = new SeededRandom('nonsense')
    for (let round = 0; round < 3000; round++) {
      const base = random.below(2) === 0 ? superFrame().bytes : random.bytes(random.below(100))
      for (let flips = random.below(4); flips > 0 && base.length > 0; flips--) base[random.below(Math.min(60, base.length))] = random.below(256)
      const checksum = random.below(4) === 0 ? undefined : { start: random.below(80), offset: random.below(40) }
      const segmentation = (['none', 'tcp4', 'tcp6', 'udp'] as const)[random.below(4)]
      settleFrame({ bytes: base, offload: { checksum, segmentation, segmentSize: random.below(3000), headerLength: random.below(100) } }, takesNothing, random.below(2) === 0 ? 'ip' : 'ethernet')
    }
  })
})
