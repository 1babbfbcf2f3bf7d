import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { readLab, type ReadLab } from '../../../src/host/open-lab.ts'
import { LabFiles } from '../../../src/host/snapshots/lab-files.ts'
import type { DiskPlan } from '../../../src/lab/topology.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-lab-files-'))
  writeFileSync(join(folder, 'disk.raw'), new Uint8Array(1 << 20).fill(0x11))
  writeFileSync(join(folder, 'guest.bin'), new Uint8Array(4))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function lab(disk: string): { read: ReadLab; plan: DiskPlan } {
  writeFileSync(join(folder, 'lab.yaml'), `name: t\nnodes: { a: { kernel: ./guest.bin, firmware: none, memory: 2M, disks: [ ${disk} ] } }\n`)
  const read = readLab({ file: join(folder, 'lab.yaml') })
  return { read, plan: read.topology.machines[0].disks[0] }
}

const part = (disk: { read(offset: number, into: Uint8Array): void }, offset: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length).fill(0xa5)
  disk.read(offset, bytes)
  return bytes
}

describe('a disk of a lab that is brought back', () => {
  it('holds what was written to its overlay, and its image is as it was', () => {
    const { read, plan } = lab('{ file: ./disk.raw, overlay: true }')
    const before = new LabFiles(read.topology, folder)
    const disk = before.disk(plan)
    disk.write(70_000 - (70_000 % 512), new Uint8Array(512).fill(0x22))
    disk.write((1 << 20) - 512, new Uint8Array(512).fill(0x33))
    const saved = before.save()
    disk.write(0, new Uint8Array(512).fill(0x44))
    const after = new LabFiles(read.topology, folder, saved)
    const back = after.disk(plan)
    after.complete()
    expect(part(back, 70_000 - (70_000 % 512), 512)).toEqual(new Uint8Array(512).fill(0x22))
    expect(part(back, (1 << 20) - 512, 512)).toEqual(new Uint8Array(512).fill(0x33))
    expect(part(back, 0, 512)).toEqual(new Uint8Array(512).fill(0x11))
    expect(new Uint8Array(readFileSync(join(folder, 'disk.raw')))).toEqual(new Uint8Array(1 << 20).fill(0x11))
    // Saved again, it is the same.
    expect(after.save()).toEqual(saved)
    utimesSync(join(folder, 'disk.raw'), 1, 1)
    expect(() => new LabFiles(read.topology, folder, saved).disk(plan)).toThrow('the disk image ./disk.raw (a disk 1) has changed since the lab was saved')
  })

  it('is not saved when it is written where it is', () => {
    const { read, plan } = lab('{ file: ./disk.raw }')
    const files = new LabFiles(read.topology, folder)
    const disk = files.disk(plan)
    expect(Object.keys(files.save().disks)).toEqual(['a disk 1'])
    disk.write(0, new Uint8Array(512).fill(0x11))
    expect(() => files.save()).toThrow('./disk.raw (a disk 1) is written where it is')
  })
})

describe('a journal of a lab that is brought back', () => {
  it('is what it was when the lab began, and reaches the real one once the lab is back', () => {
    const { read } = lab('{ file: ./disk.raw, overlay: true }')
    writeFileSync(join(folder, 'leases'), 'old\n')
    const before = new LabFiles(read.topology, folder)
    const journal = before.journal('leases')
    journal.append(latin1('one\n'))
    const saved = before.save()
    journal.append(latin1('lost\n'))
    journal.close()
    const after = new LabFiles(read.topology, folder, saved)
    const held = after.journal('leases')
    expect(held.content).toEqual(new Uint8Array(latin1('old\n')))
    held.append(latin1('one\n'))
    expect(readFileSync(join(folder, 'leases'), 'latin1')).toBe('old\none\nlost\n')
    after.complete()
    held.append(latin1('two\n'))
    held.close()
    expect(readFileSync(join(folder, 'leases'), 'latin1')).toBe('old\none\ntwo\n')
  })
})

describe('a folder that is served', () => {
  it('keeps the lab from being saved once it was written to', () => {
    const { read } = lab('{ file: ./disk.raw, overlay: true }')
    const files = new LabFiles(read.topology, folder)
    const tree = files.folder('.', true)
    tree.open('guest.bin', 'read').close()
    expect(() => files.save()).not.toThrow()
    tree.open('upload', 'create').close()
    expect(() => files.save()).toThrow('. is written where it is, so the lab can’t be saved')
  })
})
