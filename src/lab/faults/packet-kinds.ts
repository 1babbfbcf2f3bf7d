/** The kinds of packet that a protocol is spoken of by name: `dhcp.offer`, `tftp.data`, `tcp.syn`. Where there is no row, the words of the pretty-printer's line do. */
import { Malformed } from '../../base/errors.ts'
import * as arp from '../../wire/arp.ts'
import * as dhcp from '../../wire/dhcp.ts'
import type { Layer } from '../../wire/dissect.ts'
import * as tcp from '../../wire/tcp.ts'

type Kinds = Readonly<Record<string, (layer: Layer) => boolean>>

const valueOf = (layer: Layer, name: string): string | undefined => layer.fields.find((field) => field.name === name)?.value

const flagsOf = (layer: Layer): number => (layer.bytes.length > 13 ? layer.bytes[13] : 0)
const { syn, ack, fin, rst } = tcp.flags
const dataLength = (layer: Layer): number => Math.max(0, layer.bytes.length - (layer.bytes[12] >>> 4) * 4)

const table: Readonly<Record<string, Kinds>> = {
  tftp: Object.fromEntries(['rrq', 'wrq', 'data', 'ack', 'error', 'oack'].map((kind) => [kind, (layer: Layer) => valueOf(layer, 'kind') === kind])),
  dhcp: { ...Object.fromEntries(Object.entries(dhcp.types).map(([kind, type]) => [kind, (layer: Layer) => dhcpType(layer) === type])), reply: (layer) => valueOf(layer, 'op') === 'reply', bootp: (layer) => dhcpType(layer) === undefined },
  arp: { request: (layer) => valueOf(layer, 'operation') === String(arp.operations.request), reply: (layer) => valueOf(layer, 'operation') === String(arp.operations.reply) },
  tcp: {
    syn: (layer) => (flagsOf(layer) & (syn | ack)) === syn,
    synack: (layer) => (flagsOf(layer) & (syn | ack)) === (syn | ack),
    fin: (layer) => (flagsOf(layer) & fin) !== 0,
    rst: (layer) => (flagsOf(layer) & rst) !== 0,
    ack: (layer) => (flagsOf(layer) & (syn | fin | rst | ack)) === ack && dataLength(layer) === 0,
    data: (layer) => dataLength(layer) > 0,
  },
}

export const knowsKinds = (protocol: string): boolean => Object.hasOwn(table, protocol)
export const kindsOf = (protocol: string): readonly string[] => Object.keys(table[protocol] ?? {})
export const isKind = (layer: Layer, kind: string): boolean => table[layer.name]?.[kind]?.(layer) ?? false

function dhcpType(layer: Layer): number | undefined {
  try {
    return dhcp.typeOf(dhcp.parse(layer.bytes))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}
