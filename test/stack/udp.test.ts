import { describe, expect, it } from 'vitest'
import { pair, bench } from './bench.ts'

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}
const at = (address: string, port: number): { address: string; port: number } => ({ address, port })

const ports = (): number[] => {
  const { host } = bench()
  return Array.from({ length: 50 }, () => host.bind(at('0.0.0.0', 0), () => {}).local.port)
}

describe('udp sockets', () => {
  it('carry datagrams both ways, empty ones too', () => {
    const { a, b, run } = pair()
    const log: string[] = []
    const server = b.bind(at('0.0.0.0', 69), (payload, { from, to }) => {
      log.push(`server: ${payload.length} from ${from.address}:${from.port} to ${to.address}`)
      server.send(Uint8Array.of(9), from)
    })
    const client = a.bind(at('10.0.0.1', 5000), (payload, { from }) => log.push(`client: ${payload.length} from ${from.address}:${from.port}`))
    client.send(new Uint8Array(0), at('10.0.0.2', 69))
    run()
    expect(log).toEqual(['server: 0 from 10.0.0.1:5000 to 10.0.0.2', 'client: 1 from 10.0.0.2:69'])
  })

  it('tell the sender that nobody listens: ECONNREFUSED', () => {
    const { a, run } = pair()
    const errors: string[] = []
    const socket = a.bind(at('0.0.0.0', 0), () => {}, (error) => errors.push(`${error.code} ${error.to.address}:${error.to.port}`))
    socket.send(Uint8Array.of(1), at('10.0.0.2', 7))
    run()
    expect(errors).toEqual(['ECONNREFUSED 10.0.0.2:7'])
  })

  it('copy what is sent before send returns', () => {
    const { a, b, run } = pair()
    const heard: number[] = []
    b.bind(at('0.0.0.0', 7), (payload) => heard.push(...payload))
    const payload = Uint8Array.of(1, 2)
    a.bind(at('0.0.0.0', 0), () => {}).send(payload, at('10.0.0.2', 7))
    payload.fill(0xa5)
    run()
    expect(heard).toEqual([1, 2])
  })

  it('refuse a port that is taken and an address that is not ours', () => {
    const { host } = bench()
    const first = host.bind(at('0.0.0.0', 67), () => {})
    expect(codeOf(() => host.bind(at('0.0.0.0', 67), () => {}))).toBe('EADDRINUSE')
    expect(codeOf(() => host.bind(at('10.0.0.1', 67), () => {}))).toBe('EADDRINUSE')
    expect(codeOf(() => host.bind(at('10.0.0.9', 68), () => {}))).toBe('EADDRNOTAVAIL')
    expect(codeOf(() => host.bind(at('ten', 68), () => {}))).toBe('EINVAL')
    expect(codeOf(() => host.bind(at('0.0.0.0', 65_536), () => {}))).toBe('ERR_SOCKET_BAD_PORT')
    first.close()
    first.close()
    expect(codeOf(() => host.bind(at('10.0.0.1', 67), () => {}))).toBeUndefined()
    expect(codeOf(() => host.bind(at('127.0.0.1', 67), () => {}))).toBeUndefined()
  })

  it('get free ports from the dynamic range, the same ones for the same seed', () => {
    const first = ports()
    expect(ports()).toEqual(first)
    expect(new Set(first).size).toBe(50)
    expect(first.every((port) => port >= 49_152 && port <= 65_535)).toBe(true)
  })

  it('run out of ports with EADDRINUSE', () => {
    const { host } = bench()
    for (let count = 0; count < 16_384; count++) host.bind(at('0.0.0.0', 0), () => {})
    expect(codeOf(() => host.bind(at('0.0.0.0', 0), () => {}))).toBe('EADDRINUSE')
  })

  it('prefer the socket on the very address', () => {
    const { host, wait } = bench()
    const heard: string[] = []
    host.bind(at('127.0.0.1', 7), () => heard.push('loopback'))
    host.bind(at('10.0.0.1', 7), () => heard.push('lan'))
    const socket = host.bind(at('0.0.0.0', 0), () => {})
    socket.send(Uint8Array.of(1), at('10.0.0.1', 7))
    socket.send(Uint8Array.of(1), at('127.0.0.1', 7))
    wait(1)
    expect(heard).toEqual(['lan', 'loopback'])
  })

  it('say no after close', () => {
    const { host } = bench()
    const socket = host.bind(at('0.0.0.0', 7), () => {})
    socket.close()
    expect(codeOf(() => socket.send(Uint8Array.of(1), at('10.0.0.2', 7)))).toBe('ERR_SOCKET_DGRAM_NOT_RUNNING')
  })

  it('tell of an unknown interface and an impossible port', () => {
    const { host, port, wait } = bench()
    const errors: string[] = []
    const socket = host.bind(at('0.0.0.0', 7), () => {}, (error) => errors.push(error.code))
    socket.send(Uint8Array.of(1), at('10.0.0.2', 7), { interface: 'eth7' })
    socket.send(Uint8Array.of(1), at('10.0.0.2', 0))
    wait(1)
    expect(errors).toEqual(['ENODEV', 'EINVAL'])
    expect(port.take()).toEqual([])
  })
})
