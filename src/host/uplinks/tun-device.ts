/** /dev/net/tun: a TAP or a TUN, made or attached to. Linux' Documentation/networking/tuntap.rst, include/uapi/linux/if_tun.h. */
import { userInfo } from 'node:os'
import { type Takes, takesNothing } from '../../link/settle.ts'
import { HostError } from '../host-error.ts'
import { Request, validName } from './host-interface.ts'
import { errorName, libc, openFlags } from './libc.ts'
import { vnetHeaderBytes } from './vnet-header.ts'

const requests = { setInterface: 0x400454ca, setOffload: 0x400454d0, setHeaderBytes: 0x400454d8 } as const
const flags = { tun: 1, tap: 2, noInfo: 0x1000, header: 0x4000 } as const
/** TUN_F_*: which super-frames the device may hand us. USO came with Linux 6.2. */
const offloads = { checksum: 1, tcp4: 2, tcp6: 4, udp4: 0x20, udp6: 0x40 } as const
const plain = offloads.checksum | offloads.tcp4 | offloads.tcp6
const withUdp = plain | offloads.udp4 | offloads.udp6

export type TunKind = 'tap' | 'tun'

export interface TunDevice {
  /** Non-blocking. Every frame has a `vnetHeaderBytes` header in front, both ways. */
  readonly fd: number
  readonly name: string
  /** What may be written with something still owed to it. */
  readonly takes: Takes
}

/** @param name the interface's; left out or with `%d` in it, the host chooses one. @throws {HostError} */
export function openTun(kind: TunKind, name?: string): TunDevice {
  if (name !== undefined && !validName.test(name.replace('%d', '0'))) throw new HostError('EINVAL', `"${name}" is no interface name`, 'up to 15 letters, digits, "_", "-" and "."')
  const fd = libc().open('/dev/net/tun', openFlags.readWrite | openFlags.nonBlocking | openFlags.closeOnExec)
  if (fd < 0) throw unopened(errorName(fd))
  const request = new Request(name ?? '')
  request.view.setInt16(Request.value, flags[kind] | flags.noInfo | flags.header, true)
  const made = request.ask(fd, requests.setInterface)
  if (made < 0) {
    libc().close(fd)
    throw refused(errorName(made), kind, name ?? `${kind}0`)
  }
  return { fd, name: request.name, takes: negotiate(fd) }
}

/** The header's length as we write it, and the offloads, as many as this kernel knows. */
function negotiate(fd: number): Takes {
  const length = new Request('')
  length.view.setInt32(0, vnetHeaderBytes, true)
  length.ask(fd, requests.setHeaderBytes)
  if (libc().ioctl(fd, requests.setOffload, withUdp) >= 0) return { checksum: true, tcp4: true, tcp6: true, udp: true }
  if (libc().ioctl(fd, requests.setOffload, plain) >= 0) return { checksum: true, tcp4: true, tcp6: true, udp: false }
  return takesNothing
}

function unopened(code: string): HostError {
  if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO') return new HostError(code, 'the kernel has no /dev/net/tun', 'sudo modprobe tun')
  if (code === 'EACCES' || code === 'EPERM') return new HostError(code, 'this user may not open /dev/net/tun', 'sudo chmod 0666 /dev/net/tun')
  return new HostError(code, `/dev/net/tun does not open (${code})`, 'ls -l /dev/net/tun')
}

function refused(code: string, kind: TunKind, name: string): HostError {
  const make = `sudo ip tuntap add dev ${name} mode ${kind} user ${userInfo().username} && sudo ip link set ${name} up`
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return new HostError(code, `this user may not make or use the ${kind.toUpperCase()} ${name}`, make)
    case 'EBUSY':
      return new HostError(code, `${name} is in use by another program`, `name another one: ifname`)
    case 'EINVAL':
      return new HostError(code, `there is an interface ${name}, and it is no ${kind.toUpperCase()}`, `ip link show ${name}, or name another one: ifname`)
    default:
      return new HostError(code, `the host makes no ${kind.toUpperCase()} ${name} (${code})`, make)
  }
}
