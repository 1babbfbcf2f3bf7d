/** The TFTP service point: requests on port 69, each answered from a port of its own. RFC 1350, 2347–2349, 7440. */
import type { FileTree, OpenFile } from '../../src/stack/files.ts'
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, UdpSocket } from '../../src/stack/sockets.ts'
import type { Request } from '../../src/wire/tftp.ts'
import type { TftpConfig } from './config.ts'
import type { Terms } from './negotiate.ts'
import type { Refusal } from './look.ts'
import type { Outcome, Transfer, TransferParts } from './transfer.ts'
import { Malformed } from '../../src/base/errors.ts'
import { FileError } from '../../src/stack/files.ts'
import { legible } from '../../src/wire/format.ts'
import { build, errors, format, parse, serverPort } from '../../src/wire/tftp.ts'
import { openBlocks } from './blocks.ts'
import { parseConfig } from './config.ts'
import { isGuess, nearNames, refusalOf, refuseName } from './look.ts'
import { blockLimit, negotiate } from './negotiate.ts'
import { Receiving } from './receiving.ts'
import { Sending } from './sending.ts'
import { isOwnAddress } from '../own-address.ts'

/** IPv6's header beyond IPv4's, in bytes: blocks must fit a packet. */
const longerHeader = 20

export const tftp: ServiceKind<TftpConfig> = { kind: 'tftp', bothVersions: true, parse: parseConfig, create: (config, room) => new TftpService(config, room) }

/** Transfers at once, over all clients. */
const mostTransfers = 1024

class TftpService implements ServicePoint {
  readonly #config: TftpConfig
  readonly #room: ServiceRoom
  readonly #files: FileTree
  readonly #socket: UdpSocket
  /** By the client's address and port. */
  readonly #transfers = new Map<string, { readonly transfer: Transfer; readonly request: Request }>()
  readonly #counters = { served: 0, received: 0, missing: 0, refused: 0, aborted: 0, gaveUp: 0, malformed: 0 }
  #count = 0
  /** Clients that were told they have too many transfers; each is logged once. */
  readonly #busy = new Set<string>()

  constructor(config: TftpConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#files = room.files(config.root, config.write)
    this.#socket = room.sockets.bind({ address: '0.0.0.0', port: serverPort }, (payload, arrival) => this.#hear(payload, arrival))
  }

  close(): void {
    this.#socket.close()
    for (const { transfer } of this.#transfers.values()) transfer.drop()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const transfers = [...this.#transfers.values()].map(({ transfer, request }) => ({
      client: transfer.client.address,
      port: transfer.client.port,
      file: transfer.file,
      direction: request.kind === 'rrq' ? 'read' : 'write',
      bytes: transfer.bytes,
      repeats: transfer.repeats,
    }))
    return { transfers, counters: [this.#counters] }
  }

  #hear(payload: Uint8Array, arrival: Arrival): void {
    // "A server SHOULD silently ignore requests to a broadcast address" (RFC 1123 §4.2.3.5).
    const local = this.#room.interfaces.find((each) => each.name === arrival.interface)
    if (local === undefined || !isOwnAddress(this.#room.interfaces, arrival.to.address)) return
    try {
      const packet = parse(payload)
      if (packet.kind === 'rrq' || packet.kind === 'wrq') this.#request(packet, arrival, local.mtu - (arrival.to.address.includes(':') ? longerHeader : 0))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#counters.malformed++
    }
  }

  #request(written: Request, arrival: Arrival, mtu: number): void {
    const request = { ...written, file: written.file.replaceAll('\\', '/') }
    if (this.#repeated(request, arrival) || this.#tooMany(arrival)) return
    this.#room.log.info('tftp.request', `${arrival.from.address}: ${format(request)}`, { client: arrival.from.address, file: legible(request.file), options: legible(request.options.map((option) => option.join('=')).join(' ')) })
    const refusal = this.#refuse(request) ?? this.#open(request, arrival, mtu)
    if (refusal === undefined) return
    this.#socket.send(build({ kind: 'error', ...refusal }), arrival.from, { source: arrival.to.address })
    this.#tellRefusal(request, arrival, refusal)
  }

  /** The same request from the same port: our first packet is on its way or lost, and comes again by its timer. Another one starts anew. */
  #repeated(request: Request, { from }: Arrival): boolean {
    const known = this.#transfers.get(`${from.address}:${from.port}`)
    if (known === undefined) return false
    if (known.transfer.fresh && JSON.stringify(known.request) === JSON.stringify(request)) return true
    known.transfer.drop()
    return false
  }

  #tooMany({ from, to }: Arrival): boolean {
    const same = [...this.#transfers.values()].filter(({ transfer }) => transfer.client.address === from.address)
    if (same.length < this.#config.transfers && this.#transfers.size < mostTransfers) return false
    // One that only waits for a repeated last block gives its place away, the oldest first.
    const idle = same.find(({ transfer }) => transfer.dallies)
    if (idle !== undefined) {
      idle.transfer.settle()
      return false
    }
    this.#socket.send(build({ kind: 'error', code: errors.other, message: 'too many transfers at once' }), from, { source: to.address })
    if (!this.#busy.has(from.address) && this.#busy.size < mostTransfers) {
      this.#busy.add(from.address)
      this.#room.log.warn('tftp.busy', `${from.address} has ${same.length} transfers at once; no more are taken`, { client: from.address, transfers: same.length })
    }
    return true
  }

  #refuse(request: Request): Refusal | undefined {
    if (request.mode !== 'octet' && request.mode !== 'netascii') return { code: errors.illegalOperation, message: `no mode ${legible(request.mode.slice(0, 32))}` }
    if (request.kind === 'wrq' && !this.#config.write) return { code: errors.accessViolation, message: 'writing is not allowed' }
    return refuseName(request.file)
  }

  #open(request: Request, arrival: Arrival, mtu: number): Refusal | undefined {
    try {
      const limits = { blksize: blockLimit(mtu, this.#config.blksize), windowsize: this.#config.windowsize }
      if (request.kind === 'wrq') return this.#write(request, arrival, limits)
      const { kind, size } = this.#files.stat(request.file)
      if (kind !== 'file') return { code: errors.accessViolation, message: kind === 'folder' ? 'a folder, not a file' : 'not a plain file' }
      const file = this.#files.open(request.file, 'read')
      const terms = negotiate(request, limits, request.mode === 'octet' ? size : undefined)
      const blocks = openBlocks(file, request.mode as 'octet' | 'netascii', terms.blksize)
      return this.#begin(request, file, () => new Sending(this.#parts(request, arrival, terms), blocks, () => file.close()))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      return refusalOf(error)
    }
  }

  #write(request: Request, arrival: Arrival, limits: { blksize: number; windowsize: number }): Refusal | undefined {
    const terms = negotiate(request, limits, undefined)
    if ((terms.announcedBytes ?? 0) > this.#config.writeMaxBytes) return { code: errors.diskFull, message: 'the file is too large' }
    const there = this.#exists(request.file)
    if (there && !this.#config.overwrite) return { code: errors.exists, message: 'the file is there already' }
    const file: OpenFile = this.#files.open(request.file, there ? 'write' : 'create')
    file.truncate(0)
    return this.#begin(request, file, () => new Receiving(this.#parts(request, arrival, terms), file, request.mode as 'octet' | 'netascii', this.#config.writeMaxBytes))
  }

  #exists(name: string): boolean {
    try {
      this.#files.stat(name)
      return true
    } catch (error) {
      if (error instanceof FileError && error.code === 'ENOENT') return false
      throw error
    }
  }

  #parts(request: Request, arrival: Arrival, terms: Terms): TransferParts {
    const { sockets, scheduler, name } = this.#room
    const key = `${arrival.from.address}:${arrival.from.port}`
    const ended = (outcome: Outcome): void => this.#ended(key, request, outcome)
    return { name: `${name}.transfer${this.#count++}`, sockets, scheduler, client: arrival.from, local: arrival.to.address, file: request.file, terms, ended }
  }

  #begin(request: Request, file: OpenFile, make: () => Transfer): Refusal | undefined {
    let transfer: Transfer
    try {
      transfer = make()
    } catch (error) {
      file.close()
      if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
      return { code: errors.other, message: 'no port left' }
    }
    this.#transfers.set(`${transfer.client.address}:${transfer.client.port}`, { transfer, request })
    transfer.start()
    return undefined
  }

  #ended(key: string, request: Request, outcome: Outcome): void {
    const transfer = this.#transfers.get(key)?.transfer
    this.#transfers.delete(key)
    if (transfer === undefined || outcome.kind === 'dropped') return
    const { client, file, bytes, repeats } = transfer
    const fields = { client: client.address, file, bytes, repeats }
    const { log } = this.#room
    switch (outcome.kind) {
      case 'done':
        this.#counters[request.kind === 'rrq' ? 'served' : 'received']++
        return log.info('tftp.done', `${client.address} ${request.kind === 'rrq' ? 'has' : 'has written'} ${file}, ${bytes} bytes`, fields)
      case 'aborted':
        this.#counters.aborted++
        return log.info('tftp.aborted', `${client.address} stopped ${file} after ${bytes} bytes: ${outcome.message === '' ? `error ${outcome.code}` : legible(outcome.message)}`, { ...fields, code: outcome.code })
      case 'gave up':
        this.#counters.gaveUp++
        return log.warn('tftp.gave-up', `${client.address} is silent: ${file} given up after ${bytes} bytes`, fields)
      case 'failed':
        this.#counters.gaveUp++
        return log.warn('tftp.failed', `${file} for ${client.address} failed after ${bytes} bytes: ${outcome.message}`, fields)
    }
  }

  #tellRefusal({ file, kind }: Request, { from }: Arrival, refusal: Refusal): void {
    const { log } = this.#room
    const fields = { client: from.address, file: legible(file) }
    if (refusal.code !== errors.notFound) {
      this.#counters.refused++
      return log.warn('tftp.refused', `${from.address} may not ${kind === 'rrq' ? 'read' : 'write'} ${JSON.stringify(file)}: ${refusal.message}`, { ...fields, reason: refusal.message })
    }
    this.#counters.missing++
    const near = nearNames(this.#files, file)
    const message = `${from.address} asks for ${file}, which is not there${near.length === 0 ? '' : `; there is ${near.join(', ')}`}`
    const all = near.length === 0 ? fields : { ...fields, near: near.join(', ') }
    if (isGuess(file)) log.info('tftp.missing', message, all)
    else log.warn('tftp.missing', message, all)
  }
}
