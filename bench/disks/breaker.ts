/** Opens broken headers of one format, and what they name, behind the real fence of real files. Arguments: format, how many. Tells its parent a `Tally` after each thousand. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { SeededRandom } from '../../src/base/random.ts'
import { formatNamed, formats, openImage } from '../../src/disk/formats.ts'
import type { Access, ImageFile } from '../../src/disk/image-file.ts'
import { hostCodec } from '../../src/host/codec.ts'
import { convertImage, createImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'
import { makeIso } from '../../src/host/folder-iso.ts'
import { openImageFile } from '../../src/host/image-file.ts'
import { MemoryFile } from '../../test/disk/memory-file.ts'
import { namesIn, spoil } from './spoil.ts'

const format = formatNamed(process.argv[2])
const headers = Number(process.argv[3])
/** In memory where the host can: a million broken headers are no matter of its disk. */
const parent = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'netloom-broken-'))
const folder = join(parent, 'images')
const baseName = 'base-of-all-the-others'
const size = 8 << 20
const at = (name: string): string => join(folder, name)
/** Files that may be opened, by identity. */
const inside = new Set<string>()
let outside = 0

/** An image in memory whose way to other files leads through the fence that guards real ones. */
class FencedFile extends MemoryFile {
  real: ImageFile | undefined

  override sibling(name: string, access: Access): ImageFile {
    const found = (this.real as ImageFile).sibling(name, access === 'create' ? 'read' : access)
    if (!inside.has(found.identity)) outside++
    return found
  }
}

/** An image with something in it, in the folder of its neighbours. */
function put(name: string, variant: string | undefined, base?: string): string {
  createImage(at(name), base === undefined ? size : undefined, { format: format.name, variant, base })
  const disk = openDiskImage(at(name), { readOnly: false, format: format.name })
  for (let place = 0; place < 20; place++) disk.write(place * 300_032, new Uint8Array(1024).fill(place + 1))
  disk.close()
  return at(name)
}

/** An image of every variant, over a base where the format has bases. */
function images(): string[] {
  const ending = format.endings[0]
  const base = `${baseName}${format.name === 'qcow2' ? '.raw' : ending}`
  if (format.name === 'iso') {
    writeFileSync(at('a file on the CD'), 'hello')
    makeIso(folder, at(`a${ending}`), { volume: 'bench' })
    return [at(`a${ending}`)]
  }
  const made = (format.variants ?? [undefined]).filter((variant) => variant !== 'streamOptimized').map((variant) => put(`${variant ?? 'a'}${ending}`, variant))
  if (format.name === 'qcow2' || format.name === 'vhd') {
    createImage(at(base), size, { format: format.name === 'qcow2' ? 'raw' : 'vhd' })
    made.push(put(`over${ending}`, undefined, at(base)))
  }
  if (format.name === 'vmdk') {
    convertImage(made[0], at('stream.vmdk'), { format: 'vmdk', variant: 'streamOptimized' })
    made.push(at('stream.vmdk'))
  }
  if (format.name === 'parallels') {
    writeFileSync(at('DiskDescriptor.xml'), bundle(basename(made[0])))
    made.push(at('DiskDescriptor.xml'))
  }
  return made
}

const bundle = (file: string): string => `<?xml version='1.0' encoding='UTF-8'?>
<Parallels_disk_image Version="1.0"><Disk_Parameters><Disk_size>${size / 512}</Disk_size></Disk_Parameters>
<StorageData><Storage><Start>0</Start><End>${size / 512}</End><Blocksize>2048</Blocksize><Image><GUID>{5fbaabe3-6958-40ff-92a7-860e329aab41}</GUID><Type>Compressed</Type><File>${file}</File></Image></Storage></StorageData>
<Snapshots><TopGUID>{5fbaabe3-6958-40ff-92a7-860e329aab41}</TopGUID><Shot><GUID>{5fbaabe3-6958-40ff-92a7-860e329aab41}</GUID><ParentGUID>{00000000-0000-0000-0000-000000000000}</ParentGUID></Shot></Snapshots></Parallels_disk_image>`

const random = new SeededRandom(`bench ${format.name}`)
const piece = new Uint8Array(4096)
let [opened, slowestMs, crashes] = [0, 0, 0]

/** Opens, reads, writes and looks through one. It works, or it says why not; anything else is a crash. */
function tryOne(broken: MemoryFile, round: number): void {
  const readOnly = round % 2 === 0
  try {
    for (const one of formats) one.recognise(broken)
    const image = openImage(broken, { codec: hostCodec, readOnly, format: format.name })
    opened++
    try {
      const part = piece.subarray(0, Math.min(piece.length, image.size))
      for (let reads = 0; reads < 2; reads++) image.read(random.below(Math.min(2 ** 31, Math.max(1, image.size - part.length))), part)
      if (!image.readOnly) image.write(random.below(Math.max(1, Math.min(size, image.size) / 512 - 8)) * 512, part.subarray(0, 512))
      if (round % 16 < 2) image.check?.(false)
    } finally {
      image.close()
    }
  } catch (error) {
    if (['Malformed', 'DiskError'].includes((error as Error).name)) return
    if (crashes++ < 5) process.stderr.write(`${format.name}: ${(error as Error).stack}\n`)
  }
}

function run(): void {
  mkdirSync(folder)
  writeFileSync(join(parent, 'secret'), 'nobody reads this')
  symlinkSync('../secret', at('link'))
  symlinkSync('..', at('door'))
  execFileSync('mkfifo', [at('pipe')])
  const made = images().map((path) => ({ path, bytes: readFileSync(path) }))
  for (const name of readdirSync(folder)) {
    const { dev, ino } = statSync(at(name))
    if (!['link', 'door', 'pipe'].includes(name)) inside.add(`${dev}:${ino}`)
  }
  const bases = made.map(({ path, bytes }) => ({ path, file: new FencedFile(basename(path), bytes), names: namesIn(bytes, readdirSync(folder)) }))
  const descriptors = readdirSync('/proc/self/fd').length
  const before = process.memoryUsage.rss()
  let grownBytes = 0
  for (let round = 0; round < headers; round++) {
    const { path, file, names } = bases[round % bases.length]
    const broken = file.copy(new FencedFile(file.name))
    spoil(broken, format.name, names, random, folder)
    // A door to the neighbours only where there are any: most formats are one file.
    const real = names.length > 0 ? openImageFile(path, { writable: false }) : undefined
    broken.real = real ?? nowhere
    const [start, worked] = [performance.now(), process.cpuUsage()]
    tryOne(broken, round)
    // Where other processes have the cores, the clock on the wall is theirs: what counts is the lesser of it and of this process' own time. One that waits for ever is its parent's to see.
    const { user, system } = process.cpuUsage(worked)
    slowestMs = Math.max(slowestMs, Math.min(performance.now() - start, (user + system) / 1000))
    real?.close()
    if (round % 1000 !== 999 && round !== headers - 1) continue
    grownBytes = Math.max(grownBytes, process.memoryUsage.rss() - before)
    process.send?.({ headers: round + 1, opened, crashes, outside, slowestMs, grownBytes, left: readdirSync('/proc/self/fd').length - descriptors })
  }
}

let nowhere: ImageFile | undefined
try {
  mkdirSync(join(parent, 'nothing'))
  writeFileSync(join(parent, 'nothing', 'image'), '')
  nowhere = openImageFile(join(parent, 'nothing', 'image'), { writable: false })
  run()
} finally {
  rmSync(parent, { recursive: true, force: true })
  process.disconnect?.()
}
