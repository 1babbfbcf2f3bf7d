/**
 * Our stack on a TAP in the namespace this is started in, in real time: 10.9.0.2 and fd00:9::2, with an echo on port 7 and a server of bytes on port 19.
 * Linux has 10.9.0.1 and fd00:9::1. Arguments: the faults of both directions as JSON (impair.ts), and whether super-frames may leave.
 */
import { spawnSync } from 'node:child_process'
import { SeededRandom } from '../../src/base/random.ts'
import { Timeline } from '../../src/base/timeline.ts'
import type { Instant } from '../../src/base/time.ts'
import { openTun } from '../../src/host/uplinks/tun-device.ts'
import { libc } from '../../src/host/uplinks/libc.ts'
import { PacketWriter, largestFrame } from '../../src/host/uplinks/packet-writer.ts'
import { parseVnetHeader, vnetHeaderBytes } from '../../src/host/uplinks/vnet-header.ts'
import { impair } from '../../src/link/impair.ts'
import type { Faults } from '../../src/link/impair.ts'
import type { Frame, FrameSink, Port } from '../../src/link/port.ts'
import { Host } from '../../src/stack/host.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import { parseIpv4, parseIpv6, parseMac } from '../../src/wire/address.ts'

const [faultsText = '{}', offloadText = 'false'] = process.argv.slice(2)
const faults = JSON.parse(faultsText) as Faults
const time = new Timeline()
const random = new SeededRandom(1)
const tap = openTun('tap', 'tap0')
const writer = new PacketWriter(tap.fd)
let sink: FrameSink | undefined

const device: Port = {
  name: 'tap0',
  medium: 'ethernet',
  frameMax: 1514,
  send: (frame) => void writer.write(frame),
  listen: (heard) => {
    sink = heard
  },
}
/** The way in: what the stack hears has gone through the same faults. */
const inward = impair({ name: 'in', medium: 'ethernet', frameMax: 1514, send: (frame) => sink?.receive(frame), listen: () => {} }, random.fork('in'), time, faults)

spawnSync('ip', ['addr', 'add', '10.9.0.1/24', 'dev', 'tap0'])
spawnSync('ip', ['addr', 'add', 'fd00:9::1/64', 'dev', 'tap0', 'nodad'])
spawnSync('ip', ['link', 'set', 'tap0', 'up'])

const host = new Host({ name: 'ours', scheduler: time, random })
const faulty = Object.keys(faults).length > 0
host.addInterface({ name: 'eth0', port: faulty ? impair(device, random.fork('out'), time, faults) : device, mac: parseMac('02:00:00:00:00:99'), addresses: [{ address: parseIpv4('10.9.0.2'), prefix: 24 }], offload: offloadText === 'true', six: { addresses: [{ address: parseIpv6('fd00:9::2'), prefix: 64 }], autoconfigure: false } })

/** By both versions. */
function listen(port: number, accept: (socket: TcpSocket) => void): void {
  for (const address of ['0.0.0.0', '::']) host.listen({ address, port }, accept, { allowHalfOpen: true })
}

listen(7, (socket) => {
  socket.on('data', (bytes) => {
    if (!socket.write(bytes)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('end', () => socket.end())
})

listen(19, (socket) => {
  const block = new Uint8Array(262_144)
  let left = 0
  const more = (): void => {
    while (left > 0) {
      left -= block.length
      if (!socket.write(block)) return
    }
    socket.end()
  }
  // The request is how many MB.
  socket.on('data', (bytes) => {
    left = Number(new TextDecoder().decode(bytes)) * 1e6
    more()
  })
  socket.on('drain', more)
})

let received = 0
listen(9, (socket) => {
  socket.on('data', (bytes) => {
    received += bytes.length
  })
  socket.on('end', () => {
    socket.write(new TextEncoder().encode(String(received)))
    socket.end()
    received = 0
  })
})

const buffer = new Uint8Array(vnetHeaderBytes + largestFrame)
const address = libc().addressOf(buffer)
const started = performance.now()

function readAll(): number {
  let count = 0
  for (; count < 64; count++) {
    const length = libc().read(tap.fd, address, buffer.length)
    if (length <= vnetHeaderBytes) break
    const bytes = buffer.slice(vnetHeaderBytes, length)
    const frame: Frame = { bytes, offload: parseVnetHeader(buffer, bytes.length) }
    if (faulty) inward.send(frame)
    else sink?.receive(frame)
  }
  return count
}

function turn(): void {
  time.run(Math.max(time.now, Math.floor((performance.now() - started) * 1e6)) as Instant)
  const count = readAll()
  time.run((time.now + 1) as Instant)
  if (count > 0) setImmediate(turn)
  else setTimeout(turn, 0)
}

process.on('SIGUSR2', () => console.log(JSON.stringify({ counters: host.tcp.counters, connections: host.tcp.connections })))
console.log('ready')
turn()
