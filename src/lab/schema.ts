/**
 * The lab file's schema: the one description from which the parser, the types of what it reads and the shipped JSON Schema come.
 * It says what may be written; what is left out is filled in by resolve.ts.
 */
import * as z from 'zod'
import { cpuNames } from '../cpu/isa/profile.ts'
import { isIpv6 } from './addresses.ts'
import { formatWords } from '../disk/format.ts'
import { serialSchema } from './serial/serial-schema.ts'
import { duration, type Quantity, rate, share as part, size } from './units.ts'

/** A name that may become a host name, a file name and a part of an interface name. */
const name = z.string({ error: 'expected a name' }).regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/, { error: 'a name is up to 63 letters, digits, "_", "-" and "."' })
const text = z.string({ error: 'expected text' })
const path = text.min(1, { error: 'expected a path' })

function quantity<Value>(kind: Quantity<Value>) {
  const wanted = `expected ${kind.name} with its unit, like ${kind.example}`
  return z.string({ error: wanted }).regex(kind.pattern, { error: wanted }).transform((written) => kind.read(written))
}

const span = quantity(duration).describe('A duration with its unit: ns, us, ms, s, m, h, d')
const bytes = quantity(size).describe('A size with its unit: K, M, G')
const bitRate = quantity(rate).describe('A rate with its unit: bit, kbit, Mbit, Gbit')
/** 0 is 0 in every unit. */
const percent = z.union([z.literal(0), quantity(part)], { error: 'expected a share with its unit, like 1%' }).describe('A share with its unit, %')

const port = z.int({ error: 'expected a port number' }).min(1, { error: 'ports are 1 to 65535' }).max(65535, { error: 'ports are 1 to 65535' })
const ipv4 = z.string({ error: 'expected an address like 10.0.0.1' }).regex(/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/, { error: 'expected an address like 10.0.0.1' })
const cidr = z.string({ error: 'expected a subnet like 10.0.0.0/24' }).regex(/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\/)|(?=\/))){4}\/(?:3[0-2]|[12]?\d)$/, { error: 'expected a subnet like 10.0.0.0/24' })
const ipv6 = z.string({ error: 'expected an address like fd00:1::1' }).refine(isIpv6, { error: 'expected an address like fd00:1::1' })
const cidr6 = z.string({ error: 'expected a subnet like fd00:1::/64' }).refine((written) => /\/(?:12[0-8]|1[01]\d|\d?\d)$/.test(written) && isIpv6(written.slice(0, written.indexOf('/'))), { error: 'expected a subnet like fd00:1::/64' })
const mac = z.string({ error: 'expected a MAC like "02:00:00:00:00:01"' }).regex(/^[0-9a-fA-F][02468aceACE](?::[0-9a-fA-F]{2}){5}$/, { error: 'expected a unicast MAC like "02:00:00:00:00:01"' })
const vlan = z.int({ error: 'a VLAN is 1 to 4094' }).min(1, { error: 'a VLAN is 1 to 4094' }).max(4094, { error: 'a VLAN is 1 to 4094' })

const sim = z.strictObject({
  seed: z.union([z.int(), z.string()], { error: 'expected a number or a word' }).optional().describe('What all chance in the lab comes from'),
  clock: z.enum(['virtual', 'realtime']).optional(),
  until: span.optional().describe('Virtual time at which the lab ends'),
  latency: span.optional().describe('Of every cable that names none; 5us when left out'),
  workers: z.union([z.literal('auto'), z.int().min(1).max(64)], { error: 'expected auto or a number of threads' }).optional().describe('Threads that machines may run in, the lab’s own among them; 1 when left out'),
  capture: path.optional().describe('A pcapng file that takes every port'),
})

/** What befalls every packet of a way, by chance. */
const impairment = {
  delay: span.optional(),
  jitter: span.optional().describe('Up to this much more or less than delay'),
  loss: percent.optional(),
  burst: z.number({ error: 'expected a mean number of packets' }).min(1, { error: 'a burst is 1 packet or more' }).max(1000).optional().describe('Mean length of a run of losses, in packets'),
  duplicate: percent.optional(),
  corrupt: percent.optional().describe('One bit flipped'),
  reorder: percent.optional(),
  reorder_by: span.optional(),
  rate: bitRate.optional(),
  queue: bytes.optional().describe('Bytes that wait for the rate'),
}
export const impairSchema = z.strictObject(impairment)

const mtu = z.int({ error: 'expected an MTU in bytes' }).min(68, { error: 'an MTU is 68 to 65535' }).max(65535, { error: 'an MTU is 68 to 65535' })
const model = z.enum(['virtio', 'virtio-pci', 'e1000'], { error: 'expected virtio, virtio-pci or e1000' })
const nic = z.strictObject({ mac: mac.optional(), model: model.optional().describe('The card that the guest sees; the node’s nic when left out'), vlan: vlan.optional(), mtu: mtu.optional().describe('Largest packet that its cable carries, 1500 when left out; larger ones are lost, as behind a tunnel'), impair: impairSchema.optional(), address: z.union([ipv4, cidr]).optional().describe('Of a node of kind service'), address6: ipv6.optional().describe('Of a node of kind service, beside the one it makes of the network’s prefix'), latency: span.optional() })
const attachments = z.union([z.array(name), z.record(name, nic.nullable())], { error: 'expected a list of networks, or a mapping from network to its settings' })

const diskSettings = z.strictObject({
  file: path,
  format: z.enum(formatWords).optional().describe('Of the file; by its name and content when left out'),
  read_only: z.boolean().optional(),
  overlay: z.union([path, z.literal(true)], { error: 'expected a path, or true for an overlay that goes with the lab' }).optional().describe('A qcow2 file that takes what is written; the file itself never changes'),
  uses: z.array(path).optional().describe('Files and folders elsewhere that the image may name as its base or extents'),
})
const servedDisk = z.strictObject({
  nbd: text.min(1).describe('A disk that an NBD server has: "127.0.0.1:10809/export", or the path of its socket'),
  read_only: z.boolean().optional(),
})
const disk = z.union([path, diskSettings, servedDisk], { error: 'expected a path, { file, format, read_only, overlay, uses }, or { nbd, read_only }' })
const shareSettings = z.strictObject({
  host: path.optional().describe('A folder of this computer, or a cpio archive'),
  image: path.optional().describe('A cpio archive by its image’s name, such as an initramfs'),
  tag: z.string({ error: 'expected a mount tag' }).regex(/^[!-+\--~]{1,64}$/, { error: 'a mount tag is up to 64 letters, digits and signs, without blanks and commas' }).optional().describe('What the guest mounts it by; share0, share1 … when left out'),
  write: z.union([z.boolean(), z.literal('overlay')], { error: 'expected true, false or overlay' }).optional().describe('overlay: what is written is kept in memory, and goes with the lab'),
  size: bytes.optional().describe('Memory that what is written may take'),
})
const oneShare = z.union([path, shareSettings], { error: 'expected ./folder, or { host, image, tag, write, size }' })
const share = z.union([path, shareSettings, z.array(oneShare)], { error: 'expected ./folder, { host, image, tag, write, size }, or a list of them' })
const console = z.strictObject({
  tcp: z.union([port, z.string().regex(/^(?:[^:\s]+|\[[^\]\s]+\]):\d{1,5}$/)], { error: 'expected a port, or "host:port"' }).optional(),
  unix: path.optional(),
  log: path.optional(),
  virtio: z.boolean({ error: 'expected true or false' }).optional().describe('A virtio console, hvc0, beside the serial port; what is typed goes there once the guest has a driver for it'),
})
const reached = z.union([z.enum(['started', 'booted', 'off']), z.strictObject({ console: text.min(1) })], { error: 'expected started, booted, off or { console: "text" }' })
const dependencies = z.union([z.array(name), z.record(name, reached)], { error: 'expected a list of nodes, or a mapping from node to started, booted, off or { console: "text" }' })

const magicSettings = z.strictObject({
  share: path.optional().describe('A folder of this computer that the guest’s file calls see'),
  write: z.boolean({ error: 'expected true or false' }).optional().describe('The guest may write there'),
})
const magic = z.union([z.boolean(), magicSettings], { error: 'expected true, or { share: ./folder, write: true }' })

/** Configuration of a service point; its own kind checks it. */
const service = z.union([z.literal(true), z.looseObject({})], { error: 'expected a mapping, or true for the usual settings' }).nullable()
const services = { dhcp: service.optional(), dhcp6: service.optional(), tftp: service.optional(), nfs: service.optional(), dns: service.optional(), ntp: service.optional(), syslog: service.optional(), http: service.optional(), ftp: service.optional(), node: service.optional() }

const leaseOr = z.union([ipv4, z.literal(true)], { error: 'expected an address, or true for the lease’s' })
const hex = z.string({ error: 'expected bytes in hexadecimal' }).regex(/^(?:\s*[0-9a-fA-F]{2})*\s*$/, { error: 'expected bytes in hexadecimal, two digits each' }).max(4200, { error: 'a datagram of a step has at most 1400 bytes' })
/** What a scripted client does: one key says which step it is, the others how. */
const scriptStep = z.strictObject({
  say: text.optional().describe('A line for its console'),
  wait: span.optional(),
  lease: z.union([text.max(64, { error: 'a vendor class of a step has at most 64 characters' }), z.literal(true)], { error: 'expected true, or a vendor class such as PXEClient' }).optional().describe('An address from DHCP, as a client of that vendor class (option 60) if one is named'),
  fetch: z.union([path.max(120, { error: 'a name of up to 120 characters' }), z.literal(true)], { error: 'expected a file name, or true for what the lease names' }).optional().describe('A file by TFTP'),
  blksize: z.int().min(8, { error: 'a block has 8 to 1468 bytes' }).max(1468, { error: 'a block has 8 to 1468 bytes' }).optional(),
  exact: z.boolean().optional().describe('It refuses another block size than it asked for'),
  wraps: z.boolean().optional().describe('Whether it goes on with block 0 behind block 65535; true when left out'),
  hangs_after: z.int().min(1).max(1_000_000).optional().describe('It hangs for good behind so many blocks'),
  ask: text.min(1).max(200).optional().describe('A name, of a DNS server'),
  server: leaseOr.optional(),
  ping: ipv4.optional(),
  mount: path.max(1000).optional().describe('An NFS export, by MOUNT over UDP'),
  nfs: hex.optional().describe('GETATTR of a handle over UDP; of none, NULL'),
  version: z.int().min(1).max(9).optional(),
  send: hex.optional().describe('Any datagram'),
  to: ipv4.optional(),
  port: port.optional(),
})

const node = z.strictObject({
  kind: z.string().optional().describe('rv64, service, or a name from kinds'),
  memory: bytes.optional(),
  cpus: z.int({ error: 'expected a number from 1 to 8' }).min(1).max(8, { error: 'a machine has 1 to 8 cpus' }).optional(),
  cpu: z.enum(cpuNames).optional().describe('What each cpu can do: rv64gc, or the richer rva22'),
  boot: z.enum(['net', 'kernel', 'disk', 'program']).optional(),
  firmware: path.optional().describe('u-boot, u-boot-s, opensbi, sbi (built in), none, an image or ./path'),
  kernel: path.optional(),
  initrd: path.optional(),
  cmdline: text.optional(),
  program: z.enum(['hello', 'script']).optional().describe('A built-in guest: hello net-boots, script does its steps'),
  steps: z.array(scriptStep, { error: 'expected a list of steps' }).min(1, { error: 'a script has a step or more' }).max(64, { error: 'a script has at most 64 steps' }).optional().describe('Of program: script, one after the other'),
  networks: attachments.optional(),
  nic: model.optional().describe('The card that the guest sees on each of its interfaces; virtio when left out'),
  balloon: z.union([z.boolean(), bytes], { error: 'expected true, or how much to take, like 64M' }).optional().describe('A virtio balloon: free pages of the guest become zeros; with a size, so much memory is asked for'),
  virtio: z.enum(['mmio', 'pci'], { error: 'expected mmio or pci' }).optional().describe('Where the guest finds its virtio devices; mmio when left out'),
  disks: z.array(disk, { error: 'expected a list of disks' }).optional(),
  share: share.optional().describe('Folders of this computer that the guest mounts: mount -t 9p -o trans=virtio,version=9p2000.L share0 /mnt'),
  console: console.optional(),
  serial: serialSchema.optional().describe('Serial ports and what is at their other ends; the first is the console'),
  magic: magic.optional().describe('Magic instructions and semihosting: netloom cp and exec, and what docs/magic.md says'),
  depends_on: dependencies.optional(),
  ports: z.array(text.min(1, { error: 'expected ports like "2222:22"' }), { error: 'expected a list of ports like "2222:22"' }).optional().describe('Ports of this computer that are the guest’s, through NAT: "2222:22", "0.0.0.0:2222:22", "5353:53/udp", "./web.sock:80"'),
  ...services,
})

const flag = z.boolean({ error: 'expected true or false' })
const advertising = z.union([flag, z.strictObject({
  lifetime: span.optional().describe('How long the gateway is a default router; 30m with nat, else 0s: it leads nowhere'),
  interval: span.optional().describe('At most so long between two advertisements; 10m when left out'),
  managed: flag.optional().describe('Flag M: addresses are to be had by DHCPv6'),
  other: flag.optional().describe('Flag O: other settings are to be had by DHCPv6'),
  autonomous: flag.optional().describe('Hosts make addresses of the prefix; yes for a /64'),
  valid: span.optional().describe('Of the prefix; 30d when left out'),
  preferred: span.optional().describe('Of the prefix; 7d when left out'),
  dns: z.array(ipv6, { error: 'expected a list of addresses' }).max(8).optional().describe('The gateway where it has a dns service, when left out'),
  mtu: z.int({ error: 'expected an MTU in bytes' }).min(1280, { error: 'IPv6 needs 1280 bytes' }).max(65535).optional(),
})], { error: 'expected true, false or the settings of router advertisements' })

const network = z.strictObject({
  subnet: cidr.optional(),
  gateway: ipv4.optional().describe('Where the network’s service points live; the first address when left out'),
  subnet6: z.union([z.literal('auto'), cidr6], { error: 'expected a subnet like fd00:1::/64, or auto' }).optional().describe('The network has IPv6, too, and this prefix; auto: one of its own under fd00::/8. IPv4 only when left out'),
  gateway6: ipv6.optional().describe('The gateway’s IPv6 address; the first when left out'),
  ra: advertising.optional().describe('Router advertisements, by which hosts configure themselves; sent where there is a subnet6, when left out'),
  mode: z.enum(['switch', 'hub']).optional(),
  nat: z.boolean({ error: 'expected true or false' }).optional().describe('The gateway leads guests out to where this computer can go; nothing comes in but by ports'),
  host_loopback: z.boolean({ error: 'expected true or false' }).optional().describe('With nat: the gateway’s address stands for this computer’s 127.0.0.1, and link-local addresses are open'),
  latency: span.optional(),
  impair: impairSchema.optional().describe('Of every packet that enters the network'),
  ...services,
})

const ends = z.array(text, { error: 'expected two ends' }).length(2, { error: 'a link has two ends' })
const link = z.union([text, ends, z.strictObject({ endpoints: ends, latency: span.optional(), rate: bitRate.optional(), impair: impairSchema.optional() })], {
  error: 'expected "a-b", [a, b] or { endpoints: [a, b] }',
})

const initramfs = z.strictObject({
  modules: z.array(text).optional(),
  init: text.optional(),
  files: z.record(text, text, { error: 'expected a mapping from name to text or ./path' }).optional(),
  packages: z.array(name).optional(),
})
const image = z.strictObject({ size: bytes.optional().describe('So many bytes, all zero'), file: path.optional(), text: text.optional(), script: text.optional(), initramfs: initramfs.nullable().optional(), debian: initramfs.omit({ init: true }).nullable().optional().describe('A Debian root file system with systemd: packages beside the usual ones, files over what they bring') })

const count = z.int({ error: 'expected a number' }).min(1, { error: 'packets are counted from 1' }).max(1_000_000_000)
const fault = z.strictObject({
  name: name.optional().describe('f1, f2 … when left out'),
  link: z.union([text, z.array(text)], { error: 'expected node1:eth0, a node, a network, a link "a-b", or a list of them' }).optional().describe('Where: node1:eth0, a node, a network, or a link "a-b"'),
  match: text.optional().describe('Which packets: "tftp.data to node1", "dhcp.offer", "udp.destinationPort = 69 from node1"'),
  direction: z.enum(['in', 'out', 'both']).optional().describe('As the interface sees it'),
  at: span.optional().describe('From when on, in virtual time'),
  for: span.optional().describe('How long'),
  down: z.union([span, z.literal(true)], { error: 'expected how long, like 500ms, or true' }).optional(),
  do: z.enum(['drop', 'duplicate', 'corrupt', 'delay', 'reorder']).optional().describe('With match; drop when left out'),
  by: span.optional().describe('Of delay and reorder: how long'),
  first: count.optional(),
  every: count.optional(),
  nth: z.union([count, z.array(count)], { error: 'expected a number or a list of numbers' }).optional(),
  between: z.string({ error: 'expected two numbers, like "3..7"' }).regex(/^\d{1,9}\.\.\d{1,9}$/, { error: 'expected two numbers, like "3..7"' }).optional(),
  chance: percent.optional(),
  ...impairment,
})

const watched = text.min(1, { error: 'expected some text' })
const address = z.union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]{1,16}$/)], { error: 'expected an address like 0x80200000' })
const value = z.union([z.int(), z.string().regex(/^(?:0x[0-9a-fA-F]{1,16}|\d{1,20})$/)], { error: 'expected a number like 0x2a' })
const memoryLook = z.strictObject({
  at: address.describe('Physical'),
  equals: value.optional().describe('A little-endian number of `width` bytes'),
  width: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], { error: 'a width is 1, 2, 4 or 8 bytes' }).optional().describe('4 when left out'),
  text: watched.max(4096).optional(),
  bytes: z.string().regex(/^(?:\s*[0-9a-fA-F]{2}){1,4096}\s*$/, { error: 'expected bytes in hexadecimal' }).optional(),
})
const registerLook = z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9]{1,11}$/, { error: 'expected a register like a0, pc or satp' }), equals: value, hart: z.int().min(0).max(7).optional() })
const step = z.union([z.strictObject({ expect: watched }), z.strictObject({ send: text })], { error: 'expected { expect: "text" } or { send: "text\\n" }' })
const test = z.strictObject({
  node: name.optional(),
  console: watched.optional().describe('A text, or a regular expression between slashes, that the console says'),
  never: watched.optional().describe('What the console must not say'),
  dialogue: z.array(step, { error: 'expected a list of { expect: "text" } and { send: "text\\n" }' }).min(1, { error: 'a dialogue has a step or more' }).optional(),
  lease: z.union([ipv4, z.literal(true)], { error: 'expected an address, or true for any' }).optional(),
  served: path.optional().describe('A file that a service point gave the node, whole'),
  memory: memoryLook.optional().describe('Bytes of the guest’s memory'),
  register: registerLook.optional().describe('A register of the guest'),
  frames: text.optional().describe('Packets that are counted: "tftp.data to node1"'),
  from: name.optional(),
  to: name.optional(),
  ping: text.optional().describe('A node or address, asked from the lab’s own host'),
  tcp: text.optional().describe('A port that must be open: "node1:22"'),
  http: text.optional().describe('A page: "http://node1/index.html"'),
  status: z.int({ error: 'expected an HTTP status' }).min(100).max(599).optional(),
  body: watched.optional().describe('What the page must say'),
  dns: text.optional().describe('A name that must be known'),
  answer: z.union([ipv4, ipv6], { error: 'expected an address' }).optional().describe('What it must be; an IPv6 address is asked for by AAAA'),
  server: text.optional().describe('Who is asked for the name; the gateway when left out'),
  via: name.optional().describe('The network on which it is tried'),
  count: z.union([z.int().min(1).max(1_000_000), z.string().regex(/^(?:(?:>=|<=)?\d{1,9}|\d{1,9}\.\.\d{1,9})$/)], { error: 'expected a number; of frames also ">=3", "<=3" or "3..7"' }).optional(),
  loss: percent.optional(),
  within: span.optional().describe('Virtual time since the lab’s start'),
})

const ifname = z.string({ error: 'expected an interface name' }).regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/, { error: 'an interface name is up to 15 letters, digits, "_", "-" and "."' })
const socket = z.union([port, path], { error: 'expected a port, "host:port" or ./path' })
const uplink = z.strictObject({
  network: name.describe('The network it is plugged into'),
  type: z.enum(['tap', 'tun', 'nic', 'qemu', 'udp']),
  ifname: ifname.optional().describe('Of tap, tun and nic: the interface on this computer'),
  bridge: ifname.optional().describe('Of tap: a bridge of this computer that the interface joins'),
  address: cidr.optional().describe('Of tun: the gateway’s own address on the tunnel'),
  host_address: cidr.optional().describe('Of tap and tun: the address that this computer’s end is given'),
  address6: cidr6.optional().describe('Of tun: the gateway’s own IPv6 address on the tunnel, where the network has a subnet6'),
  host_address6: cidr6.optional().describe('Of tap and tun: the IPv6 address that this computer’s end is given'),
  mode: z.enum(['stream', 'dgram']).optional().describe('Of qemu: its -netdev stream, or its -netdev dgram'),
  listen: socket.optional().describe('Of qemu stream: where QEMU connects to'),
  connect: socket.optional().describe('Of qemu stream: where QEMU listens'),
  local: socket.optional().describe('Of udp and qemu dgram: where datagrams are received'),
  remote: socket.optional().describe('Of udp and qemu dgram: where datagrams are sent to'),
  mtu: mtu.optional(),
  latency: span.optional(),
})

/** What a lab file may hold, once its variables, includes and `topology:` wrapper are resolved and its `x-*` keys are gone. */
export const labSchema = z.strictObject({
  name: name.optional(),
  sim: sim.optional(),
  defaults: node.optional(),
  kinds: z.record(name, node.nullable()).optional(),
  networks: z.record(name, network.nullable()).optional(),
  nodes: z.record(name, node.nullable()).optional(),
  uplinks: z.record(name, uplink).optional().describe('All that touches this computer'),
  links: z.array(link, { error: 'expected a list of links' }).optional(),
  images: z.record(text, image).optional(),
  faults: z.array(fault, { error: 'expected a list of faults' }).optional(),
  tests: z.record(text, test).optional(),
})

export type LabText = z.output<typeof labSchema>
export type NodeText = z.output<typeof node>
export type NetworkText = z.output<typeof network>
export type NicText = z.output<typeof nic>
export type ImageText = z.output<typeof image>
export type FaultText = z.output<typeof fault>
export type ImpairText = z.output<typeof impairSchema>
export type StepText = z.output<typeof scriptStep>
export type TestText = z.output<typeof test>
export type LinkText = z.output<typeof link>
export type UplinkText = z.output<typeof uplink>
