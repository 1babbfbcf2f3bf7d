/** A TFTP client for the tests: it says and hears one packet at a time. */
import { expect } from 'vitest'
import type { Option, Packet } from '../../../src/wire/tftp.ts'
import * as wire from '../../../src/wire/tftp.ts'
import { tftp } from '../../../services/tftp/tftp.ts'
import type { ServiceBench, ServiceBenchOptions } from '../bench.ts'
import { serviceBench } from '../bench.ts'

/** Bytes that don't repeat soon. */
export const fill = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31) ^ (at >> 8))

export interface Client extends ServiceBench {
  /** Server's port of the transfer, once it has spoken. */
  tid: number
  request(file: string, options?: readonly Option[], more?: { kind?: 'rrq' | 'wrq'; mode?: string; port?: number }): void
  say69(bytes: Uint8Array, port?: number): void
  send(packet: Packet, port?: number): void
  ack(block: number, port?: number): void
  /** What came since the last call. */
  packets(): Packet[]
}

export function world(options: ServiceBenchOptions = {}, config: unknown = {}): Client {
  const bench = serviceBench(tftp, config, options)
  bench.meet()
  const made: Client = {
    ...bench,
    tid: 0,
    request: (file, given = [], { kind = 'rrq', mode = 'octet', port = 2000 } = {}) => made.say69(wire.build({ kind, file, mode, options: given }), port),
    say69: (bytes, port = 2000) => bench.say(bytes, { port }, { port: 69 }),
    send: (packet, port = 2000) => bench.say(wire.build(packet), { port }, { port: made.tid }),
    ack: (block, port) => made.send({ kind: 'ack', block }, port),
    packets: () => bench.heard().map(({ datagram }) => {
      made.tid = datagram.sourcePort
      const packet = wire.parse(datagram.payload)
      return packet.kind === 'data' ? { ...packet, data: packet.data.slice() } : packet
    }),
  }
  return made
}

/** Fetches a whole file as a plain client does. */
export function fetch(lan: Client, window = 1, blksize = 512): Uint8Array {
  const parts: Uint8Array[] = []
  let block = 0
  for (;;) {
    const packets = lan.packets()
    if (packets.length === 0) throw new Error('silence')
    for (const packet of packets) {
      if (packet.kind === 'oack') {
        lan.ack(0)
        continue
      }
      if (packet.kind !== 'data') throw new Error(packet.kind)
      expect(packet.block).toBe((block + 1) & 0xffff)
      block++
      parts.push(packet.data)
      if (packet.data.length < blksize || block % window === 0) lan.ack(packet.block)
      if (packet.data.length < blksize) return Uint8Array.from(parts.flatMap((part) => [...part]))
    }
  }
}
