/** The right to open sockets: on a lab stack, or (for NAT's outside) on the host. Addresses are text, as Node writes them. */

export interface Endpoint {
  /** `10.0.0.1`, `fd00::1`, `fe80::1%eth0` (an address that means something on one link only, with the interface's name), or `0.0.0.0` / `::` for any. */
  readonly address: string
  /** 0: any free port. */
  readonly port: number
}

/** Where a datagram came from, and which of our addresses it was sent to. */
export interface Arrival {
  readonly from: Endpoint
  readonly to: Endpoint
  /** The interface it came in on. */
  readonly interface: string
}

export interface UdpSocket {
  readonly local: Endpoint
  /** Payload is copied before this returns. Broadcast goes out where `to.address` is one of the subnet's or 255.255.255.255. */
  send(payload: Uint8Array, to: Endpoint, options?: SendOptions): void
  /**
   * Hears what is sent to an IPv6 group, too, e.g. `ff02::1:2` (RFC 3810). @param interface_ by name; left out: the address's zone's, or the first.
   * @throws {Error} with `code` EINVAL, EADDRINUSE (joined already), ENODEV, ENOBUFS; EAFNOSUPPORT for an IPv4 group.
   */
  join(group: string, interface_?: string): void
  /** As if closed, every group is left. */
  leave(group: string, interface_?: string): void
  close(): void
}

export interface SendOptions {
  /** The interface to leave by, when the address does not say (255.255.255.255). */
  readonly interface?: string
  /** Link-layer destination to use instead of ARP: a DHCP client that has no address yet can't answer one (RFC 2131 §4.1). */
  readonly hardware?: Uint8Array
  /** The source address, when it is not the interface's first. */
  readonly source?: string
  /** Set the don't-fragment flag; a payload beyond the MTU is then not sent. */
  readonly dontFragment?: boolean
}

export type HearDatagram = (payload: Uint8Array, arrival: Arrival) => void

/** An ICMP error that answers what this socket sent. `code` is Node's: `ECONNREFUSED`, `EHOSTUNREACH`, `EMSGSIZE`. */
export type HearError = (error: { readonly code: string; readonly to: Endpoint }) => void

/** As Node's of the same names. */
export interface TcpOptions {
  /** Keep our side open after the peer has closed its own, until `end()`. Default false. */
  readonly allowHalfOpen?: boolean
  /** Send small segments at once (Nagle's algorithm off, RFC 9293 §3.7.4). Default false. */
  readonly noDelay?: boolean
  /** Probe an idle peer (RFC 9293 §3.8.4). Default false. */
  readonly keepAlive?: boolean
  /** Where `connect` speaks from, when that matters. Default: by the route, and any free port. */
  readonly localAddress?: string
  readonly localPort?: number
}

export interface Listener {
  readonly local: Endpoint
  close(): void
}

/**
 * The part of Node's net.Socket that we keep, with Node's names, events and error codes; a real net.Socket is assignable to it.
 * Events: `connect`, `data` (Uint8Array), `end`, `drain`, `error` (with `code`), `close`.
 */
export interface TcpSocket {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** @returns false when the caller should wait for `drain`. */
  write(bytes: Uint8Array): boolean
  end(): unknown
  destroy(): unknown
  /** Closes with a reset. */
  resetAndDestroy(): unknown
  pause(): unknown
  resume(): unknown
  on(event: 'connect' | 'end' | 'drain' | 'close', hear: () => void): unknown
  on(event: 'data', hear: (bytes: Uint8Array) => void): unknown
  on(event: 'error', hear: (error: Error & { code?: string }) => void): unknown
}

export interface Sockets {
  /** @throws {Error} with `code` EADDRINUSE or EADDRNOTAVAIL. */
  bind(at: Endpoint, hear: HearDatagram, hearError?: HearError): UdpSocket
  /** @throws {Error} with `code` EADDRINUSE or EADDRNOTAVAIL. */
  listen(at: Endpoint, accept: (socket: TcpSocket) => void, options?: TcpOptions): Listener
  connect(to: Endpoint, options?: TcpOptions): TcpSocket
}
