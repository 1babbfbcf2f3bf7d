/** What a format can do, tried: each word of the table is what came out, with how many images it was tried on. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../../src/base/random.ts'
import type { DiskImage, FormatName } from '../../src/disk/format.ts'
import { formatNamed } from '../../src/disk/formats.ts'
import { checkImage, convertImage, createImage, snapshotImage } from '../../src/host/disk-images.ts'
import { createOverlay, openDiskImage } from '../../src/host/disks.ts'
import { makeIso } from '../../src/host/folder-iso.ts'

export interface Features {
  readonly read: string
  readonly write: string
  readonly overlay: string
  readonly snapshot: string
  readonly check: string
}

const size = 12 << 20

/** What qemu-img makes of each format: its own name, then options, a variant each. */
const variants: Readonly<Partial<Record<FormatName, readonly [string, ...string[]]>>> = {
  raw: ['raw', ''],
  qcow2: ['qcow2', '', '-o compat=0.10', '-o cluster_size=512', '-o cluster_size=2M', '-o refcount_bits=1', '-o refcount_bits=64', '-o lazy_refcounts=on', '-o preallocation=metadata', '-c', '-c -o compression_type=zstd'],
  vmdk: ['vmdk', '', '-o subformat=monolithicFlat', '-o subformat=twoGbMaxExtentSparse', '-o subformat=twoGbMaxExtentFlat', '-o subformat=streamOptimized', '-o zeroed_grain=on', '-o compat6=on'],
  vdi: ['vdi', '', '-o static=on'],
  parallels: ['parallels', ''],
  vhd: ['vpc', '', '-o force_size=on', '-o subformat=fixed'],
  vhdx: ['vhdx', '', '-o subformat=fixed', '-o block_size=1M,log_size=2M', '-o block_state_zero=off'],
}
const checkable: readonly FormatName[] = ['qcow2', 'vmdk', 'vdi', 'parallels', 'vhdx']
const yes = (done: number, asked: number): string => (done === asked ? `yes (${done})` : `**${done} of ${asked}**`)
const qemu = (...words: readonly string[]): string => execFileSync('qemu-img', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Tries it all in a folder of its own, which is gone afterwards. */
export function tryFeatures(format: FormatName, parent: string): Features {
  const folder = mkdtempSync(join(parent, 'features-'))
  try {
    return new Trial(format, folder).run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

class Trial {
  readonly #format: FormatName
  readonly #folder: string
  readonly #content = new Uint8Array(size)
  #checked = 0
  #clean = 0

  constructor(format: FormatName, folder: string) {
    this.#format = format
    this.#folder = folder
    const random = new SeededRandom('features')
    for (let piece = 0; piece < 40; piece++) this.#content.set(piece % 2 === 0 ? random.bytes(90_000) : new Uint8Array(90_000).fill(piece), random.below(size - 90_000))
    writeFileSync(this.#at('a.raw'), this.#content)
  }

  run(): Features {
    if (this.#format === 'iso') return this.#cd()
    const [read, write] = this.#variants()
    const overlay = this.#overlay()
    const snapshot = this.#snapshot()
    this.#made()
    return { read, write, overlay, snapshot, check: checkable.includes(this.#format) ? yes(this.#clean, this.#checked) : 'QEMU has none' }
  }

  /** @returns how many of QEMU's variants read the same, and how many were right after our writes. */
  #variants(): readonly [string, string] {
    const [qemuName, ...options] = variants[this.#format] ?? ['']
    let [same, asked, right, written] = [0, 0, 0, 0]
    for (const [index, option] of options.entries()) {
      const path = this.#at(`v${index}.img`)
      qemu('convert', '-f', 'raw', '-O', qemuName, ...option.split(' ').filter((word) => word !== ''), this.#at('a.raw'), path)
      asked++
      if (this.#holds(path, this.#format, this.#content)) same++
      if (option.includes('streamOptimized')) continue
      const wanted = this.#content.slice()
      const image = openDiskImage(path, { readOnly: false, format: this.#format })
      scribble(image, wanted, option)
      image.close()
      written++
      if (this.#passes(path, qemuName, wanted)) right++
    }
    return [yes(same, asked), yes(right, written)]
  }

  /** A qcow2 overlay over an image of this format: written, with the base as it was. */
  #overlay(): string {
    const base = this.#at(`base${formatNamed(this.#format).endings[0]}`)
    if (this.#format !== 'iso') convertImage(this.#at('a.raw'), base, { format: this.#format })
    const before = readFileSync(base)
    const wanted = openedContent(base, this.#format)
    const over = this.#at('over.qcow2')
    createOverlay(over, base, this.#format, [])
    const image = openDiskImage(over, { readOnly: false, format: 'qcow2' })
    scribble(image, wanted, 'overlay')
    image.close()
    const kept = Buffer.compare(before, readFileSync(base)) === 0
    const under = kept && this.#passes(over, 'qcow2', wanted, 'qcow2') ? 'base of qcow2' : '**no**'
    if (this.#format !== 'vhd') return under
    const differencing = this.#at('over.vhd')
    createImage(differencing, undefined, { base, format: 'vhd' })
    const child = openDiskImage(differencing, { readOnly: false, format: 'vhd' })
    const own = openedContent(base, 'vhd')
    scribble(child, own, 'differencing')
    child.close()
    return `${under}; ${this.#holds(differencing, 'vhd', own) && Buffer.compare(before, readFileSync(base)) === 0 ? 'differencing over a VHD' : '**no**'}`
  }

  /** Taken, written over, gone back to, and taken away. */
  #snapshot(): string {
    if (this.#format !== 'qcow2') return 'the format, or QEMU, has none'
    const path = this.#at('s.qcow2')
    convertImage(this.#at('a.raw'), path, {})
    snapshotImage(path, 'create', 'before', {})
    const image = openDiskImage(path, { readOnly: false })
    const wanted = this.#content.slice()
    scribble(image, wanted, 'snapshot')
    image.close()
    let good = this.#passes(path, 'qcow2', wanted)
    snapshotImage(path, 'apply', 'before', {})
    good &&= this.#passes(path, 'qcow2', this.#content)
    snapshotImage(path, 'remove', 'before', {})
    good &&= this.#passes(path, 'qcow2', this.#content)
    return good ? 'create, apply, remove' : '**no**'
  }

  /** Every variant that we make. */
  #made(): void {
    for (const variant of formatNamed(this.#format).variants ?? []) {
      const path = this.#at(`m-${variant}${formatNamed(this.#format).endings[0]}`)
      convertImage(this.#at('a.raw'), path, { format: this.#format, variant })
      this.#passes(path, variants[this.#format]?.[0] ?? this.#format, this.#content)
    }
  }

  /** A CD is read, never written; another program reads ours in test/peers. */
  #cd(): Features {
    const base = this.#at('base.iso')
    makeIso(this.#folder, base, { volume: 'bench' })
    const same = qemu('compare', '-f', 'raw', '-F', 'raw', base, base).includes('identical') && this.#holds(base, 'iso', readFileSync(base))
    return { read: yes(Number(same), 1), write: '`mkiso` only', overlay: this.#overlay(), snapshot: 'none', check: 'QEMU has none' }
  }

  #holds(path: string, format: FormatName, wanted: Uint8Array): boolean {
    const bytes = openedContent(path, format)
    return Buffer.compare(bytes.subarray(0, wanted.length), wanted) === 0 && bytes.subarray(wanted.length).every((byte) => byte === 0)
  }

  /** QEMU's check where it has one, ours, and QEMU's comparison of the content. */
  #passes(path: string, qemuName: string, wanted: Uint8Array, format: FormatName = this.#format): boolean {
    writeFileSync(this.#at('wanted.raw'), wanted)
    try {
      if (checkable.includes(format)) {
        this.#checked++
        if (qemu('check', '-f', qemuName, path).includes('No errors were found')) this.#clean++
      }
      return (checkImage(path, { format })?.errors ?? []).length === 0 && qemu('compare', '-f', 'raw', '-F', qemuName, this.#at('wanted.raw'), path).includes('identical')
    } catch {
      return false
    }
  }

  #at(name: string): string {
    return join(this.#folder, name)
  }
}

function openedContent(path: string, format: FormatName): Uint8Array {
  const image = openDiskImage(path, { readOnly: true, format })
  const bytes = new Uint8Array(image.size)
  image.read(0, bytes)
  image.close()
  return bytes
}

/** Sixty writes, done to both. */
function scribble(image: DiskImage, wanted: Uint8Array, seed: string): void {
  const random = new SeededRandom(`scribble ${seed}`)
  for (let step = 0; step < 60; step++) {
    const part = new Uint8Array((1 + random.below(190)) * 512).fill(step + 1)
    const start = random.below(Math.floor((Math.min(image.size, wanted.length) - part.length) / 512)) * 512
    image.write(start, part)
    wanted.set(part, start)
  }
}
