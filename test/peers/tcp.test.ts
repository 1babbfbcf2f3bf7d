/** Our TCP against Linux', on a TAP in a namespace of its own, with faults of ours between them. Needs root, /dev/net/tun and tshark. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Faults } from '../../src/link/impair.ts'
import { milliseconds } from '../../src/base/time.ts'
import { Netns } from './netns.ts'

const delay = milliseconds(3)
const faults: Record<string, Faults> = {
  'a clean path': {},
  'loss of 1 %': { delay, loss: 0.01 },
  'loss of 5 %': { delay, loss: 0.05 },
  'loss of 10 %': { delay, loss: 0.1 },
  'reordering of 25 %': { delay, reorder: 0.25 },
  'duplication of 5 %': { delay, duplicate: 0.05 },
  'corruption of 1 %': { delay, corrupt: 0.01 },
  'a narrow path': { delay, rateBps: 50_000_000, queueBytes: 60_000 },
}

let netns: Netns

beforeEach(() => {
  netns = new Netns()
})

afterEach(() => netns.close())

const typescript = ['node', '--import', 'tsx'] as const

const own = { IPv4: '10.9.0.2', IPv6: 'fd00:9::2' }

/** Comes back once Linux knows our addresses: the faults hit ARP and neighbour discovery too, and Linux gives these up after three tries. */
async function host(what: Faults, offload: boolean): Promise<void> {
  const started = netns.start(...typescript, 'test/peers/tcp-host.ts', JSON.stringify(what), String(offload))
  await started.says('ready')
  for (const address of Object.values(own)) await started.until(`${address} answers no ping`, () => netns.attempt('ping', '-c', '1', '-W', '1', address).status === 0)
}

const families = Object.keys(own) as (keyof typeof own)[]

describe.each(families)('an echo through our stack by %s, Linux dialling', (family) => {
  for (const [name, what] of Object.entries(faults)) {
    for (const offload of [false, true]) {
      it(`is byte-exact through ${name}${offload ? ', in super-frames' : ''}`, async () => {
        await host(what, offload)
        expect((await netns.finish(...typescript, 'test/peers/tcp-client.ts', '1000000', own[family])).text).toContain('1000000 exact')
      })
    }
  }
})

describe.each(families)('our segments by %s', (family) => {
  it('leave tshark’s expert nothing to say', async () => {
    await host({}, false)
    const file = join(netns.folder, 'tcp.pcapng')
    const capture = netns.start('tshark', '-q', '-i', 'tap0', '-w', file)
    await capture.says('Capturing on')
    expect((await netns.finish(...typescript, 'test/peers/tcp-client.ts', '3000000', own[family])).text).toContain('3000000 exact')
    await capture.stop()
    const ours = family === 'IPv4' ? `ip.src == ${own.IPv4}` : `ipv6.src == ${own.IPv6}`
    const read = (filter: string): string[] => netns.run('tshark', '-r', file, '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', '-Y', filter).split('\n').filter((line) => line.includes(own[family]))
    expect(read(`${ours} && (_ws.malformed || _ws.expert.severity == "error" || tcp.checksum.status == 0 || ip.checksum.status == 0)`)).toEqual([])
    expect(read(`${ours} && tcp.len > 0`).length).toBeGreaterThan(1000)
  })
})
