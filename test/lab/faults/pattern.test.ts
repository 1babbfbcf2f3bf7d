import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/base/errors.ts'
import { concat, unhex } from '../../../src/base/bytes.ts'
import { fits, parsePattern } from '../../../src/lab/faults/pattern.ts'
import { Trace } from '../../../src/link/trace.ts'
import { addressSum4 } from '../../../src/wire/checksum.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as rpc from '../../../src/wire/rpc.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import * as tftp from '../../../src/wire/tftp.ts'
import * as udp from '../../../src/wire/udp.ts'
import { XdrWriter } from '../../../src/wire/xdr.ts'

const [a, b] = [0x0a00_000a, 0x0a00_0001]
const packet = (source: number, destination: number, protocol: number, payload: Uint8Array): Uint8Array =>
  ethernet.build({ destination: unhex('020000000001'), source: unhex('02000000000a'), type: 0x0800, payload: ipv4.build({ protocol, source, destination, payload }) })
const datagram = (from: number, to: number, payload: Uint8Array): Uint8Array => packet(a, b, 17, udp.build({ sourcePort: from, destinationPort: to, payload }, addressSum4(a, b, 17)))
const segment = (flags: number): Uint8Array =>
  packet(a, b, 6, tcp.build({ sourcePort: 1024, destinationPort: 80, sequence: 1, acknowledgment: 0, flags, window: 1000, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(0) }, addressSum4(a, b, 6)))

const matches = (pattern: string, frame: Uint8Array, trace = new Trace()): boolean => fits(parsePattern(pattern), trace.layers(frame))
const refusal = (text: string): string => {
  try {
    parsePattern(text)
    return 'accepted'
  } catch (error) {
    return error instanceof ConfigError ? `${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}` : String(error)
  }
}

describe('a pattern', () => {
  const rrq = datagram(2000, 69, tftp.build({ kind: 'rrq', file: 'vmlinuz', mode: 'octet', options: [] }))

  it('names a protocol, or a kind of its packets', () => {
    expect(matches('tftp', rrq)).toBe(true)
    expect(matches('tftp.rrq', rrq)).toBe(true)
    expect(matches('tftp.data', rrq)).toBe(false)
    expect(matches('dhcp', rrq)).toBe(false)
  })

  it('tells what an NFS reply answers, by datagram and by the first segment of a long one', () => {
    const call = rpc.buildCall({ xid: 7, program: rpc.programs.nfs, version: 3, procedure: 6, payload: new XdrWriter().opaque(unhex('0102')).u64(0n).u32(4096).bytes })
    const reply = rpc.putReply(new XdrWriter(), 7, { kind: 'accepted', status: 0 }).u32(0).u32(0).u32(4096).bytes
    const trace = new Trace()
    expect(matches('nfs.read', datagram(900, 2049, call), trace)).toBe(true)
    expect(matches('nfs.read reply', datagram(900, 2049, call), trace)).toBe(false)
    expect(matches('nfs.read reply', datagram(2049, 900, reply), trace)).toBe(true)
    expect(matches('nfs.lookup reply', datagram(2049, 900, reply), trace)).toBe(false)
    expect(matches('nfs3.status = 0', datagram(2049, 900, reply), trace)).toBe(true)
    expect(matches('nfs.read reply', datagram(2049, 900, reply))).toBe(false)
    const long = concat(unhex('80001080'), reply)
    const first = packet(a, b, 6, tcp.build({ sourcePort: 2049, destinationPort: 900, sequence: 1, acknowledgment: 0, flags: 0x10, window: 1000, urgentPointer: 0, options: new Uint8Array(0), payload: long }, addressSum4(a, b, 6)))
    expect(matches('nfs.read reply', first, trace)).toBe(true)
  })

  it('follows a TFTP transfer to the ports it moved to', () => {
    const trace = new Trace()
    trace.layers(rrq)
    expect(matches('tftp.ack and tftp.block = 3', datagram(2000, 3000, tftp.build({ kind: 'ack', block: 3 })), trace)).toBe(true)
  })

  it('compares any field of the pretty-printer', () => {
    expect(matches('udp.destinationPort = 69', rrq)).toBe(true)
    expect(matches('udp.destinationPort=70', rrq)).toBe(false)
    expect(matches('udp.destinationPort < 100 and tftp.file ~ linu', rrq)).toBe(true)
    expect(matches('ipv4.source = 10.0.0.10', rrq)).toBe(true)
    expect(matches('ipv4.source != 10.0.0.10', rrq)).toBe(false)
  })

  it('tells SYN from SYN ACK', () => {
    expect([matches('tcp.syn', segment(2)), matches('tcp.syn', segment(18)), matches('tcp.synack', segment(18)), matches('tcp.rst', segment(4))]).toEqual([true, false, true, true])
  })

  it('goes by the words of the line where a protocol has no kinds', () => expect(matches('ethernet 02:00:00:00:00:01', rrq)).toBe(false))

  it('says where it is looked for', () => expect(parsePattern('tftp.data to node1 from lan')).toMatchObject({ to: 'node1', from: 'lan', on: undefined, terms: [{ protocol: 'tftp', words: ['data'] }] }))

  it('is refused with the nearest word', () => {
    expect(refusal('tftpp.data')).toContain('did you mean "tftp"?')
    expect(refusal('dhcp.ofer')).toBe('"dhcp.ofer": dhcp has no "ofer" | did you mean "offer"?')
    expect(refusal('')).toContain('expected a protocol')
    expect(refusal('arp to a to b')).toContain('says "to" twice')
  })
})
