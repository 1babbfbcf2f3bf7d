/** Hostile frames against our host with DHCP and TFTP on it: it never throws, keeps within its bounds, and serves an honest client afterwards. */
import { expect, it } from 'vitest'
import { concat, latin1, unhex, utf8 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as dhcpWire from '../../src/wire/dhcp.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tftpWire from '../../src/wire/tftp.ts'
import * as udp from '../../src/wire/udp.ts'
import { dhcp } from '../../services/dhcp/dhcp.ts'
import { dns } from '../../services/dns/dns.ts'
import { ftp } from '../../services/ftp/ftp.ts'
import { http } from '../../services/http/http.ts'
import { ntp } from '../../services/ntp/ntp.ts'
import { syslog } from '../../services/syslog/syslog.ts'
import { tftp } from '../../services/tftp/tftp.ts'
import { client, clientMac, server, serverMac, serviceBench } from '../services/bench.ts'
import type { ServiceBench } from '../services/bench.ts'
import { arpFrame, noMac } from '../stack/bench.ts'
import { served } from '../services/pair-bench.ts'

const rounds = Number(process.env['NETLOOM_FUZZ_ROUNDS'] ?? 4000)
const frame = (payload: Uint8Array): Uint8Array => ethernet.build({ destination: serverMac, source: clientMac, type: 0x0800, payload })
const datagram = (sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array => udp.build({ sourcePort, destinationPort, payload }, addressSum4(client, server, 17))

/** UDP without a checksum, so that changes reach the service. */
const unsummed = (port: number, payload: Uint8Array): Uint8Array => {
  const bytes = datagram(2000, port, payload)
  bytes.set([0, 0], 6)
  return ipv4.build({ protocol: 17, source: client, destination: server, payload: bytes })
}

const discover = concat(unhex('01010600 12345678 00000000'), new Uint8Array(16), clientMac, new Uint8Array(202), unhex('63825363 350101 39020240 5e03010000 3c06552d426f6f74 37050103060c11 340103 5204 01026131 ff'))
const seeds: readonly Uint8Array[] = [
  unsummed(67, discover),
  unsummed(69, tftpWire.build({ kind: 'rrq', file: 'f', mode: 'octet', options: [['blksize', '1468'], ['windowsize', '8'], ['tsize', '0']] })),
  unsummed(69, tftpWire.build({ kind: 'wrq', file: 'g', mode: 'netascii', options: [['blksize', '8']] })),
  ipv4.build({ protocol: 1, source: client, destination: server, payload: icmp.build({ kind: 'echo', identifier: 1, sequence: 2, payload: latin1('abc') }) }),
  ipv4.build({ protocol: 1, source: client, destination: server, payload: icmp.build({ kind: 'unreachable', code: 4, mtu: 100, quoted: ipv4.build({ protocol: 17, source: server, destination: client, payload: datagram(69, 2000, latin1('x')) }) }) }),
  ipv4.build({ protocol: 17, source: client, destination: server, identification: 5, moreFragments: true, payload: new Uint8Array(64) }),
]

function mutated(random: SeededRandom, seed: Uint8Array): Uint8Array {
  const bytes = seed.slice(0, random.below(8) === 0 ? random.below(seed.length + 1) : seed.length)
  // The transport and what it carries, mostly; the IP header sums itself up, so few changes of it get far.
  for (let times = random.below(6); times > 0 && bytes.length > 21; times--) bytes[20 + random.below(bytes.length - 20)] = random.below(256)
  return bytes
}

it.each([['dhcp', dhcp, { range: '10.0.0.100-10.0.0.120' }], ['tftp', tftp, { write: true, overwrite: true, writeMax: '1K' }]] as const)('%s stands a flood of broken frames', (_, kind, config) => {
  const lan: ServiceBench = serviceBench<never>(kind as never, config, { files: { f: new Uint8Array(5000) } })
  const random = new SeededRandom(`fuzz ${kind.kind}`)
  for (let round = 0; round < rounds; round++) {
    lan.port.hear(frame(mutated(random, seeds[random.below(seeds.length)])))
    if (round % 16 === 0) lan.wait(milliseconds(random.below(2000)))
    if (round % 64 === 0) lan.meet()
    // What the service sent gets some odd answer.
    for (const { datagram: sent } of lan.heard().slice(0, 4)) lan.say(random.bytes(2 + random.below(20)).with(0, 0).with(1, random.below(7)), { port: sent.destinationPort }, { port: sent.sourcePort })
  }
  expect((lan.service.inspect?.()['leases'] ?? []).length).toBeLessThanOrEqual(21)
  expect((lan.service.inspect?.()['transfers'] ?? []).length).toBeLessThanOrEqual(1024)
  lan.wait(seconds(4000))
  lan.heard()
  lan.meet()
  if (kind.kind === 'tftp') lan.say(tftpWire.build({ kind: 'rrq', file: 'f', mode: 'octet', options: [] }), { port: 4000 }, { port: 69 })
  else lan.say(dhcpWire.build(dhcpWire.parse(discover.with(33, 0x99))), { port: 68 }, { port: 67 })
  expect(lan.heard()).toHaveLength(1)
  expect(lan.files.opened).toBeLessThanOrEqual(1)
  lan.port.hear(arpFrame(1, clientMac, client, noMac, server))
  expect(lan.port.take()).toHaveLength(1)
})

const query = unhex('1a2b 0100 0001 0000 0000 0001 036f7574 036c6162 00 0001 0001 00 0029 04d0 00008000 0000')
const datagrams = [
  ['dns', dns, { records: { 'out.lab': { cname: 'www.example.org' } }, forward: '10.0.0.100' }, 53, query],
  ['ntp', ntp, {}, 123, unhex('23000000 00000000 00000000 00000000 0000000000000000 0000000000000000 0123456789abcdef 0123456789abcdef')],
  ['syslog', syslog, {}, 514, utf8('<165>1 2003-10-11T22:14:15.003Z h app 12 ID [a@1 k="v"] text')],
] as const

it.each(datagrams)('%s stands a flood of broken datagrams', (name, kind, config, port, seed) => {
  const lan: ServiceBench = serviceBench<never>(kind as never, config)
  lan.meet()
  const random = new SeededRandom(`fuzz ${name}`)
  for (let round = 0; round < rounds; round++) {
    lan.port.hear(frame(mutated(random, unsummed(port, seed))))
    if (round % 64 === 0) lan.wait(milliseconds(500))
    // Forwarded questions get some odd answer.
    for (const { datagram: sent } of lan.heard().slice(0, 2)) if (sent.destinationPort === 53) lan.say(random.bytes(random.below(60)), { port: 53 }, { port: sent.sourcePort })
  }
  lan.wait(seconds(60))
  lan.heard()
  lan.meet()
  if (name === 'syslog') expect(lan.log.entries.length).toBeGreaterThan(0)
  else {
    lan.say(name === 'dns' ? unhex('1a2b 0100 0001 0000 0000 0000 036c6162 00 0006 0001') : seed, { port: 4000 }, { port })
    expect(lan.heard()).toHaveLength(1)
  }
})

it.each([['http', http, 80, 'GET /f HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,3-\r\n\r\n'], ['ftp', ftp, 21, 'USER ftp\r\nPASS x\r\nTYPE I\r\nEPSV\r\nREST 1\r\nRETR f\r\nMLST f\r\nOPTS MLST size;\r\nPORT 10,0,0,1,15,160\r\nLIST\r\nABOR\r\n'], ['dns', dns, 53, String.fromCharCode(0, query.length, ...query)]] as const)('%s stands broken streams', (name, kind, port, text) => {
  const lan = served<never>(kind as never, {}, { files: { f: '0123456789' } })
  const random = new SeededRandom(`fuzz stream ${name}`)
  for (let round = 0; round < rounds / 40; round++) {
    const bytes = latin1(text)
    for (let times = random.below(5); times > 0; times--) bytes[random.below(bytes.length)] = random.below(256)
    const talk = lan.dial(port)
    talk.socket.write(bytes)
    lan.run(milliseconds(20))
    if (random.below(2) === 0) talk.socket.destroy()
  }
  lan.run(seconds(4000))
  expect(lan.files.opened).toBe(0)
  const [counters] = lan.service.inspect?.()['counters'] ?? []
  expect(counters?.['connections'] ?? 0).toBe(0)
  expect(lan.service.inspect?.()['sessions'] ?? []).toEqual([])
})
