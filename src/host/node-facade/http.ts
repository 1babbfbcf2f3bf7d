/** `node:http` inside a lab: Node's own parser and server, fed with connections of the simulated host's; its dates are the lab's. */
import nodeHttp from 'node:http'
import type { Inside } from './inside.ts'
import { connectOptions, NetSocket } from './net-socket.ts'
import { Listening } from './net.ts'
import { timerGlobals } from './timers.ts'

/** The module, for `require('http')`. */
export function httpModule(inside: Inside): Record<string, unknown> {
  const LabDate = timerGlobals(inside)['Date'] as typeof Date
  class Server extends nodeHttp.Server {
    readonly #listening: Listening

    constructor(...words: unknown[]) {
      const hear = words.find((word): word is nodeHttp.RequestListener => typeof word === 'function')
      const options = words.find((word): word is nodeHttp.ServerOptions => typeof word === 'object' && word !== null) ?? {}
      // Node's own time-outs run by the host's clock.
      super({ ...options, requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 })
      this.#listening = new Listening(inside, this, { allowHalfOpen: true })
      Object.defineProperty(this, 'listening', { get: () => this.#listening.open })
      this.on('request', (_, response: nodeHttp.ServerResponse) => {
        response.sendDate = false
        response.setHeader('Date', new LabDate().toUTCString())
      })
      if (hear !== undefined) this.on('request', hear)
    }

    override listen(...words: unknown[]): this {
      this.#listening.listen(words)
      return this
    }

    override address(): ReturnType<Listening['address']> {
      return this.#listening.address()
    }

    override close(done?: (error?: Error) => void): this {
      this.#listening.close(done)
      this.closeIdleConnections()
      return this
    }
  }
  const createConnection = (options: object): NetSocket => new NetSocket(inside).connect(options)
  const request = (...words: unknown[]): nodeHttp.ClientRequest => {
    const [first, second] = words
    const hear = words.find((word): word is (response: nodeHttp.IncomingMessage) => void => typeof word === 'function')
    const url = typeof first === 'string' || first instanceof URL ? new URL(first) : undefined
    const extra = (url === undefined ? first : second) as nodeHttp.RequestOptions | undefined
    const given = typeof extra === 'object' && extra !== null ? extra : {}
    const target = url === undefined ? {} : { host: url.hostname, port: url.port === '' ? 80 : Number(url.port), path: `${url.pathname}${url.search}` }
    const options = { ...target, ...given }
    const { port = 80, host = options.hostname ?? 'localhost' } = connectOptions([options])
    return nodeHttp.request({ ...options, agent: undefined, createConnection: () => createConnection({ port, host }) as never }, hear)
  }
  const get = (...words: unknown[]): nodeHttp.ClientRequest => request(...words).end()
  return { ...nodeHttp, Server, createServer: (...words: unknown[]) => new Server(...words), request, get }
}
