/**
 * A real interface of this computer, handed to a lab: a packet socket in promiscuous mode, packet(7).
 *
 * While the lab has it, this computer doesn't answer on it: its addresses are taken off and given back afterwards. What was taken stands in a journal
 * (nic-journal.ts), so that a crash doesn't keep it.
 */
import { type Takes, takesNothing } from '../../link/settle.ts'
import { HostError } from '../host-error.ts'
import { HostInterface } from './host-interface.ts'
import { errorName, libc, openFlags } from './libc.ts'
import { giveBack, recall, takeOff } from './nic-journal.ts'

const packetFamily = 17
const rawSocket = 3
/** ETH_P_ALL, in the network's order. */
const everything = 0x0300
const packetLevel = 263
const options = { membership: 1, header: 15, ignoreOutgoing: 23 } as const
const promiscuous = 1
/** With the header the kernel cuts and sums for whatever hardware there is. */
const takesSegments: Takes = { checksum: true, tcp4: true, tcp6: true, udp: false }

export class Nic {
  readonly name: string
  readonly #interface: HostInterface
  #fd = -1
  #takes: Takes = takesNothing
  #taken = false

  constructor(name: string) {
    this.name = name
    this.#interface = new HostInterface(name)
  }

  get fd(): number {
    return this.#fd
  }

  get takes(): Takes {
    return this.#takes
  }

  /** Opens the socket, then takes the addresses off. The descriptor is the caller's to close. @throws {HostError} */
  take(): void {
    recall()
    if (!this.#interface.exists) throw new HostError('ENODEV', `there is no interface ${this.name}`, 'ip link shows those that are there')
    this.#fd = this.#open()
    takeOff(this.name)
    this.#taken = true
    this.#interface.isUp = true
  }

  /** The addresses come back. May be called twice. */
  giveBack(): void {
    if (!this.#taken) return
    this.#taken = false
    giveBack(this.name)
  }

  #open(): number {
    const fd = libc().socket(packetFamily, rawSocket | openFlags.nonBlocking | openFlags.closeOnExec, 0)
    if (fd < 0) throw this.#refused(errorName(fd))
    try {
      this.#configure(fd)
    } catch (error) {
      libc().close(fd)
      throw error
    }
    return fd
  }

  #configure(fd: number): void {
    const { index } = this.#interface
    // What we send ourselves is not to come back to us (Linux 4.20), and a super-frame's header stands in front (packet_mreq is 16 bytes).
    this.#option(fd, options.ignoreOutgoing, [1])
    this.#option(fd, options.header, [1])
    this.#takes = takesSegments
    this.#option(fd, options.membership, [index, promiscuous, 0, 0])
    // struct sockaddr_ll: family, protocol, index; bound last, so that nothing arrives without its header.
    const address = new Uint8Array(128)
    const view = new DataView(address.buffer)
    view.setUint16(0, packetFamily, true)
    view.setUint16(2, everything, true)
    view.setInt32(4, index, true)
    const bound = libc().bind(fd, libc().addressOf(address), 20)
    if (bound < 0) throw this.#refused(errorName(bound))
  }

  #option(fd: number, option: number, words: readonly number[]): void {
    const value = new Uint8Array(128)
    const view = new DataView(value.buffer)
    for (const [at, word] of words.entries()) view.setInt32(at * 4, word, true)
    const result = libc().setsockopt(fd, packetLevel, option, libc().addressOf(value), words.length * 4)
    if (result < 0) throw this.#refused(errorName(result))
  }

  #refused(code: string): HostError {
    const denied = code === 'EPERM' || code === 'EACCES'
    return new HostError(code, denied ? `this user may not open a packet socket on ${this.name}` : `no packet socket on ${this.name} (${code})`, denied ? `sudo setcap cap_net_raw,cap_net_admin+ep ${process.execPath}, or run the lab with sudo` : undefined)
  }
}
