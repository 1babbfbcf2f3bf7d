import { describe, expect, it } from 'vitest'
import { concat, unhex } from '../../src/base/bytes.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import { dissect, line, tree } from '../../src/wire/dissect.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as udp from '../../src/wire/udp.ts'
import * as vlan from '../../src/wire/vlan.ts'

const source = 0x0a000002
const destination = 0x0a000001
const datagram = udp.build({ sourcePort: 49_152, destinationPort: 50_000, payload: unhex('6162') }, addressSum4(source, destination, 17))
const packet = ipv4.build({ protocol: 17, source, destination, payload: datagram })
const addresses = { destination: unhex('020000000001'), source: unhex('020000000002') }
const frame = ethernet.build({ ...addresses, type: 0x8100, payload: vlan.build({ priority: 0, dropEligible: false, id: 10, type: 0x0800, payload: packet }) })

describe('the pretty-printer', () => {
  it('descends to the payload, in one line', () => {
    expect(line(frame)).toBe('02:00:00:00:00:02 > 02:00:00:00:00:01 vlan | vlan 10 | 10.0.0.2 > 10.0.0.1 ttl 64 | udp 49152 > 50000, 2 bytes | data 2 bytes')
  })

  it('draws a tree with every field', () => {
    expect(tree(packet, 'ip')).toBe(
      [
        '10.0.0.2 > 10.0.0.1 ttl 64',
        '  dscp: 0',
        '  ecn: 0',
        '  identification: 0x0000',
        '  dontFragment: false',
        '  moreFragments: false',
        '  fragmentOffset: 0',
        '  ttl: 64',
        '  protocol: 17',
        '  checksum: right',
        '  source: 10.0.0.2',
        '  destination: 10.0.0.1',
        '  options',
        '  totalLength: 30',
        'udp 49152 > 50000, 2 bytes',
        '  sourcePort: 49152',
        '  destinationPort: 50000',
        '  checksum: right',
        'data 2 bytes',
        '  bytes: 61 62',
      ].join('\n'),
    )
  })

  it('shows what an ICMP error quotes', () => {
    const error = ipv4.build({ protocol: 1, source: destination, destination: source, payload: icmp.build({ kind: 'unreachable', code: 3, mtu: 0, quoted: icmp.quote(packet) }) })
    expect(line(error, 'ip')).toBe('10.0.0.1 > 10.0.0.2 ttl 64 | icmp unreachable: port | quoting udp 10.0.0.2 port 49152 > 10.0.0.1 port 50000')
  })

  it('stops at a fragment', () => {
    const fragment = ipv4.build({ protocol: 17, source, destination, payload: datagram, fragmentOffset: 8 })
    expect(dissect(fragment, 'ip').map(({ name }) => name)).toEqual(['ipv4'])
  })

  it('says what is malformed and why', () => {
    expect(line(frame.subarray(0, 30))).toBe('02:00:00:00:00:02 > 02:00:00:00:00:01 vlan | vlan 10 | MALFORMED ipv4: IPv4 header: 20 bytes wanted at 0, 12 there')
    expect(line(new Uint8Array(0))).toBe('MALFORMED ethernet: Ethernet header: 14 bytes wanted at 0, 0 there')
    expect(line(new Uint8Array(0), 'ip')).toBe('')
  })

  it('is not kept busy by a chain of tags', () => {
    const chain = concat(unhex('020000000001 020000000002'), ...Array.from({ length: 100 }, () => unhex('8100 000a')))
    expect(dissect(chain).length).toBe(16)
  })

  it('shortens long data', () => {
    expect(tree(new Uint8Array(40).fill(0xff), 'ip')).toBe(`data 40 bytes\n  bytes: ${'ff '.repeat(32)}… 40 bytes`)
  })
})
