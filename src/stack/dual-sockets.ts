/** Sockets of a host that speaks both IP versions: what is bound or listens at `0.0.0.0` is at `::` as well, on the same port. */
import type { Endpoint, Sockets, UdpSocket } from './sockets.ts'

/** Ports of the one version that are tried until one is free in the other as well. */
const mostTries = 16

/** @param sockets the host's own; at any other address they are as they were. */
export function dualSockets(sockets: Sockets): Sockets {
  return {
    bind: (at, hear, hearError) => (isAny(at) ? both(at, (one) => sockets.bind(one, hear, hearError), joined) : sockets.bind(at, hear, hearError)),
    listen: (at, accept, options) => {
      if (!isAny(at)) return sockets.listen(at, accept, options)
      return both(at, (one) => sockets.listen(one, accept, options), (four, six) => ({ local: four.local, close: closing(four, six) }))
    },
    connect: (to, options) => sockets.connect(to, options),
  }
}

const isAny = ({ address }: Endpoint): boolean => address === '0.0.0.0'
const closing = (...ends: readonly { close(): void }[]) => (): void => {
  for (const end of ends) end.close()
}

function both<Opened extends { readonly local: Endpoint; close(): void }>(at: Endpoint, open: (at: Endpoint) => Opened, join: (four: Opened, six: Opened) => Opened): Opened {
  for (let tries = 1; ; tries++) {
    const four = open(at)
    try {
      return join(four, open({ address: '::', port: four.local.port }))
    } catch (error) {
      four.close()
      if (at.port !== 0 || tries === mostTries) throw error
    }
  }
}

function joined(four: UdpSocket, six: UdpSocket): UdpSocket {
  const of = (address: string): UdpSocket => (address.includes(':') ? six : four)
  return {
    local: four.local,
    send: (payload, to, options) => of(to.address).send(payload, to, options),
    join: (group, name) => of(group).join(group, name),
    leave: (group, name) => of(group).leave(group, name),
    close: closing(four, six),
  }
}
