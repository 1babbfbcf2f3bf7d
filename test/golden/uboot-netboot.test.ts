/** What goes over the wire when U-Boot boots a script: DORA, ARP, the script by TFTP, a device tree that is not there. Kept as a file. */
import { expect, it } from 'vitest'
import { concat, latin1, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { microseconds, milliseconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { cable } from '../../src/link/cable.ts'
import type { Frame, Port } from '../../src/link/port.ts'
import { Host } from '../../src/stack/host.ts'
import { formatIpv4, parseIpv4, parseMac } from '../../src/wire/address.ts'
import * as dhcpWire from '../../src/wire/dhcp.ts'
import { line } from '../../src/wire/dissect.ts'
import * as tftpWire from '../../src/wire/tftp.ts'
import { services } from '../../services/registry.ts'
import { MemoryFiles, TestLog } from '../services/bench.ts'

const mac = parseMac('52:54:00:12:34:56')
const uboot = [{ code: 57, data: unhex('0240') }, { code: 94, data: unhex('010000') }, { code: 60, data: latin1('U-Boot') }, { code: 55, data: unhex('0103060c11') }]

/** A seam of the room that this exchange has no use for. */
function unasked(): never {
  throw new Error('this exchange keeps nothing and asks nobody')
}

it('is the same as it was', async () => {
  const time = new Timeline()
  const seen: string[] = []
  const ends = cable({ near: { name: 'node1:eth0', scheduler: time }, far: { name: 'lan', scheduler: time }, latency: microseconds(10) })
  const [near, far] = ends.map((end, at) => watched(end, (bytes) => seen.push(`${String(time.now).padStart(9)} ${at === 0 ? '>' : '<'} ${line(bytes)}`)))
  const server = new Host({ name: 'lan', scheduler: time, random: new SeededRandom(42) })
  server.addInterface({ name: 'eth0', port: far, mac: parseMac('02:00:00:00:00:01'), addresses: [{ address: parseIpv4('10.0.0.1'), prefix: 24 }] })
  const log = new TestLog(time)
  const files = new MemoryFiles({ 'boot.scr.uimg': new Uint8Array(3000).fill(0x23) })
  const room = { sockets: server.sockets, interfaces: server.views, scheduler: time, random: new SeededRandom(1), files: () => files, journal: unasked, probe: unasked, log, nodes: [{ name: 'node1', macs: [mac], addresses: [] }] }
  services['dhcp'].create(services['dhcp'].parse({ range: '10.0.0.100-10.0.0.199', boot: 'boot.scr.uimg' }), { ...room, name: 'lan.dhcp' })
  services['tftp'].create(services['tftp'].parse({}), { ...room, name: 'lan.tftp' })
  const wait = (): void => time.run((time.now + milliseconds(1)) as Instant)

  const client = new Host({ name: 'node1', scheduler: time, random: new SeededRandom(7) })
  const eth0 = client.addInterface({ name: 'eth0', port: near, mac })
  let offer: dhcpWire.Message | undefined
  const socket = client.bind({ address: '0.0.0.0', port: 68 }, (payload) => {
    offer = dhcpWire.parse(payload.slice())
  })
  const say = (type: number, more: readonly { code: number; data: Uint8Array }[]): void => {
    const message = { op: 'request' as const, htype: 1, hops: 0, xid: 0x1234, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: mac, sname: '', file: 'boot.scr.uimg' }
    socket.send(dhcpWire.build({ ...message, options: [{ code: 53, data: Uint8Array.of(type) }, ...more, ...uboot] }), { address: '255.255.255.255', port: 67 })
    wait()
  }
  say(1, [])
  const { yiaddr } = offer as unknown as dhcpWire.Message
  say(3, [{ code: 54, data: unhex('0a000001') }, { code: 50, data: Uint8Array.from(formatIpv4(yiaddr).split('.'), Number) }])
  client.setAddresses(eth0, [{ address: yiaddr, prefix: 24 }])

  const got: Uint8Array[] = []
  const tftp = client.bind({ address: '0.0.0.0', port: 3000 }, (payload, { from }) => {
    const packet = tftpWire.parse(payload)
    if (packet.kind === 'data') got.push(packet.data.slice())
    if (packet.kind === 'data' || packet.kind === 'oack') tftp.send(tftpWire.build({ kind: 'ack', block: packet.kind === 'data' ? packet.block : 0 }), from)
  })
  for (const file of ['boot.scr.uimg', 'dtb/']) {
    tftp.send(tftpWire.build({ kind: 'rrq', file, mode: 'octet', options: [['timeout', '5'], ['blksize', '1468']] }), { address: '10.0.0.1', port: 69 })
    wait()
  }
  expect(concat(...got)).toEqual(files.files.get('boot.scr.uimg'))
  const told = log.entries.map((entry) => `${String(entry.time).padStart(9)} ${entry.severity} ${entry.event}: ${entry.message}`)
  await expect([...seen, '', ...told, ''].join('\n')).toMatchFileSnapshot('uboot-netboot.txt')
})

function watched(port: Port, see: (bytes: Uint8Array) => void): Port {
  return {
    name: port.name,
    medium: port.medium,
    frameMax: port.frameMax,
    send: (frame: Frame) => {
      see(frame.bytes)
      port.send(frame)
    },
    listen: (sink) => port.listen(sink),
  }
}
