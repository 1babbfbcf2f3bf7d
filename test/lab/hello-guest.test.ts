import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { milliseconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import { Machine } from '../../src/board/machine.ts'
import { makeCore } from '../../src/cpu/machine-core.ts'
import { NodeWasmEngine } from '../../src/host/wasm-engine.ts'
import { helloProgram } from '../../src/lab/hello-guest.ts'
import * as dhcp from '../../src/wire/dhcp.ts'
import { HelloPeer, type PeerConfig, guest } from './hello-peer.ts'

const program = helloProgram()
const quiet = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: () => undefined }

function start(config: Partial<PeerConfig> = {}, { nics = 1, seed = 'hello' } = {}) {
  const machine = new Machine({
    name: 'node1', ramBytes: 0x20_0000, harts: 1, boot: { kind: 'program', program: { name: 'hello', bytes: program } },
    nics: Array.from({ length: nics }, () => ({ mac: unhex('02000000000a') })), disks: [], random: new SeededRandom(seed), log: quiet,
    coreFactory: (core) => makeCore({ ...core, engine: new NodeWasmEngine() }),
  })
  const peer = new HelloPeer(machine.timeline, { file: latin1('ping 10.0.0.11\n'), ...config })
  machine.nics[0]?.plug(peer.port)
  let printed = ''
  machine.console.listen((bytes) => (printed += fromLatin1(bytes)))
  machine.start()
  return { machine, peer, lines: () => printed.split('\r\n').slice(0, -1) }
}

const seconds = (count: number): Instant => (count * 1e9) as Instant

/** Loses the first `count` of what is named so. */
function first(name: string, count: number): (what: string) => boolean {
  let left = count
  return (what) => what === name && left-- > 0
}

describe('hello guest', () => {
  it('leases, fetches, pings and is done', () => {
    const { machine, peer, lines } = start()
    machine.run(seconds(60))
    expect(lines()).toEqual(['hello: lease 10.0.0.10', 'hello: fetched motd 15 bytes crc32 ef93ecb8', 'hello: ping 10.0.0.11 ok', 'hello: done'])
    expect(machine.finish).toEqual({ kind: 'poweroff' })
    expect(peer.heard.map((line) => line.replace(/ xid \S+| id \S+/g, ''))).toEqual([
      'dhcp discover for 02:00:00:00:00:0a',
      'dhcp request for 02:00:00:00:00:0a, asks for 10.0.0.10, server 10.0.0.1',
      'arp who has 10.0.0.1, tell 10.0.0.10',
      'tftp read request motd octet',
      'tftp acknowledgement of block 1',
      'arp who has 10.0.0.11, tell 10.0.0.10',
      'icmp echo seq 1, 56 bytes to 10.0.0.11',
      'icmp echo seq 2, 56 bytes to 10.0.0.11',
      'icmp echo seq 3, 56 bytes to 10.0.0.11',
    ])
  })

  it('spends its waiting asleep', () => {
    const { machine } = start()
    machine.run(seconds(60))
    expect(machine.endedAt).toBeGreaterThan(seconds(3))
    expect(machine.core.retired).toBeLessThan(300_000)
  })

  it.each([0, 1, 511, 512, 513, 5000])('sums a file of %s bytes', (length) => {
    const file = Uint8Array.from({ length }, (_, at) => at * 7)
    const { machine, lines } = start({ file })
    machine.run(seconds(1))
    expect(lines()[1]).toBe(`hello: fetched motd ${length} bytes crc32 ${(crc32(file)).toString(16).padStart(8, '0')}`)
  })

  it.each(['offer', 'ack', 'arp', 'data 1', 'data 2', 'echo 1'])('bears the loss of %s', (name) => {
    const file = latin1(`ping 10.0.0.11\n${'x'.repeat(1000)}`)
    const { machine, lines } = start({ file, lose: first(name, 2) })
    machine.run(seconds(60))
    expect(lines().slice(2)).toEqual(['hello: ping 10.0.0.11 ok', 'hello: done'])
  })

  it('acknowledges a block again that comes twice, and takes it once', () => {
    const { machine, peer, lines } = start({ file: latin1('x'.repeat(600)), lose: first('data 2', 1) })
    machine.run((machine.timeline.now + milliseconds(500)) as Instant)
    peer.sendBlock(1)
    machine.run(seconds(5))
    expect(peer.heard.filter((line) => line.includes('ack') && line.includes('1')).length).toBeGreaterThanOrEqual(2)
    expect(lines()[1]).toMatch('hello: fetched motd 600 bytes')
  })

  it('begins anew after a NAK', () => {
    let naks = 1
    const { machine, peer, lines } = start({ answer: () => (naks-- > 0 ? dhcp.types.nak : dhcp.types.ack) })
    machine.run(seconds(60))
    expect(peer.heard.filter((line) => line.includes('discover')).length).toBe(2)
    expect(lines().at(-1)).toBe('hello: done')
  })

  it('answers pings while it stays, and stays three seconds after the last', () => {
    const { machine, peer, lines } = start({ file: latin1('serve\n') })
    machine.run(seconds(4))
    peer.ask(guest)
    peer.ping(1)
    machine.run(seconds(6))
    peer.ping(2, 'odd')
    machine.run(seconds(8.9))
    expect(machine.state).toBe('running')
    machine.run(seconds(60))
    expect(lines().slice(2)).toEqual(['hello: done'])
    expect(machine.endedAt).toBeGreaterThan(seconds(9))
    expect(machine.endedAt).toBeLessThan(seconds(9.1))
    expect(peer.heard.slice(-3)).toEqual([
      'arp 10.0.0.10 is at 02:00:00:00:00:0a',
      'icmp echo reply id 7 seq 1, 17 bytes to 10.0.0.11',
      'icmp echo reply id 7 seq 2, 3 bytes to 10.0.0.11',
    ])
  })

  it.each(['serve', 'ping 10.0.0.10', 'ping 10.0.0', 'ping 10.0.0.256', 'ping', 'ping 1.2.3.4444', ''])('stays when the file says %o', (file) => {
    const { machine, peer, lines } = start({ file: latin1(file) })
    machine.run(seconds(60))
    expect(lines().slice(2)).toEqual(['hello: done'])
    expect(peer.heard.some((line) => line.includes('echo'))).toBe(false)
    expect(Math.floor(machine.endedAt / 1e9)).toBe(10)
  })

  it('asks the router when whom it pings is elsewhere', () => {
    const { machine, peer } = start({ file: latin1('ping 192.0.2.1') })
    machine.run(seconds(20))
    expect(peer.heard.filter((line) => line.startsWith('arp'))).toEqual(['arp who has 10.0.0.1, tell 10.0.0.10'])
    expect(peer.heard.filter((line) => line.includes('192.0.2.1')).length).toBe(5)
  })

  it.each<[string, Partial<PeerConfig>, string, number]>([
    ['there is no card', {}, 'hello: there is no network card', 2],
    ['nobody leases', { lose: (name) => name === 'offer' }, 'hello: nobody gives us an address', 3],
    ['nobody confirms', { lose: (name) => name === 'ack' }, 'hello: nobody gives us an address', 3],
    ['no file is named', { change: (message) => ({ ...message, file: '' }) }, 'hello: the lease names no boot file', 4],
    ['the server refuses', { refuse: 'no such file\u0007' }, 'hello: cannot fetch motd: no such file.', 4],
    ['the server is silent', { lose: (name) => name.startsWith('data') }, 'hello: the TFTP server is silent', 4],
    ['nobody is at the address', { file: latin1('ping 10.0.0.12') }, 'hello: ping 10.0.0.12 failed', 5],
    ['no ping is answered', { lose: (name) => name.startsWith('echo') }, 'hello: ping 10.0.0.11 failed', 5],
  ])('says that %s, and fails', (what, config, line, code) => {
    const { machine, lines } = start(config, { nics: what === 'there is no card' ? 0 : 1 })
    machine.run(seconds(300))
    expect(lines().at(-1)).toBe(line)
    expect(machine.finish).toEqual({ kind: 'fail', code })
  })

  it('takes the file from option 67 when the field is empty, and the server from option 54', () => {
    const { machine, peer, lines } = start({ change: (message) => ({ ...message, file: '', siaddr: 0, options: [...(message.options ?? []), { code: 67, data: latin1('other/file') }] }) })
    machine.run(seconds(60))
    expect(lines()[1]).toMatch(/^hello: fetched other\/file 15 bytes/)
    expect(peer.heard.some((line) => line.includes('other/file'))).toBe(true)
  })

  it('lets nothing that comes over the wire disturb it', () => {
    const random = new SeededRandom('noise')
    const { machine, peer, lines } = start({ file: latin1('serve') })
    for (let round = 0; round < 300; round++) {
      machine.run((machine.timeline.now + milliseconds(1)) as Instant)
      peer.raw(noise(random))
    }
    machine.run(seconds(60))
    expect(lines().at(-1)).toBe('hello: done')
    expect(machine.finish).toEqual({ kind: 'poweroff' })
  })

  it('does the same with the same seed, and asks by another number with another', () => {
    expect(trace('a')).toEqual(trace('a'))
    expect(trace('a')[0]).not.toBe(trace('b')[0])
  })
})

/** What the peer heard in a run with this seed, and when it ended. */
function trace(seed: string): readonly string[] {
  const { machine, peer } = start({}, { seed })
  machine.run(seconds(60))
  return [...peer.heard, `${machine.endedAt}`]
}

/** A frame to the guest whose head is right and whose rest is anything. */
function noise(random: SeededRandom): Uint8Array {
  const bytes = random.bytes(34 + random.below(100))
  bytes.set(random.below(2) === 0 ? unhex('02000000000a') : unhex('ffffffffffff'), 0)
  bytes.set(random.below(3) === 0 ? [8, 6, 0, 1, 8, 0, 6, 4, 0, random.below(3)] : [8, 0, 0x45, 0, 0, random.below(150)], 12)
  return bytes
}
