/** What Tap and Tun share: a duplex stream of frames on an interface of its own, and that interface's settings. Its shape is the tuntap2 package's. */
import { Duplex } from 'node:stream'
import { Malformed } from '../../base/errors.ts'
import { settleFrame, takesNothing } from '../../link/settle.ts'
import { HostError } from '../host-error.ts'
import { HostInterface } from './host-interface.ts'
import { largestFrame, PacketWriter } from './packet-writer.ts'
import { Pump } from './pump.ts'
import { openTun, type TunKind } from './tun-device.ts'
import { parseVnetHeader, vnetHeaderBytes } from './vnet-header.ts'

/**
 * Each chunk read or written is one frame (Tap) or one packet (Tun), whole and with all its checksums. What is read too slowly is dropped by the
 * kernel, as by any interface. Changing settings takes rights; each refusal is a HostError that says what to type.
 */
export abstract class TunStream extends Duplex {
  readonly name: string
  readonly #fd: number
  readonly #interface: HostInterface
  readonly #pump: Pump
  readonly #writer: PacketWriter
  readonly #medium: 'ethernet' | 'ip'
  #wanted = false

  /** @throws {HostError} */
  constructor(kind: TunKind, name?: string) {
    super({ readableObjectMode: true, writableObjectMode: true })
    const device = openTun(kind, name)
    this.name = device.name
    this.#fd = device.fd
    this.#medium = kind === 'tap' ? 'ethernet' : 'ip'
    this.#interface = new HostInterface(device.name)
    this.#writer = new PacketWriter(device.fd)
    this.#pump = new Pump(() => this.#drain())
    this.#pump.add({ fd: device.fd, largest: vnetHeaderBytes + largestFrame, drain: { frame: (bytes) => this.#hear(bytes), failed: (code) => this.destroy(new HostError(code, `${this.name} is gone`)) } })
  }

  get mac(): string {
    return this.#interface.mac
  }

  get mtu(): number {
    return this.#interface.mtu
  }

  set mtu(bytes: number) {
    this.#interface.mtu = bytes
  }

  /** `10.0.0.1/24`. */
  get ipv4(): string | undefined {
    return this.#interface.ipv4
  }

  set ipv4(address: string | undefined) {
    this.#interface.ipv4 = address
  }

  get isUp(): boolean {
    return this.#interface.isUp
  }

  set isUp(up: boolean) {
    this.#interface.isUp = up
  }

  /** Gives the device back; an interface that isn't persistent vanishes with it. Resolves when it has. */
  async release(): Promise<void> {
    this.destroy()
    await this.#pump.close()
  }

  override _read(): void {
    this.#wanted = true
    this.#drain()
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const code = this.#writer.write({ bytes: chunk, offload: undefined })
    done(code === undefined ? null : Object.assign(new Error(`${code}: ${this.name} takes no frame`), { code }))
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pump.remove(this.#fd)
    void this.#pump.close().then(() => done(error))
  }

  #drain(): void {
    if (this.#wanted) this.#pump.drain()
  }

  #hear(bytes: Uint8Array): void {
    const own = new Uint8Array(bytes.length - vnetHeaderBytes)
    own.set(bytes.subarray(vnetHeaderBytes))
    try {
      const settled = settleFrame({ bytes: own, offload: parseVnetHeader(bytes, own.length) }, takesNothing, this.#medium)
      for (const frame of settled ?? []) this.#wanted = this.push(Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.length))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
  }
}
