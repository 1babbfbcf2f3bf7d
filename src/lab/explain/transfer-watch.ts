/** Follows the TFTP transfers that a node asked for. RFC 1350, RFC 2347. */
import { u16be } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'
import * as tftp from '../../wire/tftp.ts'
import { type Story, tell, type Transfer } from './story.ts'

const opcodes = { data: 3, ack: 4 }
const mostTransfers = 256
/** How much of a file's beginning is kept: enough for every magic number. */
const headBytes = 512

export class TransferWatch {
  readonly #story: Story
  /** By `server clientPort`. */
  readonly #open = new Map<string, Transfer>()

  constructor(story: Story) {
    this.#story = story
  }

  /** The node asks for a file. @throws {Malformed} */
  ask(time: Instant, data: Uint8Array, server: string, port: number): void {
    const packet = tftp.parse(data)
    if (packet.kind !== 'rrq') return
    const asked = packet.options.find(([name]) => name === 'blksize')?.[1]
    const repeated = this.#open.get(`${server} ${port}`)
    if (repeated?.file === packet.file && repeated.blocks === 0 && repeated.error === undefined) {
      repeated.lastSaid = time
      return
    }
    const transfer: Transfer = { began: time, file: packet.file, server, asked: asked === undefined ? undefined : Number(asked), blksize: 512, block: 0, blocks: 0, bytes: 0, lastHeard: time, lastSaid: time, acknowledged: 0, done: false, error: undefined, head: new Uint8Array(0) }
    if (this.#open.size >= mostTransfers) this.#open.clear()
    this.#open.set(`${server} ${port}`, transfer)
    if (this.#story.transfers.length >= mostTransfers) this.#story.transfers.splice(mostTransfers >> 1, 1)
    this.#story.transfers.push(transfer)
    tell(this.#story, time, 'tftp', tftp.format(packet))
  }

  /** A datagram between other ports: one of ours, or nobody's. @param port the node's own. @throws {Malformed} */
  see(way: 'in' | 'out', time: Instant, data: Uint8Array, peer: string, port: number): void {
    const transfer = this.#open.get(`${peer} ${port}`)
    if (transfer === undefined || data.length < 4) return
    const opcode = u16be(data, 0)
    if (way === 'in' && opcode === opcodes.data) this.#data(time, transfer, data)
    else if (way === 'out' && opcode === opcodes.ack) {
      transfer.acknowledged = u16be(data, 2)
      transfer.lastSaid = time
    } else this.#other(way, time, transfer, tftp.parse(data))
  }

  #data(time: Instant, transfer: Transfer, data: Uint8Array): void {
    const block = u16be(data, 2)
    transfer.lastHeard = time
    if (block === transfer.block && transfer.blocks > 0) return
    transfer.block = block
    transfer.blocks++
    transfer.bytes += data.length - 4
    if (transfer.blocks === 1) transfer.head = data.slice(4, 4 + headBytes)
    if (data.length - 4 >= transfer.blksize) return
    transfer.done = true
    tell(this.#story, time, 'tftp', `${transfer.file} is there: ${transfer.bytes} bytes in ${transfer.blocks} blocks`)
  }

  #other(way: 'in' | 'out', time: Instant, transfer: Transfer, packet: tftp.Packet): void {
    tell(this.#story, time, 'tftp', tftp.format(packet))
    if (way === 'in' && packet.kind !== 'error') transfer.lastHeard = time
    if (packet.kind === 'error') transfer.error ??= { code: packet.code, message: packet.message, from: way === 'in' ? 'server' : 'client' }
    else if (packet.kind === 'oack') transfer.blksize = Number(packet.options.find(([name]) => name === 'blksize')?.[1] ?? 512)
  }
}
