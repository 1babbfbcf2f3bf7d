/** Where two kept runs part: the first frame, console byte or instruction count in which they differ, by virtual time. */
import type { Instant } from '../../base/time.ts'
import { formatTime } from '../../base/time.ts'
import type { Capture } from '../../wire/pcapng.ts'
import type { Packet } from '../../wire/pcapng-blocks.ts'
import { linkTypes, packetFlags } from '../../wire/pcapng-blocks.ts'
import { equal } from '../../base/bytes.ts'
import type { Field, Layer } from '../../wire/dissect.ts'
import { lineOf } from '../../wire/dissect.ts'
import { Trace } from '../../link/trace.ts'
import type { LineStamp } from './line-stamps.ts'
import { stampAt } from './line-stamps.ts'
import type { RunCard } from './run-card.ts'
import { showLine } from './show-line.ts'

export interface KeptConsole {
  readonly bytes: Uint8Array
  readonly stamps: readonly LineStamp[]
}

/** A kept run, read back. */
export interface KeptRun {
  readonly card: RunCard
  readonly frames: Capture
  readonly consoles: Readonly<Record<string, KeptConsole>>
}

export interface Difference {
  /** When the earlier of the two differing things happened; undefined for counts, which have no instant. */
  readonly time: Instant | undefined
  /** `frame 412 at node1:eth0`, `console of node1, byte 93`. */
  readonly where: string
  /** What the first run has there, and the second. */
  readonly sides: readonly [string, string]
  /** Field by field, where both are frames: `tftp.block: 3, 4`. */
  readonly fields: readonly string[]
}

/** @returns undefined when the runs are the same. */
export function diffRuns(a: KeptRun, b: KeptRun): Difference | undefined {
  const nodes = [...new Set([...Object.keys(a.consoles), ...Object.keys(b.consoles)])].sort()
  const found = [diffFrames(a.frames, b.frames), ...nodes.map((node) => diffConsoles(node, a.consoles[node], b.consoles[node]))].filter((one) => one !== undefined)
  const [first] = found.sort((one, other) => (one.time ?? 0) - (other.time ?? 0))
  return first ?? diffCounts(a.card, b.card)
}

function diffFrames(a: Capture, b: Capture): Difference | undefined {
  const traces = [new Trace(), new Trace()] as const
  const longest = Math.max(a.packets.length, b.packets.length)
  for (let at = 0; at < longest; at++) {
    const [left, right] = [a.packets[at], b.packets[at]] as (Packet | undefined)[]
    const layers = [left, right].map((packet, side) => (packet === undefined ? [] : traces[side].layers(packet.bytes, mediumOf([a, b][side], packet))))
    if (left !== undefined && right !== undefined && same(left, a, right, b)) continue
    const time = Math.min(left?.time ?? Infinity, right?.time ?? Infinity) as Instant
    const name = left === undefined ? b.interfaces[(right as Packet).interface].name : a.interfaces[left.interface].name
    const sides = [side(left, a, layers[0]), side(right, b, layers[1])] as const
    return { time, where: `frame ${at + 1} at ${name}`, sides, fields: left === undefined || right === undefined ? [] : diffFields(layers[0], layers[1]) }
  }
  return undefined
}

function same(left: Packet, a: Capture, right: Packet, b: Capture): boolean {
  return left.time === right.time && left.flags === right.flags && a.interfaces[left.interface].name === b.interfaces[right.interface].name && equal(left.bytes, right.bytes)
}

const mediumOf = (capture: Capture, packet: Packet): 'ethernet' | 'ip' => (capture.interfaces[packet.interface].linkType === linkTypes.raw ? 'ip' : 'ethernet')

function side(packet: Packet | undefined, capture: Capture, layers: readonly Layer[]): string {
  if (packet === undefined) return 'no more frames'
  const way = (packet.flags & packetFlags.out) === packetFlags.out ? 'out' : 'in'
  return `${formatTime(packet.time as Instant)} ${capture.interfaces[packet.interface].name} ${way}: ${lineOf(layers)}`
}

/** Longest list of differing fields told. */
const mostFields = 16

function diffFields(a: readonly Layer[], b: readonly Layer[]): string[] {
  const [left, right] = [flat(a), flat(b)]
  const names = [...new Set([...left.keys(), ...right.keys()])]
  return names.filter((name) => left.get(name) !== right.get(name)).map((name) => `${name}: ${left.get(name) ?? '-'}, ${right.get(name) ?? '-'}`).slice(0, mostFields)
}

function flat(layers: readonly Layer[]): Map<string, string> {
  const values = new Map<string, string>()
  const descend = (prefix: string, fields: readonly Field[]): void => {
    for (const field of fields) {
      values.set(`${prefix}.${field.name}`, field.value)
      descend(`${prefix}.${field.name}`, field.fields)
    }
  }
  for (const layer of layers) descend(layer.name, layer.fields)
  return values
}

const nothing: KeptConsole = { bytes: new Uint8Array(0), stamps: [] }

function diffConsoles(node: string, a: KeptConsole = nothing, b: KeptConsole = nothing): Difference | undefined {
  const shortest = Math.min(a.bytes.length, b.bytes.length)
  let at = 0
  while (at < shortest && a.bytes[at] === b.bytes[at]) at++
  const bytesDiffer = at < shortest || a.bytes.length !== b.bytes.length
  const late = a.stamps.findIndex((stamp, index) => stamp.time !== b.stamps[index]?.time)
  // Lines may be the same and only their instants differ; whichever comes first is the difference.
  if (late >= 0 && b.stamps[late] !== undefined && (!bytesDiffer || a.stamps[late].offset <= at)) {
    const { offset, time } = a.stamps[late]
    const other = b.stamps[late].time
    return { time: Math.min(time, other) as Instant, where: `console of ${node}, line ${late + 1}`, sides: [`${formatTime(time)} ${showLine(a.bytes, offset)}`, `${formatTime(other)} ${showLine(b.bytes, offset)}`], fields: [] }
  }
  if (!bytesDiffer) return undefined
  const stamps = [stampAt(a.stamps, at), stampAt(b.stamps, at)]
  const time = Math.min(...stamps.map((stamp) => stamp?.time ?? Infinity)) as Instant
  const sides = [a, b].map(({ bytes, stamps: own }) => (at < bytes.length ? `${JSON.stringify(String.fromCharCode(bytes[at]))} in ${showLine(bytes, stampAt(own, at)?.offset ?? 0)}` : 'nothing more'))
  return { time: Number.isFinite(time) ? time : undefined, where: `console of ${node}, byte ${at + 1}`, sides: [sides[0], sides[1]], fields: [] }
}

function diffCounts(a: RunCard, b: RunCard): Difference | undefined {
  if (a.digest === b.digest) return undefined
  for (const node of Object.keys({ ...a.retired, ...b.retired }).sort()) {
    if (a.retired[node] !== b.retired[node]) return { time: undefined, where: `instructions of ${node}`, sides: [String(a.retired[node] ?? 'none'), String(b.retired[node] ?? 'none')], fields: [] }
  }
  const lane = Object.keys({ ...a.lanes, ...b.lanes }).sort().find((name) => a.lanes[name] !== b.lanes[name])
  return { time: undefined, where: lane ?? 'the hash', sides: [a.lanes[lane ?? ''] ?? a.digest, b.lanes[lane ?? ''] ?? b.digest], fields: [] }
}
