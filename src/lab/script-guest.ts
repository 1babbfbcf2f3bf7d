/**
 * A built-in guest that does what the lab file tells it, step by step: a client for networks and services under test, whose habits can be as bad as a real
 * board's. The steps are compiled into it, so it needs nothing but its memory. What it prints begins with `script: `, but for what it is told to say.
 */
import { assert } from '../base/errors.ts'
import { assemble } from '../cpu/asm/assemble.ts'
import { arp } from './hello/arp.ts'
import { dhcp } from './hello/dhcp.ts'
import { frame } from './hello/frame.ts'
import { icmp } from './hello/icmp.ts'
import { ip } from './hello/ip.ts'
import { arena, origin, symbols } from './hello/layout.ts'
import { machine } from './hello/machine.ts'
import { ping } from './hello/ping.ts'
import { text } from './hello/routine.ts'
import { tree } from './hello/tree.ts'
import { uart } from './hello/uart.ts'
import { udp } from './hello/udp.ts'
import { virtio } from './hello/virtio.ts'
import { ask } from './script/ask.ts'
import { compile, termsOf } from './script/compile.ts'
import { fetch } from './script/fetch.ts'
import type { Step } from './script/steps.ts'

/** The program's bytes: loaded and entered at 0x8000_0000, a0 hart, a1 device tree. It uses the 128 KiB from there on. */
export function scriptProgram(steps: readonly Step[]): Uint8Array {
  const { bytes } = assemble(origin, [symbols(), machine, tree, uart, virtio, frame, arp, ip, icmp, udp, dhcp(termsOf(steps)), ping, fetch, ask, compile(steps), text('uart.hello', 'script: ')].join('\n.balign 4\n'))
  assert(bytes.length <= arena - origin, `the script guest has ${bytes.length} bytes`)
  return bytes
}
