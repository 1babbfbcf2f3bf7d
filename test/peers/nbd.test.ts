/** Disks that other people's NBD servers have: qemu-nbd on a socket, nbdkit on a TCP port with a guest that reads and writes. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openNbd, parseNbd } from '../../src/host/nbd-disk.ts'

let folder: string
let server: ChildProcess | undefined
const at = (name: string): string => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-nbd-'))
})
afterEach(async () => {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    const gone = new Promise((resolve) => server?.once('close', resolve))
    server.kill()
    await gone
  }
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a server, and waits until it can be reached. */
async function serve(tool: string, words: readonly string[], ready: () => boolean): Promise<void> {
  server = spawn(tool, words, { cwd: folder, stdio: 'ignore' })
  for (let turn = 0; !ready(); turn++) {
    if (turn > 300) throw new Error(`${tool} does not come up`)
    await wait(50)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

describe('an NBD client', () => {
  it('reads, writes, zeroes and flushes a qcow2 image that qemu-nbd has', async () => {
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', at('a.qcow2'), '64M'])
    await serve('qemu-nbd', ['-f', 'qcow2', '-x', 'disk', '-k', at('nbd.sock'), at('a.qcow2')], () => existsSync(at('nbd.sock')))
    expect(() => openNbd(parseNbd(`${at('nbd.sock')}:other`, (path) => path), false, 'it')).toThrow('has no disk "other"')
    const disk = openNbd(parseNbd(`${at('nbd.sock')}:disk`, (path) => path), false, 'it')
    expect([disk.size, disk.readOnly]).toEqual([64 << 20, false])
    const bytes = Uint8Array.from({ length: 3 << 20 }, (_, index) => (index * 13) & 0xff)
    disk.write(1 << 20, bytes)
    disk.zero(2 << 20, 1 << 20)
    bytes.fill(0, 1 << 20, 2 << 20)
    disk.flush()
    const back = new Uint8Array(bytes.length)
    disk.read(1 << 20, back)
    expect(Buffer.compare(back, bytes)).toBe(0)
    disk.close()
    server?.kill()
    await new Promise((resolve) => server?.once('close', resolve))
    expect(execFileSync('qemu-img', ['check', at('a.qcow2')], { encoding: 'utf8' })).toContain('No errors were found')
    execFileSync('qemu-img', ['convert', '-O', 'raw', at('a.qcow2'), at('a.raw')])
    expect(Buffer.compare(readFileSync(at('a.raw')).subarray(1 << 20, 4 << 20), bytes)).toBe(0)
  })

  it('is a disk of a guest, which nbdkit has', { timeout: 300_000 }, async () => {
    writeFileSync(at('disk'), new Uint8Array(8 << 20).fill(0x61))
    const port = await freePort()
    await serve('nbdkit', ['-f', '-i', '127.0.0.1', '-p', `${port}`, '-P', at('pid'), 'file', at('disk')], () => existsSync(at('pid')))
    writeFileSync(at('lab.yaml'), `
name: nbd
sim: { seed: 42 }
nodes:
  one: { boot: kernel, kernel: linux, initrd: small, cmdline: console=ttyS0 cryptomgr.notests quiet netloom.dhcp=no, memory: 256M, disks: [{ nbd: "127.0.0.1:${port}" }] }
images:
  small:
    initramfs:
      modules: [virtio_blk]
      init: |
        #!/bin/busybox sh
        . /etc/netloom/setup
        head -c 4096 /dev/vda | md5sum
        yes netloom | dd of=/dev/vda bs=64k seek=16 count=32 iflag=fullblock conv=fsync 2>/dev/null
        echo "written and $(dd if=/dev/vda bs=64k skip=16 count=1 2>/dev/null | head -n 1)"
        poweroff -f
tests:
  read: { node: one, console: "${execFileSync('sh', ['-c', 'head -c 4096 /dev/zero | tr "\\000" a | md5sum'], { encoding: 'utf8' }).split(' ')[0]}", within: 60s }
  written: { node: one, console: "written and netloom", within: 60s }
`)
    const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'src/cli/main.ts', 'test', at('lab.yaml'), '-y'], { encoding: 'utf8', timeout: 280_000 })
    expect(status, `${stdout}${stderr}`).toBe(0)
    const content = readFileSync(at('disk'))
    expect(content.subarray(1 << 20, (1 << 20) + 16).toString()).toBe('netloom\nnetloom\n')
    expect([content[(1 << 20) - 1], content[3 << 20]]).toEqual([0x61, 0x61])
  })
})
