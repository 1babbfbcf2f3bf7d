/** The way out through a device's descriptor: header and frame in one write. */
import type { Frame } from '../../link/port.ts'
import { errorName, libc, type Result } from './libc.ts'
import { vnetHeaderBytes, writeVnetHeader } from './vnet-header.ts'

/** A super-frame and its link header. */
export const largestFrame = 65_536 + 64

/** Smaller frames are copied behind their header, which costs less than to name a second place. */
const copied = 2048

export class PacketWriter {
  readonly #libc = libc()
  readonly #buffer = new Uint8Array(vnetHeaderBytes + largestFrame)
  readonly #address = this.#libc.addressOf(this.#buffer)
  /** Two iovecs: the header, and a frame that stays where it is. */
  readonly #vector = new Uint8Array(128)
  readonly #vectorView = new DataView(this.#vector.buffer)
  readonly #vectorAt = this.#libc.addressOf(this.#vector)
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
    this.#vectorView.setBigUint64(0, BigInt(this.#address), true)
    this.#vectorView.setUint32(8, vnetHeaderBytes, true)
  }

  /** @returns undefined, or the code with which the host refused it: it is lost then. */
  write({ bytes, offload }: Frame): string | undefined {
    if (bytes.length > largestFrame) return 'EMSGSIZE'
    writeVnetHeader(this.#buffer, offload)
    if (bytes.length > copied) return this.#writeApart(bytes)
    this.#buffer.set(bytes, vnetHeaderBytes)
    const result: Result = this.#libc.write(this.#fd, this.#address, vnetHeaderBytes + bytes.length)
    return result < 0 ? errorName(result) : undefined
  }

  #writeApart(bytes: Uint8Array): string | undefined {
    this.#vectorView.setBigUint64(16, BigInt(this.#libc.addressOf(bytes)), true)
    this.#vectorView.setUint32(24, bytes.length, true)
    const result: Result = this.#libc.writev(this.#fd, this.#vectorAt, 2)
    return result < 0 ? errorName(result) : undefined
  }
}
