/** What a node's serial ports are to be connected with: the resolved form of `serial:`. */
import type { SerialRate } from '../../board/serial-line.ts'

/** A port of the node, by its number: 0 is the console, the guest's ttyS0. */
export interface SerialPlan {
  readonly rate: SerialRate
  /** The other end of a null modem. */
  readonly to: SerialPlace | undefined
  /** A file that takes all that the port says. */
  readonly log: string | undefined
  readonly ends: readonly SerialEndPlan[]
  /** What may wait for whoever reads slowly, at each end. */
  readonly bufferBytes: number
  /** What happens when so much waits: the guest waits too, or the oldest is lost. */
  readonly full: 'block' | 'drop-oldest'
  /** Escape sequences that make a terminal answer or do more than show text are left out. */
  readonly safe: boolean
}

export interface SerialPlace {
  readonly node: string
  readonly port: number
}

/** A TCP port, or a unix socket's path, relative to the lab file. */
export type SerialAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** What of this computer the line ends at. Paths are relative to the lab file. */
export type SerialEndPlan =
  | { readonly kind: 'file'; readonly write: string | undefined; readonly read: string | undefined }
  /** A pseudo terminal, and a link to it. */
  | { readonly kind: 'pty'; readonly link: string | undefined }
  /** Two FIFOs: what the guest hears and what it says. */
  | { readonly kind: 'fifo'; readonly input: string; readonly output: string }
  | { readonly kind: 'socket'; readonly protocol: 'raw' | 'telnet'; readonly side: 'listen' | 'connect'; readonly at: SerialAddress }
  | { readonly kind: 'websocket'; readonly side: 'listen'; readonly at: { readonly host: string; readonly port: number } }
  | { readonly kind: 'websocket'; readonly side: 'connect'; readonly url: string }
  | { readonly kind: 'stdio' }
  /** A serial port of this computer. */
  | { readonly kind: 'device'; readonly path: string }

/** The line's name at the lab's door: the console's is its node's, `node1:serial1` is the next one's. */
export const lineName = ({ node, port }: SerialPlace): string => (port === 0 ? node : `${node}:serial${port}`)
