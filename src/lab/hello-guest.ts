/**
 * The built-in guest: a small net-boot program that needs no download. On one hart, in machine mode, with a virtio network card it gets a
 * lease, fetches the boot file that the lease names, prints its length and CRC-32, pings whom the file's first line names
 * (`ping 10.0.0.11`) or waits to be pinged, and switches off. What it prints is one line a step, each beginning with `hello: `.
 *
 * A step that fails is said in a line, and the machine ends as failed, with 2 for the card, 3 the lease, 4 the file, 5 the ping, 1 a trap.
 */
import { assert } from '../base/errors.ts'
import { assemble } from '../cpu/asm/assemble.ts'
import { arp } from './hello/arp.ts'
import { dhcp, helloTerms } from './hello/dhcp.ts'
import { frame } from './hello/frame.ts'
import { icmp } from './hello/icmp.ts'
import { ip } from './hello/ip.ts'
import { arena, origin, symbols } from './hello/layout.ts'
import { machine } from './hello/machine.ts'
import { main } from './hello/main.ts'
import { ping } from './hello/ping.ts'
import { text } from './hello/routine.ts'
import { tftp } from './hello/tftp.ts'
import { tree } from './hello/tree.ts'
import { uart } from './hello/uart.ts'
import { udp } from './hello/udp.ts'
import { virtio } from './hello/virtio.ts'

/** The program's bytes: loaded and entered at 0x8000_0000, a0 hart, a1 device tree. It uses the 128 KiB from there on. */
export function helloProgram(): Uint8Array {
  const { bytes } = assemble(origin, [symbols(), machine, tree, uart, virtio, frame, arp, ip, icmp, udp, dhcp(helloTerms), tftp, ping, main, text('uart.hello', 'hello: ')].join('\n.balign 4\n'))
  assert(bytes.length <= arena - origin, `the hello guest has ${bytes.length} bytes`)
  return bytes
}
