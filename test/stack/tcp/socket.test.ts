import { describe, expect, it } from 'vitest'
import type { Endpoint, TcpSocket } from '../../../src/stack/sockets.ts'
import type { Dial } from '../../../src/stack/tcp/forward.ts'
import { seconds } from '../../../src/base/time.ts'
import { latin1, fromLatin1 } from '../../../src/base/bytes.ts'
import { unreachable } from '../../../src/wire/icmp.ts'
import { pair } from '../bench.ts'
import type { Pair } from '../bench.ts'

const at = (address: string, port: number): Endpoint => ({ address, port })

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

/** What happens to a socket, in order. */
function watch(socket: TcpSocket, log: string[], name: string): TcpSocket {
  socket.on('connect', () => log.push(`${name} connect`))
  socket.on('data', (bytes) => log.push(`${name} data ${fromLatin1(bytes)}`))
  socket.on('end', () => log.push(`${name} end`))
  socket.on('error', (error) => log.push(`${name} error ${error.message}`))
  socket.on('close', () => log.push(`${name} close`))
  return socket
}

/** Host b passes what is not for it to its TCP, which holds dials. */
function forwarding({ b }: Pair): Dial[] {
  const dials: Dial[] = []
  b.ip.transit = (incoming) => {
    b.tcp.receive(incoming)
    return true
  }
  b.tcp.forward((dial) => dials.push(dial))
  return dials
}

/** Two hosts, b being the way to everywhere for a. */
function gateway(): Pair & { readonly dials: Dial[] } {
  const world = pair()
  world.a.setGateway(world.a.ip.interfaces[0], 0x0a00_0002)
  return { ...world, dials: forwarding(world) }
}

describe('tcp sockets', () => {
  it('greet, answer and part as Node’s do', () => {
    const { a, b, run } = pair()
    const log: string[] = []
    b.listen(at('0.0.0.0', 21), (socket) => {
      watch(socket, log, 'b').write(latin1('220 hello'))
      expect([socket.localAddress, socket.localPort, socket.remoteAddress]).toEqual(['10.0.0.2', 21, '10.0.0.1'])
    })
    const socket = watch(a.connect(at('10.0.0.2', 21)), log, 'a')
    socket.on('data', () => socket.end())
    expect(log).toEqual([])
    run()
    expect(log).toEqual(['a connect', 'a data 220 hello', 'b end', 'a end', 'a close', 'b close'])
  })

  it('are refused where nobody listens, with Node’s message', () => {
    const { a, run } = pair()
    const log: string[] = []
    watch(a.connect(at('10.0.0.2', 7)), log, 'a')
    run()
    expect(log).toEqual(['a error connect ECONNREFUSED 10.0.0.2:7', 'a close'])
  })

  it('find no neighbour: EHOSTUNREACH', () => {
    const { a, run } = pair()
    const log: string[] = []
    watch(a.connect(at('10.0.0.77', 7)), log, 'a')
    run()
    expect(log).toEqual(['a error connect EHOSTUNREACH 10.0.0.77:7', 'a close'])
  })

  it('reach their own host over the loopback', () => {
    const { a, run } = pair()
    const log: string[] = []
    a.listen(at('127.0.0.1', 80), (socket) => watch(socket, log, 'server'))
    const socket = watch(a.connect(at('127.0.0.1', 80)), log, 'client')
    socket.write(latin1('x'.repeat(3)))
    socket.end()
    run()
    expect(log).toEqual(['client connect', 'server data xxx', 'server end', 'client end', 'client close', 'server close'])
  })

  it('refuse what can’t be, at once', () => {
    const { a } = pair()
    const listener = a.listen(at('0.0.0.0', 80), () => {})
    expect(codeOf(() => a.listen(at('0.0.0.0', 80), () => {}))).toBe('EADDRINUSE')
    expect(codeOf(() => a.listen(at('10.0.0.1', 80), () => {}))).toBe('EADDRINUSE')
    expect(codeOf(() => a.listen(at('10.0.0.9', 81), () => {}))).toBe('EADDRNOTAVAIL')
    expect(codeOf(() => a.listen(at('10.0.0.1', 65_536), () => {}))).toBe('ERR_SOCKET_BAD_PORT')
    expect(codeOf(() => a.listen(at('ten', 81), () => {}))).toBe('EINVAL')
    expect(codeOf(() => a.connect(at('10.0.0.2', 0)))).toBe('ERR_SOCKET_BAD_PORT')
    listener.close()
    expect(codeOf(() => a.listen(at('10.0.0.1', 80), () => {}))).toBeUndefined()
    expect(a.listen(at('0.0.0.0', 0), () => {}).local.port).toBeGreaterThanOrEqual(32_768)
  })

  it('copy what is written before write returns', () => {
    const { a, b, run } = pair()
    const log: string[] = []
    b.listen(at('0.0.0.0', 7), (socket) => watch(socket, log, 'b'))
    const bytes = latin1('abc')
    a.connect(at('10.0.0.2', 7)).write(bytes)
    bytes.fill(0xa5)
    run()
    expect(log).toEqual(['b data abc'])
  })

  it('read nothing before somebody listens for data', () => {
    const { a, b, run } = pair()
    let server: TcpSocket | undefined
    b.listen(at('0.0.0.0', 7), (socket) => {
      server = socket
    })
    a.connect(at('10.0.0.2', 7)).write(latin1('waits'))
    run()
    expect(b.tcp.connections.map(({ state, unread }) => `${state} ${unread}`)).toEqual(['LISTEN 0', 'ESTABLISHED 5'])
    const log: string[] = []
    watch(server as TcpSocket, log, 'b')
    run()
    expect(log).toEqual(['b data waits'])
  })

  it('may be used from within their own events', () => {
    const { a, b, run } = pair()
    const log: string[] = []
    b.listen(at('0.0.0.0', 7), (socket) => {
      watch(socket, log, 'b')
      socket.on('data', () => socket.destroy())
    })
    const socket = watch(a.connect(at('10.0.0.2', 7)), log, 'a')
    socket.on('connect', () => {
      socket.write(latin1('1'))
      socket.pause()
      socket.resume()
    })
    run()
    expect(log).toEqual(['a connect', 'b data 1', 'b close', 'a end', 'a close'])
  })

  it('dial from where they are told to', () => {
    const { a, b, run } = pair()
    const log: string[] = []
    b.listen(at('0.0.0.0', 7), ({ remotePort }) => log.push(`from ${remotePort}`))
    a.connect(at('10.0.0.2', 7), { localAddress: '10.0.0.1', localPort: 20 })
    watch(a.connect(at('10.0.0.2', 7), { localAddress: '10.0.0.1', localPort: 20 }), log, 'second')
    run()
    expect(log).toEqual(['second error connect EADDRINUSE 10.0.0.2:7', 'second close', 'from 20'])
  })

  it('keep thousands of connections apart, and give all memory back', () => {
    const { a, b, run } = pair()
    let echoed = 0
    b.listen(at('0.0.0.0', 7), (socket) => {
      socket.on('data', (bytes) => socket.write(bytes))
    })
    const sockets = Array.from({ length: 2000 }, (_, number) => {
      const socket = a.connect(at('10.0.0.2', 7))
      socket.write(latin1(String(number)))
      socket.on('data', (bytes) => {
        if (fromLatin1(bytes) === String(number)) echoed++
      })
      return socket
    })
    run(seconds(60))
    expect(echoed).toBe(2000)
    expect(a.tcp.memory.usedBytes + b.tcp.memory.usedBytes).toBe(0)
    for (const socket of sockets) socket.end()
    run(seconds(61))
    expect(a.tcp.connections).toEqual([])
  })
})

describe('dials for somebody else (NAT)', () => {
  it('are answered only once the way beyond is open', () => {
    const { a, dials, run } = gateway()
    const log: string[] = []
    watch(a.connect(at('93.184.216.34', 80)), log, 'guest').write(latin1('GET'))
    run(seconds(5))
    expect(log).toEqual([])
    expect(dials.map(({ to }) => to)).toEqual([at('93.184.216.34', 80)])
    dials[0].accept((socket) => watch(socket as TcpSocket, log, 'relay').write(latin1('200')))
    run(seconds(5))
    expect(log.sort()).toEqual(['guest connect', 'guest data 200', 'relay data GET'])
  })

  it('are refused, unreachable or not answered at all, as it was beyond', () => {
    const { a, dials, run } = gateway()
    const log: string[] = []
    for (const last of [1, 2, 3]) watch(a.connect(at(`8.8.8.${last}`, 80)), log, `guest ${last}`)
    run(seconds(1))
    dials[0].refuse()
    dials[1].unreachable({ kind: 'unreachable', code: unreachable.host, mtu: 0 })
    dials[2].ignore()
    run(seconds(1))
    expect(log.sort()).toEqual(['guest 1 close', 'guest 1 error connect ECONNREFUSED 8.8.8.1:80', 'guest 2 close', 'guest 2 error connect EHOSTUNREACH 8.8.8.2:80'])
    run(seconds(200))
    expect(log).toContain('guest 3 error connect ETIMEDOUT 8.8.8.3:80')
    expect(dials.length).toBeGreaterThan(3)
  })
})
