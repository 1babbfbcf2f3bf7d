import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/lab/stack-port/request.ts'
import { StackPort } from '../../../src/lab/stack-port/stack-port.ts'

const refusal = (port: StackPort, request: Json): string => {
  const answer = port.handle(request)
  return answer.ok ? 'done' : `${answer.code}: ${answer.message}`
}

describe('the stack’s port', () => {
  it('answers what is no request with a sentence, and goes on', () => {
    const port = new StackPort()
    expect(JSON.parse(port.line('{"do":'))).toMatchObject({ id: null, ok: false, code: 'EPROTO' })
    expect(refusal(port, 7)).toBe('EINVAL: a request is a JSON object like {"do":"time"}, this is 7')
    expect(refusal(port, {})).toBe('EINVAL: "do" names what to do; it is missing')
    expect(refusal(port, { do: 'toString' })).toMatch(/^ENOSYS: there is no request "toString"; there is stack, socket, /)
    expect(refusal(port, { do: 'time', sockets: [3] })).toBe('EINVAL: "sockets" means nothing here; there is id, do')
    expect(refusal(port, { do: 'read', socket: 3 })).toBe('EBADF: there is no socket 3; "socket" makes one')
    expect(refusal(port, { do: 'packet', hex: 'abc' })).toMatch(/^EINVAL: "hex" must be pairs/)
    expect(refusal(port, { do: 'advance', by: 40.5 })).toMatch(/^EINVAL: "by" must be whole nanoseconds/)
    expect(refusal(port, { do: 'stack', address: '10.0.0.1/99' })).toMatch(/^EINVAL: "10.0.0.1\/99"/)
    expect(port.handle({ id: 'x', do: 'time' })).toEqual({ id: 'x', ok: true, time: 0, value: { now: 0, next: null }, packets: [] })
  })

  it('says of each call why it can’t be done now', () => {
    const port = new StackPort()
    port.handle({ do: 'socket' })
    expect(refusal(port, { do: 'read', socket: 3 })).toBe('ENOTCONN: the socket has no connection')
    expect(refusal(port, { do: 'accept', socket: 3 })).toMatch(/^EINVAL: the socket does not listen/)
    expect(refusal(port, { do: 'bind', socket: 3, port: 70_000 })).toBe('EINVAL: "port" must be a whole number from 0 to 65535, not 70000')
    expect(refusal(port, { do: 'bind', socket: 3, port: 80 })).toBe('done')
    expect(refusal(port, { do: 'bind', socket: 3, port: 81 })).toMatch(/^EINVAL: the socket is bound to 0.0.0.0:80/)
    expect(refusal(port, { do: 'listen', socket: 3 })).toBe('done')
    expect(refusal(port, { do: 'accept', socket: 3 })).toBe('EAGAIN: nobody has connected')
    expect(refusal(port, { do: 'connect', socket: 3, address: '10.0.0.2', port: 80 })).toMatch(/^EINVAL: connect is for a socket that does not listen/)
    port.handle({ do: 'socket' })
    port.handle({ do: 'bind', socket: 4, port: 80 })
    expect(refusal(port, { do: 'listen', socket: 4 })).toMatch(/^EADDRINUSE/)
    expect(refusal(port, { do: 'connect', socket: 4, address: 'nonsense', port: 80 })).toMatch(/^EINVAL/)
  })

  it('carries datagrams', () => {
    const port = new StackPort()
    port.handle({ do: 'socket', type: 'datagram' })
    expect(port.handle({ do: 'bind', socket: 3, port: 53 })).toMatchObject({ value: { address: '0.0.0.0', port: 53 } })
    expect(refusal(port, { do: 'write', socket: 3, text: 'x' })).toMatch(/^EDESTADDRREQ/)
    const sent = port.handle({ do: 'write', socket: 3, text: 'hi', address: '10.0.0.2', port: 4000 })
    expect(sent).toMatchObject({ ok: true, value: 2 })
    expect((sent.packets as { hex: string }[])[0].hex).toMatch(/00350fa0000a[\da-f]{4}6869$/)
    expect(refusal(port, { do: 'read', socket: 3 })).toBe('EAGAIN: no datagram has come that was not read')
    // 10.0.0.2:4000 → 10.0.0.1:53, "ok", no UDP checksum.
    port.handle({ do: 'packet', hex: '45 00 00 1e 00 00 40 00 40 11 26 cd 0a 00 00 02 0a 00 00 01 0f a0 00 35 00 0a 00 00 6f 6b' })
    expect(port.handle({ do: 'poll' })).toMatchObject({ value: [{ socket: 3, ready: ['readable', 'writable'] }] })
    expect(port.handle({ do: 'read', socket: 3 })).toMatchObject({ value: { hex: '6f6b', from: { address: '10.0.0.2', port: 4000 }, to: { address: '10.0.0.1', port: 53 } } })
  })

  it('advances to the next timer, or until a packet leaves, and is the same for the same seed', () => {
    const run = (seed: number): Json => {
      const port = new StackPort()
      const asked = [{ do: 'stack', seed }, { do: 'socket' }, { do: 'connect', socket: 3, address: '10.0.0.2', port: 80 }, { do: 'advance', until: 'packet' }, { do: 'advance' }, { do: 'time' }].map((request) => port.handle(request))
      expect(asked[3]).toMatchObject({ ok: true, value: { rang: true } })
      expect(asked[3].packets).toHaveLength(1)
      expect(asked[3].time).toBeGreaterThanOrEqual(1e9)
      expect(asked[4].time).toBeGreaterThanOrEqual(3e9)
      return asked as unknown as Json
    }
    expect(run(5)).toEqual(run(5))
    expect(run(6)).not.toEqual(run(5))
  })
})
