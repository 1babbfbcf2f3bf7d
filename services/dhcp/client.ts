/** What a DHCP client tells about itself. RFC 2131 §2, RFC 2132 §9, RFC 4578, RFC 3004, RFC 3046. */
import type { Message } from '../../src/wire/dhcp.ts'
import { equal, fromUtf8, hex, u16be, u32be } from '../../src/base/bytes.ts'
import { option } from '../../src/wire/dhcp.ts'
import { codes } from '../../src/wire/dhcp-options.ts'
import { legible } from '../../src/wire/format.ts'

export interface Client {
  /** Identity for the lease table: the hardware address unless option 61 says something else than that. */
  readonly key: string
  /** Hardware address, `52:54:00:12:34:56`. */
  readonly mac: string
  readonly vendor: string
  readonly user: string
  /** Architectures it can boot (option 93), its own first. */
  readonly archs: readonly number[]
  /** Machine identifier (option 97) in hex, its type byte left off. */
  readonly uuid: string
  readonly hostName: string
  /** Option 61 in hex; empty without one. */
  readonly id: string
  /** The link that a relay names beside its own address (RFC 3527). */
  readonly link: number | undefined
  /** Circuit id of the relay's option 82, as text. */
  readonly circuit: string
  readonly requested: number | undefined
  readonly serverId: number | undefined
  /** Option 55, in its order; undefined when the client didn't say. */
  readonly wishes: readonly number[] | undefined
  /** Largest IP datagram it takes (option 57); 576 when it didn't say. */
  readonly maxMessage: number
}

export function readClient(message: Message): Client {
  const hardware = `hw:${message.htype}:${hex(message.chaddr)}`
  const id = option(message, codes.clientId)
  const plain = id === undefined || id.length < 2 || (id[0] === message.htype && equal(id.subarray(1), message.chaddr))
  const wishes = option(message, codes.parameterList)
  const size = option(message, codes.maxMessageSize)
  return {
    key: plain ? hardware : `id:${hex(id)}`,
    mac: hex(message.chaddr, ':'),
    vendor: text(option(message, codes.vendorClass)),
    user: userClass(option(message, codes.userClass)),
    archs: words(option(message, codes.clientArch)),
    uuid: hex(option(message, codes.clientMachine)?.subarray(1) ?? new Uint8Array(0)),
    hostName: text(option(message, codes.hostName)),
    id: hex(id ?? new Uint8Array(0)),
    link: address(subOption(option(message, codes.relayAgent), 5)),
    circuit: text(subOption(option(message, codes.relayAgent), 1)),
    requested: address(option(message, codes.requestedAddress)),
    serverId: address(option(message, codes.serverId)),
    wishes: wishes === undefined ? undefined : [...new Set(wishes)],
    maxMessage: size?.length === 2 ? Math.max(576, u16be(size, 0)) : 576,
  }
}

function address(data: Uint8Array | undefined): number | undefined {
  return data?.length === 4 ? u32be(data, 0) : undefined
}

/** Without trailing NULs, which some clients count in; fit for logs and tables. */
function text(data: Uint8Array | undefined): string {
  return data === undefined ? '' : legible(fromUtf8(data).replace(/\0+$/, ''))
}

/** RFC 3004 wants a list of counted texts; many clients (iPXE, dhclient) send the bare text. */
function userClass(data: Uint8Array | undefined): string {
  if (data === undefined) return ''
  const parts: string[] = []
  let at = 0
  while (at < data.length && data[at] > 0 && at + 1 + data[at] <= data.length) {
    parts.push(text(data.subarray(at + 1, at + 1 + data[at])))
    at += 1 + data[at]
  }
  return at === data.length && parts.length > 0 ? parts.join(' ') : text(data)
}

function words(data: Uint8Array | undefined): readonly number[] {
  return data === undefined ? [] : Array.from({ length: data.length >> 1 }, (_, at) => u16be(data, 2 * at))
}

function subOption(data: Uint8Array = new Uint8Array(0), wanted: number): Uint8Array | undefined {
  for (let at = 0; at + 2 <= data.length; at += 2 + data[at + 1]) {
    if (data[at] === wanted) return data.subarray(at + 2, at + 2 + data[at + 1])
  }
  return undefined
}
