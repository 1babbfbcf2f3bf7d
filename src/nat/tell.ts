/** An ICMP error of the outside, told to the guest as if it had come all the way. RFC 5508 §4.2. */
import type { Complaint } from '../stack/ip.ts'
import type { Host } from '../stack/host.ts'
import { parseIpv4 } from '../wire/address.ts'
import * as quoted from '../wire/quoted.ts'

/** @param about the guest's packet, as far as it is quoted. @param by who said it, dotted; the gateway itself when undefined. */
export function tell(host: Host, { kind, code, mtu }: Complaint, about: Uint8Array, by: string | undefined): void {
  const { source: destination } = quoted.parse(about)
  const source = by === undefined ? undefined : parseIpv4(by)
  host.icmp.send(kind === 'unreachable' ? { kind, code, mtu, quoted: about } : { kind, code, quoted: about }, { destination, source })
}
