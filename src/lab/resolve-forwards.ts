/** `ports:` of a node: which port of this computer is which of the guest's, by the NAT of one of its networks. */
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import type { ForwardPlan, MachinePlan, NetworkPlan } from './topology.ts'
import { formatAt, parseForward } from './forward-words.ts'

/** @throws {ConfigError} */
export function resolveForwards(reading: Reading, path: Path, written: readonly string[] | undefined, nics: MachinePlan['nics'], networks: readonly NetworkPlan[]): ForwardPlan[] {
  if (written === undefined || written.length === 0) return []
  if (!nics.some((nic) => networks.some((network) => network.name === nic.network && network.nat !== undefined))) {
    reading.fail([...path, 'ports'], 'forwarded ports need a network with NAT', 'networks.NAME: nat: true', 'key')
  }
  return written.map((text, index) => {
    const plan = parseForward(text)
    return plan ?? reading.fail([...path, 'ports', index], `found "${text}", expected this computer's port and the guest's`, '"2222:22", "0.0.0.0:2222:22", "5353:53/udp" or "./web.sock:80"')
  })
}

/** No two nodes may have the same port of this computer. @throws {ConfigError} */
export function refuseSameForwards(reading: Reading, machines: readonly MachinePlan[]): void {
  const taken = new Map<string, string>()
  for (const { name, forwards } of machines) {
    for (const forward of forwards) {
      const at = formatAt(forward)
      const other = taken.get(at)
      if (other !== undefined) reading.fail(['nodes', name, 'ports'], `${at} is ${other === name ? 'there twice' : `${other}'s already`}`, undefined, 'key')
      taken.set(at, name)
    }
  }
}
