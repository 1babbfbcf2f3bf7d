/** A node's `serial:`, port by port; and null modems, which have two ends. */
import type { Path } from '../../stack/service.ts'
import type { Reading } from '../reading.ts'
import type { MachinePlan } from '../topology.ts'
import type { SerialEndPlan, SerialPlace, SerialPlan } from './serial-plan.ts'
import type { SerialPortText, SerialText } from './serial-schema.ts'

const usualBuffer = 64 << 10
const mostBuffer = 64 << 20

/** @returns undefined where the file says nothing: one console, in no time. @throws {ConfigError} */
export function resolveSerials(reading: Reading, path: Path, text: SerialText | undefined): readonly SerialPlan[] | undefined {
  if (text === undefined) return undefined
  const ports = new Map<number, SerialPlan>()
  for (const [index, each] of (Array.isArray(text) ? text : [text]).entries()) {
    const here: Path = Array.isArray(text) ? [...path, 'serial', index] : [...path, 'serial']
    const port = each?.port ?? index
    if (ports.has(port)) reading.fail(here, `port ${port} is there twice`, 'give each its own port: 0 to 3')
    ports.set(port, plan(reading, here, each ?? {}, port))
  }
  return filled(ports)
}

/** Each null modem stands at both of its ends, and where a node has not named its own, the port is added. @throws {ConfigError} */
export function pairSerials(reading: Reading, machines: readonly MachinePlan[]): MachinePlan[] {
  const all = new Map(machines.map(({ name, serials }) => [name, new Map((serials ?? []).map((one, port) => [port, one] as const))]))
  for (const { name, serials = [] } of machines) {
    for (const [port, { to }] of serials.entries()) if (to !== undefined) pair(reading, all, { node: name, port }, to)
  }
  onlyOneStdio(reading, machines)
  return machines.map((machine) => {
    const ports = all.get(machine.name)
    return ports === undefined || ports.size === 0 ? machine : { ...machine, serials: filled(ports) }
  })
}

function pair(reading: Reading, all: ReadonlyMap<string, Map<number, SerialPlan>>, from: SerialPlace, to: SerialPlace): void {
  const path: Path = ['nodes', from.node, 'serial']
  const ports = all.get(to.node)
  if (ports === undefined) return reading.known(path, to.node, all.keys(), 'machine')
  if (to.node === from.node && to.port === from.port) reading.fail(path, `port ${from.port} is connected to itself`, `to: "${to.node}:${to.port === 0 ? 1 : 0}"`)
  const theirs = ports.get(to.port)
  const back = theirs?.to
  if (back !== undefined && (back.node !== from.node || back.port !== from.port)) reading.fail(path, `port ${to.port} of ${to.node} is connected to port ${back.port} of ${back.node}`, 'a null modem has two ends')
  ports.set(to.port, { ...(theirs ?? plain(to.port)), to: from })
}

function plan(reading: Reading, path: Path, text: SerialPortText, port: number): SerialPlan {
  const bufferBytes = text.buffer ?? usualBuffer
  if (bufferBytes < 1024 || bufferBytes > mostBuffer) reading.fail([...path, 'buffer'], `${bufferBytes} bytes are out of range`, 'a buffer has 1K to 64M')
  const rate = text.rate === 'guest' ? 'latch' : text.rate
  const ends = endsOf(text)
  return { ...plain(port), ...(rate === undefined ? {} : { rate }), to: place(text.to, port), log: text.log, ends, bufferBytes, full: text.full ?? 'drop-oldest', safe: text.safe ?? ends.some(({ kind }) => kind === 'stdio') }
}

function plain(port: number): SerialPlan {
  return { rate: port === 0 ? 'max' : 'latch', to: undefined, log: undefined, ends: [], bufferBytes: usualBuffer, full: 'drop-oldest', safe: false }
}

/** `node2` is its port of the same number. */
function place(to: string | undefined, port: number): SerialPlace | undefined {
  if (to === undefined) return undefined
  const [node, theirs] = to.split(':')
  return { node, port: theirs === undefined ? port : Number(theirs) }
}

function endsOf({ file, pty, fifo, tcp, telnet, unix, websocket, stdio, device }: SerialPortText): SerialEndPlan[] {
  const ends: SerialEndPlan[] = []
  if (file !== undefined) ends.push(typeof file === 'string' ? { kind: 'file', write: file, read: undefined } : { kind: 'file', write: file.write, read: file.read })
  if (pty !== undefined) ends.push({ kind: 'pty', link: pty === true ? undefined : typeof pty === 'string' ? pty : pty.link })
  if (fifo !== undefined) ends.push({ kind: 'fifo', input: `${fifo}.in`, output: `${fifo}.out` })
  if (tcp !== undefined) ends.push({ kind: 'socket', protocol: 'raw', ...side(tcp) })
  if (telnet !== undefined) ends.push({ kind: 'socket', protocol: 'telnet', ...side(telnet) })
  if (unix !== undefined) ends.push({ kind: 'socket', protocol: 'raw', ...(typeof unix === 'string' ? { side: 'listen', at: { path: unix } } : { side: 'connect', at: { path: unix.connect } }) })
  if (websocket !== undefined) ends.push(typeof websocket === 'object' ? { kind: 'websocket', side: 'connect', url: websocket.connect } : { kind: 'websocket', side: 'listen', at: address(websocket) })
  if (stdio === true) ends.push({ kind: 'stdio' })
  if (device !== undefined) ends.push({ kind: 'device', path: device })
  return ends
}

function side(written: number | string | { readonly connect: number | string }): { side: 'listen' | 'connect'; at: { host: string; port: number } } {
  return typeof written === 'object' ? { side: 'connect', at: address(written.connect) } : { side: 'listen', at: address(written) }
}

function address(written: number | string): { host: string; port: number } {
  if (typeof written === 'number') return { host: '127.0.0.1', port: written }
  const split = written.lastIndexOf(':')
  return { host: written.slice(0, split).replace(/^\[|\]$/g, ''), port: Number(written.slice(split + 1)) }
}

/** Ports below the highest that are not spoken of are there, with nobody at their other end. */
function filled(ports: ReadonlyMap<number, SerialPlan>): SerialPlan[] {
  return Array.from({ length: Math.max(0, ...ports.keys()) + 1 }, (_, port) => ports.get(port) ?? plain(port))
}

function onlyOneStdio(reading: Reading, machines: readonly MachinePlan[]): void {
  const users = machines.filter(({ serials = [] }) => serials.some(({ ends }) => ends.some(({ kind }) => kind === 'stdio')))
  if (users.length > 1) reading.fail(['nodes', users[1].name, 'serial'], `${users[0].name} has standard input and output already`, 'take one stdio: true out')
}
