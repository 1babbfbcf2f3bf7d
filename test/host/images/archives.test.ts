import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AptArchive } from '../../../src/host/images/apt.ts'
import type { Archive } from '../../../src/host/images/archive.ts'
import { WebArchive, type WebArchiveOptions } from '../../../src/host/images/web-archive.ts'
import { miniature } from './fixtures.ts'
import { hasGpg, Keys, MirrorServer } from './mirror-server.ts'

const hasApt = spawnSync('apt-get', ['--version']).status === 0
const nothing = (): void => undefined

let keys: Keys
let mirror: MirrorServer
let address: string
let folder: string

beforeAll(() => {
  if (hasGpg) keys = new Keys()
})
afterAll(() => keys?.close())
beforeEach(async () => {
  mirror = new MirrorServer()
  address = await mirror.open()
  folder = mkdtempSync(join(tmpdir(), 'netloom-archive-'))
})
afterEach(async () => {
  await mirror.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
})

const own = (): WebArchiveOptions => ({ folder: join(folder, 'state'), mirrors: [address], suite: 'trixie', keyring: keys.ring('own') })
const openWeb = (): WebArchive => new WebArchive(own())

const ways: { way: string; skip: boolean; make: (options: WebArchiveOptions) => Archive }[] = [
  { way: 'apt', skip: !hasGpg || !hasApt, make: (options) => new AptArchive(options) },
  { way: 'HTTP and gpgv', skip: !hasGpg, make: (options) => new WebArchive(options) },
]

for (const { way, skip, make } of ways) {
  describe.skipIf(skip)(`the archive by ${way}`, () => {
    it('gives records of a signed index, and packages', async () => {
      mirror.publish(keys)
      const archive = make(own())
      const index = await archive.update(nothing)
      const record = index.get('busybox-static')
      expect(record).toMatchObject({ name: 'busybox-static', version: '1:1.37.0-6', architecture: 'riscv64', depends: [] })
      expect(index.find('linux-image-6.12.1-riscv64')?.depends).toEqual(['kmod', 'initramfs-tools'])
      expect(index.find('busybox')).toBeUndefined()
      const heard: number[] = []
      await archive.fetch(record, join(folder, 'deb'), ({ bytes, total }) => {
        expect(total).toBe(record.sizeBytes)
        heard.push(bytes)
      })
      expect(readFileSync(join(folder, 'deb'))).toHaveLength(record.sizeBytes)
      expect(heard.at(-1)).toBe(record.sizeBytes)
    })

    it('sees new versions at the next update', async () => {
      mirror.publish(keys)
      const archive = make(own())
      await archive.update(nothing)
      mirror.publish(keys, { ...miniature, opensbi: { version: '1.7-1', files: [] } })
      expect((await archive.update(nothing)).get('opensbi').version).toBe('1.7-1')
    })

    it('refuses a signature by another key', async () => {
      mirror.publish(keys, miniature, { signer: 'stranger' })
      await expect(make(own()).update(nothing)).rejects.toMatchObject({ name: 'HostError', code: 'ESIGNATURE', message: expect.stringContaining(`the archive at ${address} is not signed by a key of Debian`) })
    })

    it('refuses an index that is not the signed one', async () => {
      mirror.publish(keys)
      for (const name of ['Packages', 'Packages.gz']) mirror.files.set(`dists/trixie/main/binary-riscv64/${name}`, new Uint8Array(mirror.files.get(`dists/trixie/main/binary-riscv64/${name}`)?.length ?? 0))
      await expect(make(own()).update(nothing)).rejects.toMatchObject({ name: 'HostError', code: 'EMIRROR' })
    })

    it('says so when the mirror has nothing, and goes on to the next', async () => {
      await expect(make(own()).update(nothing)).rejects.toMatchObject({ name: 'HostError', code: 'EMIRROR', hint: expect.stringContaining('NETLOOM_DEBIAN_MIRROR') })
      mirror.publish(keys)
      const archive = make({ ...own(), mirrors: [`${address}/nowhere`, address] })
      const index = await archive.update(nothing)
      await archive.fetch(index.get('opensbi'), join(folder, 'deb'), nothing)
    })

    it('says so when nobody listens', async () => {
      await mirror.close()
      await expect(make(own()).update(nothing)).rejects.toMatchObject({ name: 'HostError', code: 'EMIRROR' })
      mirror = new MirrorServer()
      await mirror.open()
    })

    it('says so when a package is missing', async () => {
      mirror.publish(keys)
      const archive = make(own())
      const index = await archive.update(nothing)
      mirror.files.delete(index.get('opensbi').path)
      await expect(archive.fetch(index.get('opensbi'), join(folder, 'deb'), nothing)).rejects.toMatchObject({ code: 'EMIRROR', message: expect.stringContaining('opensbi') })
    })
  })
}

describe.skipIf(!hasGpg)('the archive by HTTP', () => {
  it('goes on where a killed download stopped', async () => {
    mirror.publish(keys)
    const archive = openWeb()
    const record = (await archive.update(nothing)).get('opensbi')
    const whole = mirror.files.get(record.path) as Uint8Array
    writeFileSync(join(folder, 'deb'), whole.subarray(0, 100))
    const heard: number[] = []
    await archive.fetch(record, join(folder, 'deb'), ({ bytes }) => heard.push(bytes))
    expect(Buffer.compare(readFileSync(join(folder, 'deb')), whole)).toBe(0)
    expect(heard[0]).toBeGreaterThan(100)
  })

  it('starts again when what is there is as long as the whole or longer', async () => {
    mirror.publish(keys)
    const archive = openWeb()
    const record = (await archive.update(nothing)).get('opensbi')
    writeFileSync(join(folder, 'deb'), new Uint8Array(record.sizeBytes + 5))
    await archive.fetch(record, join(folder, 'deb'), nothing)
    expect(readFileSync(join(folder, 'deb'))).toHaveLength(record.sizeBytes)
  })

  it('refuses an endless answer', async () => {
    mirror.publish(keys)
    const archive = openWeb()
    const record = (await archive.update(nothing)).get('opensbi')
    mirror.spoil = (path, response) => path === record.path && (response.writeHead(200).end(new Uint8Array(1 << 20)), true)
    await expect(archive.fetch(record, join(folder, 'deb'), nothing)).rejects.toMatchObject({ code: 'EMIRROR', message: expect.stringContaining(`it is longer than the ${record.sizeBytes} bytes it should have`) })
  })

  it('notices a connection that breaks', async () => {
    mirror.publish(keys)
    const archive = openWeb()
    const record = (await archive.update(nothing)).get('opensbi')
    mirror.spoil = (path, response) => {
      if (path !== record.path) return false
      response.writeHead(200, { 'content-length': record.sizeBytes }).write(new Uint8Array(10), () => response.destroy())
      return true
    }
    await expect(archive.fetch(record, join(folder, 'deb'), nothing)).rejects.toMatchObject({ code: 'EMIRROR' })
  })

  it('follows redirects, but not in a circle', async () => {
    mirror.publish(keys)
    mirror.spoil = (path, response) => path.startsWith('dists') && (response.writeHead(302, { location: `/debian/moved/${path}` }).end(), true)
    mirror.files.set('moved/dists/trixie/InRelease', mirror.files.get('dists/trixie/InRelease') as Uint8Array)
    mirror.files.set('moved/dists/trixie/main/binary-riscv64/Packages.gz', mirror.files.get('dists/trixie/main/binary-riscv64/Packages.gz') as Uint8Array)
    await openWeb().update(nothing)
    mirror.spoil = (path, response) => (response.writeHead(302, { location: `/debian/${path}` }).end(), true)
    await expect(openWeb().update(nothing)).rejects.toMatchObject({ message: expect.stringContaining('more than 5 redirects') })
  })

  it('refuses another suite and one that is out of date', async () => {
    mirror.publish(keys, miniature, { codename: 'forky' })
    mirror.files.set('dists/trixie/InRelease', keys.sign('Suite: testing\nCodename: forky\n'))
    await expect(openWeb().update(nothing)).rejects.toMatchObject({ message: `the archive at ${address} calls itself forky, not trixie` })
    mirror.publish(keys, miniature, { more: 'Valid-Until: Sat, 01 Aug 2020 00:00:00 UTC\n' })
    await expect(openWeb().update(nothing)).rejects.toMatchObject({ message: expect.stringContaining('is out of date') })
  })

  it('takes nothing from outside the signed part of InRelease', async () => {
    mirror.publish(keys)
    const signed = Buffer.from(mirror.files.get('dists/trixie/InRelease') as Uint8Array).toString()
    mirror.files.set('dists/trixie/InRelease', Buffer.from(`Codename: trixie\nSHA256:\n ${'0'.repeat(64)} 1 main/binary-riscv64/Packages.xz\n\n${signed}`))
    expect((await openWeb().update(nothing)).get('opensbi').version).toBe('1.6-1')
    expect(mirror.asked).not.toContain('dists/trixie/main/binary-riscv64/Packages.xz')
    expect(readdirSync(join(folder, 'state')).filter((name) => name.startsWith('Packages'))).toEqual([])
  })
})
