/**
 * Machines that start from disks which other people's tools made: Debian on ext4 (mke2fs) under a qcow2 overlay of ours, and systemd-boot's EFI program on a FAT
 * partition (sgdisk, mkfs.vfat, mtools), once on a GPT disk and once on a CD of ours. Needs the network once, for the packages.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convertImage, createImage } from '../../src/host/disk-images.ts'
import { makeIso } from '../../src/host/folder-iso.ts'
import { debianRecipe } from '../../src/host/images/debian-root.ts'
import { ImageStore } from '../../src/host/images/image-store.ts'

let folder: string
const at = (name: string): string => join(folder, name)
const run = (tool: string, ...words: readonly string[]): string => execFileSync(tool, words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const hash = (name: string): string => createHash('sha256').update(readFileSync(at(name))).digest('hex')

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-disk-boot-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Packages of Debian's riscv64 port, unpacked into a folder. */
async function unpack(store: ImageStore, name: string, recipe: Parameters<ImageStore['initramfs']>[0]): Promise<string> {
  rmSync(at(name), { recursive: true, force: true })
  mkdirSync(at(name))
  writeFileSync(at(`${name}.cpio.gz`), (await store.initramfs(recipe, name)).bytes)
  execFileSync('sh', ['-c', `zcat ../${name}.cpio.gz | cpio -idm --quiet`], { cwd: at(name) })
  rmSync(at(`${name}.cpio.gz`))
  return at(name)
}

/** Runs the tests of a lab file in the folder, to its end. */
function test(name: string, text: string): void {
  writeFileSync(at(`${name}.yaml`), `name: ${name}\nsim: { seed: 42 }\n${text}`)
  const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'src/cli/main.ts', 'test', at(`${name}.yaml`), '--logs', at(`${name}.logs`), '-y'], { encoding: 'utf8', timeout: 590_000 })
  expect(status, `${stdout}${stderr}`).toBe(0)
}

describe('Debian on a disk', () => {
  it('runs from a qcow2 overlay over a raw ext4 image, keeps what it writes, and leaves the base as it was', { timeout: 600_000 }, async () => {
    const store = new ImageStore()
    const root = await unpack(store, 'root', debianRecipe({ modules: [], packages: [], files: new Map() }))
    store.close()
    run('mke2fs', '-q', '-t', 'ext4', '-L', 'root', '-d', root, 'base.raw', '256M')
    rmSync(root, { recursive: true })
    createImage(at('one.qcow2'), undefined, { base: at('base.raw'), baseFormat: 'raw', overwrite: true })
    const before = hash('base.raw')
    test('debian-disk', `
nodes:
  one: { boot: kernel, kernel: linux, initrd: mounter, cmdline: console=ttyS0 cryptomgr.notests audit=0 quiet netloom.dhcp=no, memory: 512M, disks: [./one.qcow2] }
images:
  mounter:
    initramfs:
      modules: [virtio_blk, crc32c_generic, ext4]
      init: |
        #!/bin/busybox sh
        . /etc/netloom/setup
        mkdir /root.disk
        mount -t ext4 /dev/vda /root.disk || exec sh
        umount /dev/pts /dev /sys /proc
        exec switch_root /root.disk /usr/lib/systemd/systemd
tests:
  survives:
    node: one
    within: 300s
    dialogue:
      - expect: "debian login:"
      - send: "root\\n"
      - expect: "root@debian:~#"
      - send: "findmnt -no SOURCE,FSTYPE /; echo kept >/root/note; seq 200000 >/root/numbers; reboot\\n"
      - expect: "/dev/vda ext4"
      - expect: "reboot: Restarting system"
      - expect: "debian login:"
      - send: "root\\n"
      - expect: "root@debian:~#"
      - send: "cat /root/note; cksum /root/numbers; systemctl is-system-running; poweroff\\n"
      - expect: "kept"
      - expect: "${spawnSync('sh', ['-c', 'seq 200000 | cksum'], { encoding: 'utf8' }).stdout.trim()}"
      - expect: "running"
      - expect: "reboot: Power down"
`)
    expect(hash('base.raw')).toBe(before)
    expect(run('qemu-img', 'check', 'one.qcow2')).toContain('No errors were found')
    convertImage(at('one.qcow2'), at('flat.raw'), { overwrite: true })
    expect(run('qemu-img', 'compare', 'one.qcow2', 'flat.raw')).toContain('identical')
    run('e2fsck', '-fn', 'flat.raw')
    expect(run('debugfs', '-R', 'cat /root/note', 'flat.raw')).toBe('kept\n')
  })
})

describe('U-Boot', () => {
  beforeAll(async () => {
    const store = new ImageStore()
    const packages = await unpack(store, 'boot', { modules: [], packages: ['systemd-boot-efi'], files: new Map(), init: undefined, bare: true })
    writeFileSync(at('vmlinux'), (await store.open('linux')).bytes)
    writeFileSync(at('initrd.img'), (await store.open('initramfs')).bytes)
    store.close()
    writeFileSync(at('loader.conf'), 'default netloom\ntimeout 0\n')
    writeFileSync(at('netloom.conf'), 'title netloom\nlinux /vmlinux\ninitrd /initrd.img\noptions console=ttyS0 cryptomgr.notests netloom.dhcp=no\n')
    mkdirSync(at('cd'), { recursive: true })
    run('truncate', '-s', '48M', 'cd/efi.img')
    run('mkfs.vfat', '-F', '32', 'cd/efi.img')
    run('mmd', '-i', 'cd/efi.img', '::/EFI', '::/EFI/BOOT', '::/loader', '::/loader/entries')
    const files = { [join(packages, 'usr/lib/systemd/boot/efi/systemd-bootriscv64.efi')]: 'EFI/BOOT/BOOTRISCV64.EFI', vmlinux: 'vmlinux', 'initrd.img': 'initrd.img', 'loader.conf': 'loader/loader.conf', 'netloom.conf': 'loader/entries/netloom.conf' }
    for (const [from, to] of Object.entries(files)) run('mcopy', '-i', 'cd/efi.img', from, `::/${to}`)
  }, 120_000)

  const lab = (disk: string): string => `
nodes:
  one: { boot: disk, firmware: u-boot-s, memory: 256M, disks: [${disk}] }
tests:
  efi: { node: one, console: "EFI stub", within: 60s }
  shell: { node: one, console: "netloom: shell ready", within: 120s }
`

  it('boots from a disk with an EFI partition', { timeout: 600_000 }, () => {
    run('truncate', '-s', '52M', 'disk.raw')
    run('sgdisk', '-n', '1:2048:+48M', '-t', '1:ef00', 'disk.raw')
    run('dd', 'if=cd/efi.img', 'of=disk.raw', 'bs=1M', 'seek=1', 'conv=notrunc')
    convertImage(at('disk.raw'), at('disk.vhdx'), { overwrite: true })
    test('efi-disk', lab('./disk.vhdx'))
  })

  it('boots from a CD of ours, whose catalog xorriso reads', { timeout: 600_000 }, () => {
    expect(makeIso(at('cd'), at('cd.iso'), { efi: 'efi.img', overwrite: true })).toEqual([])
    expect(run('xorriso', '-report_about', 'FATAL', '-indev', 'cd.iso', '-report_el_torito', 'plain')).toMatch(/UEFI[\s\S]*\/efi\.img/)
    test('efi-cd', lab('./cd.iso'))
  })
})
