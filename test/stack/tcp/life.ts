/** One connection's life under fire: segments that have a chance, and noise. */
import { expect } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import { Script } from './script.ts'

const windows = [0, 1, 100, 1460, 65_535]
const flagSets = [tcp.flags.ack, tcp.flags.ack | tcp.flags.psh, tcp.flags.ack | tcp.flags.fin, tcp.flags.rst, tcp.flags.rst | tcp.flags.ack, tcp.flags.syn, tcp.flags.syn | tcp.flags.ack, 0, 0xff]

/** A segment that has a chance: numbers near the connection's, options now and then sense and now and then noise. */
function segmentFor(s: Script, random: SeededRandom, rcvNxt: number): Uint8Array {
  const near = (value: number): number => (value + (random.below(4) > 0 ? random.below(7) - 3 : random.below(20_000) - 10_000) * (random.below(3) > 0 ? 1 : 1460)) >>> 0
  const options = random.below(3) > 0 ? new Uint8Array(0) : random.below(2) > 0 ? random.bytes(random.below(11) * 4) : sacks(s, random)
  return tcp.build({
    sourcePort: s.theirPort,
    destinationPort: s.ourPort,
    sequence: near(rcvNxt),
    acknowledgment: near(s.iss + 1 + random.below(5) * 1460),
    flags: random.below(8) > 0 ? flagSets[random.below(4) > 0 ? random.below(2) : random.below(flagSets.length)] : random.below(256),
    window: windows[random.below(windows.length)],
    urgentPointer: random.below(3) > 0 ? 0 : random.below(65_536),
    options,
    payload: random.below(2) > 0 ? new Uint8Array(0) : random.bytes(random.below(5) > 0 ? random.below(20) : random.below(1400)),
  }, 0)
}

function sacks(s: Script, random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(4 + 24)
  bytes.set([1, 1, 5, 26])
  const view = new DataView(bytes.buffer)
  for (let at = 4; at < 28; at += 4) view.setUint32(at, (s.iss + 1 + random.below(8) * 700) >>> 0)
  return bytes
}

/** One connection's life under fire, with a user that does this and that. @returns how many segments it took. */
export function life(seed: number, most: number): number {
  const random = new SeededRandom(seed)
  const s = random.below(2) > 0 ? new Script({ receiveBuffer: 20_000 }).established('win 65535 <mss 1460,sackOK>', { allowHalfOpen: random.below(2) > 0 }) : new Script().connect().flush()
  let rcvNxt = 1
  let sent = 0
  let count = 0
  for (; count < most && (s.state() !== 'CLOSED' || random.below(5) > 0); count++) {
    act(s, random)
    const segment = random.below(50) > 0 ? segmentFor(s, random, rcvNxt) : random.bytes(random.below(60))
    // The checksum is made right, so that the state machine and not the sum is tried.
    if (segment.length >= 20) fix(segment)
    s.hearIp(6, segment)
    s.wait(random.below(10) > 0 ? 0 : random.below(3000))
    const lines = s.lines()
    sent += lines.length
    const ack = /ack (\d+)/.exec(lines.at(-1) ?? '')
    if (ack !== null) rcvNxt = Number(ack[1])
  }
  // Nothing answers without end: so many segments come of so many, time included.
  expect(sent).toBeLessThan(count * 60 + 100)
  return count
}

function act(s: Script, random: SeededRandom): void {
  switch (random.below(40)) {
    case 0:
      return void s.socket.write(new Uint8Array(random.below(5000)))
    case 1:
      return void s.socket.pause()
    case 2:
      return void s.socket.resume()
    case 3:
      return random.below(20) > 0 ? undefined : void s.socket.end()
    case 4:
      return random.below(40) > 0 ? undefined : void s.socket.destroy()
    default:
  }
}

function fix(segment: Uint8Array): void {
  segment[16] = 0
  segment[17] = 0
  let total = 0x0a00 + 1 + 0x0a00 + 2 + 6 + segment.length
  for (let at = 0; at < segment.length; at += 2) total += (segment[at] << 8) | (segment[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  segment[16] = (~total & 0xffff) >>> 8
  segment[17] = ~total & 0xff
}
