/** The NFS service and clients that we did not write: libnfs, showmount, rpcinfo, through a TAP. Needs root and /dev/net/tun. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { debian, row } from './interop.ts'
import { Netns } from './netns.ts'

let netns: Netns

beforeEach(async () => {
  netns = new Netns()
  for (const folder of ['ro', 'rw']) mkdirSync(join(netns.folder, folder))
  const exports = '{ /srv/ro: { path: ./ro }, /srv/rw: { path: ./rw, write: true, squash: none }, /srv/closed: { path: ./ro, clients: 192.0.2.0/24 } }'
  writeFileSync(join(netns.folder, 'lab.yaml'), `name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, nfs: { exports: ${exports} } } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0, host_address: 10.0.0.2/24 } }\n`)
  const up = netns.lab('up', join(netns.folder, 'lab.yaml'))
  await up.until('no nl0', () => netns.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').text.includes('nl0'))
  await up.until('no answer', () => netns.attempt('rpcinfo', '-t', '10.0.0.1', 'nfs', '3').status === 0)
}, 60_000)

afterEach(() => netns.close())

const libnfs = (): string => debian('libnfs', 'libnfs-utils')
const url = (path: string, version = 3): string => `nfs://10.0.0.1/${path}?version=${version}`

describe('NFS version 3', () => {
  it('is found by rpcinfo and showmount, over UDP and TCP and every version of rpcbind', { timeout: 60_000 }, () => {
    const rows = netns.run('rpcinfo', '-p', '10.0.0.1').split('\n').map((row) => row.trim().split(/\s+/).join(' '))
    for (const row of ['100003 3 udp 2049 nfs', '100003 3 tcp 2049 nfs', '100003 4 tcp 2049 nfs', '100021 4 tcp 4045 nlockmgr', '100024 1 udp 4046 status', '100005 3 udp 20048 mountd', '100005 1 tcp 20048 mountd', '100000 4 tcp 111 portmapper']) expect(rows).toContain(row)
    expect(netns.run('rpcinfo', '10.0.0.1')).toContain('0.0.0.0.8.1')
    expect(netns.run('rpcinfo', '-u', '10.0.0.1', 'nfs', '3')).toContain('ready and waiting')
    expect(netns.run('rpcinfo', '-u', '10.0.0.1', 'mountd', '1')).toContain('ready and waiting')
    expect(netns.run('rpcinfo', '-T', 'tcp', '10.0.0.1', 'nfs', '3')).toContain('ready and waiting')
    expect(netns.attempt('rpcinfo', '-t', '10.0.0.1', 'nfs', '2').text).toContain('not available')
    expect(netns.run('showmount', '-e', '10.0.0.1')).toMatch(/\/srv\/closed 192\.0\.2\.0\/24[^]*|\/srv\/ro\s+\(everyone\)/)
    row({ client: debian('rpcinfo', 'rpcbind'), service: 'NFS: rpcbind', check: 'lists programs by versions 2 to 4; NULL calls over UDP and TCP' }, { client: debian('showmount', 'nfs-common'), service: 'NFS: MOUNT', check: 'lists the exports' })
  })

  it('gives and takes files byte for byte, and holds to what the lab file says', { timeout: 60_000 }, () => {
    for (const size of [0, 1, 4096, 65_537, 20_000_000]) {
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 0xff))
      writeFileSync(join(netns.folder, 'ro', `f${size}`), bytes)
      netns.run('nfs-cp', url(`srv/ro/f${size}`), join(netns.folder, `got${size}`))
      expect(readFileSync(join(netns.folder, `got${size}`)).equals(bytes)).toBe(true)
      netns.run('nfs-cp', join(netns.folder, 'ro', `f${size}`), url(`srv/rw/g${size}`))
      expect(readFileSync(join(netns.folder, 'rw', `g${size}`)).equals(bytes)).toBe(true)
    }
    expect(netns.run('nfs-ls', url('srv/rw'))).toContain('g65537')
    expect(netns.attempt('nfs-cp', join(netns.folder, 'ro', 'f1'), url('srv/ro/new')).status).not.toBe(0)
    expect(netns.attempt('nfs-ls', url('srv/closed')).status).not.toBe(0)
    expect(() => statSync(join(netns.folder, 'ro', 'new'))).toThrow('ENOENT')
    row({ client: libnfs(), service: 'NFS 3', check: 'nfs-cp down and up, 0 bytes to 20 MB; read-only and closed exports refuse' })
  })

  it('lists a large folder whole', { timeout: 60_000 }, () => {
    for (let at = 0; at < 5000; at++) writeFileSync(join(netns.folder, 'ro', `name-${at}`), '')
    expect(netns.run('nfs-ls', url('srv/ro')).match(/name-\d+$/gm)?.length).toBe(5000)
    row({ client: libnfs(), service: 'NFS 3', check: 'nfs-ls of a folder with 5000 files' })
  })
})

/** nfs-cp makes no files over version 4: libnfs 4.0 takes what it has just made for read-only. */
describe('NFS version 4.0', () => {
  it('gives files byte for byte, lists them, and holds to what the lab file says', { timeout: 60_000 }, () => {
    for (const size of [0, 1, 4096, 65_537, 20_000_000]) {
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 29 + (at >> 8)) & 0xff))
      writeFileSync(join(netns.folder, 'ro', `f${size}`), bytes)
      netns.run('nfs-cp', url(`srv/ro/f${size}`, 4), join(netns.folder, `got${size}`))
      expect(readFileSync(join(netns.folder, `got${size}`)).equals(bytes)).toBe(true)
    }
    expect(netns.run('nfs-ls', url('srv/ro', 4)).match(/f\d+$/gm)?.length).toBe(5)
    expect(netns.attempt('nfs-cp', join(netns.folder, 'ro', 'f1'), url('srv/ro/new', 4)).text).toContain('NFS4ERR_ROFS')
    expect(netns.attempt('nfs-ls', url('srv/closed', 4)).text).toContain('NFS4ERR_ACCESS')
    // Its exit code says nothing.
    const up = netns.attempt('nfs-cp', join(netns.folder, 'ro', 'f65537'), url('srv/rw/new', 4))
    expect([up.text, statSync(join(netns.folder, 'rw', 'new')).size]).toEqual([expect.stringContaining('Failed to write'), 0])
    row({ client: libnfs(), service: 'NFS 4.0', check: 'nfs-cp down, 0 bytes to 20 MB, and nfs-ls; read-only and closed exports refuse' }, { client: libnfs(), service: 'NFS 4.0', check: 'nfs-cp up', result: 'fails in the client: it takes the file that it has just made for read-only, and sends no WRITE' })
  })
})
