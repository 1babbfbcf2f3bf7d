/** An uplink with one frame in each UDP datagram: QEMU's `-netdev dgram`, another Netloom, or a few lines of anybody's. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { lookup } from 'node:dns/promises'
import type { OutsideLink } from '../../lab/uplink.ts'
import type { Frame } from '../../link/port.ts'
import { takesNothing } from '../../link/settle.ts'
import { HostError } from '../host-error.ts'

export interface DatagramEnd {
  readonly host: string
  readonly port: number
}

export interface DatagramPlan {
  readonly local: DatagramEnd
  readonly remote: DatagramEnd
  readonly enter: (frame: Frame) => void
}

/** What the host may hold for us, in bytes: it is asked for, and gives what it likes. */
const bufferBytes = 4 << 20
/** UDP's own. */
const longestDatagram = 65_507

export class Datagrams implements OutsideLink {
  readonly takes = takesNothing
  readonly #plan: DatagramPlan
  #socket: Socket | undefined
  #remote = ''

  constructor(plan: DatagramPlan) {
    this.#plan = plan
  }

  /** @throws {HostError} */
  async open(): Promise<void> {
    const { local, remote } = this.#plan
    const address = await resolved(local.host)
    this.#remote = await resolved(remote.host)
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    this.#socket = socket
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot receive on ${local.host}:${local.port}: ${error.code === 'EADDRINUSE' ? 'it is taken' : error.message}`, error.code === 'EADDRINUSE' ? 'stop what listens there, or name another one: local' : undefined, error)))
      socket.bind(local.port, address, resolve)
    })
    // "Nobody listens there" comes back as an error of the socket: a line without a peer is no failure.
    socket.removeAllListeners('error').on('error', () => undefined)
    socket.setRecvBufferSize(bufferBytes)
    socket.setSendBufferSize(bufferBytes)
    // Strangers' datagrams are not for the lab.
    socket.on('message', (bytes, from) => {
      if (from.port === remote.port && from.address === this.#remote && bytes.length > 0) this.#plan.enter({ bytes: new Uint8Array(bytes), offload: undefined })
    })
  }

  send({ bytes }: Frame): boolean {
    if (this.#socket === undefined || bytes.length > longestDatagram || this.#socket.getSendQueueSize() > bufferBytes) return false
    this.#socket.send(bytes, this.#plan.remote.port, this.#remote, () => undefined)
    return true
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}

async function resolved(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw new HostError((error as NodeJS.ErrnoException).code ?? 'ENOTFOUND', `there is no computer called ${host}`, 'write its address', error)
  }
}
