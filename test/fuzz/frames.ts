/** Frames to be broken, and how they are: for fuzzing. */
import { concat, unhex, utf8 } from '../../src/base/bytes.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { addressSum4 } from '../../src/wire/checksum.ts'
import * as arp from '../../src/wire/arp.ts'
import * as icmp from '../../src/wire/icmp.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { buildOptions } from '../../src/wire/tcp-options.ts'
import * as udp from '../../src/wire/udp.ts'

const [source, destination] = [0x0a000002, 0x0a000001]
const link = unhex('020000000001 020000000002')
const packet = (protocol: number, payload: Uint8Array): Uint8Array => ipv4.build({ protocol, source, destination, payload })
const datagram = (sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array =>
  packet(17, udp.build({ sourcePort, destinationPort, payload }, addressSum4(source, destination, 17)))
const ip = (bytes: Uint8Array): Uint8Array => concat(link, unhex('0800'), bytes)

/** A BOOTREQUEST with a few options, as bytes, so that the DHCP format is reached without being asked to build it. */
const dhcp = concat(unhex('01010600 12345678 00000000'), new Uint8Array(16), unhex('020000000002'), new Uint8Array(202), unhex('63825363 350101 370401030642 3d07 01020000000002 ff'))

const options = buildOptions({ mss: 1460, sackPermitted: true, timestamps: { value: 1, echo: 2 }, windowScale: 7 })
export const segment = { sourcePort: 49_152, destinationPort: 80, sequence: 1, acknowledgment: 2, flags: 18, window: 3, urgentPointer: 0, options, payload: unhex('474554') }

/** Honest frames, one of each kind. */
export const seeds: readonly Uint8Array[] = [
  concat(link, unhex('0806'), arp.build({ operation: 1, senderMac: link.subarray(6), senderIp: source, targetMac: new Uint8Array(6), targetIp: destination })),
  ip(datagram(68, 67, dhcp)),
  ip(datagram(67, 68, dhcp)),
  ip(datagram(546, 547, unhex('01123456 0001000a 00030001525400123456 0006 0004 0017003b 0003 0028 00000001 00000000 00000000 0005 0018 fd000001000000000000000000001000 00000001 00000002'))),
  ip(datagram(547, 547, unhex('0c00 fd000009000000000000000000000001 fe800000000000000000000000000005 0012 0004 65746837 0009 0022 07123456 0001 0004 0004aabb 0019 0012 00000001 00000000 00000000 000d 0002 0006'))),
  ip(datagram(2000, 69, unhex('0001 626f6f7400 6f6374657400 626c6b73697a6500 3134363800'))),
  ip(datagram(69, 2000, unhex('0006 626c6b73697a6500 3134363800'))),
  ip(datagram(2000, 53, unhex('1a2b 0100 0001 0000 0000 0001 056e6f646531 036c6162 00 0001 0001 00 0029 04d0 00008000 0000'))),
  ip(datagram(53, 2000, unhex('1a2b 8500 0001 0002 0001 0000 056e6f646531 036c6162 00 0001 0001 c00c 0005 0001 0000003c 0006 03777777 c012 c027 0010 0001 0000003c 0003 02 6162 c012 0006 0001 0000003c 0018 c00c c012 00000001 00000002 00000003 00000004 00000005'))),
  ip(datagram(123, 123, unhex('230006ec 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 ed00428040000000'))),
  ip(datagram(2000, 514, utf8('<165>1 2003-10-11T22:14:15.003Z h app 12 ID [a@1 k="v"] text'))),
  ip(datagram(2000, 514, utf8('<30>Jan  1 00:00:07 node1 udhcpc[42]: lease obtained'))),
  ip(datagram(700, 2049, unhex('12345678 00000000 00000002 000186a3 00000003 00000003 00000001 00000018 00000001 00000001 61000000 00000000 00000000 00000000 00000000 00000000 00000004 01020304 00000001 66000000'))),
  ip(datagram(700, 111, unhex('12345678 00000000 00000002 000186a0 00000004 00000003 00000000 00000000 00000000 00000000 000186a3 00000003 00000003 74637000 00000000 00000000'))),
  ip(packet(1, icmp.build({ kind: 'echo', identifier: 1, sequence: 2, payload: unhex('6162') }))),
  ip(packet(1, icmp.build({ kind: 'unreachable', code: 3, mtu: 0, quoted: datagram(1, 2, unhex('00')) }))),
  ip(packet(6, tcp.build(segment, addressSum4(source, destination, 6)))),
  concat(link, unhex('8100 000a 8100 0014 0800'), datagram(1, 2, unhex('00'))),
  concat(link, unhex('86dd 60000000 0018 3aff fe800000000000000000000000000002 ff0200000000000000000001ff000001'), unhex('8700 0000 00000000 fe800000000000000000000000000001')),
  concat(link, unhex('86dd 60000000 0028 00ff fe800000000000000000000000000002 ff020000000000000000000000000001'), unhex('3a00 0502 0000 0100 8600 0000 4008 0708 00000000 00000000 0101 020000000002 0501 0000 000005dc')),
]

/** Bytes changed, cut out, doubled, cut off: what a broken or hostile sender makes of an honest frame. */
export function mutate(random: SeededRandom, seed: Uint8Array): Uint8Array {
  let bytes: Uint8Array = seed.slice()
  for (let times = 1 + random.below(4); times > 0 && bytes.length > 0; times--) {
    const at = random.below(bytes.length)
    const kind = random.below(6)
    if (kind === 0) bytes = bytes.slice(0, at)
    else if (kind === 1) bytes = concat(bytes.subarray(0, at), random.bytes(random.below(8)), bytes.subarray(at))
    else if (kind === 2) bytes = concat(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random.below(8))))
    else bytes[at] = [0, 0xff, 0x7f, random.below(256)][random.below(4)]
  }
  return bytes
}
