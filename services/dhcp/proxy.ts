/**
 * PXE's boot service: tells a PXE client what to boot, and gives no address. Intel, Preboot Execution Environment 2.1 §2.2; RFC 4578.
 * Beside a foreign DHCP server it answers the client's DISCOVER as well (proxyDHCP); on port 4011 it answers who was sent there.
 */
import type { Log } from '../../src/base/log.ts'
import type { Message } from '../../src/wire/dhcp.ts'
import type { Option } from '../../src/wire/dhcp-options.ts'
import type { Client } from './client.ts'
import type { Policy } from './policy.ts'
import type { Site } from './reply.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { ipv4Bytes } from '../../src/wire/address.ts'
import { option, typeOf, types } from '../../src/wire/dhcp.ts'
import { codes } from '../../src/wire/dhcp-options.ts'
import { nextServer } from './reply.ts'
import { bootName } from './policy.ts'

export const proxyPort = 4011

/** PXE_DISCOVERY_CONTROL, bit 3: "only use/accept servers in …; download the boot file named" — no menu, no further search; then the end. */
const bootAtOnce = Uint8Array.of(6, 1, 8, 255)

/** Whether a client looks for a boot service. */
export const isPxe = (client: Client): boolean => client.vendor.startsWith('PXEClient') || client.vendor.startsWith('HTTPClient')

/** The answer to a DISCOVER, or to a REQUEST on port 4011; undefined: this is not for a boot service, or there is nothing to boot. */
export function bootAnswer(request: Message, client: Client, policy: Policy, site: Site, log: Log): Message | undefined {
  const asked = typeOf(request)
  const file = bootName(policy.boot, client)
  if (!isPxe(client) || file === '' || (asked !== types.discover && asked !== types.request && asked !== types.inform)) return undefined
  if (client.serverId !== undefined && client.serverId !== site.address && asked !== types.request) return undefined
  log.info('dhcp.proxy', `${client.mac} is told to boot ${file}`, { mac: client.mac, boot: file })
  const { siaddr, sname } = nextServer(policy, site)
  const vendor = policy.options.get(codes.vendorSpecific)?.data ?? bootAtOnce
  const word = client.vendor.slice(0, client.vendor.indexOf('Client') + 'Client'.length)
  const told: Option[] = [
    { code: codes.messageType, data: Uint8Array.of(asked === types.discover ? types.offer : types.ack) },
    { code: codes.serverId, data: ipv4Bytes(site.address) },
    { code: codes.vendorClass, data: utf8(word) },
    ...(word === 'PXEClient' ? [{ code: codes.vendorSpecific, data: vendor }] : []),
    { code: codes.bootFile, data: utf8(file) },
  ]
  const machine = option(request, codes.clientMachine)
  if (machine !== undefined) told.push({ code: codes.clientMachine, data: machine })
  const fits = utf8(file).length <= 127
  return { ...request, op: 'reply', hops: 0, secs: 0, yiaddr: 0, siaddr, sname, file: fits ? file : '', options: told }
}
