/** How long a frame takes from a socket of this computer through a TAP to our main thread, after a rest: `unshare -rn npx tsx bench/net/tap-wake.ts`. */
import { createSocket } from 'node:dgram'
import { spawnSync } from 'node:child_process'
import { Tap } from '../../src/host/uplinks/tap.ts'

const rounds = 400
const tap = new Tap('wake%d')
tap.ipv4 = '10.9.9.1/24'
tap.isUp = true
spawnSync('ip', ['neigh', 'replace', '10.9.9.2', 'lladdr', '02:00:00:00:00:02', 'dev', tap.name])
const socket = createSocket('udp4')
const taken: number[] = []
let sent = 0

const round = (): void => {
  sent = performance.now()
  socket.send('ping', 9999, '10.9.9.2')
}
tap.on('data', (frame: Uint8Array) => {
  // Only our own datagrams: the interface also talks of itself (IPv6, mDNS).
  if (frame[12] !== 8 || frame[13] !== 0 || frame[23] !== 17) return
  taken.push((performance.now() - sent) * 1000)
  if (taken.length < rounds) setTimeout(round, 5)
  else finish()
})
setTimeout(round, 1000)

function finish(): void {
  socket.close()
  taken.sort((a, b) => a - b)
  const at = (share: number): string => (taken[Math.floor(share * (rounds - 1))] ?? 0).toFixed(0)
  process.stdout.write(`socket → TAP → main thread, µs: least ${at(0)}, median ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}\n`)
  void tap.release()
}
