/** Boot scripts against mkimage; the real archive by apt and by HTTP. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AptArchive } from '../../src/host/images/apt.ts'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { mirrors, suite } from '../../src/host/images/mirror.ts'
import { buildScript } from '../../src/host/images/uimage.ts'
import { WebArchive } from '../../src/host/images/web-archive.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-images-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it.each(['echo hi\n', 'a\n'.repeat(5000), 'setenv bootargs "ä"\nboot\n'])('a boot script is what mkimage makes of it', (text) => {
  writeFileSync(join(folder, 'text'), text)
  execFileSync('mkimage', ['-A', 'riscv', '-O', 'linux', '-T', 'script', '-C', 'none', '-n', 'netloom', '-d', join(folder, 'text'), join(folder, 'uimg')], { env: { ...process.env, SOURCE_DATE_EPOCH: '0' } })
  expect(Buffer.compare(readFileSync(join(folder, 'uimg')), buildScript(text))).toBe(0)
})

it('Debian’s archive gives the same images by apt and by HTTP', { timeout: 240_000 }, async () => {
  const hashes = await Promise.all(
    [AptArchive, WebArchive].map(async (Way) => {
      const own = join(folder, Way.name)
      const archive = new Way({ folder: join(own, 'archive'), mirrors: mirrors(process.env), suite, keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' })
      const store = new ImageStore({ folder: own, archive })
      const found: string[] = []
      for (const name of ['u-boot', 'u-boot-s', 'opensbi', 'linux', 'initramfs']) found.push((await store.open(name)).sha256)
      store.close()
      return found
    }),
  )
  expect(hashes[0]).toEqual(hashes[1])
})
