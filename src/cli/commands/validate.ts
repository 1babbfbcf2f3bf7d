/** `netloom validate`: reads the lab file and says what it would make; starts and fetches nothing. */
import { readLab } from '../../host/open-lab.ts'
import type { BootPlan, Topology } from '../../lab/topology.ts'
import { formatSize } from '../../lab/units.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { table } from '../table.ts'

export function validate(file: string | undefined, options: GlobalOptions): number {
  const { topology } = readLab({ file: file ?? options.file, name: options.name })
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(topology, null, 2)}\n`)
  else if (options.quiet !== true) process.stdout.write(`${describePlan(topology)}ok\n`)
  return exitCodes.ok
}

/** The lab in two tables. */
export function describePlan(topology: Topology): string {
  const machines = topology.machines.flatMap(({ name, memoryBytes, boot, nics }) =>
    (nics.length === 0 ? [undefined] : nics).map((nic) => ({ node: name, memory: formatSize(memoryBytes), starts: bootText(boot), interface: nic?.name, network: nic === undefined ? undefined : (nic.network ?? 'link'), mac: nic?.mac })),
  )
  const hosts = topology.hosts.flatMap(({ name, nics, services }) => nics.map((nic) => ({ service: name, network: nic.network, address: `${nic.address?.address}/${nic.address?.prefix}`, offers: services.map((one) => one.kind).join(' ') })))
  const tables = [machines, hosts].filter((rows) => rows.length > 0).map((rows) => `${table(rows)}\n`)
  return `${topology.name}: ${count(topology.machines.length, 'machine')}, ${count(topology.networks.length, 'network')}, ${count(topology.links.length, 'link')}, ${count(topology.tests.length, 'test')}\n\n${tables.join('')}`
}

function bootText(boot: BootPlan): string {
  if (boot.kind === 'program') return boot.program
  return [boot.sbi ? 'sbi' : boot.firmware, boot.payload, boot.kernel].filter((part) => part !== undefined).join(' + ')
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
