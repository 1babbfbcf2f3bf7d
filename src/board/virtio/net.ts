/** virtio-net, the network device. virtio 1.2 §5.1. One pair of queues; offloads travel with the frame, nothing is summed or cut here. */
import { Malformed } from '../../base/errors.ts'
import { concat, putU16le } from '../../base/bytes.ts'
import type { FrameState } from '../../link/frame.ts'
import { copyFrame, saveFrame } from '../../link/frame.ts'
import type { Frame, FrameSink, Port } from '../../link/port.ts'
import type { Takes } from '../../link/settle.ts'
import { settleFrame } from '../../link/settle.ts'
import type { Nic, NicCounters, RingView } from '../nic.ts'
import type { Chain } from './chain.ts'
import { gather, scatter } from './chain.ts'
import type { VirtioDevice, VirtioHost } from './device.ts'
import { buildHeader, headerBytes, parseOffload } from './net-header.ts'

/** §5.1.3. */
export const netFeatures = { checksum: 0, guestChecksum: 1, mac: 5, guestTso4: 7, guestTso6: 8, hostTso4: 11, hostTso6: 12, mergeableBuffers: 15, status: 16 } as const

const receiveQueue = 0
const transmitQueue = 1
const queueMax = 256
const linkUp = 1

/** A super-frame: the largest IP packet and an Ethernet header with a VLAN tag. */
const superFrameMax = 65_535 + 18
/** Without link header and payload there is no frame. */
const frameMin = 14
/** Frames that wait for the guest to lend buffers; more are dropped, so a full ring never freezes anything. */
const backlogFrames = 256

export interface NetConfig {
  readonly name: string
  /** Six bytes. */
  readonly mac: Uint8Array
  /** Whether checksums and segmentation may be left to the other end; a plain card leaves nothing owed. */
  readonly offloads: boolean
}

/** Frames in the backlog are in flight, like those on a cable. What is plugged in is wiring, and not state. */
export type NetState = { readonly counters: NicCounters; readonly backlog: readonly FrameState[] }

export class VirtioNet implements VirtioDevice, Nic, FrameSink {
  readonly name: string
  readonly deviceId = 1
  readonly features: readonly number[]
  readonly queues = [{ name: 'receive', max: queueMax }, { name: 'transmit', max: queueMax }]
  readonly mac: Uint8Array
  #host: VirtioHost | undefined
  #port: Port | undefined
  /** Ends hearing of the port's carrier. */
  #deaf: (() => void) | undefined
  #backlog: Frame[] = []
  #counters: { -readonly [Name in keyof NicCounters]: number } = { ...zero }

  constructor(config: NetConfig) {
    this.name = config.name
    this.mac = config.mac.slice()
    const { checksum, guestChecksum, guestTso4, guestTso6, hostTso4, hostTso6, mac, mergeableBuffers, status } = netFeatures
    const offloads = config.offloads ? [checksum, guestChecksum, guestTso4, guestTso6, hostTso4, hostTso6] : []
    this.features = [mac, status, mergeableBuffers, ...offloads]
  }

  get counters(): NicCounters {
    return { ...this.#counters }
  }

  get rings(): readonly RingView[] {
    return (this.#host?.queues ?? []).map((queue) => queue.view)
  }

  /** §5.1.4: mac, status, max_virtqueue_pairs. */
  get config(): Uint8Array {
    const tail = new Uint8Array(4)
    putU16le(tail, 0, this.#port === undefined || this.#port.carrier === false ? 0 : linkUp)
    putU16le(tail, 2, 1)
    return concat(this.mac, tail)
  }

  attach(host: VirtioHost): void {
    this.#host = host
  }

  plug(port: Port): void {
    this.#pull()
    this.#port = port
    port.listen(this)
    this.#deaf = port.watchCarrier?.(() => this.#host?.configChanged())
    this.#host?.configChanged()
  }

  unplug(): void {
    if (this.#port === undefined) return
    this.#pull()
    this.#host?.configChanged()
  }

  notify(index: number): void {
    if (index === receiveQueue) this.#deliver()
    else if (index === transmitQueue) this.#host?.queues[transmitQueue].drain((chain) => this.#transmit(chain))
  }

  receive(frame: Frame): void {
    const host = this.#host
    if (host === undefined || !host.running) {
      this.#counters.receiveDrops++
      return
    }
    const frames = settleFrame(frame, this.#takes, 'ethernet')
    if (frames === undefined) this.#counters.receiveDrops++
    for (const whole of frames ?? []) {
      if (this.#backlog.length < backlogFrames) this.#backlog.push(whole)
      else this.#counters.receiveDrops++
    }
    host.attempt(() => this.#deliver())
  }

  reset(): void {
    this.#counters.receiveDrops += this.#backlog.length
    this.#backlog = []
  }

  save(): NetState {
    return { counters: this.counters, backlog: this.#backlog.map(saveFrame) }
  }

  load(state: NetState): void {
    this.#counters = { ...state.counters }
    this.#backlog = state.backlog.map(copyFrame)
  }

  #pull(): void {
    this.#port?.listen(undefined)
    this.#deaf?.()
    this.#port = undefined
    this.#deaf = undefined
  }

  /** What the driver agreed to take with something still owed to it (§5.1.6.4). */
  get #takes(): Takes {
    const has = (bit: number): boolean => this.#host?.has(bit) ?? false
    return { checksum: has(netFeatures.guestChecksum), tcp4: has(netFeatures.guestTso4), tcp6: has(netFeatures.guestTso6), udp: false }
  }

  #transmit(chain: Chain): number {
    const host = this.#host as VirtioHost
    const frameBytes = chain.readableBytes - headerBytes
    if (this.#port === undefined || frameBytes < frameMin || frameBytes > superFrameMax) {
      this.#counters.sendDrops++
      return 0
    }
    try {
      const header = gather(host.memory, chain.readable, 0, headerBytes)
      const offload = parseOffload(header, frameBytes)
      const segmented = offload !== undefined && offload.segmentation !== 'none'
      if (!segmented && frameBytes > this.#port.frameMax) throw new Malformed(`frame of ${frameBytes} bytes`)
      const bytes = gather(host.memory, chain.readable, headerBytes, frameBytes)
      this.#counters.sentFrames++
      this.#counters.sentBytes += frameBytes
      this.#port.send({ bytes, offload })
    } catch (error) {
      // What a header says is between driver and network: the frame is lost, the device is not.
      if (!(error instanceof Malformed)) throw error
      this.#counters.sendDrops++
    }
    return 0
  }

  #deliver(): void {
    const host = this.#host as VirtioHost
    const queue = host.queues[receiveQueue]
    let served = 0
    while (served < this.#backlog.length && this.#fill(this.#backlog[served])) served++
    this.#backlog.splice(0, served)
    queue.signal()
  }

  /** @returns false when the guest has not lent enough room yet. */
  #fill(frame: Frame): boolean {
    const host = this.#host as VirtioHost
    const queue = host.queues[receiveQueue]
    const mergeable = host.has(netFeatures.mergeableBuffers)
    const total = headerBytes + frame.bytes.length
    const chains: Chain[] = []
    let room = 0
    // Without merged buffers a frame has one chain to fit into; with them no more than the ring holds.
    for (let left = mergeable ? queue.size : 1; room < total && left > 0; left--) {
      const chain = queue.pop()
      if (chain === undefined) {
        queue.unpop(chains.length)
        return false
      }
      chains.push(chain)
      room += chain.writableBytes
    }
    if (room < total) {
      queue.unpop(chains.length)
      return this.#drop()
    }
    this.#scatter(frame, chains)
    return true
  }

  #drop(): true {
    this.#counters.receiveDrops++
    return true
  }

  #scatter(frame: Frame, chains: readonly Chain[]): void {
    const host = this.#host as VirtioHost
    const bytes = concat(buildHeader(frame, chains.length), frame.bytes)
    let at = 0
    for (const chain of chains) {
      const written = scatter(host.memory, chain.writable, 0, bytes.subarray(at, at + chain.writableBytes))
      host.queues[receiveQueue].push(chain.head, written)
      at += written
    }
    this.#counters.receivedFrames++
    this.#counters.receivedBytes += frame.bytes.length
  }
}

const zero: NicCounters = { receivedFrames: 0, receivedBytes: 0, receiveDrops: 0, sentFrames: 0, sentBytes: 0, sendDrops: 0 }
