import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { Trace } from '../../src/link/trace.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tftp from '../../src/wire/tftp.ts'
import * as udp from '../../src/wire/udp.ts'

const [client, server] = [0x0a000002, 0x0a000001]

function packet(source: number, sourcePort: number, destination: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  return ipv4.build({ protocol: 17, source, destination, payload: udp.build({ sourcePort, destinationPort, payload }, addressSum4(source, destination, 17)) })
}

const request = packet(client, 2000, server, 69, unhex('0001 6100 6f6374657400'))
const data = packet(server, 49_152, client, 2000, unhex('0003 0001 616263'))
const ack = packet(client, 2000, server, 49_152, unhex('0004 0001'))
const last = (trace: Trace, bytes: Uint8Array): string | undefined => trace.layers(bytes, 'ip').at(-1)?.name

describe('a trace', () => {
  it('knows a TFTP transfer once it was asked for, both ways', () => {
    const trace = new Trace()
    expect(last(trace, data)).toBe('data')
    expect(last(trace, request)).toBe('tftp')
    expect([last(trace, data), last(trace, ack)]).toEqual(['tftp', 'tftp'])
    expect(trace.line(ack, 'ip')).toBe(`10.0.0.2 > 10.0.0.1 ttl 64 | udp 2000 > 49152, 4 bytes | ${tftp.format(tftp.parse(unhex('0004 0001')))}`)
    expect(trace.tree(ack, 'ip')).toContain('destinationPort: 49152')
  })

  it('takes no other port or host for it', () => {
    const trace = new Trace()
    trace.layers(request, 'ip')
    expect(last(trace, packet(server, 49_152, client, 2001, unhex('0003 0001')))).toBe('data')
    expect(last(trace, packet(server, 49_152, client + 1, 2000, unhex('0003 0001')))).toBe('data')
  })

  it('forgets the oldest first', () => {
    const trace = new Trace()
    trace.layers(request, 'ip')
    for (let count = 0; count < 4096; count++) trace.layers(packet(client, 3000 + count, server, 69, unhex('0001 6100 6f6374657400')), 'ip')
    expect([last(trace, data), last(trace, packet(server, 49_152, client, 3000, unhex('0004 0001')))]).toEqual(['data', 'tftp'])
  })

  it('shows what else there is as it is', () => {
    expect(new Trace().line(unhex('ff'))).toContain('MALFORMED ethernet')
    expect(new Trace().line(packet(1, 2, 3, 4, new Uint8Array(0)), 'ip')).toBe('0.0.0.1 > 0.0.0.3 ttl 64 | udp 2 > 4, 0 bytes')
  })
})
