import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { HostError } from '../../../src/host/host-error.ts'
import { type Archive, type HearProgress, PackageIndex } from '../../../src/host/images/archive.ts'
import { Cache } from '../../../src/host/images/cache.ts'
import { emptyRecipe, ImageStore } from '../../../src/host/images/image-store.ts'
import { initScript } from '../../../src/host/images/init-scripts.ts'
import type { PackageRecord } from '../../../src/host/images/stanza.ts'
import { miniature } from './fixtures.ts'
import { archiveOf } from './mirror-server.ts'

/** An archive in memory that notes what is asked of it. */
class MemoryArchive implements Archive {
  packages = miniature
  readonly asked: string[] = []
  spoil: ((file: string, bytes: Uint8Array) => void) | undefined

  update(): Promise<PackageIndex> {
    this.asked.push('update')
    return Promise.resolve(new PackageIndex(archiveOf(this.packages).index))
  }

  async fetch(record: PackageRecord, file: string, hear: HearProgress): Promise<void> {
    this.asked.push(record.name)
    const bytes = archiveOf(this.packages).files.get(record.path)
    if (bytes === undefined) throw new HostError('EMIRROR', `no ${record.path}`)
    hear({ what: record.name, bytes: bytes.length, total: record.sizeBytes })
    if (this.spoil !== undefined) this.spoil(file, bytes)
    else writeFileSync(file, bytes)
    await Promise.resolve()
  }
}

const noArchive: Archive = {
  update: () => Promise.reject(new HostError('EMIRROR', 'offline')),
  fetch: () => Promise.reject(new HostError('EMIRROR', 'offline')),
}

let folder: string
let archive: MemoryArchive
let store: ImageStore

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-store-'))
  archive = new MemoryArchive()
  store = new ImageStore({ folder, archive })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const unpack = (bytes: Uint8Array): string => gunzipSync(bytes).toString('latin1')
const offline = (): ImageStore => new ImageStore({ folder, archive: noArchive })
const textOf = async (from: ImageStore, name: string): Promise<string> => fromUtf8((await from.open(name)).bytes)

describe('images by name', () => {
  it('are cut out of their packages', async () => {
    expect(await textOf(store, 'u-boot')).toBe('U-BOOT M')
    expect(await textOf(store, 'u-boot-s')).toBe('U-BOOT S')
    expect(await textOf(store, 'opensbi')).toBe('SBI')
    expect(await textOf(store, 'linux')).toBe('IMAGE'.repeat(100))
    expect(archive.asked).toEqual(['update', 'u-boot-qemu', 'opensbi', 'linux-image-6.12.1-riscv64'])
  })

  it('come without the network once they are here', async () => {
    for (const name of ['u-boot', 'linux', 'linux.gz', 'initramfs']) await store.open(name)
    const later = offline()
    for (const name of ['u-boot', 'linux', 'linux.gz', 'initramfs', 'busybox']) expect((await later.open(name)).bytes).toEqual((await store.open(name)).bytes)
    await expect(later.open('opensbi')).rejects.toThrow('offline')
  })

  it('are gzipped with nothing of the day or the system in them', async () => {
    const { bytes } = await store.open('linux.gz')
    expect(bytes.slice(0, 10)).toEqual(Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]))
    expect(gunzipSync(bytes).toString()).toBe('IMAGE'.repeat(100))
  })

  it('are refused by name when there is no such image or package', async () => {
    await expect(store.open('linus')).rejects.toMatchObject({ code: 'EIMAGE', message: 'there is no image "linus"', hint: expect.stringContaining('linux') })
    await expect(store.open('grub-efi')).rejects.toMatchObject({ code: 'EIMAGE', message: expect.stringContaining('debian-installer-13-netboot-riscv64') })
  })

  it('are made anew when what is kept is torn', async () => {
    const image = await store.open('u-boot')
    truncateSync(new Cache(folder).path(image.sha256), 3)
    expect(await textOf(offline(), 'u-boot')).toBe('U-BOOT M')
    truncateSync(new Cache(folder).path(image.sha256), 3)
    const record = new Cache(folder).index().packages['u-boot-qemu']
    truncateSync(new Cache(folder).path(record.sha256), 3)
    expect(await textOf(new ImageStore({ folder, archive }), 'u-boot')).toBe('U-BOOT M')
    expect(archive.asked).toEqual(['update', 'u-boot-qemu', 'update', 'u-boot-qemu'])
  })

  it('are never made from a package with another hash', async () => {
    archive.spoil = (file, bytes) => writeFileSync(file, bytes.map((byte, at) => (at === 200 ? byte ^ 1 : byte)))
    await expect(store.open('u-boot')).rejects.toMatchObject({ code: 'EMIRROR', message: expect.stringContaining('is not what the archive’s signed index lists') })
    expect(readdirSync(join(folder, 'partial'))).toEqual([])
    archive.spoil = undefined
    expect(await textOf(store, 'u-boot')).toBe('U-BOOT M')
  })

  it('come from a download that two askers share', async () => {
    const other = new ImageStore({ folder, archive })
    await Promise.all([store.open('u-boot'), other.open('u-boot'), store.open('u-boot')])
    expect(archive.asked).toEqual(['update', 'u-boot-qemu'])
  })

  it('can be tried again after the network came back', async () => {
    let online = false
    const flaky = new ImageStore({ folder, archive: { update: () => (online ? archive.update() : noArchive.update(() => undefined)), fetch: (...words) => archive.fetch(...words) } })
    await expect(flaky.open('opensbi')).rejects.toThrow('offline')
    online = true
    expect(await textOf(flaky, 'opensbi')).toBe('SBI')
  })
})

describe('an initramfs', () => {
  it('holds busybox, the modules of our board with their dependencies in order, and an init', async () => {
    const archiveText = unpack((await store.open('initramfs')).bytes)
    expect(archiveText).toContain('usr/lib/modules/6.12.1-riscv64/netloom.load\0')
    expect(archiveText).toContain('virtio_mmio.ko\nfailover.ko\nnet_failover.ko\nvirtio_net.ko\nvirtio_blk.ko\n')
    expect(archiveText).toContain('virtio_net.ko: net_failover.ko\n')
    expect(archiveText).toContain('\x7fELF busybox')
    expect(archiveText).toContain(initScript)
    expect(archiveText).not.toContain('snd')
    expect(statSync(join(folder, 'index.json')).isFile()).toBe(true)
  })

  it('is the same for the same recipe, and another for another', async () => {
    const recipe = { modules: ['snd-dummy'], packages: [], files: new Map([['/etc/motd', utf8('hello')]]), init: undefined }
    const one = await store.initramfs(recipe)
    const elsewhere = mkdtempSync(join(tmpdir(), 'netloom-store-'))
    const two = await new ImageStore({ folder: elsewhere, archive: new MemoryArchive() }).initramfs({ ...recipe, files: new Map(recipe.files) })
    rmSync(elsewhere, { recursive: true })
    expect(two.bytes).toEqual(one.bytes)
    expect(two.sha256).toBe(one.sha256)
    for (const other of [{ ...recipe, modules: [] }, { ...recipe, init: '#!/bin/sh\n' }, { ...recipe, files: new Map([['/etc/motd', utf8('hullo')]]) }]) expect((await store.initramfs(other)).sha256).not.toBe(one.sha256)
    expect((await offline().initramfs(recipe)).sha256).toBe(one.sha256)
  })

  it('takes modules by either spelling, files of the lab, and an init', async () => {
    const { bytes } = await store.initramfs({ modules: ['snd_dummy'], packages: [], files: new Map([['/etc/motd', utf8('hello, lab')], ['bin/tool', utf8('#!/bin/sh\n')]]), init: '#!/bin/sh\nmy own\n' })
    const archiveText = unpack(bytes)
    expect(archiveText).toContain('virtio_blk.ko\nsnd.ko\nsnd_pcm.ko\nsnd_dummy.ko\n')
    expect(archiveText).toContain('hello, lab')
    expect(archiveText).toMatch(/070701.{8}000081ED.{88}usr\/bin\/tool\0/s)
    expect(archiveText).toContain('my own')
    expect(archiveText).not.toContain(initScript)
  })

  it('takes packages with what they depend on, without documentation and script tools', async () => {
    const recipe = { ...emptyRecipe, packages: ['iperf3'] }
    const archiveText = unpack((await store.initramfs(recipe)).bytes)
    for (const name of ['usr/bin/iperf3', 'usr/lib/libiperf.so.0', 'usr/lib/libiperf.so.0.0.0', 'usr/lib/ld-linux.so.1']) expect(archiveText).toContain(`${name}\0`)
    for (const name of ['debconf', 'copyright', 'virtual-thing']) expect(archiveText).not.toContain(name)
    expect(archive.asked).toEqual(['update', 'linux-image-6.12.1-riscv64', 'busybox-static', 'iperf3', 'libc6', 'libiperf0'])
    await offline().initramfs(recipe)
  })

  it('is refused with the nearest names when a module is not there', async () => {
    await expect(store.initramfs({ ...emptyRecipe, modules: ['virtio_nett'] })).rejects.toMatchObject({ code: 'EIMAGE', message: 'the kernel has no module "virtio_nett"', hint: expect.stringContaining('virtio_net') })
    await expect(store.initramfs({ ...emptyRecipe, files: new Map([['../etc/passwd', utf8('')]]) })).rejects.toMatchObject({ code: 'EIMAGE' })
  })
})

describe('the list of images', () => {
  it('says what is here, from which package, how large', async () => {
    expect(store.list().every((row) => !row.cached && row.version === undefined)).toBe(true)
    await store.open('u-boot')
    expect(store.list().find((row) => row.name === 'u-boot')).toEqual({ name: 'u-boot', about: 'U-Boot for M-mode, the first code of a machine', package: 'u-boot-qemu', version: '2025.01-3', sizeBytes: 8, sha256: (await store.open('u-boot')).sha256, cached: true })
    expect(store.list().find((row) => row.name === 'u-boot-s')).toMatchObject({ version: '2025.01-3', cached: false, sizeBytes: undefined })
  })

  it('is brought up to date by pull, and what is old goes', async () => {
    const old = await store.open('opensbi')
    archive.packages = { ...miniature, opensbi: { version: '1.7-1', files: [{ name: './usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin', content: 'NEW' }] } }
    expect(await textOf(store, 'opensbi')).toBe('SBI')
    expect(await store.pull(['opensbi'])).toMatchObject([{ name: 'opensbi', version: '1.7-1', cached: true }])
    expect(await textOf(offline(), 'opensbi')).toBe('NEW')
    expect([...new Cache(folder).all()]).not.toContain(old.sha256)
    expect([...new Cache(folder).all()]).toHaveLength(2)
  })

  it('pulls nothing twice', async () => {
    await store.pull(['linux', 'linux.gz', 'initramfs'])
    archive.asked.length = 0
    await store.pull(['linux', 'linux.gz', 'initramfs'])
    expect(archive.asked).toEqual(['update'])
  })

  it('gives space back by rm, and keeps packages that others need', async () => {
    await store.pull(['u-boot', 'u-boot-s', 'opensbi'])
    expect(await store.remove(['u-boot'])).toBe(8)
    expect(await textOf(offline(), 'u-boot')).toBe('U-BOOT M')
    await store.remove(['u-boot', 'u-boot-s'])
    await expect(offline().open('u-boot')).rejects.toThrow('offline')
    expect(await textOf(offline(), 'opensbi')).toBe('SBI')
    expect(await store.removeAll()).toBeGreaterThan(0)
    expect(readdirSync(folder)).toEqual([])
    expect(await textOf(store, 'opensbi')).toBe('SBI')
  })
})

describe('a store that is stopped', () => {
  it('says so, keeps what has arrived, and leaves no lock', async () => {
    const stop = new AbortController()
    const stopped = new ImageStore({ folder, archive: { update: () => archive.update(), fetch: (record) => (stop.abort(), Promise.reject(new Error(`no ${record.name}`))) }, signal: stop.signal })
    await store.open('opensbi')
    await expect(stopped.open('u-boot')).rejects.toMatchObject({ name: 'HostError', code: 'EINTR' })
    expect(readdirSync(folder)).not.toContain('lock')
    expect(await textOf(offline(), 'opensbi')).toBe('SBI')
  })
})
