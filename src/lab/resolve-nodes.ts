/** Nodes: defaults and kinds laid under them, then NICs, and the machine or service host that each is. */
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import { resolveBoot } from './resolve-boot.ts'
import { refuseSameForwards, resolveForwards } from './resolve-forwards.ts'
import { resolveNics } from './resolve-nics.ts'
import type { LooseLink } from './resolve-links.ts'
import { pairSerials, resolveSerials } from './serial/resolve-serials.ts'
import { resolveShares } from './resolve-shares.ts'
import { serviceWords, servicesOf } from './resolve-networks.ts'
import type { NodeText } from './schema.ts'
import { formatSize } from './units.ts'
import type { ConsolePlan, DependencyPlan, DiskPlan, HostPlan, MachinePlan, MagicPlan, NetworkPlan, NicPlan, SimPlan } from './topology.ts'

const builtIn = ['rv64', 'service']
/** Below this neither OpenSBI with U-Boot nor a kernel finds room; above it doubles of RAM no longer fit one wasm memory. */
const leastMemory = 1 << 20
const mostMemory = 2 ** 31
const usualMemory = 256 * 2 ** 20
/** virtio-mmio slots of the virt board. */
const slots = 8

/** @throws {ConfigError} */
export function resolveNodes(reading: Reading, networks: readonly NetworkPlan[], links: readonly LooseLink[], sim: SimPlan): { machines: MachinePlan[]; hosts: HostPlan[] } {
  const names = Object.keys(reading.text.nodes ?? {})
  const machines: MachinePlan[] = []
  const hosts: HostPlan[] = []
  const texts = new Map(names.map((name) => [name, whole(reading, name)] as const))
  const nics = resolveNics(reading, new Map([...texts].map(([name, one]) => [name, one.text])), networks, links, sim)
  for (const [name, { kind, text }] of texts) {
    const path: Path = ['nodes', name]
    if (networks.some((network) => network.name === name)) reading.fail(path, 'a network has the same name', 'rename one of them: capture and inspect take either', 'key')
    const own = nics.get(name) as NicPlan[]
    if (kind === 'service') hosts.push(host(reading, name, text, own))
    else machines.push(machine(reading, name, text, own, networks))
  }
  refuseCircles(reading, machines)
  refuseSameForwards(reading, machines)
  return { machines: pairSerials(reading, machines), hosts }
}

/** The node with its kind and the defaults laid under it, key by key. */
function whole(reading: Reading, name: string): { kind: string; text: NodeText } {
  const { defaults, kinds = {}, nodes = {} } = reading.text
  const own = nodes[name] ?? {}
  const word = own.kind ?? defaults?.kind ?? 'rv64'
  const path: Path = own.kind === undefined ? (defaults?.kind === undefined ? ['nodes', name] : ['defaults', 'kind']) : ['nodes', name, 'kind']
  reading.known(path, word, [...builtIn, ...Object.keys(kinds)], 'kind')
  const template = kinds[word] ?? {}
  const kind = builtIn.includes(word) ? word : (template.kind ?? 'rv64')
  if (!builtIn.includes(kind)) reading.known(['kinds', word, 'kind'], kind, builtIn, 'built-in kind')
  return { kind, text: { ...defaults, ...template, ...own } }
}

function host(reading: Reading, name: string, text: NodeText, nics: NicPlan[]): HostPlan {
  const path = ['nodes', name]
  for (const word of ['memory', 'cpus', 'cpu', 'boot', 'firmware', 'kernel', 'initrd', 'cmdline', 'program', 'steps', 'nic', 'virtio', 'balloon', 'disks', 'share', 'console', 'serial', 'magic', 'depends_on', 'ports']) {
    if (reading.written([...path, word]) !== undefined) reading.fail([...path, word], 'a node of kind service has no such thing', undefined, 'key')
  }
  for (const nic of nics) {
    if (nic.model !== undefined) reading.fail([...path, 'networks'], 'only a machine has a card of some model', 'take model out')
    if (nic.address === undefined) reading.fail([...path, 'networks'], `${nic.name} of a node of kind service needs an address`, `networks: { ${nic.network ?? 'lan'}: { address: 10.0.0.2 } }`)
  }
  return { name, nics, services: servicesOf(reading, path, text) }
}

function machine(reading: Reading, name: string, text: NodeText, nics: NicPlan[], networks: readonly NetworkPlan[]): MachinePlan {
  const path: Path = ['nodes', name]
  for (const word of serviceWords) {
    if (reading.written([...path, word]) !== undefined) reading.fail([...path, word], 'only a node of kind service has service points', 'move it under networks.NAME, or write kind: service', 'key')
  }
  for (const nic of nics) if (nic.address !== undefined || nic.six !== undefined) reading.fail([...path, 'networks'], 'only a node of kind service has an address of its own', 'pin a lease instead: dhcp.hosts')
  const memoryBytes = text.memory ?? usualMemory
  if (memoryBytes < leastMemory || memoryBytes > mostMemory) reading.fail([...path, 'memory'], `${formatSize(memoryBytes)} is out of range`, `a machine has ${formatSize(leastMemory)} to ${formatSize(mostMemory)}`)
  if (memoryBytes % 4096 !== 0) reading.fail([...path, 'memory'], 'memory comes in pages of 4K')
  const disks = (text.disks ?? []).map((disk): DiskPlan => diskPlan(typeof disk === 'string' ? { file: disk } : disk))
  const shares = resolveShares(reading, path, text)
  const serials = resolveSerials(reading, path, text.serial)
  // One slot is the entropy device's.
  if (nics.length + disks.length + shares.length > slots - 1) reading.fail(path, `${nics.length} interfaces, ${disks.length} disks and ${shares.length} shares; a machine has room for ${slots - 1} in all`, undefined, 'key')
  const boot = resolveBoot(reading, path, text)
  if (boot.kind === 'program' && (text.virtio === 'pci' || nics.some(({ model }) => model !== undefined && model !== 'virtio'))) reading.fail(path, 'the built-in guests know no PCI: their cards are virtio-mmio', 'take nic, model and virtio out', 'key')
  return { name, kind: 'rv64', memoryBytes, cpus: text.cpus ?? 1, cpu: text.cpu ?? 'rv64gc', boot, nics, ...(text.virtio === undefined ? {} : { virtio: text.virtio }), ...balloonPlan(text), disks, shares, console: consolePlan(text), ...(serials === undefined ? {} : { serials }), magic: magicPlan(text), dependsOn: dependencies(reading, name, text), forwards: resolveForwards(reading, path, text.ports, nics, networks) }
}

function diskPlan(disk: Exclude<NonNullable<NodeText['disks']>[number], string>): DiskPlan {
  if ('nbd' in disk) return { file: '', nbd: disk.nbd, readOnly: disk.read_only ?? false, format: undefined, overlay: undefined, uses: [] }
  const { file, format, read_only: readOnly, overlay, uses } = disk
  return { file, readOnly: readOnly ?? format === 'iso', format, overlay, uses: uses ?? [] }
}

function consolePlan(text: NodeText): ConsolePlan {
  const { tcp, unix, log, virtio } = text.console ?? {}
  const split = typeof tcp === 'string' ? tcp.lastIndexOf(':') : -1
  const address = typeof tcp === 'string' ? { host: tcp.slice(0, split).replace(/^\[|\]$/g, ''), port: Number(tcp.slice(split + 1)) } : tcp === undefined ? undefined : { host: '127.0.0.1', port: tcp }
  return { tcp: address, unix, log, ...(virtio === true ? { virtio } : {}) }
}

function balloonPlan({ balloon }: NodeText): Pick<MachinePlan, 'balloonBytes'> {
  return balloon === undefined || balloon === false ? {} : { balloonBytes: balloon === true ? 0 : balloon }
}

function magicPlan({ magic }: NodeText): MagicPlan | undefined {
  if (magic === undefined || magic === false) return undefined
  return magic === true ? { share: undefined, write: false } : { share: magic.share, write: magic.write ?? false }
}

function dependencies(reading: Reading, name: string, text: NodeText): DependencyPlan[] {
  const written = text.depends_on ?? []
  const pairs = Array.isArray(written) ? written.map((node) => [node, 'started'] as const) : Object.entries(written)
  return pairs.map(([node, reached], index): DependencyPlan => {
    const path: Path = ['nodes', name, 'depends_on', Array.isArray(written) ? index : node]
    reading.known(path, node, Object.keys(reading.text.nodes ?? {}), 'node', Array.isArray(written) ? 'value' : 'key')
    return { node, reached: typeof reached === 'string' ? { kind: reached } : { kind: 'console', text: reached.console } }
  })
}

function refuseCircles(reading: Reading, machines: readonly MachinePlan[]): void {
  const byName = new Map(machines.map((one) => [one.name, one]))
  const done = new Set<string>()
  const visit = (name: string, open: readonly string[]): void => {
    if (open.includes(name)) reading.fail(['nodes', name, 'depends_on'], `waits for itself: ${[...open, name].join(' → ')}`)
    if (done.has(name)) return
    for (const { node } of byName.get(name)?.dependsOn ?? []) visit(node, [...open, name])
    done.add(name)
  }
  for (const { name } of machines) visit(name, [])
}
