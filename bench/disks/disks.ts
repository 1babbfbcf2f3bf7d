/**
 * What each disk format does, measured: `npx tsx bench/disks/disks.ts [kills] [headers]` prints the table of docs/disk-formats.md.
 * Needs qemu-img. Kills: how often a writer of each format is killed with SIGKILL; headers: how many broken ones are opened.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SeededRandom } from '../../src/base/random.ts'
import type { DiskImage, Format } from '../../src/disk/format.ts'
import { formats, openImage } from '../../src/disk/formats.ts'
import { hostCodec } from '../../src/host/codec.ts'
import { createImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'
import { MemoryFile } from '../../test/disk/memory-file.ts'

const kills = Number(process.argv[2] ?? 100)
const headers = Number(process.argv[3] ?? 10_000)
const only = process.argv[4]
const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
const sizeBytes = 64 << 20
const qemuNames: Readonly<Record<string, string>> = { vhd: 'vpc' }
const checkable = ['qcow2', 'vmdk', 'vdi', 'parallels', 'vhdx']

/** Kills a writer after a while. @returns how many batches it had said were flushed. */
function killed(path: string, format: string, seed: string, wait: number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('writer.ts', import.meta.url)), path, format, seed], { stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    child.stdout.on('data', (part: Buffer) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), wait)
      said += part.toString()
    })
    child.on('close', () => resolve(said.split('\n').length - 1))
  })
}

async function survive(format: Format): Promise<string> {
  const random = new SeededRandom(format.name)
  let lost = 0
  let wrong = 0
  for (let round = 0; round < kills; round++) {
    const path = join(folder, `k${format.endings[0]}`)
    createImage(path, sizeBytes, { format: format.name, overwrite: true })
    const batches = await killed(path, format.name, `${round}`, random.below(60))
    if (checkable.includes(format.name)) {
      try {
        execFileSync('qemu-img', ['check', '-f', format.name, path], { stdio: 'ignore' })
      } catch (error) {
        // 3: leaked clusters, which harm nobody.
        if ((error as { status?: number }).status !== 3) wrong++
      }
    }
    const image = openDiskImage(path, { readOnly: false, format: format.name })
    const sector = new Uint8Array(512)
    for (let at = 0; at < batches * 8; at++) {
      image.read(at * 7 * 512, sector)
      if (sector[0] !== 1 + (at % 250) || sector[511] !== sector[0]) lost++
    }
    if ((image.check?.(false).errors.length ?? 0) > 0) wrong++
    image.close()
  }
  return `${kills} kills, ${lost} lost sectors, ${wrong} damaged`
}

function fuzz(format: Format): string {
  const base = new MemoryFile(`a${format.endings[0]}`)
  format.create?.(base, { size: 8 << 20, codec: hostCodec })
  const disk = openImage(base, { codec: hostCodec, readOnly: false, format: format.name })
  for (let at = 0; at < 20; at++) disk.write(at * 300_032, new Uint8Array(1024).fill(at + 1))
  disk.close()
  const random = new SeededRandom(`bench ${format.name}`)
  const piece = new Uint8Array(4096)
  let [opened, slowest, bad] = [0, 0, 0]
  for (let round = 0; round < headers; round++) {
    const broken = base.copy()
    for (let change = 1 + random.below(8); change > 0; change--) broken.write(random.below(4) === 0 ? Math.max(0, base.size - 1 - random.below(1024)) : random.below(Math.min(base.size, 8192)), Uint8Array.of([0, 0xff, 0x80, 1, random.below(256)][random.below(5)]))
    const start = performance.now()
    try {
      const image: DiskImage = openImage(broken, { codec: hostCodec, readOnly: round % 2 === 0, format: format.name })
      opened++
      image.read(random.below(Math.min(2 ** 31, Math.max(1, image.size - 4096))), piece.subarray(0, Math.min(4096, image.size)))
      image.close()
    } catch (error) {
      if (!['Malformed', 'DiskError'].includes((error as Error).name)) {
        bad++
        process.stderr.write(`${(error as Error).stack}\n`)
      }
    }
    slowest = Math.max(slowest, performance.now() - start)
  }
  return `${headers} headers, ${opened} opened, ${bad} crashes, slowest ${slowest.toFixed(0)} ms`
}

/** Megabytes a second. */
const rate = (work: () => void, bytes: number): number => {
  const start = performance.now()
  work()
  return Math.round(bytes / 1e6 / ((performance.now() - start) / 1000))
}

/** Sequential megabytes and scattered 4 KiB, through the format, without the host's disk having to follow. */
function speed(format: Format): string {
  const path = join(folder, `s${format.endings[0]}`)
  createImage(path, sizeBytes, { format: format.name, overwrite: true })
  const image = openDiskImage(path, { readOnly: false, format: format.name })
  const chunk = new Uint8Array(1 << 20).fill(7)
  const write = rate(() => {
    for (let at = 0; at < sizeBytes; at += chunk.length) image.write(at, chunk)
  }, sizeBytes)
  const read = rate(() => {
    for (let at = 0; at < sizeBytes; at += chunk.length) image.read(at, chunk)
  }, sizeBytes)
  const random = new SeededRandom('speed')
  const page = new Uint8Array(4096)
  const start = performance.now()
  for (let count = 0; count < 5000; count++) image.read(random.below(sizeBytes / 4096) * 4096, page)
  const perSecond = Math.round(5000 / ((performance.now() - start) / 1000) / 1000)
  image.close()
  execFileSync('qemu-img', ['info', '-f', qemuNames[format.name] ?? format.name, path], { stdio: 'ignore' })
  return `${write} MB/s, ${read} MB/s, ${perSecond} k/s, file ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`
}

try {
  process.stdout.write('| Format | written, read, 4 KiB reads | killed with SIGKILL | broken headers |\n| --- | --- | --- | --- |\n')
  for (const format of formats.filter((one) => one.create !== undefined && (only === undefined || one.name === only))) {
    process.stdout.write(`| ${format.name} | ${speed(format)} | ${await survive(format)} | ${format.name === 'raw' ? 'none to break' : fuzz(format)} |\n`)
  }
  process.stdout.write(`\nPeak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
