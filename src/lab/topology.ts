/** A lab as plain data: everything the file said and everything it left out, resolved. What `buildLab` reads, and nothing else. */
import type { Duration } from '../base/time.ts'
import type { NicModel } from '../board/devices.ts'
import type { CpuName } from '../cpu/isa/profile.ts'
import type { FormatName } from '../disk/format.ts'
import type { Path } from '../stack/service.ts'
import type { SerialPlan } from './serial/serial-plan.ts'
import type { VolumeSource } from '../stack/volume.ts'
import type { FrameCount } from './tests/frame-tests.ts'
import type { MemoryLook, RegisterLook } from './tests/guest-tests.ts'
import type { Reach } from './tests/reach-tests.ts'
import type { TextPattern } from './tests/text-pattern.ts'
import type { Step } from './script/steps.ts'
import type { FaultPlan } from './faults/fault-plan.ts'

export interface Topology {
  readonly name: string
  readonly sim: SimPlan
  /** In the order of the file. */
  readonly networks: readonly NetworkPlan[]
  readonly hosts: readonly HostPlan[]
  readonly machines: readonly MachinePlan[]
  readonly links: readonly LinkPlan[]
  /** All that touches the computer the lab runs on. */
  readonly uplinks: readonly UplinkPlan[]
  /** What the file's `images:` section defines, by name. */
  readonly images: Readonly<Record<string, ImagePlan>>
  /** Impairments first, then the file's `faults:` in their order. */
  readonly faults: readonly FaultPlan[]
  readonly tests: readonly TestPlan[]
}

export interface SimPlan {
  readonly seed: string
  readonly clock: 'virtual' | 'realtime'
  /** Virtual time at which the lab ends. */
  readonly until: Duration | undefined
  /** Of every cable that doesn't name its own. At least 1 ns: it is the look-ahead with which machines run apart. */
  readonly latency: Duration
  /** Threads that machines may run in, the lab's own among them; `auto`: as many as this computer has processors. */
  readonly workers: number | 'auto'
  /** A pcapng file for every port, relative to the lab file. */
  readonly capture: string | undefined
}

export interface NetworkPlan {
  readonly name: string
  readonly mode: 'switch' | 'hub'
  readonly subnet: Subnet | undefined
  readonly latency: Duration
  /** The gateway leads out to where this computer can go. */
  readonly nat: NatPlan | undefined
  /** Where it has IPv6 beside IPv4. */
  readonly six?: SixPlan
}

/** IPv6 of a network. Addresses as text. */
export interface SixPlan {
  readonly subnet: Subnet
  readonly gateway: string
  /** What the gateway advertises; undefined: nothing. */
  readonly advertising: AdvertisingPlan | undefined
}

/** Of the prefix and the router, as RFC 4861 §6.2.1 names them. */
export interface AdvertisingPlan {
  readonly lifetimeSeconds: number
  readonly intervalSeconds: number
  readonly managed: boolean
  readonly other: boolean
  readonly autonomous: boolean
  readonly validSeconds: number
  readonly preferredSeconds: number
  readonly dns: readonly string[]
  readonly mtu: number | undefined
}

export interface NatPlan {
  /** The gateway's address. */
  readonly gateway: string
  /** And its IPv6 address, where the network has IPv6. */
  readonly gateway6?: string
  /** The gateway's address stands for this computer's loopback. */
  readonly hostLoopback: boolean
}

/** A port of this computer that is a guest's. */
export interface ForwardPlan {
  readonly protocol: 'tcp' | 'udp'
  /** A path is relative to the lab file. */
  readonly at: SocketPlan
  /** The guest's. */
  readonly port: number
}

export interface Subnet {
  /** `10.0.0.0`. */
  readonly network: string
  readonly prefix: number
}

/** A simulated host with service points on it: a network's gateway, or a node of kind `service`. */
export interface HostPlan {
  readonly name: string
  readonly nics: readonly NicPlan[]
  readonly services: readonly ServicePlan[]
}

export interface ServicePlan {
  /** `lan.dhcp`. */
  readonly name: string
  readonly kind: string
  /** As written; the service kind's own `parse` has accepted it. */
  readonly config: unknown
  /** Files the lab itself puts under the service's root: name there → image name or `./path`. */
  readonly files: Readonly<Record<string, string>>
  readonly path: Path
}

export interface NicPlan {
  /** `eth0`. */
  readonly name: string
  /** Six bytes in hexadecimal with colons. */
  readonly mac: string
  /** What it is plugged into; undefined for an end of a link. */
  readonly network: string | undefined
  /** Access VLAN on the network's switch. */
  readonly vlan: number | undefined
  /** A service host's own address; machines get theirs from whoever answers them. */
  readonly address: { readonly address: string; readonly prefix: number } | undefined
  /** Its IPv6 addresses that are written or follow from the file; it may make others of what routers say. */
  readonly six?: readonly AddressPlan[]
  readonly latency: Duration
  /** The card that a machine's guest sees; virtio when left out. */
  readonly model?: NicModel
  /** Of its cable; undefined: 1500. */
  readonly mtu?: number | undefined
}

export interface MachinePlan {
  readonly name: string
  readonly kind: 'rv64'
  readonly memoryBytes: number
  readonly cpus: number
  readonly cpu: CpuName
  readonly boot: BootPlan
  readonly nics: readonly NicPlan[]
  /** Where its virtio devices are; `mmio` when left out. */
  readonly virtio?: 'mmio' | 'pci'
  /** Memory that the guest is asked to give back; it has a balloon then. */
  readonly balloonBytes?: number
  readonly disks: readonly DiskPlan[]
  readonly shares: readonly SharePlan[]
  readonly console: ConsolePlan
  /** By port; undefined: one console, in no time. */
  readonly serials?: readonly SerialPlan[]
  /** Magic instructions mean something; undefined: they are HINTs. */
  readonly magic?: MagicPlan | undefined
  readonly dependsOn: readonly DependencyPlan[]
  /** By the NAT of the first of its networks that has one. */
  readonly forwards: readonly ForwardPlan[]
}

export interface MagicPlan {
  /** A folder of the host that the guest's file calls see, relative to the lab file. */
  readonly share: string | undefined
  readonly write: boolean
}

/** Image names are the store's (`linux`), the file's own (`images:`), or paths (`./Image`). */
export type BootPlan =
  | { readonly kind: 'program'; readonly program: 'hello' }
  | { readonly kind: 'program'; readonly program: 'script'; readonly steps: readonly Step[] }
  | {
      readonly kind: 'firmware'
      /** Runs first, in M-mode, from 0x8000_0000; undefined for `firmware: none` and `sbi`. */
      readonly firmware: string | undefined
      /** Our own SBI stands below the kernel, in place of a firmware. */
      readonly sbi: boolean
      /** Runs next, in S-mode, from 0x8020_0000: U-Boot behind OpenSBI. */
      readonly payload: string | undefined
      readonly kernel: string | undefined
      readonly initrd: string | undefined
      readonly cmdline: string | undefined
    }

export interface DiskPlan {
  /** Empty where an NBD server has it. */
  readonly file: string
  /** Where an NBD server has the disk, in place of a file: an address, port and name, or a socket's path. */
  readonly nbd?: string
  readonly readOnly: boolean
  /** Undefined: by the file's name and content. */
  readonly format: FormatName | undefined
  /** A file that takes what is written in place of `file`; true: one that is gone with the lab. */
  readonly overlay: string | true | undefined
  /** Files and folders elsewhere that the image may name. */
  readonly uses: readonly string[]
}

/** A folder that the guest mounts over virtio-9p. */
export interface SharePlan {
  /** Unique on its node. */
  readonly tag: string
  readonly source: VolumeSource
}

/** Where else the console goes; it is always in memory and on the terminal that asks for it. */
export interface ConsolePlan {
  readonly tcp: { readonly host: string; readonly port: number } | undefined
  readonly unix: string | undefined
  readonly log: string | undefined
  /** A virtio console beside the serial port. */
  readonly virtio?: true
}

/** A node stays off until the other one has got that far. */
export interface DependencyPlan {
  readonly node: string
  readonly reached: { readonly kind: 'started' } | { readonly kind: 'booted' } | { readonly kind: 'off' } | { readonly kind: 'console'; readonly text: string }
}

export interface LinkPlan {
  readonly ends: readonly [LinkEnd, LinkEnd]
  readonly latency: Duration
  /** Bits a second; undefined: no limit. */
  readonly rateBps: number | undefined
}

export interface LinkEnd {
  readonly node: string
  readonly nic: string
}

/** A network's way to the outside. */
export type UplinkPlan = UplinkCommon & UplinkKind

interface UplinkCommon {
  readonly name: string
  readonly network: string
  readonly latency: Duration
  /** Largest packet in bytes, without the link's header. */
  readonly mtu: number
}

type UplinkKind =
  | { readonly type: 'tap'; readonly ifname: string | undefined; readonly bridge: string | undefined; readonly hostAddress: AddressPlan | undefined; readonly hostAddress6?: AddressPlan | undefined }
  /** The network's gateway forwards between the tunnel, on which it has `address` (and `six.address`), and the network. */
  | { readonly type: 'tun'; readonly ifname: string | undefined; readonly gateway: string; readonly address: AddressPlan; readonly hostAddress: AddressPlan | undefined; readonly subnet: Subnet; readonly six?: TunnelSixPlan | undefined }
  | { readonly type: 'nic'; readonly ifname: string }
  /** QEMU's -netdev stream. */
  | { readonly type: 'stream'; readonly side: 'listen' | 'connect'; readonly at: SocketPlan }
  /** One frame a datagram: QEMU's -netdev dgram, and whatever else speaks it. */
  | { readonly type: 'dgram'; readonly local: TcpPlan; readonly remote: TcpPlan }

/** A tunnel's IPv6: the gateway's end, this computer's, and the network behind. */
export interface TunnelSixPlan {
  readonly address: AddressPlan
  readonly hostAddress: AddressPlan | undefined
  readonly subnet: Subnet
}

export interface AddressPlan {
  readonly address: string
  readonly prefix: number
}

/** A port of this computer or another one. */
export interface TcpPlan {
  readonly host: string
  readonly port: number
}

/** A path is relative to the lab file. */
export type SocketPlan = TcpPlan | { readonly path: string }

export type ImagePlan =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'text'; readonly text: string }
  /** All zero. */
  | { readonly kind: 'blank'; readonly sizeBytes: number }
  | { readonly kind: 'script'; readonly script: string }
  | { readonly kind: 'initramfs'; readonly recipe: InitramfsPlan }
  /** A Debian system's root file system, ready to be exported or shared. */
  | { readonly kind: 'debian'; readonly recipe: Omit<InitramfsPlan, 'init'> }

export interface InitramfsPlan {
  /** Kernel modules by name; what they depend on comes along. */
  readonly modules: readonly string[]
  /** The text of /init; undefined: the builder's own, which ends in a shell. */
  readonly init: string | undefined
  /** Name inside → text, or `./path` on the host when it starts with `./`. */
  readonly files: Readonly<Record<string, string>>
  /** Debian packages whose files go in. */
  readonly packages: readonly string[]
}

export type TestPlan = { readonly name: string; readonly within: Duration | undefined } & (
  | { readonly kind: 'console'; readonly node: string; readonly pattern: TextPattern }
  | { readonly kind: 'never'; readonly node: string; readonly pattern: TextPattern }
  | { readonly kind: 'dialogue'; readonly node: string; readonly steps: readonly DialogueStep[] }
  | { readonly kind: 'lease'; readonly node: string; readonly address: string | undefined }
  | { readonly kind: 'served'; readonly node: string; readonly file: string }
  | ({ readonly kind: 'memory'; readonly node: string } & MemoryLook)
  | ({ readonly kind: 'register'; readonly node: string } & RegisterLook)
  | { readonly kind: 'ping'; readonly from: string; readonly to: string; readonly count: number; readonly loss: number }
  | ({ readonly kind: 'frames' } & FrameCount)
  | { readonly kind: 'reach'; readonly network: string; readonly reach: Reach }
)

export type DialogueStep = { readonly expect: TextPattern } | { readonly send: string }
