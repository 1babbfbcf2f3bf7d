/** tshark and capinfos read our captures without a complaint, and see in them what we put in. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat, unhex } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { Recorder } from '../../src/link/recorder.ts'
import * as arp from '../../src/wire/arp.ts'
import { addressSum4, addressSum6 } from '../../src/wire/checksum.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as icmpv6 from '../../src/wire/icmpv6.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { buildOptions } from '../../src/wire/tcp-options.ts'
import * as udp from '../../src/wire/udp.ts'
import * as vlan from '../../src/wire/vlan.ts'

const missing = ['tshark', 'capinfos'].filter((program) => spawnSync(program, ['--version']).error !== undefined)
const why = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not installed)`

const [source, destination] = [0x0a000002, 0x0a000001]
const addresses = { destination: unhex('020000000001'), source: unhex('020000000002') }
const packet = (protocol: number, payload: Uint8Array): Uint8Array => ipv4.build({ protocol, source, destination, payload })
const segment: tcp.Segment = {
  sourcePort: 49_152, destinationPort: 80, sequence: 1, acknowledgment: 0, flags: tcp.flags.syn, window: 64_240, urgentPointer: 0,
  options: buildOptions({ mss: 1460, sackPermitted: true, timestamps: { value: 100, echo: 0 }, windowScale: 7 }), payload: new Uint8Array(0),
}
const datagram = udp.build({ sourcePort: 40_000, destinationPort: 50_000, payload: unhex('616263') }, addressSum4(source, destination, 17))

const [near, router, prefix] = [unhex('fe800000000000000000000000000002'), unhex('fe800000000000000000000000000001'), unhex('20010db8000000000000000000000000')]
const packet6 = (message: icmpv6.Message, extensions: readonly ipv6.Extension[] = []): Uint8Array =>
  ethernet.build({ ...addresses, type: 0x86dd, payload: ipv6.build({ protocol: 58, hopLimit: 255, source: near, destination: router, extensions, payload: icmpv6.build(message, addressSum6(near, router, 58)) }) })

const frames: readonly Uint8Array[] = [
  ethernet.build({ ...addresses, type: 0x0806, payload: arp.build({ operation: 1, senderMac: addresses.source, senderIp: source, targetMac: new Uint8Array(6), targetIp: destination }) }),
  ethernet.build({ ...addresses, type: 0x0800, payload: packet(17, datagram) }),
  ethernet.build({ ...addresses, type: 0x0800, payload: packet(6, tcp.build(segment, addressSum4(source, destination, 6))) }),
  ethernet.build({ ...addresses, type: 0x0800, payload: packet(1, icmp.build({ kind: 'echo', identifier: 7, sequence: 8, payload: unhex('616263') })) }),
  ethernet.build({ ...addresses, type: 0x0800, payload: packet(1, icmp.build({ kind: 'unreachable', code: 4, mtu: 1400, quoted: packet(17, datagram) })) }),
  ethernet.build({ ...addresses, type: 0x8100, payload: vlan.build({ priority: 5, dropEligible: false, id: 10, type: 0x0800, payload: packet(17, datagram) }) }),
  packet6({ kind: 'neighbor solicitation', target: router, options: [{ kind: 'source mac', mac: addresses.source }] }),
  packet6({
    kind: 'router advertisement', hopLimit: 64, managed: true, other: false, lifetimeSeconds: 1800, reachableMilliseconds: 0, retransmitMilliseconds: 0,
    options: [{ kind: 'prefix', length: 64, onLink: true, autonomous: true, validSeconds: 3600, preferredSeconds: 1800, prefix }, { kind: 'mtu', mtu: 1500 }, { kind: 'dns', lifetimeSeconds: 1200, servers: [router] }],
  }),
  packet6({ kind: 'echo', identifier: 7, sequence: 8, payload: unhex('616263') }, [{ kind: 0, body: unhex('0104 00000000') }, ipv6.fragmentExtension({ offset: 0, more: false, identification: 9 })]),
]

describe.skipIf(missing.length > 0)(`captures in Wireshark’s eyes${why}`, () => {
  let folder = ''
  let file = ''
  const tshark = (...args: string[]): string => {
    const { stdout, stderr, status } = spawnSync('tshark', ['-n', '-r', file, ...args], { encoding: 'utf8' })
    expect(stderr.split('\n').filter((each) => each !== '' && !each.includes('Running as user'))).toEqual([])
    expect(status).toBe(0)
    return stdout
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netloom-pcapng-'))
    file = join(folder, 'lab.pcapng')
    const parts: Uint8Array[] = []
    const recorder = new Recorder({ append: (bytes) => parts.push(bytes.slice()) })
    const [lan, tun] = [recorder.interface('node1:eth0', 'ethernet'), recorder.interface('tun0', 'ip')]
    for (const [at, bytes] of frames.entries()) recorder.record(lan, (1_000_000_001 + at * 7) as Instant, at % 2 === 0 ? 'out' : 'in', { bytes, offload: undefined }, at === 0 ? 'the first' : undefined)
    recorder.record(tun, 2_000_000_000 as Instant, 'in', { bytes: packet(17, datagram), offload: undefined })
    recorder.close()
    writeFileSync(file, concat(...parts))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('have nanoseconds, directions, interface names and comments', () => {
    const rows = tshark('-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.packet_flags_direction', '-e', 'frame.interface_name', '-e', 'frame.comment').trimEnd().split('\n').map((row) => row.split('\t'))
    expect(rows[0].map((cell) => cell.trim())).toEqual(['1.000000001', '0x00000002', 'node1:eth0', 'the first'])
    expect(rows[1].slice(0, 3)).toEqual(['1.000000008', '0x00000001', 'node1:eth0'])
    expect(rows[9].slice(0, 3)).toEqual(['2.000000000', '0x00000001', 'tun0'])
  })

  it('have nothing malformed and every checksum right', () => {
    const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE']
    expect(tshark(...checks, '-Y', '_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0')).toBe('')
  })

  it('mean what we meant', () => {
    const protocols = tshark('-T', 'fields', '-e', 'frame.protocols').trimEnd().split('\n')
    expect(protocols).toEqual([
      'eth:ethertype:arp', 'eth:ethertype:ip:udp:data', 'eth:ethertype:ip:tcp', 'eth:ethertype:ip:icmp:data', 'eth:ethertype:ip:icmp:ip:udp:data', 'eth:ethertype:vlan:ethertype:ip:udp:data',
      'eth:ethertype:ipv6:icmpv6', 'eth:ethertype:ipv6:icmpv6', 'eth:ethertype:ipv6:ipv6.hopopts:ipv6.fraghdr:icmpv6:data', 'raw:ip:udp:data',
    ])
    expect(tshark('-Y', 'icmp.mtu == 1400 || vlan.id == 10 || tcp.options.wscale.shift == 7 || arp.dst.proto_ipv4 == 10.0.0.1').trimEnd().split('\n').length).toBe(4)
  })

  it('are in strict time order by capinfos', () => {
    const out = execFileSync('capinfos', [file], { encoding: 'utf8' })
    expect(out).toMatch(/Strict time order:\s+True/)
    expect(out).toMatch(/Number of packets:\s+10/)
    expect(out).toMatch(/Number of interfaces in file:\s+2/)
  })
})
