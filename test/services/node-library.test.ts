/** Clients that we did not write, unmodified, inside the lab: the packages `tftp` and `dhcp` against our service points. */
import type { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { ServiceKind, ServicePoint } from '../../src/stack/service.ts'
import { probeOf } from '../../src/lab/service-views.ts'
import { formatIpv4, parseIpv4 } from '../../src/wire/address.ts'
import { dhcp } from '../../services/dhcp/dhcp.ts'
import { tftp } from '../../services/tftp/tftp.ts'
import { pair } from '../stack/bench.ts'
import type { Pair } from '../stack/bench.ts'
import { MemoryFiles, MemoryJournals, TestLog } from './bench.ts'
import { loadInside, runUntil } from './node-library.ts'

/** A service on host b of two hosts on one cable. */
function served<Config>(kind: ServiceKind<Config>, config: unknown, files: Readonly<Record<string, Uint8Array>> = {}): Pair & { service: ServicePoint; log: TestLog; files: MemoryFiles } {
  const world = pair()
  const log = new TestLog(world.time)
  const tree = new MemoryFiles(files)
  const room = { name: 'b', sockets: world.b.sockets, interfaces: world.b.views, scheduler: world.time, random: new SeededRandom(1), files: () => tree, journal: new MemoryJournals().open, log, probe: probeOf(world.b), nodes: [] }
  return { ...world, service: kind.create(kind.parse(config), room), log, files: tree }
}

interface TftpClient {
  createGetStream(name: string): EventEmitter
  createPutStream(name: string, options: { size: number }): EventEmitter & { end(bytes: Uint8Array): void }
}

function tftpClient(world: Pair, options: object): TftpClient {
  return (loadInside('tftp', world.a.sockets) as { createClient(options: object): TftpClient }).createClient({ host: '10.0.0.2', ...options })
}

async function get(world: Pair, client: TftpClient, name: string): Promise<Uint8Array | Error> {
  const parts: Uint8Array[] = []
  let end: Uint8Array | Error | undefined
  client.createGetStream(name)
    .on('data', (bytes: Uint8Array) => parts.push(bytes))
    .on('error', (error: Error) => {
      end = error
    })
    .on('end', () => {
      end = Uint8Array.from(parts.flatMap((part) => [...part]))
    })
  await runUntil(world.time, () => end !== undefined)
  return end as Uint8Array | Error
}

const fill = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31) ^ (at >> 8))

describe('the tftp package', () => {
  it.each([[0, {}], [1, {}], [1467, {}], [1468, {}], [1469, {}], [40_000, {}], [40_000, { windowSize: 16, blockSize: 512 }], [40_000, { windowSize: 1, blockSize: 65_464 }]])('reads a file of %i bytes with %j', async (length, options) => {
    const world = served(tftp, {}, { f: fill(length) })
    expect(await get(world, tftpClient(world, options), 'f')).toEqual(fill(length))
    world.run()
    expect(world.log.take().at(-1)).toBe(`info tftp.done: 10.0.0.1 has f, ${length} bytes`)
  })

  it('hears that a file is missing', async () => {
    const world = served(tftp, {})
    const error = await get(world, tftpClient(world, {}), 'nothing')
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toMatch(/no such file/i)
  })

  it('writes a file', async () => {
    const world = served(tftp, { write: true })
    let closed = false
    const stream = tftpClient(world, {}).createPutStream('dump', { size: 5000 })
    stream.on('finish', () => {
      closed = true
    })
    stream.end(Buffer.from(fill(5000)))
    await runUntil(world.time, () => closed)
    expect(world.files.files.get('dump')).toEqual(fill(5000))
  })
})

describe('the dhcp package', () => {
  it('gets a lease with our options', async () => {
    const world = served(dhcp, { range: '10.0.0.100-10.0.0.199', lease: '2h', dns: '9.9.9.9' })
    world.a.setAddresses(world.a.ip.interfaces[0], [])
    const library = loadInside('dhcp', world.a.sockets) as { createClient(options: object): EventEmitter & { listen(): void; sendDiscover(): void } }
    const client = library.createClient({ mac: '02:00:00:00:00:01', features: ['dns'] })
    let bound: { address: string; options: Record<string, unknown> } | undefined
    client.on('bound', (state: typeof bound) => {
      bound = state
    })
    client.on('listening', () => client.sendDiscover())
    client.listen()
    await runUntil(world.time, () => bound !== undefined)
    const leases = world.service.inspect?.()['leases'] ?? []
    expect(leases).toEqual([expect.objectContaining({ address: bound?.address, mac: '02:00:00:00:00:01', status: 'bound' })])
    expect(parseIpv4(bound?.address as string)).toBeGreaterThanOrEqual(parseIpv4('10.0.0.100'))
    expect(JSON.stringify(bound)).toContain('9.9.9.9')
    expect(formatIpv4(parseIpv4(bound?.address as string))).toBe(bound?.address)
  })
})
