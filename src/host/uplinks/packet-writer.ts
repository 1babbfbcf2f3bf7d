/** The way out through a device's descriptor: header and frame in one write. */
import type { Frame } from '../../link/port.ts'
import { errorName, libc, type Result } from './libc.ts'
import { vnetHeaderBytes, writeVnetHeader } from './vnet-header.ts'

/** A super-frame and its link header. */
export const largestFrame = 65_536 + 64

export class PacketWriter {
  readonly #libc = libc()
  readonly #buffer = new Uint8Array(vnetHeaderBytes + largestFrame)
  readonly #address = this.#libc.addressOf(this.#buffer)
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  /** @returns undefined, or the code with which the host refused it: it is lost then. */
  write({ bytes, offload }: Frame): string | undefined {
    if (bytes.length > largestFrame) return 'EMSGSIZE'
    writeVnetHeader(this.#buffer, offload)
    this.#buffer.set(bytes, vnetHeaderBytes)
    const result: Result = this.#libc.write(this.#fd, this.#address, vnetHeaderBytes + bytes.length)
    return result < 0 ? errorName(result) : undefined
  }
}
