/** A Tap that nobody reads while thousands of frames come, then read again; and what it says of itself. Run inside a namespace by uplinks.test.ts. */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Tap } from '../../src/host/uplinks/tap.ts'

const tap = new Tap('tap%d')
tap.mtu = 1400
tap.ipv4 = '10.9.9.1/24'
tap.isUp = true
spawnSync('ip', ['neigh', 'replace', '10.9.9.2', 'lladdr', '02:00:00:00:00:02', 'dev', tap.name])

const datagrams: string[] = []
const hear = (frame: Uint8Array): void => {
  // An Ethernet header, 20 bytes of IPv4, 8 of UDP.
  if (frame[12] === 8 && frame[13] === 0 && frame[23] === 17) datagrams.push(Buffer.from(frame.subarray(42, 46)).toString('latin1'))
}
tap.on('data', hear)
tap.pause()

const socket = createSocket('udp4')
socket.connect(9999, '10.9.9.2')
await once(socket, 'connect')
const send = (text: string): Promise<void> => new Promise((resolve) => socket.send(text.padEnd(1300), () => resolve()))
for (let count = 0; count < 10_000; count++) await send('past')
tap.resume()
while (datagrams.length < 500) await new Promise((resolve) => setTimeout(resolve, 10))
while (!datagrams.includes('last')) {
  await send('last')
  await new Promise((resolve) => setTimeout(resolve, 10))
}

const said = { name: tap.name, mac: /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(tap.mac), mtu: tap.mtu, ipv4: tap.ipv4, isUp: tap.isUp, lost: datagrams.length < 10_000 }
socket.close()
const started = performance.now()
await tap.release()
const gone = spawnSync('ip', ['link', 'show', tap.name]).status !== 0
process.stdout.write(`${JSON.stringify({ ...said, gone, quick: performance.now() - started < 1000 })}\n`)
