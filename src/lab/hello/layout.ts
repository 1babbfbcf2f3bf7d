/**
 * Where the hello guest finds things: the board's devices, as their manuals give them, and its own memory.
 *
 * Addresses of the network lie in memory and registers as they came off the wire; nothing turns them round but printing and reading text.
 */

/** Where the program is loaded and entered. */
export const origin = 0x8000_0000
/** The program ends before here; what it uses begins here, and is 64 KiB. */
export const arena = 0x8001_0000

/** Descriptors in each virtqueue, and bytes of a buffer. */
export const ringSize = 16
export const bufferBytes = 2048

/** mtime counts ten million a second. */
export const ticksPerSecond = 10_000_000

/**
 * Variables, by offset from gp, with their size in bytes. Each lies at a multiple of its size.
 * - `nic`, `nic_irq`: registers of the network card and its interrupt; `rx_seen`: used entries taken; `held`: descriptor of the frame in hand, plus one
 * - `my_mac`, `my_ip`, `mask`, `router`: what the lease gave; 0 until then
 * - `arp_wanted`, `arp_ip`, `arp_mac`: the question that is open, and the one answer that is remembered
 * - `dst_ip`, `dst_mac`: where the next packet goes
 * - `udp_port`: the port we listen on; `udp_from`, `udp_from_port`, `udp_data`, `udp_length`: what came there
 * - `xid`, `offer_ip`, `offer_server`: DHCP; `server_ip`, `file`: where to fetch what
 * - `tftp_port`: the server's port once it answered; `block`, `count`, `crc`, `line`: blocks and bytes so far, checksum, first bytes
 * - `step_…`: the step that a script is at: pointers, lengths and limits; `blocks`, `size`: of its transfer; `steps`: how many had a port of their own
 * - `ping_ip`, `ping_id`, `ping_seq`: the echo that is out; `pinged`: when we were last pinged, or may expect to be
 */
const variables: readonly (readonly [name: string, bytes: number])[] = [
  ['nic', 8], ['tree', 8], ['udp_data', 8], ['pinged', 8],
  ['nic_irq', 4], ['held', 4], ['my_ip', 4], ['mask', 4], ['router', 4], ['arp_wanted', 4], ['arp_ip', 4], ['dst_ip', 4],
  ['udp_from', 4], ['udp_length', 4], ['xid', 4], ['offer_ip', 4], ['offer_server', 4], ['server_ip', 4], ['count', 4], ['crc', 4], ['ping_ip', 4],
  ['rx_seen', 2], ['udp_port', 2], ['udp_from_port', 2], ['tftp_port', 2], ['block', 2], ['ping_id', 2], ['ping_seq', 2], ['ip_id', 2],
  ['my_mac', 6], ['arp_mac', 6], ['dst_mac', 6], ['file', 128], ['line', 64], ['dns', 4], ['steps', 4],
  ['step_name', 8], ['step_tail', 8], ['step_length', 4], ['step_size', 4], ['step_flags', 4], ['step_stop', 4], ['blocks', 4], ['size', 4], ['step_ip', 4], ['step_port', 4],
]

/** Of the arena: both rings (descriptors, then at 0x100 the available and at 0x200 the used ring), buffers, the stack's top. */
const areas = { rx_ring: 0x1000, tx_ring: 0x2000, tx_buffer: 0x3000, rx_buffers: 0x4000, stack_top: 0x1_0000 }

const devices = {
  uart: 0x1000_0000, virtio: 0x1000_1000, finisher: 0x10_0000, mtimecmp: 0x200_4000, plic_priority: 0xc00_0000, plic_enable: 0xc00_2000, plic_claim: 0xc20_0004,
}

/**
 * Where a packet is put together: a virtio header, then the frame. The buffer begins two bytes in, so that what is behind the
 * Ethernet header lies at a multiple of four.
 */
const packet = { tx_start: 2, tx_frame: 14, tx_ip: 28, tx_payload: 48, tx_udp_payload: 56 }

/** The source lines that give all these their names. */
export function symbols(): string {
  const lines: string[] = [`.equ arena, ${arena}`]
  for (const [name, address] of Object.entries(devices)) lines.push(`.equ ${name}, ${address}`)
  for (const [name, offset] of Object.entries(areas)) lines.push(`.equ ${name}, ${arena + offset}`)
  for (const [name, offset] of Object.entries(packet)) lines.push(`.equ ${name}, ${arena + areas.tx_buffer + offset}`)
  let at = 0
  for (const [name, bytes] of variables) {
    lines.push(`.equ ${name}, ${at}`)
    at += bytes
  }
  return lines.join('\n')
}
