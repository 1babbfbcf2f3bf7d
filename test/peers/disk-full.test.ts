/** A host without room: a tmpfs that is full gives the guest I/O errors, and leaves an image that QEMU finds no fault with. Needs root, to mount. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FormatName } from '../../src/disk/format.ts'
import { checkImage, createImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'

let folder: string
let mounted = false
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-full-'))
  mkdirSync(at('small'))
  mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4M', 'netloom-test', at('small')]).status === 0
  if (!mounted) process.stderr.write('disk-full: skipped, a tmpfs can’t be mounted here\n')
})
afterAll(() => {
  if (mounted) execFileSync('umount', [at('small')])
  rmSync(folder, { recursive: true, force: true })
})

describe('a host without room', () => {
  it.each(['qcow2', 'vmdk', 'vdi', 'parallels', 'vhd', 'vhdx'] as readonly FormatName[])('is an I/O error, and %s stays whole', (format) => {
    if (!mounted) return
    // A VHDX has a log and tables of several MiB before it holds anything.
    if (format === 'vhdx') execFileSync('mount', ['-o', 'remount,size=12M', at('small')])
    const path = at(`small/a.${format}`)
    createImage(path, 64 << 20, { format })
    const disk = openDiskImage(path, { readOnly: false, format })
    const block = new Uint8Array(65_536).fill(0x5a)
    disk.write(0, block)
    disk.flush()
    expect(() => {
      for (let offset = 1 << 20; offset < 60 << 20; offset += 1 << 20) disk.write(offset, block.fill(offset >> 20))
      for (let offset = 0; offset < 60 << 20; offset += block.length) disk.write(offset, block.fill(0x5a))
    }).toThrow(expect.objectContaining({ name: 'DiskError', code: 'ENOSPC' }))
    try {
      disk.close()
    } catch (error) {
      expect(error).toMatchObject({ name: 'DiskError', code: 'ENOSPC' })
    }
    expect(checkImage(path, { format })?.errors ?? []).toEqual([])
    // 3: room that is taken and holds nothing.
    if (format !== 'vhd') expect([0, 3]).toContain(spawnSync('qemu-img', ['check', '-f', format, path]).status)
    const again = openDiskImage(path, { readOnly: true, format })
    const back = new Uint8Array(512)
    again.read(0, back)
    again.close()
    expect([back[0], back[511]]).toEqual([0x5a, 0x5a])
    rmSync(path)
  })

  it('is told to a guest, which goes on, and so does the lab', { timeout: 300_000 }, () => {
    if (!mounted) return
    writeFileSync(at('base.raw'), new Uint8Array(64 << 20))
    writeFileSync(at('lab.yaml'), `
name: full
sim: { seed: 42 }
nodes:
  one: { boot: kernel, kernel: linux, initrd: small, cmdline: console=ttyS0 cryptomgr.notests netloom.dhcp=no, memory: 256M, disks: [{ file: ./base.raw, overlay: ./small/one.qcow2 }] }
images:
  small:
    initramfs:
      modules: [virtio_blk]
      init: |
        #!/bin/busybox sh
        . /etc/netloom/setup
        dd if=/dev/zero bs=64k count=8 2>/dev/null | tr '\\000' a | dd of=/dev/vda bs=64k conv=fsync,notrunc 2>/dev/null && echo "netloom: the first is there"
        dd if=/dev/urandom of=/dev/vda bs=64k seek=16 count=400 conv=fsync,notrunc || echo "netloom: no room"
        echo 3 >/proc/sys/vm/drop_caches
        echo "netloom: then $(dd if=/dev/vda bs=1 count=4 2>/dev/null)"
        poweroff -f
tests:
  first: { node: one, console: "netloom: the first is there", within: 60s }
  error: { node: one, console: "I/O error, dev vda", within: 60s }
  told: { node: one, console: "netloom: no room", within: 60s }
  on: { node: one, console: "netloom: then aaaa", within: 60s }
`)
    const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'src/cli/main.ts', 'test', at('lab.yaml'), '-y'], { encoding: 'utf8', timeout: 280_000 })
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect([0, 3]).toContain(spawnSync('qemu-img', ['check', at('small/one.qcow2')]).status)
    expect(checkImage(at('small/one.qcow2'), { listed: [folder] })?.errors).toEqual([])
  })
})
