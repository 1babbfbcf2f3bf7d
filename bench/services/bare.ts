/**
 * The services without a way there: service, our stack and its codecs in this process, frames put in and taken out by hand. What a TAP, the kernel and its scheduler add is left out.
 *
 *   npx tsx bench/services/bare.ts
 *
 * Of this process's CPU time, not of the clock's; each figure is a median of five, with the least and the most. The making and reading of the client's frames is in it.
 */
import { u16be } from '../../src/base/bytes.ts'
import { broadcastMac, parseIpv4 } from '../../src/wire/address.ts'
import * as dhcpWire from '../../src/wire/dhcp.ts'
import * as tftpWire from '../../src/wire/tftp.ts'
import { dhcp } from '../../services/dhcp/dhcp.ts'
import { tftp } from '../../services/tftp/tftp.ts'
import { serviceBench } from '../../test/services/bench.ts'
import { nfsBench } from '../../test/services/nfs/bench.ts'
import { summary } from '../summary.ts'

/** Milliseconds of user and system time. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const rounds = 5
const fileBytes = 16 << 20
const serverPortAt = 34
const headers = 42

/** MB/s of a file through windows of `window` blocks of 1468 bytes. */
function tftpRate(window: number): number {
  const bench = serviceBench(tftp, {}, { files: { file: new Uint8Array(fileBytes).fill(7) } })
  bench.meet()
  const began = cpu()
  bench.say(tftpWire.build({ kind: 'rrq', file: 'file', mode: 'octet', options: [['blksize', '1468'], ['windowsize', String(window)]] }), { port: 2000 }, { port: 69 })
  const port = u16be(bench.port.take()[0], serverPortAt)
  for (let block = 0, left = fileBytes; left > 0; ) {
    bench.say(tftpWire.build({ kind: 'ack', block: block & 0xffff }), { port: 2000 }, { port })
    for (const frame of bench.port.take()) {
      left -= frame.length - headers - 4
      block++
    }
  }
  return fileBytes / 1000 / (cpu() - began)
}

/** Leases a second, four messages each, with a journal in memory. */
function leaseRate(): number {
  const bench = serviceBench(dhcp, { range: '10.0.0.2-10.0.0.254', leases: 'journal' })
  const many = 250
  const began = cpu()
  for (let at = 0; at < many; at++) {
    const mac = Uint8Array.of(2, 0, 0, 1, at >> 8, at & 0xff)
    const message = (type: number, more: dhcpWire.Message['options'] = []): dhcpWire.Message => ({ op: 'request', htype: 1, hops: 0, xid: at, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: mac, sname: '', file: '', options: [{ code: 53, data: Uint8Array.of(type) }, ...more, { code: 55, data: Uint8Array.of(1, 3, 6, 12) }] })
    const ask = (request: dhcpWire.Message): dhcpWire.Message => {
      bench.say(dhcpWire.build(request), { address: 0, port: 68, mac }, { address: parseIpv4('255.255.255.255'), port: 67, mac: broadcastMac })
      return dhcpWire.parse(bench.heard()[0].datagram.payload)
    }
    const offer = ask(message(1))
    const address = Uint8Array.of(offer.yiaddr >>> 24, offer.yiaddr >>> 16, offer.yiaddr >>> 8, offer.yiaddr)
    ask(message(3, [{ code: 50, data: address }, { code: 54, data: Uint8Array.of(10, 0, 0, 1) }]))
  }
  return many / ((cpu() - began) / 1000)
}

/** Calls a second on a folder in memory, over no stack at all: record in, record out. */
function nfsRate(procedure: number, size: number): number {
  const bench = nfsBench({ exports: { '/srv': { path: 'rw', write: true, squash: 'none' } } })
  const root = ((results) => (results.u32(), results.opaque(64)))(bench.call(100_005, 3, 1, (xdr) => xdr.string('/srv')))
  const created = bench.call(100_003, 3, 8, (xdr) => xdr.opaque(root).string('f').u32(0).u32(1).u32(0o644).u32(0).u32(0).u32(0).u32(0).u32(0))
  created.u32()
  created.bool()
  const file = created.opaque(64)
  const data = new Uint8Array(size).fill(3)
  for (let at = 0; at < 16; at++) bench.call(100_003, 3, 7, (xdr) => xdr.opaque(file).offset(at * size).u32(size).u32(0).opaque(data))
  const calls = 20_000
  const began = cpu()
  for (let at = 0; at < calls; at++) {
    bench.call(100_003, 3, procedure, (xdr) => {
      xdr.opaque(file)
      if (procedure !== 1) xdr.offset((at & 15) * size).u32(size)
      if (procedure === 7) xdr.u32(0).opaque(data)
    })
    if ((at & 255) === 0) bench.sent.length = 0
  }
  return calls / ((cpu() - began) / 1000)
}

function measure(name: string, unit: string, once: () => number): void {
  once()
  const { least, median, most } = summary(Array.from({ length: rounds }, once))
  process.stdout.write(`| ${name} | ${unit} | ${median.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)}) |\n`)
}

for (const window of [1, 16, 64]) measure(`TFTP, blksize 1468, window ${window}`, 'MB/s', () => tftpRate(window))
measure('DHCP, four messages', '1/s', leaseRate)
measure('NFS 3 GETATTR', '1/s', () => nfsRate(1, 4096))
measure('NFS 3 READ of 4 KB', '1/s', () => nfsRate(6, 4096))
measure('NFS 3 WRITE of 4 KB', '1/s', () => nfsRate(7, 4096))
