/** The host's way to a lab's network through a tunnel; it goes with the tunnel's interface. */
import { ip } from './ip-command.ts'

/** @param subnet `10.0.0.0/24`. @throws {HostError} */
export function addRoute(subnet: string, via: string, name: string): void {
  ip('route', 'replace', subnet, 'via', via, 'dev', name)
}
