/** A function's configuration space: the type 0 header and its list of capabilities. PCI Local Bus Specification 3.0 §6.1, §6.2, §6.7. */
import { putU16le, putU32le, u16le, u32le } from '../../base/bytes.ts'
import { assert } from '../../base/errors.ts'
import type { Stateful } from '../../base/state.ts'
import type { Width } from '../bus.ts'
import type { Bar, PciFunction } from './function.ts'

/** Bytes that a conventional function has. */
export const configBytes = 256

/** §6.2.2. */
export const command = { io: 0x001, memory: 0x002, master: 0x004, interruptDisable: 0x400 } as const
/** §6.2.3. */
const statusBits = { interrupt: 0x08, capabilities: 0x10 } as const

const at = { vendor: 0x00, device: 0x02, command: 0x04, status: 0x06, revision: 0x08, cacheLine: 0x0c, latency: 0x0d, bars: 0x10, subsystemVendor: 0x2c, subsystem: 0x2e, capabilities: 0x34, interruptLine: 0x3c, interruptPin: 0x3d } as const
const capabilitiesFrom = 0x40
/** Parity and SERR may be asked for and mean nothing here. */
const commandMask = command.io | command.memory | command.master | command.interruptDisable | 0x140
const ioBar = 1

/** An address space that is where the driver put it, and answers. */
export interface Mapped {
  readonly bar: number
  readonly kind: Bar['kind']
  readonly address: number
  readonly bytes: number
}

export class ConfigSpace implements Stateful<Uint8Array> {
  readonly #function: PciFunction
  readonly #bytes = new Uint8Array(configBytes)
  /** Bits that a driver may change; what is not in here is as it was made. */
  readonly #mask = new Uint8Array(configBytes)
  /** Where each capability begins, and its length. */
  readonly #capabilities: { readonly at: number; readonly length: number }[] = []

  constructor(fn: PciFunction) {
    this.#function = fn
    const { identity, bars } = fn
    putU16le(this.#bytes, at.vendor, identity.vendor)
    putU16le(this.#bytes, at.device, identity.device)
    putU32le(this.#bytes, at.revision, ((identity.classCode << 8) | identity.revision) >>> 0)
    putU16le(this.#bytes, at.subsystemVendor, identity.subsystemVendor)
    putU16le(this.#bytes, at.subsystem, identity.subsystem)
    this.#bytes[at.interruptPin] = 1
    putU16le(this.#mask, at.command, commandMask)
    this.#mask.fill(0xff, at.cacheLine, at.latency + 1)
    this.#mask[at.interruptLine] = 0xff
    bars.forEach((bar, index) => bar !== undefined && this.#layBar(index, bar))
    this.#layCapabilities()
  }

  get command(): number {
    return u16le(this.#bytes, at.command)
  }

  /** What the status register says of the interrupt pin (§6.2.3). */
  set interrupt(high: boolean) {
    if (high) this.#bytes[at.status] |= statusBits.interrupt
    else this.#bytes[at.status] &= ~statusBits.interrupt
  }

  read(offset: number, width: Width): number {
    const place = this.#capabilities.findIndex((one) => offset >= one.at && offset < one.at + one.length)
    const special = place < 0 ? undefined : this.#function.readCapability?.(place, offset - this.#capabilities[place].at, width)
    if (special !== undefined) return special
    return width === 4 ? u32le(this.#bytes, offset) : width === 2 ? u16le(this.#bytes, offset) : this.#bytes[offset]
  }

  write(offset: number, width: Width, value: number): void {
    for (let lane = 0; lane < width; lane++) {
      const mask = this.#mask[offset + lane]
      this.#bytes[offset + lane] = (this.#bytes[offset + lane] & ~mask) | ((value >>> (8 * lane)) & mask)
    }
    const place = this.#capabilities.findIndex((one) => offset >= one.at && offset < one.at + one.length)
    if (place >= 0) this.#function.writeCapability?.(place, offset - this.#capabilities[place].at, width, value)
  }

  /** The bytes of a capability as the driver left them. */
  capability(index: number): Uint8Array {
    const place = this.#capabilities[index]
    return this.#bytes.subarray(place.at, place.at + place.length)
  }

  /** What answers where now. */
  mapped(): Mapped[] {
    return this.#function.bars.flatMap((bar, index) => {
      if (bar === undefined || (this.command & command[bar.kind]) === 0) return []
      const address = u32le(this.#bytes, at.bars + 4 * index) & ~(bar.bytes - 1)
      return [{ bar: index, kind: bar.kind, address: address >>> 0, bytes: bar.bytes }]
    })
  }

  /** Everything that a driver may change is zero again (§6.2.2, §6.2.5). */
  reset(): void {
    for (let index = 0; index < configBytes; index++) this.#bytes[index] &= ~this.#mask[index]
    this.interrupt = false
  }

  save(): Uint8Array {
    return this.#bytes.slice()
  }

  load(state: Uint8Array): void {
    this.#bytes.set(state)
  }

  /** The lowest bits say the kind, and those below the size stay zero: that is how a driver finds out the size (§6.2.5.1). */
  #layBar(index: number, { kind, bytes }: Bar): void {
    assert(bytes >= 16 && (bytes & (bytes - 1)) === 0, `${this.#function.name}: an address space of ${bytes} bytes`)
    putU32le(this.#mask, at.bars + 4 * index, ~(bytes - 1) >>> 0)
    this.#bytes[at.bars + 4 * index] = kind === 'io' ? ioBar : 0
  }

  #layCapabilities(): void {
    const { capabilities, name } = this.#function
    let place = capabilitiesFrom
    let link: number = at.capabilities
    for (const capability of capabilities) {
      assert(place + capability.length <= configBytes, `${name}: no room for all capabilities`)
      this.#bytes.set(capability, place)
      this.#bytes[link] = place
      this.#bytes[place + 1] = 0
      this.#capabilities.push({ at: place, length: capability.length })
      link = place + 1
      place = (place + capability.length + 3) & ~3
    }
    if (capabilities.length > 0) this.#bytes[at.status] |= statusBits.capabilities
  }
}
