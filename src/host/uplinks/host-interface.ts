/** A network interface of this computer, by ioctl: netdevice(7). What needs the right to change it says so with the command that does it. */
import { existsSync } from 'node:fs'
import { HostError } from '../host-error.ts'
import { errorName, libc, openFlags, type Result } from './libc.ts'

const requests = {
  flags: 0x8913, setFlags: 0x8914, address: 0x8915, setAddress: 0x8916, mask: 0x891b, setMask: 0x891c, mtu: 0x8921, setMtu: 0x8922, mac: 0x8927, index: 0x8933, joinBridge: 0x89a2,
} as const
const inet = 2
const datagram = 2
const nameBytes = 16
const upFlag = 1

/** struct ifreq: the name, then a union. 40 bytes are in use; more than 64 because it must not move (libc.ts). */
export class Request {
  readonly bytes = new Uint8Array(128)
  readonly view = new DataView(this.bytes.buffer)
  /** Where the union begins. */
  static readonly value = nameBytes

  constructor(name: string) {
    this.bytes.set(new TextEncoder().encode(name).subarray(0, nameBytes - 1))
  }

  get name(): string {
    return new TextDecoder().decode(this.bytes.subarray(0, this.bytes.indexOf(0)))
  }

  ask(fd: number, request: number): Result {
    return libc().ioctl(fd, request, libc().addressOf(this.bytes))
  }
}

/** Linux' IFNAMSIZ with its NUL, and no character that has a meaning in a path or a shell. */
export const validName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/

export class HostInterface {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  get exists(): boolean {
    return this.#ask(requests.flags).result >= 0
  }

  get index(): number {
    return this.#get(requests.index).view.getInt32(Request.value, true)
  }

  /** Six bytes in hexadecimal with colons. */
  get mac(): string {
    const { bytes } = this.#get(requests.mac)
    return [...bytes.subarray(Request.value + 2, Request.value + 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
  }

  /** The largest packet in bytes, without the link's header. */
  get mtu(): number {
    return this.#get(requests.mtu).view.getInt32(Request.value, true)
  }

  set mtu(bytes: number) {
    if (bytes === this.mtu) return
    this.#set(requests.setMtu, (request) => request.view.setInt32(Request.value, bytes, true), `ip link set ${this.name} mtu ${bytes}`)
  }

  get isUp(): boolean {
    return (this.#get(requests.flags).view.getInt16(Request.value, true) & upFlag) !== 0
  }

  set isUp(up: boolean) {
    if (up === this.isUp) return
    const flags = this.#get(requests.flags).view.getInt16(Request.value, true)
    this.#set(requests.setFlags, (request) => request.view.setInt16(Request.value, up ? flags | upFlag : flags & ~upFlag, true), `ip link set ${this.name} ${up ? 'up' : 'down'}`)
  }

  /** `10.0.0.1/24`, the first one; undefined without any. */
  get ipv4(): string | undefined {
    const { result, request } = this.#ask(requests.address)
    if (result < 0) return undefined
    const mask = this.#get(requests.mask).view.getUint32(Request.value + 4)
    return `${request.bytes.subarray(Request.value + 4, Request.value + 8).join('.')}/${Math.clz32(~mask >>> 0)}`
  }

  set ipv4(address: string | undefined) {
    if (address === this.ipv4) return
    const [host, prefix = '32'] = (address ?? '0.0.0.0').split('/')
    const command = address === undefined ? `ip addr flush dev ${this.name}` : `ip addr add ${address} dev ${this.name}`
    this.#set(requests.setAddress, (request) => putAddress(request, host.split('.').map(Number)), command)
    if (address === undefined) return
    const mask = Number(prefix) === 0 ? 0 : (~0 << (32 - Number(prefix))) >>> 0
    this.#set(requests.setMask, (request) => putAddress(request, [mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff]), command)
  }

  /** Makes it a port of the bridge; no news if it is one already. @throws {HostError} */
  join(bridge: string): void {
    const other = new HostInterface(bridge)
    if (!other.exists) throw new HostError('ENODEV', `there is no bridge ${bridge}`, `sudo ip link add ${bridge} type bridge && sudo ip link set ${bridge} up`)
    const request = new Request(bridge)
    request.view.setInt32(Request.value, this.index, true)
    const result = control((fd) => request.ask(fd, requests.joinBridge))
    if (result >= 0) return
    const code = errorName(result)
    // A port of it already: who made the interface for a user without rights has seen to it.
    if (existsSync(`/sys/class/net/${bridge}/brif/${this.name}`)) return
    if (code === 'EBUSY') throw new HostError(code, `${this.name} is a port of another bridge`, `sudo ip link set ${this.name} nomaster`)
    if (code === 'EOPNOTSUPP') throw new HostError(code, `${bridge} is no bridge`, 'sudo ip link add br0 type bridge && sudo ip link set br0 up')
    throw refused(result, `ip link set ${this.name} master ${bridge}`)
  }

  #ask(number: number): { readonly result: Result; readonly request: Request } {
    const request = new Request(this.name)
    return { result: control((fd) => request.ask(fd, number)), request }
  }

  #get(number: number): Request {
    const { result, request } = this.#ask(number)
    if (result < 0) throw new HostError(errorName(result), `there is no interface ${this.name}`, 'ip link shows those that are there')
    return request
  }

  #set(number: number, fill: (request: Request) => void, command: string): void {
    const request = new Request(this.name)
    fill(request)
    const result = control((fd) => request.ask(fd, number))
    if (result < 0) throw refused(result, command)
  }
}

function putAddress(request: Request, octets: readonly number[]): void {
  request.view.setUint16(Request.value, inet, true)
  request.bytes.set(octets, Request.value + 4)
}

/** Any socket will do: it is the way to the interfaces of this process' network namespace. */
function control(ask: (fd: number) => Result): Result {
  const fd = libc().socket(inet, datagram | openFlags.closeOnExec, 0)
  if (fd < 0) throw new HostError(errorName(fd), 'the host gives no socket', 'raise the number of open files: ulimit -n')
  const result = ask(fd)
  libc().close(fd)
  return result
}

function refused(result: Result, command: string): HostError {
  const code = errorName(result)
  const denied = code === 'EPERM' || code === 'EACCES'
  return new HostError(code, denied ? `this user may not do what "${command}" does` : `"${command}" does not work here (${code})`, `sudo ${command}`)
}
