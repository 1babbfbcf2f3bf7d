/** The host's way to a lab's network through a tunnel, and its IPv6 address there; both go with the interface. */
import { ip } from './ip-command.ts'

/** @param subnet `10.0.0.0/24` or `fd00:1::/64`. @throws {HostError} */
export function addRoute(subnet: string, via: string, name: string): void {
  ip(subnet.includes(':') ? '-6' : '-4', 'route', 'replace', subnet, 'via', via, 'dev', name)
}

/** An IPv6 address for an interface, ours at once: nobody else is at the end that we made. Root's. @throws {HostError} */
export function addAddress6({ address, prefix }: { readonly address: string; readonly prefix: number }, name: string): void {
  ip('-6', 'addr', 'replace', `${address}/${prefix}`, 'dev', name, 'nodad')
}
