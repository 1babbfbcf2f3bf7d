/**
 * Reading traffic with a memory. Some protocols begin on a well-known port and go on between two others: TFTP answers from a port of its
 * own (RFC 1350 §4). Frame by frame nothing tells what is spoken there; a trace remembers who asked. So it does of RPC, whose replies don't say to what.
 */
import { dissect, dissectAs, lineOf, treeOf } from '../wire/dissect.ts'
import type { Layer } from '../wire/dissect.ts'
import { serverPort as tftpPort } from '../wire/tftp.ts'
import type { Medium } from './port.ts'
import { RpcMemory } from './rpc-memory.ts'

/** Transfers remembered; the oldest is forgotten first. */
const most = 4096

/** Frames are to be shown in the order in which they passed. */
export class Trace {
  /** `10.0.0.2 49152`: clients that have asked a TFTP server. */
  readonly #askers = new Set<string>()
  readonly #rpc = new RpcMemory()

  /** As `dissect`, and what a conversation remembered from earlier frames tells. Never throws. */
  layers(bytes: Uint8Array, medium: Medium = 'ethernet'): readonly Layer[] {
    const layers = dissect(bytes, medium)
    const reply = this.#rpc.see(layers)
    if (reply !== undefined) return [...layers, reply]
    const at = layers.findIndex(({ name }) => name === 'udp')
    if (at < 1) return layers
    const [ip, udp, inner] = [layers[at - 1], layers[at], layers[at + 1]]
    const source = `${valueOf(ip, 'source')} ${valueOf(udp, 'sourcePort')}`
    if (valueOf(udp, 'destinationPort') === String(tftpPort)) this.#remember(source)
    if (inner?.name !== 'data') return layers
    if (!this.#askers.has(source) && !this.#askers.has(`${valueOf(ip, 'destination')} ${valueOf(udp, 'destinationPort')}`)) return layers
    return [...layers.slice(0, at + 1), ...dissectAs({ space: 'udp', numbers: [tftpPort], bytes: inner.bytes })]
  }

  /** One line: every layer's, outermost first. */
  line(bytes: Uint8Array, medium?: Medium): string {
    return lineOf(this.layers(bytes, medium))
  }

  /** A line per layer and, indented, per field. */
  tree(bytes: Uint8Array, medium?: Medium): string {
    return treeOf(this.layers(bytes, medium))
  }

  #remember(asker: string): void {
    this.#askers.delete(asker)
    this.#askers.add(asker)
    if (this.#askers.size <= most) return
    for (const oldest of this.#askers) {
      this.#askers.delete(oldest)
      return
    }
  }
}

const valueOf = (layer: Layer, name: string): string | undefined => layer.fields.find((field) => field.name === name)?.value
