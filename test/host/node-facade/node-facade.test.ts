/** Ordinary Node libraries inside the lab, unmodified: against our service points, against each other, and as service points themselves. */
import { DgramAsPromised } from 'dgram-as-promised'
import type { EventEmitter } from 'node:events'
import type * as dgram from 'node:dgram'
import type * as http from 'node:http'
import type * as net from 'node:net'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { seconds, type Instant } from '../../../src/base/time.ts'
import { HostError } from '../../../src/host/host-error.ts'
import { Inside } from '../../../src/host/node-facade/inside.ts'
import { InsideLoader } from '../../../src/host/node-facade/loader.ts'
import { nodeKind } from '../../../src/host/node-facade/node-kind.ts'
import { Holds } from '../../../src/lab/holds.ts'
import type { NodeView } from '../../../src/stack/service.ts'
import { http as httpService } from '../../../services/http/http.ts'
import { tftp } from '../../../services/tftp/tftp.ts'
import type { Host } from '../../../src/stack/host.ts'
import { served, type Served } from '../../services/pair-bench.ts'

const require = createRequire(import.meta.url)
const nodes: readonly NodeView[] = [{ name: 'b', macs: [], addresses: ['10.0.0.2'] }]
const fill = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31) ^ (at >> 8))

interface World extends Served {
  readonly holds: Holds
  readonly near: InsideLoader
  readonly far: InsideLoader
  /** Runs the lab as its driver does, until `done`. */
  readonly until: (done: () => boolean) => Promise<void>
}

function world(lan: Served = served(tftp, {}, { files: { f: fill(40_000) } })): World {
  const holds = new Holds()
  const inside = (host: Host, name: string): InsideLoader =>
    new InsideLoader(new Inside({ name, sockets: host.sockets, scheduler: lan.time, random: lan.room.random, interfaces: host.views, nodes, hold: () => holds.take() }))
  const until = async (done: () => boolean): Promise<void> => {
    for (let count = 0; !done(); ) {
      if (count > 200_000) throw new Error('it never ended')
      // What a hold waits for is the host's, and takes as long as it takes.
      if (holds.any) await new Promise((resolve) => void setImmediate(resolve))
      else if (count++ >= 0 && !lan.time.step()) await new Promise((resolve) => void setImmediate(resolve))
    }
  }
  return { ...lan, holds, near: inside(lan.a, 'near'), far: inside(lan.b, 'far'), until }
}

describe('packages inside the lab', () => {
  it('tftp reads from our server', async () => {
    const lan = world()
    const client = (lan.near.load(require.resolve('tftp')) as { createClient(options: object): { createGetStream(name: string): EventEmitter } }).createClient({ host: '10.0.0.2' })
    const parts: Uint8Array[] = []
    let ended = false
    client.createGetStream('f').on('data', (part: Uint8Array) => parts.push(part)).on('end', () => {
      ended = true
    })
    await lan.until(() => ended)
    expect(Buffer.compare(Buffer.concat(parts), fill(40_000))).toBe(0)
  })

  it('dgram-as-promised asks and answers', async () => {
    const lan = world()
    const ends = [lan.near, lan.far].map((loader) => DgramAsPromised.createSocket({ type: 'udp4', dgram: loader.builtin('node:dgram') as typeof dgram } as never))
    const [near, far] = ends
    await far.bind({ port: 4000, address: '10.0.0.2' })
    let heard = ''
    const talk = (async () => {
      await near.send('ping', 0, 4, 4000, 'b')
      // The answer comes before anybody asks for it.
      const asked = await far.recv()
      await far.send(`${String(asked?.msg)} pong`, 0, 9, asked?.rinfo.port as number, asked?.rinfo.address as string)
      await far.send('more', 0, 4, asked?.rinfo.port as number, asked?.rinfo.address as string)
      heard = `${String((await near.recv())?.msg)}, ${String((await near.recv())?.msg)}`
    })()
    await lan.until(() => heard !== '')
    await talk
    expect(heard).toBe('ping pong, more')
  })

  it('http.get reads from our server', async () => {
    const lan = world(served(httpService, {}, { files: { index: fill(300_000) } }))
    let body: Buffer | undefined
    const parts: Buffer[] = []
    ;(lan.near.builtin('http') as typeof http).get('http://b/index', (response) => {
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        body = Buffer.concat(parts)
      })
    })
    await lan.until(() => body !== undefined)
    expect(Buffer.compare(body as Buffer, fill(300_000))).toBe(0)
  })

  it('net carries a large stream both ways at its reader’s pace, and ends it', async () => {
    const lan = world()
    const [near, far] = [lan.near, lan.far].map((loader) => loader.builtin('net') as typeof net)
    far.createServer((socket) => socket.pipe(socket)).listen(7000, '10.0.0.2')
    const socket = near.connect(7000, 'b')
    const parts: Buffer[] = []
    let closed = false
    socket.on('data', (part: Buffer) => parts.push(part)).on('close', () => {
      closed = true
    })
    socket.end(fill(1_000_000))
    await lan.until(() => closed)
    expect(Buffer.compare(Buffer.concat(parts), fill(1_000_000))).toBe(0)
  })

  it('hears what goes wrong by Node’s codes', async () => {
    const lan = world()
    const near = lan.near.builtin('net') as typeof net
    const codes: (string | undefined)[] = []
    const note = (error: NodeJS.ErrnoException): unknown => codes.push(error.code)
    near.connect(9, 'b').on('error', note)
    near.connect(9, 'nobody').on('error', note)
    const far = lan.far.builtin('net') as typeof net
    far.createServer().listen(69)
    far.createServer().listen(69).on('error', note)
    ;(lan.far.builtin('dgram') as typeof dgram).createSocket('udp4').on('error', note).bind(69)
    await lan.until(() => codes.length === 4)
    expect(codes.sort()).toEqual(['EADDRINUSE', 'EADDRINUSE', 'ECONNREFUSED', 'ENOTFOUND'])
  })

  it('has virtual timers, and nothing of the host’s network', async () => {
    const lan = world()
    const timers = lan.near.builtin('timers') as { setInterval(ring: () => void, wait: number): { close(): void }; promises: { setTimeout(wait: number, value: string): Promise<string> } }
    const seen: number[] = []
    const tick = timers.setInterval(() => void seen.push(lan.time.now / 1e6), 250)
    let said = ''
    void timers.promises.setTimeout(1100, 'done').then((value) => {
      said = value
    })
    await lan.until(() => said === 'done')
    tick.close()
    lan.time.run((lan.time.now + seconds(5)) as Instant)
    expect(seen).toEqual([250, 500, 750, 1000])
    for (const [name, word] of [['child_process', 'spawn'], ['node:https', 'get'], ['tls', 'connect'], ['worker_threads', 'Worker'], ['http2', 'connect']]) expect(() => (lan.near.builtin(name) as Record<string, () => void>)[word]()).toThrow(HostError)
    expect(() => lan.near.load(require.resolve('dgram-as-promised'))).toThrow(/ES module/)
  })
})

const serve = async (): Promise<{ text: string; time: number }> => {
  const lan = world()
  const kind = nodeKind(new URL('.', import.meta.url).pathname)
  const point = kind.create(kind.parse({ module: './echo-server.cjs', options: { greeting: 'hello' } }), { ...lan.room, hold: () => lan.holds.take() })
  const web = lan.dial(8080)
  web.socket.write(Buffer.from('GET /x HTTP/1.1\r\nHost: b\r\n\r\n'))
  await lan.until(() => web.text.includes('ms'))
  const time = lan.time.now
  const { text } = web
  web.take()
  web.socket.write(Buffer.from('GET /file HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n'))
  const echo = lan.dial(7)
  echo.socket.write(Buffer.from('echo'))
  const back: string[] = []
  lan.a.bind({ address: '0.0.0.0', port: 5000 }, (payload) => back.push(Buffer.from(payload).toString())).send(Buffer.from('udp'), { address: '10.0.0.2', port: 7 })
  await lan.until(() => web.ended && echo.text === 'echo' && back.length > 0)
  expect(web.text).toMatch(/\r\n\r\n[^]*\d{3}/)
  expect(back).toEqual(['udp'])
  point.close()
  return { text, time }
}

describe('kind node', () => {
  it("runs a user's own server on the lab's time, the same every time", async () => {
    const first = await serve()
    expect(first.text).toContain('Date: Thu, 01 Jan 2026 00:00:00 GMT')
    expect(first.text).toMatch(/hello \/x after 15\d\d ms/)
    expect(await serve()).toEqual(first)
  })

  it.each([[{}, ['module']], [{ module: 'x', modul: 'y' }, ['modul']]])('refuses %j', (config, path) => {
    expect(() => nodeKind('/').parse(config)).toThrow(expect.objectContaining({ path }))
  })
})

/** What the modules of the test say, with the virtual time at which they do. */
const serveHono = async (): Promise<readonly string[]> => {
  const lan = world(served(tftp, {}))
  const kind = nodeKind(new URL('.', import.meta.url).pathname)
  const point = kind.create(kind.parse({ module: './hono-server.mjs', options: { greeting: 'hello' } }), { ...lan.room, nodes, hold: () => lan.holds.take() })
  await lan.until(() => lan.log.entries.some((entry) => entry.event.startsWith('node.')))
  expect(lan.log.take()).toEqual(['info node.started: ./hono-server.mjs runs inside the lab'])
  const bodies: string[] = []
  const near = lan.near.builtin('http') as typeof http
  const ask = async (path: string, body?: Uint8Array): Promise<void> => {
    const parts: Buffer[] = []
    let ended = false
    const request = near.request({ host: 'b', port: 8080, path, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => (ended = true))
    })
    request.end(body)
    await lan.until(() => ended)
    bodies.push(Buffer.concat(parts).toString('latin1'))
  }
  for (const path of ['/', '/slow', '/who', '/out']) await ask(path)
  await ask('/echo', fill(200_000))
  expect(Buffer.compare(Buffer.from(bodies.pop() as string, 'latin1'), fill(200_000))).toBe(0)
  const { WebSocket } = (await lan.near.import(require.resolve('ws').replace(/index\.js$/, 'wrapper.mjs'))) as { WebSocket: new (url: string) => EventEmitter & { send(text: string): void } }
  const socket = new WebSocket('ws://b:8080/')
  socket.on('open', () => socket.send('socket')).on('message', (message: Buffer) => bodies.push(String(message)))
  await lan.until(() => bodies.length > 4)
  point.close()
  // Its own server can't be closed twice, and a lab may be.
  point.close()
  return bodies
}

describe('kind node, of ES modules', () => {
  it('runs hono and ws from their packages, on the lab’s time and chance, the same every time', async () => {
    const first = await serveHono()
    expect(first[0]).toMatch(/^hello at 2026-01-01T00:00:00\.\d{3}Z, 0\.\d+, [\da-f]{8}-[\da-f]{4}-4/)
    expect(JSON.parse(first[1])).toMatchObject({ after: expect.closeTo(2000, -2), answers: 42 })
    expect(first.slice(2)).toEqual(['{"address":"10.0.0.2","same":true}', 'EPERM', 'hello socket'])
    expect(await serveHono()).toEqual(first)
  })

  it('says what is wrong with a module, and lets time go on', async () => {
    const lan = world(served(tftp, {}))
    const kind = nodeKind(new URL('.', import.meta.url).pathname)
    const room = { ...lan.room, hold: () => lan.holds.take() }
    expect(() => kind.create(kind.parse({ module: './nowhere.mjs' }), room)).toThrow(HostError)
    kind.create(kind.parse({ module: './broken.mjs' }), room)
    await lan.until(() => lan.log.entries.length > 0 && !lan.holds.any)
    expect(lan.log.take()[0]).toMatch(/^error node\.failed: \.\/broken\.mjs let an exception out: .*nothing-there/)
  })
})
