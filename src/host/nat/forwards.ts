/** Ports of this computer that are guests': from the lab file, and those that come and go while it runs. */
import { createSocket } from 'node:dgram'
import { rmSync } from 'node:fs'
import { createServer, isIPv6 } from 'node:net'
import { ConfigError } from '../../base/errors.ts'
import { formatAt } from '../../lab/forward-words.ts'
import type { ForwardPlan } from '../../lab/topology.ts'
import type { Endpoint } from '../../stack/sockets.ts'
import { HostError } from '../host-error.ts'
import type { HostOutside } from './host-outside.ts'
import { plain } from './plain-address.ts'

/** What a forward leads to. */
export interface Target {
  /** The node's name, or an address. */
  readonly node: string
  readonly outside: HostOutside
  /** The guest's address now; undefined while it has none. */
  readonly address: () => string | undefined
  /** It had none when somebody came. */
  readonly absent: () => void
}

export interface ForwardRow {
  readonly at: string
  readonly node: string
  readonly port: number
  readonly protocol: string
}

/** Peers of one UDP port; the oldest is forgotten for a new one. */
const mostPeers = 1024

export class Forwards {
  readonly #path: (name: string) => string
  readonly #open = new Map<string, { readonly row: ForwardRow; readonly close: () => void }>()

  /** @param path where a file that the lab file names is. */
  constructor(path: (name: string) => string) {
    this.#path = path
  }

  get rows(): readonly ForwardRow[] {
    return [...this.#open.values()].map(({ row }) => row)
  }

  /** @throws {HostError} when the port is taken or forbidden. */
  async add(plan: ForwardPlan, target: Target): Promise<ForwardRow> {
    const at = formatAt(plan)
    const taken = this.#open.get(at)
    if (taken !== undefined) throw new HostError('EADDRINUSE', `${at} is forwarded to ${taken.row.node}:${taken.row.port} already`, `netloom forward rm ${at}`)
    const close = await (plan.protocol === 'udp' ? listenDatagrams(plan, target) : this.#listen(plan, target)).catch((error: NodeJS.ErrnoException) => {
      throw refused(at, plan, error)
    })
    const row = { at, node: target.node, port: plan.port, protocol: plan.protocol }
    this.#open.set(at, { row, close })
    return row
  }

  /** Connections that are under way stay. @throws {ConfigError} when there is none. */
  remove(plan: Pick<ForwardPlan, 'protocol' | 'at'>): ForwardRow {
    const at = formatAt(plan)
    const found = this.#open.get(at)
    if (found === undefined) throw new ConfigError(`nothing is forwarded at ${at}`, undefined, this.#open.size === 0 ? undefined : `there is ${[...this.#open.keys()].join(', ')}`)
    this.#open.delete(at)
    found.close()
    return found.row
  }

  close(): void {
    for (const { close } of this.#open.values()) close()
    this.#open.clear()
  }

  #listen({ at, port }: ForwardPlan, target: Target): Promise<() => void> {
    const path = 'path' in at ? this.#path(at.path) : undefined
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const address = target.address()
      if (address !== undefined) return target.outside.accept(socket, { address, port })
      target.absent()
      socket.on('error', () => {})
      socket.resetAndDestroy()
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path === undefined ? { ...(at as { host: string; port: number }), exclusive: true } : { path }, () => {
        // Later ones, e.g. no descriptors left, cost a connection and no more.
        server.off('error', reject).on('error', () => {})
        resolve(() => {
          server.close()
          if (path !== undefined) rmSync(path, { force: true })
        })
      })
    })
  }
}

function listenDatagrams({ at, port }: ForwardPlan, target: Target): Promise<() => void> {
  const { host, port: own } = at as { host: string; port: number }
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  const flows = new Map<string, number>()
  const flowOf = (from: Endpoint): number => {
    const key = `${from.address} ${from.port}`
    const known = flows.get(key)
    if (known !== undefined) return known
    if (flows.size >= mostPeers) flows.delete(flows.keys().next().value as string)
    const flow = target.outside.admit((bytes, ended) => {
      if (ended) flows.delete(key)
      else socket.send(bytes, from.port, from.address, () => {})
    })
    flows.set(key, flow)
    return flow
  }
  socket.on('message', (bytes, remote) => {
    const address = target.address()
    if (address === undefined) return target.absent()
    const from = { address: remote.address, port: remote.port }
    target.outside.enter({ kind: 'inbound datagram', flow: flowOf(from), from: { ...from, address: plain(from.address) }, to: { address, port }, bytes })
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port: own, exclusive: true }, () => {
      socket.off('error', reject).on('error', () => {})
      resolve(() => socket.close())
    })
  })
}

function refused(at: string, plan: ForwardPlan, error: NodeJS.ErrnoException): HostError {
  const { code = 'EIO' } = error
  const { port } = plan.at as { port?: number }
  const free = port === undefined ? 'take the file away, or name another' : `give the guest another port of this computer: ${port < 1024 ? port + 8000 : port + 1}:${plan.port}`
  if (code === 'EADDRINUSE') return new HostError(code, `${at} can't be forwarded: another program has it`, free, error)
  if (code === 'EACCES' || code === 'EPERM') return new HostError(code, `${at} can't be forwarded: ${port !== undefined && port < 1024 ? 'ports below 1024 are root’s' : 'not allowed'}`, free, error)
  if (code === 'EADDRNOTAVAIL') return new HostError(code, `${at} can't be forwarded: this computer does not have that address`, '127.0.0.1 is for this computer alone, 0.0.0.0 for all who can reach it', error)
  return new HostError(code, `${at} can't be forwarded: ${error.message}`, undefined, error)
}
