/** The receiving side: frames wait in the card's packet buffer until the driver lends room, and go into it as legacy descriptors say. SDM §3.2. */
import { concat, putU16le, putU32le, u16be, u32le } from '../../base/bytes.ts'
import { crc32 } from '../../base/crc32.ts'
import type { Stateful } from '../../base/state.ts'
import type { GuestMemory } from '../bus.ts'
import { DescriptorRing } from './descriptors.ts'
import { cause, crcBytes, ctrl, rctl, register, vlanType } from './registers.ts'

/** The packet buffer's share for receiving (PBA's default, §13.4.13). */
const bufferBytes = 48 * 1024
/** Written back (§3.2.3): the card has not looked at checksums, so it says that they are to be ignored. */
const done = { descriptor: 1, endOfPacket: 2, ignoreChecksums: 4, vlan: 8 } as const
const sizes = [2048, 1024, 512, 256]
const tagAt = 12
const tagBytes = 4

export class Receiver implements Stateful<readonly Uint8Array[]> {
  readonly ring: DescriptorRing
  readonly #registers: Uint32Array
  readonly #raise: (causes: number) => void
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  constructor(name: string, registers: Uint32Array, raise: (causes: number) => void) {
    this.#registers = registers
    this.#raise = raise
    this.ring = new DescriptorRing(`${name}.receive`, registers, { low: register.rdbal, high: register.rdbah, length: register.rdlen, head: register.rdh, tail: register.rdt })
  }

  /** Puts a frame into the packet buffer. @returns false when that is full. */
  take(frame: Uint8Array): boolean {
    if (this.#waitingBytes + frame.length > bufferBytes) {
      this.#raise(cause.receiveOverrun)
      return false
    }
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
    return true
  }

  /** Hands over what there is room for. @returns frames given, and frames that no ring of this size can take. @throws {BusError} */
  deliver(memory: GuestMemory): { given: Uint8Array[]; lost: number } {
    const given: Uint8Array[] = []
    let served = 0
    for (const frame of this.#waiting) {
      const outcome = this.#fill(memory, frame)
      if (outcome === 'later') break
      served++
      if (outcome === 'given') given.push(frame)
    }
    for (const frame of this.#waiting.splice(0, served)) this.#waitingBytes -= frame.length
    if (given.length > 0) this.#raise(cause.received | (this.#low ? cause.receiveLow : 0))
    return { given, lost: served - given.length }
  }

  /** @returns how many frames were dropped with it. */
  reset(): number {
    const { length } = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    return length
  }

  save(): readonly Uint8Array[] {
    return this.#waiting.map((frame) => frame.slice())
  }

  load(state: readonly Uint8Array[]): void {
    this.#waiting = state.map((frame) => frame.slice())
    this.#waitingBytes = state.reduce((sum, frame) => sum + frame.length, 0)
  }

  /** Bytes of each buffer that the driver lends (RCTL.BSIZE and BSEX). */
  get #size(): number {
    const control = this.#registers[register.rctl >> 2]
    const usual = sizes[(control >>> 16) & 3]
    return control & rctl.extended && usual < 2048 ? 16 * usual : usual
  }

  /** Fewer descriptors are free than RCTL.RDMTS asks for: a half, a quarter, an eighth. */
  get #low(): boolean {
    const fraction = (this.#registers[register.rctl >> 2] >>> 8) & 3
    return this.ring.lent <= this.ring.size >>> (fraction + 1)
  }

  #fill(memory: GuestMemory, frame: Uint8Array): 'given' | 'later' | 'never' {
    const { bytes, tag } = this.#finish(frame)
    const size = this.#size
    const count = Math.ceil(bytes.length / size)
    if (this.ring.size > 0 && count >= this.ring.size) return 'never'
    if (count > this.ring.lent) return 'later'
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size)
      const descriptor = this.ring.read(memory)
      const address = u32le(descriptor, 0) + 2 ** 32 * u32le(descriptor, 4)
      memory.writable(address, piece.length).set(piece)
      const last = at + size >= bytes.length
      const back = this.ring.write(memory)
      putU16le(back, 8, piece.length)
      putU16le(back, 10, 0)
      putU16le(back, 12, done.descriptor | (last ? done.endOfPacket | done.ignoreChecksums | (tag === undefined ? 0 : done.vlan) : 0))
      putU16le(back, 14, tag ?? 0)
      this.ring.advance()
    }
    return 'given'
  }

  /** The frame as it lies in memory: its tag taken out if the driver wants that, its check sequence behind it unless it does not. */
  #finish(frame: Uint8Array): { bytes: Uint8Array; tag: number | undefined } {
    const strip = (this.#registers[register.ctrl >> 2] & ctrl.vlanMode) !== 0 && u16be(frame, tagAt) === vlanType
    const tag = strip ? u16be(frame, tagAt + 2) : undefined
    const bytes = strip ? concat(frame.subarray(0, tagAt), frame.subarray(tagAt + tagBytes)) : frame
    if (this.#registers[register.rctl >> 2] & rctl.stripCrc) return { bytes, tag }
    const check = new Uint8Array(crcBytes)
    putU32le(check, 0, crc32(frame))
    return { bytes: concat(bytes, check), tag }
  }
}
