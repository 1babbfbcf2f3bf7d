/** An ICMP error of the outside, told to the guest as if it had come all the way. RFC 5508 §4.2. */
import type { Complaint } from '../stack/ip.ts'
import type { Host } from '../stack/host.ts'
import * as quoted from '../wire/quoted.ts'

/** @param about the guest's packet, as far as it is quoted. @param source who said it, as seen inside; the gateway itself when undefined. */
export function tell(host: Host, { kind, code, mtu }: Complaint, about: Uint8Array, source: number | undefined): void {
  const { source: destination } = quoted.parse(about)
  host.icmp.send(kind === 'unreachable' ? { kind, code, mtu, quoted: about } : { kind, code, quoted: about }, { destination, source })
}
