import { describe, expect, it } from 'vitest'
import { milliseconds, seconds } from '../../src/base/time.ts'
import { windowOf } from '../../src/nat/outside.ts'
import { text, watch, world } from './world.ts'

const window = windowOf(1)
const to = { address: '192.0.2.1', port: 80 }

/** A guest's connection that the outside has answered. */
function connected(options = {}) {
  const made = world(options)
  const client = watch(made.guest.connect(to, { allowHalfOpen: true }))
  made.run()
  expect(made.outside.take()).toEqual(['1 dial 192.0.2.1:80'])
  made.happen({ kind: 'open', flow: 1 })
  expect(client.log.splice(0)).toEqual(['connect'])
  return { ...made, client }
}

describe('a dial', () => {
  it('is not answered before the outside has answered', () => {
    const { guest, outside, run, happen } = world()
    const client = watch(guest.connect(to))
    run(seconds(5))
    expect([client.log, outside.take()]).toEqual([[], ['1 dial 192.0.2.1:80']])
    happen({ kind: 'open', flow: 1 })
    run(seconds(5))
    expect(client.log).toEqual(['connect'])
  })

  it('is refused when it is refused outside, and inspect says so', () => {
    const { guest, run, happen, nat } = world()
    const client = watch(guest.connect(to))
    run()
    happen({ kind: 'closed', flow: 1, code: 'ECONNREFUSED' })
    expect(client.log).toEqual(['error ECONNREFUSED', 'close'])
    expect(nat.rows).toMatchObject([{ protocol: 'tcp', inside: '10.0.0.10', outside: '192.0.2.1:80', state: 'refused', reason: 'refused there' }])
  })

  it('is unreachable when it is unreachable outside', () => {
    const { guest, run, happen } = world()
    const client = watch(guest.connect(to))
    run()
    happen({ kind: 'closed', flow: 1, code: 'EHOSTUNREACH' })
    expect(client.log).toEqual(['error EHOSTUNREACH', 'close'])
  })

  it('hears nothing when the outside hears nothing', () => {
    const { guest, run, happen, nat } = world()
    const client = watch(guest.connect(to))
    run()
    happen({ kind: 'closed', flow: 1, code: 'ETIMEDOUT' })
    expect([client.log, nat.rows.map((row) => row.reason)]).toEqual([[], ['no answer from there']])
  })

  it('to this computer’s loopback or link-local addresses never leaves', () => {
    const { guest, outside, run, nat } = world()
    const clients = ['169.254.169.254', '10.0.0.1'].map((address) => watch(guest.connect({ address, port: 80 })))
    run()
    expect(outside.take()).toEqual([])
    expect(clients.map((client) => client.log[0])).toEqual(['error EHOSTUNREACH', 'error ECONNREFUSED'])
    expect(nat.rows.map((row) => row.reason)).toEqual(['link-local addresses of this computer need host_loopback: true', 'nothing listens there; this computer’s own ports need host_loopback: true'])
  })

  it('to the gateway reaches this computer’s loopback with host_loopback', () => {
    const { guest, outside, run } = world({ hostLoopback: true })
    guest.connect({ address: '10.0.0.1', port: 8000 })
    guest.connect({ address: '169.254.1.1', port: 80 })
    run()
    expect(outside.take()).toEqual(['1 dial 127.0.0.1:8000', '2 dial 169.254.1.1:80'])
  })

  it('to a port where the lab’s own service listens stays in the lab', () => {
    const { guest, gateway, outside, run } = world({ hostLoopback: true })
    gateway.listen({ address: '0.0.0.0', port: 80 }, (socket) => void socket.write(text('lab')))
    const client = watch(guest.connect({ address: '10.0.0.1', port: 80 }))
    run()
    expect([client.log, outside.take()]).toEqual([['connect', 'data lab'], []])
  })

  it('of DNS to the gateway goes to this computer’s resolver', () => {
    const { guest, outside, run } = world()
    guest.connect({ address: '10.0.0.1', port: 53 })
    run()
    expect(outside.take()).toEqual(['1 dial resolver:53'])
  })

  it('whose guest has gone meanwhile is reset outside', () => {
    const { guest, outside, run, happen, nat } = world()
    const client = guest.connect(to)
    run()
    client.destroy()
    run()
    happen({ kind: 'open', flow: 1 })
    expect(outside.take()).toEqual(['1 dial 192.0.2.1:80', '1 reset'])
    happen({ kind: 'closed', flow: 1, code: undefined })
    expect(nat.rows).toEqual([])
  })
})

describe('a connection', () => {
  it('carries bytes both ways and counts them', () => {
    const { client, outside, run, happen, nat } = connected()
    client.socket.write(text('GET /'))
    run()
    happen({ kind: 'room', flow: 1, count: 5 }, { kind: 'data', flow: 1, bytes: text('200 OK') })
    expect([outside.take(), client.log]).toEqual([['1 write GET /', '1 took 6'], ['data 200 OK']])
    expect(nat.rows).toEqual([{ protocol: 'tcp', inside: expect.stringMatching(/^10\.0\.0\.10:\d+$/), outside: '192.0.2.1:80', direction: 'out', state: 'open', sent: 5, received: 6, idle: 0, reason: '' }])
  })

  it('hands over what came before the guest’s handshake was done', () => {
    const { guest, run, happen } = world()
    const client = watch(guest.connect(to, { allowHalfOpen: true }))
    run()
    happen({ kind: 'open', flow: 1 }, { kind: 'data', flow: 1, bytes: text('banner') }, { kind: 'end', flow: 1 })
    expect(client.log).toEqual(['connect', 'data banner', 'end'])
  })

  it('half-closes from inside: the rest still comes', () => {
    const { client, outside, run, happen, nat } = connected()
    client.socket.end()
    run()
    expect([outside.take(), nat.rows[0].state]).toEqual([['1 end'], 'closing'])
    happen({ kind: 'data', flow: 1, bytes: text('late') }, { kind: 'end', flow: 1 }, { kind: 'closed', flow: 1, code: undefined })
    run()
    expect([client.log, outside.take(), nat.rows]).toEqual([['data late', 'end', 'close'], ['1 took 4'], []])
  })

  it('half-closes from outside: the guest may still write', () => {
    const { client, outside, run, happen } = connected()
    happen({ kind: 'end', flow: 1 })
    client.socket.write(text('late'))
    client.socket.end()
    run()
    expect([client.log, outside.take()]).toEqual([['end', 'close'], ['1 write late', '1 end']])
  })

  it('is reset outside when the guest resets', () => {
    const { client, outside, run, happen, nat } = connected()
    client.socket.resetAndDestroy()
    run()
    expect(outside.take()).toEqual(['1 reset'])
    happen({ kind: 'closed', flow: 1, code: 'ECONNRESET' })
    expect(nat.rows).toEqual([])
  })

  it('is reset inside when the outside is reset', () => {
    const { client, outside, happen, nat, run } = connected()
    happen({ kind: 'closed', flow: 1, code: 'ECONNRESET' })
    run()
    expect([client.log, outside.take(), nat.rows]).toEqual([['error ECONNRESET', 'close'], [], []])
  })

  it('lets no more than a window out before the outside has taken it', () => {
    const { client, outside, run, happen } = connected()
    client.socket.write(new Uint8Array(2 << 20))
    run(seconds(3))
    const first = outside.written.get(1) as number
    expect(first).toBeGreaterThanOrEqual(window)
    expect(first).toBeLessThan(window + 65_536)
    happen({ kind: 'room', flow: 1, count: first })
    run(seconds(3))
    expect(outside.written.get(1)).toBeGreaterThanOrEqual(first + window)
    expect(outside.written.get(1)).toBeLessThan(first + window + 65_536)
  })

  it('tells the outside of no more than the guest has room for', () => {
    const { client, outside, happen, run } = connected()
    client.socket.pause()
    for (let at = 0; at < 256; at++) happen({ kind: 'data', flow: 1, bytes: new Uint8Array(65_536) })
    const taken = (): number => outside.take().reduce((sum, line) => sum + Number(line.split(' ')[2]), 0)
    const first = taken()
    expect(first).toBeLessThan(16 << 20)
    client.socket.resume()
    run(seconds(5))
    expect(first + taken()).toBe(16 << 20)
    expect(client.received).toBe(16 << 20)
  })

  it('tells the outside of nothing while memory is short, and of all once it isn’t', () => {
    const { client, outside, happen, run } = connected({ memoryBytes: 100_000 })
    client.socket.pause()
    // The guest's own window takes more than the gateway may hold, so time stands still while it is filled.
    happen(...Array.from({ length: 4 }, () => ({ kind: 'data' as const, flow: 1, bytes: new Uint8Array(65_536) })))
    client.socket.resume()
    run(seconds(2))
    expect(outside.take().reduce((sum, line) => sum + Number(line.split(' ')[2]), 0)).toBe(4 * 65_536)
    expect(client.received).toBe(4 * 65_536)
  })

  it('is given up after two hours and four minutes without a byte, and not before', () => {
    const { client, outside, run, happen, nat } = connected()
    run(seconds(7430))
    expect([outside.take(), nat.rows.length]).toEqual([[], 1])
    run(seconds(20))
    expect([client.log, outside.take()]).toEqual([['error ECONNRESET', 'close'], ['1 reset']])
    happen({ kind: 'closed', flow: 1, code: undefined })
    expect(nat.rows).toEqual([])
  })
})

describe('a forwarded port', () => {
  it('reaches the guest from the gateway’s address', () => {
    const { guest, outside, happen, nat } = world()
    guest.listen({ address: '0.0.0.0', port: 22 }, (socket) => void socket.write(text(`hello ${socket.remoteAddress}`)))
    happen({ kind: 'inbound', flow: -1, from: { address: '127.0.0.1', port: 5000 }, to: { address: '10.0.0.10', port: 22 } }, { kind: 'data', flow: -1, bytes: text('early') })
    expect(outside.take()).toEqual(['-1 took 5', '-1 write hello 10.0.0.1'])
    expect(nat.rows).toMatchObject([{ inside: '10.0.0.10:22', outside: '127.0.0.1:5000', direction: 'in', state: 'open', received: 5 }])
  })

  it('is reset outside where the guest refuses, and inspect says so', () => {
    const { outside, happen, nat } = world()
    happen({ kind: 'inbound', flow: -1, from: { address: '127.0.0.1', port: 5000 }, to: { address: '10.0.0.10', port: 22 } })
    expect(outside.take()[0]).toBe('-1 reset')
    happen({ kind: 'closed', flow: -1, code: undefined })
    expect(nat.rows).toMatchObject([{ inside: '127.0.0.1', outside: '10.0.0.10:22', state: 'refused', reason: 'the guest: refused there' }])
  })
})

describe('dials beyond what is kept', () => {
  it('wait for their next SYN', () => {
    const { guest, nat, outside, run, happen } = world()
    guest.connect({ address: '10.0.0.1', port: 1 })
    run()
    for (let at = 0; at < 2100; at++) guest.connect({ address: `192.0.2.${1 + (at % 200)}`, port: 1000 + at })
    run(milliseconds(500))
    expect([outside.take().length, nat.counters.full]).toEqual([2048, 52])
    happen(...Array.from({ length: 2048 }, (_, at) => ({ kind: 'closed' as const, flow: at + 1, code: 'ECONNREFUSED' })))
    run(seconds(2))
    expect(outside.take().length).toBe(52)
  })
})
