/** The sending side: descriptors of three kinds become frames, with checksums and segments still owed where the driver leaves them to the card. SDM §3.3. */
import { concat, putU16be, u16be, u16le, u32le } from '../../base/bytes.ts'
import type { Stateful } from '../../base/state.ts'
import { moveOffload } from '../../link/frame.ts'
import type { Frame, Offload } from '../../link/port.ts'
import type { GuestMemory } from '../bus.ts'
import { DescriptorRing } from './descriptors.ts'
import { cause, ctrl, frameMin, register, tctl, vlanType } from './registers.ts'

/** Bits of a descriptor's command (§3.3.3.1, §3.3.7.1). */
const command = { endOfPacket: 0x01, checksum: 0x04, segment: 0x04, report: 0x08, extended: 0x20, vlan: 0x40 } as const
/** Of a context's command (§3.3.6.1). */
const contextCommand = { tcp: 0x01, ipv4: 0x02 } as const
/** Of a data descriptor's options: sum the IP header; sum the segment. */
const option = { ip: 1, transport: 2 } as const
const descriptorDone = 1
const contextType = 0

/** An IP packet of 64 KiB, its link header and a tag. */
const packetMax = 65_535 + 18
const linkHeader = 14
const tagAt = 12

/** What the last context descriptor said: where sums begin, go to and end (the last byte; 0: the packet's end), and how segments are cut. */
type Context = { readonly ip: readonly number[]; readonly transport: readonly number[]; readonly command: number; readonly headerBytes: number; readonly segmentBytes: number }
/** Of the packet under way: its first descriptor's wishes. */
type Wishes = { readonly extended: boolean; readonly options: number; readonly segment: boolean; readonly insert: readonly [from: number, at: number] | undefined }

export type TransmitState = { readonly context: Context; readonly wishes: Wishes | undefined; readonly bytes: Uint8Array; readonly tooLong: boolean }

const noContext: Context = { ip: [0, 0, 0], transport: [0, 0, 0], command: 0, headerBytes: 0, segmentBytes: 0 }

export class Transmitter implements Stateful<TransmitState> {
  readonly ring: DescriptorRing
  readonly #registers: Uint32Array
  #context: Context = noContext
  #wishes: Wishes | undefined
  #pieces: Uint8Array[] = []
  #length = 0
  #tooLong = false

  constructor(name: string, registers: Uint32Array) {
    this.#registers = registers
    this.ring = new DescriptorRing(`${name}.transmit`, registers, { low: register.tdbal, high: register.tdbah, length: register.tdlen, head: register.tdh, tail: register.tdt })
  }

  /**
   * Does what the driver has put into the ring, once around it at most.
   * @param send is given every packet; undefined stands for one that makes no sense. @returns causes to interrupt for. @throws {BusError}
   */
  run(memory: GuestMemory, send: (frame: Frame | undefined) => void): number {
    const { ring } = this
    let causes = 0
    for (let left = ring.size; left > 0 && ring.head !== ring.tail; left--) {
      const descriptor = ring.read(memory).slice()
      if (this.#step(memory, descriptor, send)) {
        const status = ring.write(memory)
        status[12] |= descriptorDone
        causes |= cause.sent
      }
      ring.advance()
    }
    return causes | (ring.head === ring.tail ? cause.sendQueueEmpty : 0)
  }

  reset(): void {
    this.#context = noContext
    this.#clear()
  }

  save(): TransmitState {
    return { context: this.#context, wishes: this.#wishes, bytes: concat(...this.#pieces), tooLong: this.#tooLong }
  }

  load(state: TransmitState): void {
    this.#context = state.context
    this.#wishes = state.wishes
    this.#pieces = state.bytes.length === 0 ? [] : [state.bytes.slice()]
    this.#length = state.bytes.length
    this.#tooLong = state.tooLong
  }

  /** @returns whether the driver wants to be told that this descriptor is done. */
  #step(memory: GuestMemory, descriptor: Uint8Array, send: (frame: Frame | undefined) => void): boolean {
    const low = u32le(descriptor, 8)
    const bits = low >>> 24
    const extended = (bits & command.extended) !== 0
    if (extended && ((low >>> 20) & 0xf) === contextType) this.#context = parseContext(descriptor)
    else {
      this.#wishes ??= { extended, options: descriptor[13], segment: extended && (bits & command.segment) !== 0, insert: !extended && bits & command.checksum ? [descriptor[13], descriptor[10]] : undefined }
      this.#gather(memory, u32le(descriptor, 0) + 2 ** 32 * u32le(descriptor, 4), extended ? low & 0xf_ffff : low & 0xffff)
      if (bits & command.endOfPacket) {
        send(this.#finish(bits & command.vlan ? u16le(descriptor, 14) : undefined))
        this.#clear()
      }
    }
    return (bits & command.report) !== 0
  }

  #gather(memory: GuestMemory, address: number, length: number): void {
    if (length === 0 || this.#tooLong) return
    this.#length += length
    this.#tooLong = this.#length > packetMax
    if (!this.#tooLong) this.#pieces.push(memory.window(address, length).slice())
  }

  #clear(): void {
    this.#wishes = undefined
    this.#pieces = []
    this.#length = 0
    this.#tooLong = false
  }

  #finish(tag: number | undefined): Frame | undefined {
    if (this.#tooLong || this.#length < linkHeader) return undefined
    let bytes = concat(...this.#pieces)
    const { insert, extended, segment, options } = this.#wishes as Wishes
    let offload: Offload | undefined
    if (insert !== undefined) sumInto(bytes, [insert[0], insert[1], 0])
    if (extended && options & option.ip) sumInto(bytes, this.#context.ip)
    if (extended && (segment || options & option.transport)) {
      const owed = this.#owed(bytes, segment)
      if (owed === 'nonsense') return undefined
      offload = owed
    }
    if (tag !== undefined && this.#registers[register.ctrl >> 2] & ctrl.vlanMode) {
      bytes = tagged(bytes, tag)
      offload = moveOffload(offload, 4)
    }
    // Zeros behind the packet change no sum.
    const pad = (this.#registers[register.tctl >> 2] & tctl.padShort) !== 0 && bytes.length < frameMin
    return { bytes: pad ? concat(bytes, new Uint8Array(frameMin - bytes.length)) : bytes, offload }
  }

  /** What the driver leaves to the card; a sum that ends before the packet does is made here, for no frame can owe that. */
  #owed(bytes: Uint8Array, segment: boolean): Offload | undefined | 'nonsense' {
    const { transport, command: bits, headerBytes, segmentBytes } = this.#context
    const [start, field, end] = transport
    const checksum = { start, offset: field - start }
    if (checksum.offset < 0 || field + 2 > bytes.length) return 'nonsense'
    if (segment) {
      if ((bits & contextCommand.tcp) === 0 || segmentBytes === 0) return 'nonsense'
      return { checksum, segmentation: bits & contextCommand.ipv4 ? 'tcp4' : 'tcp6', segmentSize: segmentBytes, headerLength: Math.min(headerBytes, bytes.length) }
    }
    if (end === 0 || end >= bytes.length - 1) return { checksum, segmentation: 'none', segmentSize: 0, headerLength: 0 }
    sumInto(bytes, transport)
    return undefined
  }
}

/** §3.3.6. */
function parseContext(descriptor: Uint8Array): Context {
  const sums = (at: number): number[] => [descriptor[at], descriptor[at + 1], u16le(descriptor, at + 2)]
  return { ip: sums(0), transport: sums(4), command: descriptor[11], headerBytes: descriptor[13], segmentBytes: u16le(descriptor, 14) }
}

/** Sums 16-bit words from `from` up to and with `end` (0: the packet's last byte), field included, and puts the complement at `field`. */
function sumInto(bytes: Uint8Array, [from, field, end]: readonly number[]): void {
  const to = end === 0 ? bytes.length : Math.min(end + 1, bytes.length)
  if (field + 2 > bytes.length || from >= to) return
  let sum = 0
  for (let at = from; at < to; at += 2) sum += at + 1 < to ? u16be(bytes, at) : bytes[at] << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  putU16be(bytes, field, ~sum & 0xffff)
}

function tagged(bytes: Uint8Array, tag: number): Uint8Array {
  const header = new Uint8Array(4)
  putU16be(header, 0, vlanType)
  putU16be(header, 2, tag)
  return concat(bytes.subarray(0, tagAt), header, bytes.subarray(tagAt))
}
