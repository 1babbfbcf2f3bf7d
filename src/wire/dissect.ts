/** The pretty-printer: descends all protocols of a frame, to one line or to a tree with field names and values. One row per format. */
import { hex } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import * as arp from './arp.ts'
import * as dhcp from './dhcp.ts'
import * as dhcpv6 from './dhcpv6.ts'
import * as dns from './dns.ts'
import * as ethernet from './ethernet.ts'
import type { Cargo, Format, Show, Space } from './format.ts'
import * as icmp from './icmp.ts'
import * as icmpv6 from './icmpv6.ts'
import * as ipv4 from './ipv4.ts'
import * as ipv6 from './ipv6.ts'
import * as mount from './mount.ts'
import * as nfs3 from './nfs3.ts'
import * as nfs4 from './nfs4-compound.ts'
import * as nlm from './nlm.ts'
import * as ntp from './ntp.ts'
import * as portmap from './portmap.ts'
import * as quoted from './quoted.ts'
import * as quoted6 from './quoted6.ts'
import * as rpc from './rpc.ts'
import * as rpcRecord from './rpc-record.ts'
import * as syslog from './syslog.ts'
import * as tcp from './tcp.ts'
import * as tftp from './tftp.ts'
import * as udp from './udp.ts'
import * as vlan from './vlan.ts'

/** Where frames begin; a bare packet begins at its IP version. */
const ethernetMedium = -1

/** rpcbind, NFS, our MOUNT and our lock manager. */
const rpcPorts = [portmap.port, nfs3.port, 20_048, 4045]

/** Every format, and under which numbers it is found. A new format is a new row. */
const rows: readonly Row[] = [
  row('ethernet', { medium: [ethernetMedium] }, ethernet),
  row('vlan', { ether: [0x8100, 0x88a8] }, vlan),
  row('arp', { ether: [0x0806] }, arp),
  row('ipv4', { medium: [4], ether: [0x0800], ip: [4] }, ipv4),
  row('ipv6', { medium: [6], ether: [0x86dd], ip: [41] }, ipv6),
  row('icmp', { ip: [1] }, icmp),
  row('icmpv6', { ip: [58] }, icmpv6),
  row('quoted', { quoted: [4] }, quoted),
  row('quoted6', { quoted: [6] }, quoted6),
  row('udp', { ip: [17] }, udp),
  row('tcp', { ip: [6] }, tcp),
  row('dhcp', { udp: [67, 68] }, dhcp),
  row('dhcpv6', { udp: [546, 547] }, dhcpv6),
  row('tftp', { udp: [69] }, tftp),
  row('dns', { udp: [53] }, dns),
  row('ntp', { udp: [123] }, ntp),
  row('syslog', { udp: [514] }, syslog),
  row('rpc-record', { tcp: rpcPorts }, rpcRecord),
  row('rpc', { udp: rpcPorts, rpc: [0] }, rpc),
  row('rpcbind', { rpc: [rpc.carried(rpc.programs.portmap, 2)] }, portmap),
  row('rpcbind', { rpc: [rpc.carried(rpc.programs.portmap, 3), rpc.carried(rpc.programs.portmap, 4)] }, { parse: portmap.parse4, format: portmap.format }),
  row('mount', { rpc: [1, 2, 3].map((version) => rpc.carried(rpc.programs.mount, version)) }, mount),
  row('nfs3', { rpc: [rpc.carried(rpc.programs.nfs, 3)] }, nfs3),
  row('nlm', { rpc: [1, 3].map((version) => rpc.carried(rpc.programs.lockManager, version)) }, nlm),
  row('nlm', { rpc: [rpc.carried(rpc.programs.lockManager, 4)] }, { parse: nlm.parse4, format: nlm.format }),
  row('nfs4', { rpc: [rpc.carried(rpc.programs.nfs, 4)] }, nfs4),
]

/** A field of a layer as people read it. `fields` is empty but for lists and nested values. */
export interface Field {
  readonly name: string
  readonly value: string
  readonly fields: readonly Field[]
}

export interface Layer {
  /** The format's name; `malformed` where a parser refused, `data` for what no format claims. */
  readonly name: string
  readonly line: string
  readonly fields: readonly Field[]
  /** From the layer's first byte to the end of what it was given; a view. */
  readonly bytes: Uint8Array
}

/** More layers than any honest packet has; a chain of tags can't be used to make us busy. */
const deepest = 16

/** The layers of a frame, outermost first. Never throws. @param medium `ethernet` for a whole frame, `ip` for a bare packet. */
export function dissect(bytes: Uint8Array, medium: 'ethernet' | 'ip' = 'ethernet'): readonly Layer[] {
  return dissectAs({ space: 'medium', numbers: [medium === 'ethernet' ? ethernetMedium : (bytes[0] ?? 0) >>> 4], bytes })
}

/** The layers of something that is known to be what `first` says, e.g. the TFTP of UDP port 69 where the ports don't tell. Never throws. */
export function dissectAs(first: Cargo): readonly Layer[] {
  const layers: Layer[] = []
  let cargo: Cargo | undefined = first
  while (cargo !== undefined && layers.length < deepest) {
    const found = lookup(cargo)
    if (found === undefined) {
      if (cargo.bytes.length > 0) layers.push(data(cargo.bytes))
      break
    }
    cargo = found.descend(cargo, layers)
  }
  return layers
}

/** One line: every layer's, outermost first. */
export function line(bytes: Uint8Array, medium?: 'ethernet' | 'ip'): string {
  return lineOf(dissect(bytes, medium))
}

export const lineOf = (layers: readonly Layer[]): string => layers.map((layer) => layer.line).join(' | ')

/** A line per layer and, indented, per field. */
export function tree(bytes: Uint8Array, medium?: 'ethernet' | 'ip'): string {
  return treeOf(dissect(bytes, medium))
}

export const treeOf = (layers: readonly Layer[]): string => layers.flatMap((layer) => [layer.line, ...layer.fields.flatMap((field) => branch(field, '  '))]).join('\n')

function branch(field: Field, indent: string): string[] {
  return [`${indent}${field.name}${field.value === '' ? '' : `: ${field.value}`}`, ...field.fields.flatMap((inner) => branch(inner, `${indent}  `))]
}

interface Row {
  readonly name: string
  readonly at: Readonly<Partial<Record<Space, readonly number[]>>>
  descend(cargo: Cargo, layers: Layer[]): Cargo | undefined
}

function row<Value extends object>(name: string, at: Row['at'], format: Format<Value>): Row {
  const descend = (cargo: Cargo, layers: Layer[]): Cargo | undefined => {
    try {
      const value = format.parse(cargo.bytes, cargo.addressSum)
      layers.push({ name, line: format.format(value), fields: fieldsOf(value, format.show), bytes: cargo.bytes })
      return format.carries?.(value)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      layers.push({ name: 'malformed', line: `MALFORMED ${name}: ${error.message}`, fields: [], bytes: cargo.bytes })
      return undefined
    }
  }
  return { name, at, descend }
}

/** Names of all formats, as layers carry them. */
export const formatNames: readonly string[] = rows.map((each) => each.name)

const index = new Map(rows.flatMap((each) => Object.entries(each.at).flatMap(([space, numbers]) => numbers.map((number) => [`${space} ${number}`, each] as const))))

function lookup({ space, numbers }: Cargo): Row | undefined {
  for (const number of numbers) {
    const found = index.get(`${space} ${number}`)
    if (found !== undefined) return found
  }
  return undefined
}

function data(bytes: Uint8Array): Layer {
  return { name: 'data', line: `data ${bytes.length} bytes`, fields: [{ name: 'bytes', value: shortHex(bytes), fields: [] }], bytes }
}

const longestHex = 32

function shortHex(bytes: Uint8Array): string {
  return bytes.length <= longestHex ? hex(bytes, ' ') : `${hex(bytes.subarray(0, longestHex), ' ')} … ${bytes.length} bytes`
}

/** The parts that the next layer shows. */
const cargoNames = new Set(['payload', 'quoted'])

function fieldsOf<Value extends object>(value: Value, show: Show<Value> | undefined): Field[] {
  return Object.entries(value).filter(([name]) => !cargoNames.has(name)).map(([name, part]) => {
    const shown = show?.[name as keyof Value]
    return shown === undefined ? fieldOf(name, part) : { name, value: shown(part as Value[keyof Value]), fields: [] }
  })
}

function fieldOf(name: string, value: unknown): Field {
  if (value instanceof Uint8Array) return { name, value: shortHex(value), fields: [] }
  if (Array.isArray(value)) return { name, value: String(value.length), fields: value.map((part, at) => fieldOf(String(at), part)) }
  if (value instanceof Map) return { name, value: String(value.size), fields: [...value].map(([key, part]) => fieldOf(String(key), part)) }
  if (typeof value === 'object' && value !== null) return { name, value: '', fields: Object.entries(value).map(([inner, part]) => fieldOf(inner, part)) }
  return { name, value: value === undefined ? '-' : String(value), fields: [] }
}
