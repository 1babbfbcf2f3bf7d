import { createSocket } from 'node:dgram'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { OutsideEvent } from '../../../src/nat/outside.ts'
import { HostOutside } from '../../../src/host/nat/host-outside.ts'
import { Reactor } from '../../../src/host/reactor.ts'
import { HostResolver } from '../../../src/host/nat/resolver.ts'
import { icmpCalls } from '../../../src/host/nat/icmp-calls.ts'

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((close) => close()))

/** The main thread's event loop watches descriptors; here, in a thread of the test runner's, one looks in each of its turns. */
function reactorHere(): Reactor | undefined {
  let on = true
  const reactor: Reactor | undefined = Reactor.open(() => reactor?.drain(), (_, ready) => {
    const turn = (): void => {
      if (!on) return
      ready()
      setImmediate(turn)
    }
    setImmediate(turn)
    return { stop: () => void (on = false) }
  })
  if (reactor !== undefined) closers.push(() => reactor.close())
  return reactor
}

/** An outside, what was heard of it, and how to wait for more. */
function opened(resolver?: HostResolver, reactor?: Reactor) {
  const events: OutsideEvent[] = []
  let wake: (() => void) | undefined
  const outside = new HostOutside((event) => {
    events.push(event)
    wake?.()
  }, resolver, reactor)
  closers.push(() => outside.close())
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => void (wake = resolve))
  }
  return { outside, events, until, kinds: () => events.map(({ kind }) => kind) }
}

/** @returns its port. */
function serving(accept: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    accept(socket)
  })
  closers.push(() => server.close())
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

const at = (port: number) => ({ address: '127.0.0.1', port })

describe.each(['node:net', 'raw sockets'])('a stream on %s', (kind) => {
  const raw = (): Reactor | undefined => (kind === 'node:net' ? undefined : reactorHere())

  it('is open, carries bytes both ways, half-closes and ends', async () => {
    const port = await serving((socket) => {
      let heard = ''
      socket.on('data', (bytes) => (heard += bytes)).on('end', () => socket.end(`heard ${heard}`))
    })
    const { outside, events, until, kinds } = opened(undefined, raw())
    outside.dial(1, at(port))
    expect(events).toEqual([])
    await until(() => kinds().includes('open'))
    outside.write(1, Buffer.from('abc'))
    await until(() => kinds().includes('room'))
    outside.end(1)
    await until(() => kinds().includes('closed'))
    expect(kinds()).toEqual(['open', 'room', 'data', 'end', 'closed'])
    expect(events).toMatchObject([{}, { count: 3 }, { flow: 1, bytes: new Uint8Array(Buffer.from('heard abc')) }, {}, { code: undefined }])
  })

  it('says who refused', async () => {
    const { outside, events, until } = opened(undefined, raw())
    const port = await serving(() => {})
    closers.pop()?.()
    await new Promise((resolve) => setImmediate(resolve))
    outside.dial(1, at(port))
    await until(() => events.length > 0)
    expect(events).toEqual([{ kind: 'closed', flow: 1, code: 'ECONNREFUSED' }])
  })

  it('hands a reset on, both ways', async () => {
    const peers: Socket[] = []
    const codes: (string | undefined)[] = []
    const port = await serving((socket) => void peers.push(socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))))
    const { outside, events, until, kinds } = opened(undefined, raw())
    outside.dial(1, at(port))
    outside.dial(2, at(port))
    await until(() => kinds().filter((kind) => kind === 'open').length === 2)
    while (peers.length < 2) await new Promise((resolve) => setImmediate(resolve))
    outside.reset(1)
    await until(() => kinds().includes('closed'))
    while (codes.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(codes).toEqual(['ECONNRESET'])
    peers.find((peer) => !peer.destroyed)?.resetAndDestroy()
    await until(() => kinds().filter((kind) => kind === 'closed').length === 2)
    expect(events.at(-1)).toEqual({ kind: 'closed', flow: 2, code: 'ECONNRESET' })
  })

  it('reads no more than a window ahead of who takes it', async () => {
    const port = await serving((socket) => socket.end(new Uint8Array(8 << 20)))
    const { outside, events, until, kinds } = opened(undefined, raw())
    outside.dial(1, at(port))
    const sizes = (): number => events.reduce((sum, event) => sum + (event.kind === 'data' ? event.bytes.length : 0), 0)
    await until(() => sizes() >= outside.window)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(sizes()).toBeLessThan(outside.window + 65_537)
    for (let told = 0; told < 8 << 20; ) {
      await until(() => sizes() > told)
      outside.took(1, sizes() - told)
      told = sizes()
    }
    outside.end(1)
    await until(() => kinds().includes('closed'))
    expect([sizes(), events.at(-1)]).toEqual([8 << 20, { kind: 'closed', flow: 1, code: undefined }])
  })
})

describe.each(['node:dgram', 'raw sockets'])('datagrams on %s', (kind) => {
  const raw = (): Reactor | undefined => (kind === 'node:dgram' ? undefined : reactorHere())

  it('go out of one port to all, and come back with who sent them', async () => {
    const echo = createSocket('udp4', (bytes, { port }) => echo.send(`re ${bytes} ${port}`, port, '127.0.0.1'))
    closers.push(() => echo.close())
    await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve))
    const { outside, events, until } = opened(undefined, raw())
    outside.bind(1)
    outside.send(1, at(echo.address().port), Buffer.from('a'), 63)
    outside.send(1, at(echo.address().port), Buffer.from('b'), 62)
    await until(() => events.length === 2)
    const heard = events.map((event) => (event.kind === 'datagram' ? Buffer.from(event.bytes).toString() : event.kind))
    expect(heard[0]).toMatch(/^re a \d+$/)
    expect(heard[1]).toBe(heard[0].replace('a', 'b'))
  })

  it.skipIf(icmpCalls() === undefined)('hear that nobody is there', async () => {
    const { outside, events, until } = opened(undefined, raw())
    const gone = createSocket('udp4')
    await new Promise<void>((resolve) => gone.bind(0, '127.0.0.1', resolve))
    const { port } = gone.address()
    gone.close()
    outside.bind(1)
    outside.send(1, at(port), Buffer.from('a'), 63)
    await until(() => events.length > 0)
    expect(events).toEqual([{ kind: 'complaint', flow: 1, to: at(port), sequence: 0, complaint: { by: '127.0.0.1', code: 'ECONNREFUSED', mtu: 0 } }])
  })

  it('to the resolver go to the system’s, and come back in its name', async () => {
    const server = createSocket('udp4', (bytes, { port }) => server.send(bytes, port, '127.0.0.1'))
    closers.push(() => server.close())
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const { outside, events, until } = opened(new HostResolver(() => [`127.0.0.1:${server.address().port}`]))
    outside.bind(1)
    outside.send(1, { address: 'resolver', port: 53 }, Buffer.from('q'), 63)
    await until(() => events.length > 0)
    expect(events).toMatchObject([{ kind: 'datagram', from: { address: 'resolver' } }])
  })
})

describe('echoes', () => {
  it('are answered by who was reached, or said to be impossible', async () => {
    const { outside, events, until } = opened()
    outside.ping(1, '127.0.0.1', 7, Buffer.from('abcd'), 64)
    await until(() => events.length > 0)
    const [event] = events
    if (event.kind === 'lost') expect(event.code).toBe('ENOTALLOWED')
    else expect(event).toMatchObject({ kind: 'echo reply', flow: 1, from: '127.0.0.1', sequence: 7, bytes: new Uint8Array(Buffer.from('abcd')) })
  })
})
