/** Whether a datagram came to one of a host's own addresses, and not to a broadcast or a group: those are not answered. */
import type { InterfaceView } from '../src/stack/service.ts'

export function isOwnAddress(interfaces: readonly InterfaceView[], address: string): boolean {
  return interfaces.some(({ ipv4, ipv6 }) => ipv4?.address === address || ipv6?.some((own) => own.address === address) === true)
}
