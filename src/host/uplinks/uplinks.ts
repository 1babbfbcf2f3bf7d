/** A lab's uplinks while it runs: each plan made real on this computer, and given back at the end. */
import type { Log } from '../../base/log.ts'
import type { Lab } from '../../lab/lab.ts'
import type { UplinkPlan } from '../../lab/topology.ts'
import type { OutsideLink, Uplink } from '../../lab/uplink.ts'
import type { Frame } from '../../link/port.ts'
import type { Takes } from '../../link/settle.ts'
import type { Inlet } from '../driver.ts'
import { Datagrams } from './datagrams.ts'
import type { Reactor } from '../reactor.ts'
import { DeviceLink } from './device-link.ts'
import { DirectDevices } from './direct-devices.ts'
import type { FramePool } from './frame-pool.ts'
import { HostInterface } from './host-interface.ts'
import { Nic } from './nic.ts'
import { type Devices, Pump } from './pump.ts'
import { QemuStream } from './qemu-stream.ts'
import { addAddress6, addRoute } from './routes.ts'
import { openHelper } from './helper-device.ts'
import { koffiLoads } from './libc.ts'
import { openTun } from './tun-device.ts'

type Plan<Type extends UplinkPlan['type']> = Extract<UplinkPlan, { type: Type }>

export class Uplinks implements Inlet {
  readonly #lab: Lab
  readonly #path: (name: string) => string
  readonly #nudge: () => void
  readonly #closers: (() => void)[] = []
  readonly #pool: FramePool
  readonly #reactor: Reactor | undefined
  #devices: Devices | undefined
  #pump: Pump | undefined

  /** @param path where a file that the lab file names is. @param nudge called when something has come in, or waits to be drained. @param reactor reads devices, where there is one. */
  constructor(lab: Lab, path: (name: string) => string, nudge: () => void, pool: FramePool, reactor: Reactor | undefined) {
    this.#pool = pool
    this.#reactor = reactor
    this.#lab = lab
    this.#path = path
    this.#nudge = nudge
  }

  /** @throws {HostError} what the host refuses; `close` gives back what was opened before. */
  async open(): Promise<void> {
    for (const uplink of this.#lab.uplinks.values()) uplink.connect(await this.#open(uplink))
  }

  /** Gives everything back. Threads end a moment later. */
  close(): void {
    for (const uplink of this.#lab.uplinks.values()) uplink.connect(undefined)
    for (const close of this.#closers.splice(0).reverse()) close()
    void this.#pump?.close()
    this.#pump = undefined
  }

  get waiting(): boolean {
    return this.#pump?.waiting === true
  }

  drain(): void {
    this.#pump?.drain()
  }

  #open(uplink: Uplink): OutsideLink | Promise<OutsideLink> {
    const { plan } = uplink
    const log = this.#lab.journal.log(plan.name, this.#lab)
    switch (plan.type) {
      case 'tap':
        return this.#tap(plan, log)
      case 'tun':
        return this.#tun(plan, log)
      case 'nic':
        return this.#nic(plan, log)
      case 'stream':
        return this.#stream(plan, log)
      case 'dgram':
        return this.#datagrams(plan, log)
    }
  }

  #tap(plan: Plan<'tap'>, log: Log): OutsideLink | Promise<OutsideLink> {
    if (!koffiLoads()) return this.#byHelper(plan, plan.bridge, log, (name) => plan.hostAddress6 !== undefined && addAddress6(plan.hostAddress6, name))
    const { fd, name, takes } = openTun('tap', plan.ifname)
    const link = this.#device(plan, log, fd, takes, name)
    const made = new HostInterface(name)
    made.mtu = plan.mtu
    if (plan.bridge !== undefined) made.join(plan.bridge)
    if (plan.hostAddress !== undefined) made.ipv4 = `${plan.hostAddress.address}/${plan.hostAddress.prefix}`
    made.isUp = true
    if (plan.hostAddress6 !== undefined) addAddress6(plan.hostAddress6, name)
    log.info('uplink.open', `${plan.network} is on ${name}${plan.bridge === undefined ? '' : `, a port of ${plan.bridge}`}`, { ifname: name })
    return link
  }

  #tun(plan: Plan<'tun'>, log: Log): OutsideLink | Promise<OutsideLink> {
    if (!koffiLoads()) return this.#byHelper(plan, undefined, log, (name) => routeTunnel(plan, name))
    const { fd, name, takes } = openTun('tun', plan.ifname)
    const link = this.#device(plan, log, fd, takes, name)
    const made = new HostInterface(name)
    made.mtu = plan.mtu
    if (plan.hostAddress !== undefined) made.ipv4 = `${plan.hostAddress.address}/${plan.hostAddress.prefix}`
    made.isUp = true
    routeTunnel(plan, name)
    log.info('uplink.open', `${plan.gateway} is on ${name}`, { ifname: name })
    return link
  }

  async #byHelper(plan: Plan<'tap' | 'tun'>, bridge: string | undefined, log: Log, settle: (name: string) => void): Promise<OutsideLink> {
    const lost = (code: string): void => log.error('uplink.lost', `socat, which held the interface, has ended (${code}); nothing passes any more`)
    const { name, link, close } = await openHelper({ mode: plan.type, ifname: plan.ifname, mtu: plan.mtu, bridge, hostAddress: plan.hostAddress, enter: this.#entry(plan.name), lost })
    this.#closers.push(close)
    settle(name)
    log.info('uplink.open', `${plan.network} is on ${name}, by socat: koffi does not load here, so it is slower than it could be`, { ifname: name })
    return link
  }

  #nic(plan: Plan<'nic'>, log: Log): OutsideLink {
    const nic = new Nic(plan.ifname)
    this.#closers.push(() => nic.giveBack())
    nic.take()
    const link = this.#device(plan, log, nic.fd, nic.takes, plan.ifname)
    log.info('uplink.open', `${plan.network} has ${plan.ifname}; this computer's own addresses on it are back when the lab is down`, { ifname: plan.ifname })
    return link
  }

  #device({ name }: UplinkPlan, log: Log, fd: number, takes: Takes, ifname: string): DeviceLink {
    this.#devices ??= this.#reactor === undefined ? (this.#pump = new Pump(this.#nudge)) : new DirectDevices(this.#reactor, this.#pool)
    const lost = (code: string): void => log.error('uplink.lost', `${ifname} is gone (${code}); nothing passes any more`)
    const link = new DeviceLink({ fd, takes, enter: (frame) => void this.#lab.door.frame(name, frame), lost }, this.#devices, this.#pool)
    this.#closers.push(() => link.close())
    return link
  }

  async #stream(plan: Plan<'stream'>, log: Log): Promise<OutsideLink> {
    const at = 'path' in plan.at ? { path: this.#path(plan.at.path) } : plan.at
    const say = (event: string, message: string): void => (event === 'uplink.nonsense' ? log.warn(event, message) : log.info(event, message))
    const link = new QemuStream({ side: plan.side, at, enter: this.#entry(plan.name), say })
    this.#closers.push(() => link.close())
    await link.open()
    return link
  }

  async #datagrams(plan: Plan<'dgram'>, log: Log): Promise<OutsideLink> {
    const link = new Datagrams({ local: plan.local, remote: plan.remote, enter: this.#entry(plan.name) })
    this.#closers.push(() => link.close())
    await link.open()
    log.info('uplink.open', `${plan.network} is on UDP port ${plan.local.port}`)
    return link
  }

  /** The way in for what the event loop brings. */
  #entry(name: string): (frame: Frame) => void {
    return (frame) => {
      this.#lab.door.frame(name, frame)
      this.#nudge()
    }
  }
}

/** This computer's way to the network behind a tunnel, where it has addresses on it. */
function routeTunnel({ hostAddress, subnet, address, six }: Plan<'tun'>, name: string): void {
  if (hostAddress !== undefined) addRoute(`${subnet.network}/${subnet.prefix}`, address.address, name)
  if (six?.hostAddress === undefined) return
  addAddress6(six.hostAddress, name)
  addRoute(`${six.subnet.network}/${six.subnet.prefix}`, six.address.address, name)
}
