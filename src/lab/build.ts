/** Topology → Lab: machines, networks, hosts and cables are made and put together. Nothing runs yet. */
import { ConfigError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { SeededRandom } from '../base/random.ts'
import { usualEpoch } from '../base/calendar.ts'
import { type Clock, type Duration, type Instant, type Scheduler, start } from '../base/time.ts'
import type { BootImages } from '../board/boot.ts'
import type { Image } from '../board/image.ts'
import { guestProgramPath } from '../board/magic/boot-program.ts'
import type { MagicConfig } from '../board/magic/magic.ts'
import { Machine } from '../board/machine.ts'
import { cable, type CablePort } from '../link/cable.ts'
import { Hub } from '../link/hub.ts'
import { Switch } from '../link/switch.ts'
import { Nat } from '../nat/nat.ts'
import { dualSockets } from '../stack/dual-sockets.ts'
import { forward } from '../stack/forward.ts'
import { forward6 } from '../stack/ip6/forward6.ts'
import { Host } from '../stack/host.ts'
import { type ServicePoint, type ServiceRoom, ServiceConfigError } from '../stack/service.ts'
import type { Volume } from '../stack/volume.ts'
import { parseIpv4, parseIpv6, parseMac } from '../wire/address.ts'
import { Fabric } from './fabric.ts'
import { Trouble } from './faults/trouble.ts'
import { FileOverlay } from './file-overlay.ts'
import { Holds } from './holds.ts'
import { Journal } from './journal.ts'
import { Lab, type LabPieces } from './lab.ts'
import type { LabMachine } from './lab-machine.ts'
import type { LabParts } from './lab-parts.ts'
import { MachineIsland } from './machine-island.ts'
import { guestProgram } from './magic/guest-program.ts'
import { NullModem, type NullModemEnd, type SerialAct } from './serial/null-modem.ts'
import { lineName, type SerialPlace, type SerialPlan } from './serial/serial-plan.ts'
import { nodeViews, probeOf } from './service-views.ts'
import { ShareSession } from './share/session.ts'
import { sixOf } from './six.ts'
import { Tap } from './tap.ts'
import { Crew } from './threads/crew.ts'
import { FarMachine } from './threads/far-machine.ts'
import type { FarConfig } from './threads/machine-thread.ts'
import { isAnswered } from './threads/placement.ts'
import type { HostPlan, LinkPlan, MachinePlan, NetworkPlan, NicPlan, ServicePlan, SharePlan, Topology, UplinkPlan } from './topology.ts'
import { Uplink } from './uplink.ts'

/** Of a lab without any cable between islands: they may run apart as far as they like. */
const boundless = 1_000_000_000 as Duration
/** Of a frame's header (IEEE 802.3 §3.1.1). */
const ethernetBytes = 14

/** @throws {ConfigError} for what shows only now: an image that doesn't fit, a range outside its subnet. */
export function buildLab(topology: Topology, parts: LabParts): Lab {
  try {
    return new Builder(topology, parts).build()
  } catch (error) {
    for (const thread of parts.threads ?? []) thread.close()
    throw error
  }
}

class Builder {
  readonly #topology: Topology
  readonly #parts: LabParts
  readonly #random: SeededRandom
  readonly #fabric = new Fabric()
  readonly #journal = new Journal()
  readonly #holds = new Holds()
  readonly #machines = new Map<string, MachineIsland>()
  readonly #backends = new Map<string, Switch | Hub>()
  readonly #services = new Map<string, ServicePoint>()
  readonly #hosts = new Map<string, Host>()
  readonly #taps: Tap[] = []
  readonly #shared: Volume[] = []
  readonly #uplinks = new Map<string, Uplink>()
  readonly #nats = new Map<string, Nat>()
  /** Set once the lab is there; before that nothing happens. */
  #lab: Lab | undefined
  #lookAhead: Duration | undefined
  readonly #crew: Crew | undefined

  constructor(topology: Topology, parts: LabParts) {
    this.#topology = topology
    this.#parts = parts
    this.#random = new SeededRandom(topology.sim.seed)
    if (parts.threads !== undefined && parts.threads.length > 0) this.#crew = new Crew(topology, parts.threads)
    // One machine's end may be another's beginning, which is news between islands like any other.
    if (topology.machines.some((machine) => machine.dependsOn.length > 0)) this.#latency(topology.sim.latency, true)
  }

  build(): Lab {
    for (const [node, { thread, because }] of this.#crew?.places ?? []) {
      const where = thread === 0 ? 'the lab’s own thread' : `thread ${thread}`
      this.#journal.log(node, this.#fabric.timeline).info('machine.thread', `${node} runs in ${where}${because === undefined ? '' : `: ${because}`}`, { thread })
    }
    for (const plan of this.#topology.machines) this.#machine(plan)
    for (const plan of this.#topology.networks) this.#network(plan)
    for (const plan of this.#topology.hosts) this.#host(plan)
    for (const plan of this.#topology.machines) for (const nic of plan.nics) if (nic.network !== undefined) this.#plug(plan, nic, nic.network)
    for (const plan of this.#topology.links) this.#link(plan)
    for (const { name, serials = [] } of this.#topology.machines) for (const [port, serial] of serials.entries()) this.#nullModem({ node: name, port }, serial)
    for (const plan of this.#topology.uplinks) this.#uplink(plan)
    for (const plan of this.#topology.networks) this.#nat(plan)
    for (const plan of this.#topology.hosts) for (const service of plan.services) this.#service(plan, service)
    for (const tap of this.#taps) this.#trouble(tap)
    const pieces: LabPieces = {
      topology: this.#topology,
      fabric: this.#fabric,
      journal: this.#journal,
      machines: this.#machines,
      backends: this.#backends,
      services: this.#services,
      hosts: this.#hosts,
      taps: this.#taps,
      uplinks: this.#uplinks,
      nats: this.#nats,
      volumes: this.#shared,
      lookAhead: this.#lookAhead ?? boundless,
      holds: this.#holds,
      random: this.#random,
      crew: this.#crew,
    }
    this.#lab = new Lab(pieces)
    return this.#lab
  }

  #machine(plan: MachinePlan): void {
    const log = this.#journal.log(plan.name, { get now(): Instant { return island.spokenAt } })
    const machine: LabMachine = this.#told(['nodes', plan.name], () => this.#far(plan, log) ?? new Machine({
      ...this.#equipment(plan),
      boot: this.#bootWithMagic(this.#boot(plan), plan),
      disks: plan.disks.map((disk) => this.#parts.disk(disk)),
      shares: plan.shares.map((share) => ({ tag: share.tag, server: this.#share(plan, share) })),
      ...(plan.serials === undefined ? {} : { serials: plan.serials.map(({ rate, to }) => ({ rate, wired: to !== undefined })) }),
      random: this.#random.fork(`machine ${plan.name}`),
      magic: this.#magic(plan),
      log,
      coreFactory: this.#parts.makeCore,
    }))
    const events = {
      said: (bytes: Uint8Array, time: Instant) => this.#lab?.said(plan.name, bytes, time),
      powered: (state: 'running' | 'off', time: Instant) => this.#lab?.powered(plan.name, state, time),
      serial: (act: SerialAct, time: Instant) => this.#lab?.serial(plan.name, act, time),
    }
    const island: MachineIsland = new MachineIsland(plan, machine, log, events)
    this.#machines.set(plan.name, island)
  }

  #share(plan: MachinePlan, { source }: SharePlan): ShareSession {
    // While the lab is put together there is no machine yet, and it is the first instant.
    const clock: Clock = { get now(): Instant { return machines.get(plan.name)?.machine.timeline.now ?? start } }
    const machines = this.#machines
    const open = this.#volumes(clock).volume
    if (open === undefined) throw new ConfigError('this lab has no folders to share', this.#parts.place(['nodes', plan.name, 'share']))
    const volume = open(source)
    this.#shared.push(volume)
    return new ShareSession(volume, source.write === false)
  }

  /** All of a machine that is plain data, but its images. */
  #equipment({ name, memoryBytes, cpus, cpu, nics, virtio, console, balloonBytes }: MachinePlan): Omit<FarConfig, 'boot' | 'seed'> {
    return {
      name,
      ramBytes: memoryBytes,
      harts: cpus,
      cpu,
      nics: nics.map(({ mac, model }) => ({ mac: parseMac(mac), ...(model === undefined ? {} : { model }) })),
      ...(virtio === undefined ? {} : { virtio }),
      ...(console.virtio === true ? { virtioConsole: true } : {}),
      ...(balloonBytes === undefined ? {} : { balloonBytes }),
    }
  }

  /** Its stand-in, when its place is in another thread. */
  #far(plan: MachinePlan, log: Log): FarMachine | undefined {
    const place = this.#crew?.places.get(plan.name)
    if (this.#crew === undefined || place === undefined || place.thread === 0) return undefined
    const gang = this.#crew.gangs[place.thread - 1]
    const config: FarConfig = { ...this.#equipment(plan), boot: this.#boot(plan), seed: this.#topology.sim.seed }
    const number = this.#topology.machines.indexOf(plan) + 1
    const echo = this.#crew.distance(number, number)
    return new FarMachine(config, gang, { echo: Number.isFinite(echo) ? echo : 0, answered: isAnswered(plan.name, this.#topology), odd: (sentence) => log.warn('guest.odd', sentence, { machine: plan.name }) })
  }

  #magic({ name, magic }: MachinePlan): MagicConfig | undefined {
    if (magic === undefined) return undefined
    const { share, write } = magic
    return { folder: share === undefined ? undefined : this.#told(['nodes', name, 'magic', 'share'], () => this.#parts.folder(share, write)) }
  }

  /** With magic the guest's program is put into the initramfs, and starts what is there as its init. */
  #bootWithMagic(images: BootImages, { magic }: MachinePlan): BootImages {
    const { withProgram } = this.#parts
    if (magic === undefined || images.kind !== 'kernel' || images.initrd === undefined || withProgram === undefined) return images
    const { initrd, bootargs = '' } = images
    if (/(^|\s)rdinit=/.test(bootargs)) return images
    return { ...images, initrd: { name: initrd.name, bytes: withProgram(initrd.bytes, guestProgramPath, guestProgram()) }, bootargs: `${bootargs} rdinit=${guestProgramPath}`.trimStart() }
  }

  #boot({ boot }: MachinePlan): BootImages {
    if (boot.kind === 'program') return { kind: 'program', program: { name: boot.program, bytes: this.#parts.program(boot) } }
    const image = (name: string): Image => ({ name, bytes: this.#parts.image(name) })
    const { firmware, sbi, payload, kernel, initrd, cmdline } = boot
    const bootargs = cmdline === undefined ? {} : { bootargs: cmdline }
    if (firmware === undefined && !sbi) return { kind: 'program', program: image(kernel as string), ...bootargs }
    if (kernel !== undefined) return { kind: 'kernel', ...(firmware === undefined ? {} : { opensbi: image(firmware) }), kernel: image(kernel), ...(initrd === undefined ? {} : { initrd: image(initrd) }), ...bootargs }
    if (payload !== undefined) return { kind: 'supervisor', opensbi: image(firmware as string), payload: image(payload) }
    return { kind: 'firmware', firmware: image(firmware as string) }
  }

  #network(plan: NetworkPlan): void {
    const vlans = [...this.#topology.machines, ...this.#topology.hosts].some((one) => one.nics.some((nic) => nic.network === plan.name && nic.vlan !== undefined))
    this.#backends.set(plan.name, plan.mode === 'hub' ? new Hub(plan.name) : new Switch({ name: plan.name, clock: this.#fabric.timeline, vlans }))
  }

  #host(plan: HostPlan): void {
    const { timeline } = this.#fabric
    const host = new Host({ name: plan.name, scheduler: timeline, random: this.#random.fork(`host ${plan.name}`), log: this.#journal.log(plan.name, timeline) })
    const { networks, uplinks } = this.#topology
    // What comes through NAT or goes to a client outside comes in bulk; whoever can't take super-frames has them cut (link/settle.ts).
    const offload = networks.some((network) => network.name === plan.name && network.nat !== undefined) || plan.nics.some((nic) => uplinks.some(({ network }) => network === nic.network))
    for (const nic of plan.nics) {
      const tap = this.#cable(plan.name, nic, nic.network as string, timeline, false)
      const address = nic.address as NonNullable<NicPlan['address']>
      const six = sixOf(plan, nic, this.#topology.networks)
      host.addInterface({ name: nic.name, port: tap, mac: parseMac(nic.mac), offload, addresses: [{ address: parseIpv4(address.address), prefix: address.prefix }], ...(six === undefined ? {} : { six }) })
    }
    this.#hosts.set(plan.name, host)
  }

  #plug(plan: MachinePlan, nic: NicPlan, network: string): void {
    const { machine } = this.#machines.get(plan.name) as MachineIsland
    machine.nics[plan.nics.indexOf(nic)].plug(this.#cable(plan.name, nic, network, machine.timeline, true))
  }

  /** Lays a cable from a node's interface to its network. @returns the node's end. */
  #cable(node: string, nic: NicPlan, network: string, scheduler: Scheduler, between: boolean): Tap {
    const name = `${node}:${nic.name}`
    const near = { name, scheduler, sent: this.#sent }
    const [end, far] = cable({ latency: this.#latency(nic.latency, between), ...(nic.mtu === undefined ? {} : { frameMax: nic.mtu + ethernetBytes }), near, far: { name: `${network}<${name}`, scheduler: this.#fabric.timeline, sent: this.#sent } })
    const backend = this.#backends.get(network) as Switch | Hub
    if (nic.vlan !== undefined && backend instanceof Switch) backend.plug(far, { mode: 'access', vlan: nic.vlan })
    else backend.plug(far)
    return this.#tap(end, scheduler, node, nic)
  }

  #link(plan: LinkPlan): void {
    const ends = plan.ends.map(({ node, nic }) => {
      const { machine, plan: own } = this.#linked(node)
      const index = own.nics.findIndex((one) => one.name === nic)
      return { machine, node, nic: own.nics[index], index, end: { name: `${node}:${nic}`, scheduler: machine.timeline, sent: this.#sent } }
    })
    const ports = cable({ latency: this.#latency(plan.latency, true), rateBps: plan.rateBps, near: ends[0].end, far: ends[1].end })
    for (const [at, { machine, node, nic, index }] of ends.entries()) machine.nics[index].plug(this.#tap(ports[at], machine.timeline, node, nic))
  }

  /** What goes from one end to the other; the other way is the other end's. */
  #nullModem(from: SerialPlace, { to }: SerialPlan): void {
    if (to === undefined) return
    const modem = new NullModem(this.#serialEnd(to), this.#latency(this.#topology.sim.latency, true), this.#sent)
    const island = this.#machines.get(from.node) as MachineIsland
    island.hearSerial((act, time) => act.port === from.port && modem.carry(act, time))
  }

  #serialEnd(place: SerialPlace): NullModemEnd {
    const { machine, serials } = this.#machines.get(place.node) as MachineIsland
    return { name: lineName(place), scheduler: machine.timeline, line: serials[place.port], running: () => machine.state === 'running' }
  }

  /** A port of the network's switch, or for a tunnel an interface of its gateway, whose far end is the outside's. */
  #uplink(plan: UplinkPlan): void {
    const { timeline } = this.#fabric
    const medium = plan.type === 'tun' ? 'ip' : 'ethernet'
    const inside = `${plan.type === 'tun' ? plan.gateway : plan.network}<${plan.name}`
    const [end, far] = cable({ latency: plan.latency, medium, frameMax: plan.mtu + (medium === 'ip' ? 0 : 14), near: { name: plan.name, scheduler: timeline, sent: this.#sent }, far: { name: inside, scheduler: timeline, sent: this.#sent } })
    const tap = new Tap(end, timeline, { name: plan.name, node: plan.name, nic: plan.type, network: plan.network })
    this.#taps.push(tap)
    this.#uplinks.set(plan.name, new Uplink(plan, tap, timeline))
    if (plan.type !== 'tun') return (this.#backends.get(plan.network) as Switch | Hub).plug(far)
    const gateway = this.#hosts.get(plan.gateway) as Host
    const { address, prefix } = plan.address
    const six = plan.six && { addresses: [{ address: parseIpv6(plan.six.address.address), prefix: plan.six.address.prefix }], autoconfigure: false }
    gateway.addInterface({ name: plan.name, port: far, mac: new Uint8Array(6), mtu: plan.mtu, addresses: [{ address: parseIpv4(address), prefix }], ...(six === undefined ? {} : { six }) })
    forward(gateway)
    if (six !== undefined && gateway.six !== undefined) forward6(gateway.six)
  }

  #nat({ name, nat }: NetworkPlan): void {
    if (nat === undefined) return
    const { timeline } = this.#fabric
    this.#nats.set(name, new Nat({ name, host: this.#hosts.get(name) as Host, scheduler: timeline, ...nat, log: this.#journal.log(`${name}.nat`, timeline) }))
  }

  #linked(node: string): MachineIsland {
    const island = this.#machines.get(node)
    if (island === undefined) throw new ConfigError(`${node} is a node of kind service: it is reached through a network, not a link`, this.#parts.place(['links']))
    return island
  }

  #tap(port: CablePort, scheduler: Scheduler, node: string, nic: NicPlan): Tap {
    const tap = new Tap(port, scheduler, { name: `${node}:${nic.name}`, node, nic: nic.name, network: nic.network })
    this.#taps.push(tap)
    return tap
  }

  /** Every port may have faults: those of the file, and those that are set while it runs. */
  #trouble(tap: Tap): void {
    const { name } = tap.place
    const macs = (node: string): readonly string[] => [...this.#topology.machines, ...this.#topology.hosts].find((one) => one.name === node)?.nics.map((nic) => nic.mac) ?? []
    const trouble = new Trouble({ port: name, medium: tap.medium, scheduler: tap.scheduler, random: this.#random.fork(`faults ${name}`), macs, script: this.#parts.script })
    for (const fault of this.#topology.faults) for (const { port, way } of fault.ports) if (port === name) trouble.add(fault, way)
    trouble.hear((hit, time, frame, what) => this.#lab?.hit(hit, time, frame, what))
    tap.trouble = trouble
  }

  #latency(latency: Duration, betweenIslands: boolean): Duration {
    if (betweenIslands && (this.#lookAhead === undefined || latency < this.#lookAhead)) this.#lookAhead = latency
    return latency
  }

  readonly #sent = (arrival: Instant): void => this.#lab?.sent(arrival)

  /** Nothing more is done in the present run of the fabric: it goes on when what is held has let go. */
  readonly #hold = (): (() => void) => {
    this.#fabric.cut(this.#fabric.now)
    return this.#holds.take()
  }

  #service(plan: HostPlan, service: ServicePlan): void {
    const { timeline } = this.#fabric
    const host = this.#hosts.get(plan.name) as Host
    const kind = this.#parts.services[service.kind]
    const images = new Map(Object.entries(service.files).map(([name, image]) => [name, this.#parts.image(image)]))
    const folder = (root: string, write = false): FileOverlay => new FileOverlay(images, root === '' ? undefined : this.#parts.folder(root, write))
    this.#told(service.path, () => {
      const room = {
        name: service.name,
        sockets: kind.bothVersions === true && host.six !== undefined ? dualSockets(host) : host.sockets,
        interfaces: host.views,
        scheduler: timeline,
        random: this.#random.fork(`service ${service.name}`),
        files: folder,
        journal: this.#parts.journal,
        ...this.#volumes(timeline),
        log: this.#journal.log(service.name, timeline),
        probe: probeOf(host),
        hold: this.#hold,
        nodes: nodeViews(this.#topology, this.#services, this.#hosts),
      }
      this.#services.set(service.name, kind.create(kind.parse(service.config), room))
    })
  }

  #volumes(clock: Clock): Pick<ServiceRoom, 'volume'> {
    const { volume } = this.#parts
    const now = (): bigint => BigInt(usualEpoch) * 1_000_000_000n + BigInt(clock.now)
    return volume === undefined ? {} : { volume: (source) => volume(source, now) }
  }

  /** Runs `make`, and tells what is wrong with the file at the file's line. */
  #told<Made>(path: readonly (string | number)[], make: () => Made): Made {
    try {
      return make()
    } catch (error) {
      if (error instanceof ServiceConfigError) throw new ConfigError(error.message, this.#parts.place([...path, ...error.path]), error.hint)
      if (error instanceof ConfigError && error.place === undefined) throw new ConfigError(error.message, this.#parts.place(path), error.hint)
      throw error
    }
  }
}
