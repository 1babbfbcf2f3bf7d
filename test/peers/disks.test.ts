/** Disk images both ways with qemu-img: what it makes reads the same, what we make passes its check and compares equal. */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { checkImage, convertImage, createImage, describeImage, snapshotImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'
import { makeIso } from '../../src/host/folder-iso.ts'
import { NbdServer } from '../../src/host/nbd-server.ts'
import type { FormatName } from '../../src/disk/format.ts'

let folder: string
let content: Uint8Array
const size = 12 << 20
const at = (name: string): string => join(folder, name)
const run = (tool: string, ...words: readonly string[]): string => execFileSync(tool, words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-disks-'))
  content = sample('disk', size)
  writeFileSync(at('a.raw'), content)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Noise, repetition and gaps. */
function sample(seed: string, length: number): Uint8Array {
  const random = new SeededRandom(seed)
  const bytes = new Uint8Array(length)
  for (let piece = 0; piece < 40; piece++) {
    const start = random.below(length - 150_000)
    const part = random.below(140_000)
    bytes.set(piece % 2 === 0 ? random.bytes(part) : new Uint8Array(part).fill(piece), start)
  }
  return bytes
}

function readImage(name: string, format: FormatName | undefined, listed: readonly string[] = []): Uint8Array {
  const image = openDiskImage(at(name), { readOnly: true, format, listed })
  const bytes = new Uint8Array(image.size)
  image.read(0, bytes)
  image.close()
  return bytes
}

/** A format that counts in cylinders may round the disk up. */
function expectContent(bytes: Uint8Array, wanted: Uint8Array = content): void {
  expect(bytes.length).toBeGreaterThanOrEqual(wanted.length)
  expect(Buffer.compare(bytes.subarray(0, wanted.length), wanted)).toBe(0)
  expect(bytes.subarray(wanted.length).every((byte) => byte === 0)).toBe(true)
}

/** QEMU's name, its options, and ours. */
const theirs: readonly (readonly [string, string, FormatName])[] = [
  ['raw', '', 'raw'],
  ['qcow2', '', 'qcow2'],
  ['qcow2', '-o compat=0.10', 'qcow2'],
  ['qcow2', '-o cluster_size=512', 'qcow2'],
  ['qcow2', '-o cluster_size=2M', 'qcow2'],
  ['qcow2', '-o refcount_bits=1', 'qcow2'],
  ['qcow2', '-o refcount_bits=64', 'qcow2'],
  ['qcow2', '-o lazy_refcounts=on', 'qcow2'],
  ['qcow2', '-o preallocation=metadata', 'qcow2'],
  ['qcow2', '-c', 'qcow2'],
  ['qcow2', '-c -o compression_type=zstd', 'qcow2'],
  ['vdi', '', 'vdi'],
  ['vdi', '-o static=on', 'vdi'],
  ['parallels', '', 'parallels'],
  ['vmdk', '', 'vmdk'],
  ['vmdk', '-o subformat=monolithicFlat', 'vmdk'],
  ['vmdk', '-o subformat=twoGbMaxExtentSparse', 'vmdk'],
  ['vmdk', '-o subformat=twoGbMaxExtentFlat', 'vmdk'],
  ['vmdk', '-o subformat=streamOptimized', 'vmdk'],
  ['vmdk', '-o zeroed_grain=on', 'vmdk'],
  ['vmdk', '-o compat6=on', 'vmdk'],
  ['vpc', '', 'vhd'],
  ['vpc', '-o force_size=on', 'vhd'],
  ['vpc', '-o subformat=fixed', 'vhd'],
  ['vhdx', '', 'vhdx'],
  ['vhdx', '-o subformat=fixed', 'vhdx'],
  ['vhdx', '-o block_size=1M,log_size=2M', 'vhdx'],
  ['vhdx', '-o block_state_zero=off', 'vhdx'],
]

describe('what qemu-img converts', () => {
  it.each(theirs)('%s %s reads the same', (format, options, ours) => {
    const name = `t-${format}-${options.replace(/\W+/g, '')}.img`
    run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...options.split(' ').filter((word) => word !== ''), 'a.raw', name)
    expectContent(readImage(name, ours))
    if (format !== 'raw') expect(checkImage(at(name), { format: ours })?.errors ?? []).toEqual([])
  })

  it.each(theirs.filter(([format, options]) => !options.includes('streamOptimized') && format !== 'raw'))('%s %s takes writes of ours', (format, options, ours) => {
    const name = `w-${format}-${options.replace(/\W+/g, '')}.img`
    run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...options.split(' ').filter((word) => word !== ''), 'a.raw', name)
    const wanted = content.slice()
    const image = openDiskImage(at(name), { readOnly: false, format: ours })
    const random = new SeededRandom(name)
    for (let step = 0; step < 60; step++) {
      const start = random.below(size / 512 - 200) * 512
      const part = new Uint8Array((1 + random.below(190)) * 512).fill(step + 1)
      image.write(start, part)
      wanted.set(part, start)
    }
    image.close()
    writeFileSync(at('w.raw'), wanted)
    passes(name, format, 'w.raw')
  })
})

/** QEMU's check, where it has one, and its comparison. */
function passes(name: string, format: string, wanted = 'a.raw'): void {
  if (['qcow2', 'vdi', 'parallels', 'vhdx', 'vmdk'].includes(format)) expect(run('qemu-img', 'check', '-f', format, name)).toContain('No errors were found')
  expect(run('qemu-img', 'compare', '-f', 'raw', '-F', format, wanted, name)).toContain('Images are identical')
}

const mine: readonly (readonly [FormatName, string, { variant?: string; clusterBytes?: number; compress?: boolean }])[] = [
  ['raw', 'raw', {}],
  ['qcow2', 'qcow2', {}],
  ['qcow2', 'qcow2', { variant: 'v2' }],
  ['qcow2', 'qcow2', { variant: 'lazy' }],
  ['qcow2', 'qcow2', { clusterBytes: 512 }],
  ['qcow2', 'qcow2', { clusterBytes: 2 << 20 }],
  ['qcow2', 'qcow2', { compress: true }],
  ['qcow2', 'qcow2', { compress: true, clusterBytes: 4096 }],
  ['vdi', 'vdi', {}],
  ['vdi', 'vdi', { variant: 'static' }],
  ['parallels', 'parallels', {}],
  ['vmdk', 'vmdk', {}],
  ['vmdk', 'vmdk', { variant: 'monolithicFlat' }],
  ['vmdk', 'vmdk', { variant: 'twoGbMaxExtentSparse' }],
  ['vmdk', 'vmdk', { variant: 'twoGbMaxExtentFlat' }],
  ['vmdk', 'vmdk', { variant: 'streamOptimized' }],
  ['vhd', 'vpc', {}],
  ['vhd', 'vpc', { variant: 'fixed' }],
  ['vhdx', 'vhdx', {}],
  ['vhdx', 'vhdx', { variant: 'fixed' }],
]

describe('what netloom converts', () => {
  it.each(mine)('%s (%s) %o passes', (format, qemu, { variant, clusterBytes, compress }) => {
    const name = `m-${format}-${variant ?? ''}-${clusterBytes ?? ''}-${compress === true}.img`
    convertImage(at('a.raw'), at(name), { format, variant, clusterBytes, compress })
    passes(name, qemu)
    expectContent(readImage(name, format))
  })

  it('twice the same way gives a disk that converts back', () => {
    convertImage(at('a.raw'), at('one.qcow2'), { compress: true })
    convertImage(at('one.qcow2'), at('two.vdi'), {})
    convertImage(at('two.vdi'), at('three.raw'), {})
    expect(Buffer.compare(readFileSync(at('three.raw')), content)).toBe(0)
  })
})

describe('overlays and snapshots', () => {
  it('of QEMU’s are read through four layers, and written', () => {
    run('qemu-img', 'convert', '-O', 'qcow2', 'a.raw', 'l0.qcow2')
    const wanted = content.slice()
    for (let layer = 1; layer < 5; layer++) {
      run('qemu-img', 'create', '-f', 'qcow2', '-b', `l${layer - 1}.qcow2`, '-F', 'qcow2', `l${layer}.qcow2`)
      run('qemu-io', '-c', `write -P ${layer} ${layer}M 700k`, `l${layer}.qcow2`)
      wanted.fill(layer, layer << 20, (layer << 20) + 700 * 1024)
    }
    expectContent(readImage('l4.qcow2', 'qcow2'), wanted)
    const image = openDiskImage(at('l4.qcow2'), { readOnly: false })
    image.write(4096, new Uint8Array(8192).fill(0x77))
    wanted.fill(0x77, 4096, 4096 + 8192)
    image.close()
    writeFileSync(at('l.raw'), wanted)
    passes('l4.qcow2', 'qcow2', 'l.raw')
    expect(describeImage(at('l4.qcow2'), {}).base?.base?.base?.base?.file).toContain('l0.qcow2')
  })

  it('of ours are read by QEMU', () => {
    createImage(at('over.qcow2'), undefined, { base: at('a.raw'), baseFormat: 'raw' })
    passes('over.qcow2', 'qcow2')
    snapshotImage(at('over.qcow2'), 'create', 'before', {})
    const image = openDiskImage(at('over.qcow2'), { readOnly: false })
    image.write(0, new Uint8Array(3 << 20).fill(5))
    image.close()
    expect(run('qemu-img', 'check', 'over.qcow2')).toContain('No errors')
    expect(run('qemu-img', 'snapshot', '-l', 'over.qcow2')).toContain('before')
    run('qemu-img', 'snapshot', '-a', 'before', 'over.qcow2')
    passes('over.qcow2', 'qcow2')
    run('qemu-io', '-c', 'write -P 9 1M 1M', 'over.qcow2')
    snapshotImage(at('over.qcow2'), 'apply', 'before', {})
    passes('over.qcow2', 'qcow2')
    snapshotImage(at('over.qcow2'), 'remove', 'before', {})
    passes('over.qcow2', 'qcow2')
  })

  it('with content in a data file are read and written', () => {
    run('qemu-img', 'create', '-f', 'qcow2', '-o', 'data_file=ext.bin,data_file_raw=on', 'ext.qcow2', `${size}`)
    run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'qcow2', 'a.raw', 'ext.qcow2')
    expectContent(readImage('ext.qcow2', 'qcow2'))
  })
})

describe('CDs', () => {
  it('are read by xorriso and bsdtar, with names, links and modes', () => {
    mkdirSync(at('cd/a/b'), { recursive: true })
    writeFileSync(at('cd/a/b/Grüße aus München.txt'), 'hello\n')
    writeFileSync(at('cd/large'), content)
    writeFileSync(at(`cd/${'n'.repeat(250)}`), '')
    for (let count = 0; count < 120; count++) writeFileSync(at(`cd/a/a-file-with-a-rather-long-name-${count}.text`), `${count}`)
    symlinkSync('../a/b', at('cd/a/link'))
    chmodSync(at('cd/large'), 0o4751)
    expect(makeIso(at('cd'), at('cd.iso'), { volume: 'cidata' })).toEqual([])
    mkdirSync(at('x1'))
    mkdirSync(at('x2'))
    run('bsdtar', '-xpf', 'cd.iso', '-C', 'x1')
    run('xorriso', '-report_about', 'FATAL', '-osirrox', 'on', '-indev', 'cd.iso', '-extract', '/', 'x2')
    for (const out of ['x1', 'x2']) {
      run('diff', '-r', '--no-dereference', 'cd', out)
      expect(statSync(at(`${out}/large`)).mode & 0o7777).toBe(0o4751)
    }
    expect(run('bsdtar', '--options', '!rockridge', '-tf', 'cd.iso')).toContain('a/b/')
  })
})

describe('NBD clients', () => {
  it('copy, compare, write, zero and flush', async () => {
    convertImage(at('a.raw'), at('served.qcow2'), {})
    const image = openDiskImage(at('served.qcow2'), { readOnly: false })
    const server = new NbdServer(image, 'served.qcow2')
    await server.open({ unix: at('nbd.sock') })
    const address = `nbd+unix:///served.qcow2?socket=${at('nbd.sock')}`
    const later = promisify(execFile)
    try {
      expect((await later('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', at('a.raw'), address])).stdout).toContain('identical')
      const commands = ['write -P 7 1M 3M', 'write -z 6M 1M', 'discard 8M 1M', 'flush', 'read -P 7 1M 3M', 'read -P 0 6M 1M']
      const { stdout } = await later('qemu-io', ['-f', 'raw', ...commands.flatMap((command) => ['-c', command]), address])
      expect(stdout).not.toContain('failed')
      await later('nbdcopy', [address, at('copied.raw')])
    } finally {
      server.close()
      image.close()
    }
    passes('served.qcow2', 'qcow2', 'copied.raw')
  })
})
