/** A script's steps → the source of the guest that does them: calls in a row, and the bytes that they send. */
import { latin1, utf8 } from '../../base/bytes.ts'
import { parseIpv4 } from '../../wire/address.ts'
import { codes } from '../../wire/dhcp-options.ts'
import * as dns from '../../wire/dns.ts'
import { types } from '../../wire/dns-data.ts'
import { port as nfsPort } from '../../wire/nfs3.ts'
import * as rpc from '../../wire/rpc.ts'
import { XdrWriter } from '../../wire/xdr.ts'
import type { ClientTerms } from '../hello/dhcp.ts'
import { ticks } from '../hello/machine.ts'
import { routine, text, wire16 } from '../hello/routine.ts'
import { fetchFlags } from './fetch.ts'
import { type FetchStep, type Step, usualVendor } from './steps.ts'

/** Where the MOUNT program listens when nobody asks the portmapper (services/nfs/mount.ts). */
const mountPort = 20_048
const mntProcedure = 1
const getattrProcedure = 1

/** What the client of the script's `lease` asks for and insists on. */
export function termsOf(steps: readonly Step[]): ClientTerms {
  const vendor = steps.find((step) => step.kind === 'lease')?.vendor ?? usualVendor
  const asks = [codes.subnetMask, codes.router, codes.dnsServer, codes.tftpServer, codes.bootFile]
  return { vendorClass: vendor, asks, passOver: passOver(vendor), take: `li a0, ${codes.dnsServer}\ncall dhcp_word\nsw a0, dns(gp)` }
}

/** @returns `main` and the data of all steps. */
export function compile(steps: readonly Step[]): string {
  const bodies: string[] = []
  const data: string[] = [text('script.lease', 'lease '), text('script.ping', 'ping '), text('script.ok', ' ok'), text('script.lost', ' does not answer'), text('script.done', 'done'), text('script.no_dns', 'the lease names no DNS server')]
  for (const [index, step] of steps.entries()) bodies.push(body(step, `step${index}`, (name, bytes) => data.push(`${name}: .byte ${[...bytes].join(', ')}`)))
  const calls = bodies.map((_, index) => `call step${index}`).join('\n')
  const main = `main:\ncall nic_open\ncall tree_seed\nlwu t0, my_mac + 2(gp)\nxor a0, a0, t0\nsw a0, xid(gp)\n${calls}\ncall put_hello\nla a0, script.done\ncall put\ncall put_line_end\nj done`
  return [main, ...bodies.map((each, index) => routine(`step${index}`, [], each)), routine('step_ping', ['s0'], pinging), ...data].join('\n.balign 4\n')
}

type Put = (name: string, bytes: Uint8Array) => void

function body(step: Step, name: string, put: Put): string {
  switch (step.kind) {
    case 'say':
      put(`${name}.text`, Uint8Array.of(...utf8(step.text), 0))
      return `la a0, ${name}.text\ncall put\ncall put_line_end`
    case 'wait':
      return `li a0, ${ticks(step.milliseconds)}\ncall rest`
    case 'lease':
      return `call dhcp\ncall put_hello\nla a0, script.lease\ncall put\nlwu a0, my_ip(gp)\ncall put_address\ncall put_line_end`
    case 'fetch':
      return fetchBody(step, name, put)
    case 'ping':
      return `li a0, ${wireAddress(step.address)}\ncall step_ping`
    case 'ask':
      put(`${name}.bytes`, question(step.name))
      return step.server === undefined ? `lwu a0, dns(gp)\nbnez a0, 1f\ncall put_hello\nla a0, script.no_dns\ncall put\ncall put_line_end\nj ${name}.return\n1: ${sends(name, dns.serverPort, question(step.name).length)}` : `li a0, ${wireAddress(step.server)}\n${sends(name, dns.serverPort, question(step.name).length)}`
    default:
      return datagram(step, name, put)
  }
}

function datagram(step: Extract<Step, { kind: 'mount' | 'nfs' | 'send' }>, name: string, put: Put): string {
  const [to, port, bytes] = step.kind === 'send' ? [step.to, step.port, step.bytes] : step.kind === 'mount' ? [step.server, mountPort, mountCall(step.path, step.version)] : [step.server, nfsPort, nfsCall(step.version, step.handle)]
  put(`${name}.bytes`, bytes)
  return `li a0, ${wireAddress(to)}\n${sends(name, port, bytes.length)}`
}

const sends = (name: string, port: number, length: number): string => `li a1, ${wire16(port)}\nla a2, ${name}.bytes\nli a3, ${length}\ncall ask`

function fetchBody({ file, blksize, exact, wraps, stopAfter }: FetchStep, name: string, put: Put): string {
  const tail = latin1(`octet\0${blksize === undefined ? '' : `blksize\0${blksize}\0`}`)
  put(`${name}.tail`, tail)
  if (file !== undefined) put(`${name}.file`, Uint8Array.of(...utf8(file), 0))
  const flags = (exact ? fetchFlags.exact : 0) | (wraps ? 0 : fetchFlags.noWrap)
  return `${file === undefined ? 'addi a0, gp, file' : `la a0, ${name}.file`}\nla a1, ${name}.tail\nli a2, ${tail.length}\nli a3, ${blksize ?? 0}\nli a4, ${flags}\nli a5, ${stopAfter ?? 0}\ncall fetch`
}

const pinging = `
    mv s0, a0
    call ping
    mv s0, a0
    call put_hello
    la a0, script.ping
    call put
    lwu a0, ping_ip(gp)
    call put_address
    la a0, script.ok
    bnez s0, 1f
    la a0, script.lost
  1: call put
    call put_line_end`

/** PXE 2.1 §2.2 and UEFI 2.10 §24.7: such a client takes offers that are for it, and no others. */
function passOver(vendor: string): string {
  const wanted = vendor.startsWith('PXEClient') ? codes.bootFile : vendor.startsWith('HTTPClient') ? codes.vendorClass : undefined
  if (wanted === undefined) return ''
  const field = wanted === codes.bootFile ? 'ld t0, udp_data(gp)\nlbu t1, 108(t0)\nbnez t1, dhcp_type.return' : ''
  const value = wanted === codes.vendorClass ? "lbu t0, 0(a0)\nli t1, 'H'\nbne t0, t1, dhcp_type.none" : ''
  return `li t0, 2\nbne a0, t0, dhcp_type.return\n${field}\nli a0, ${wanted}\ncall dhcp_option\nbeqz a0, dhcp_type.none\n${value}\nli a0, 2`
}

/** An address as the wire has it, read little-endian. */
function wireAddress(address: string): number {
  const value = parseIpv4(address)
  return wire16(value & 0xffff) * 0x1_0000 + wire16(value >>> 16)
}

const question = (name: string): Uint8Array =>
  dns.build({ id: 0x6e6c, response: false, opcode: dns.opcodes.query, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: false, authenticData: false, checkingDisabled: false, rcode: 0, questions: [{ name, type: types.a, class: dns.classes.internet }], answers: [], authorities: [], additionals: [], edns: undefined })

const root = rpc.buildSystem({ stamp: 0, machine: 'script', uid: 0, gid: 0, groups: [] })

const mountCall = (path: string, version: number): Uint8Array =>
  rpc.buildCall({ xid: 0x6e6c_0001, program: rpc.programs.mount, version, procedure: mntProcedure, credential: root, payload: new XdrWriter().string(path).bytes })

const nfsCall = (version: number, handle: Uint8Array | undefined): Uint8Array =>
  rpc.buildCall({ xid: 0x6e6c_0002, program: rpc.programs.nfs, version, procedure: handle === undefined ? 0 : getattrProcedure, credential: root, payload: handle === undefined ? new Uint8Array(0) : new XdrWriter().opaque(handle).bytes })
