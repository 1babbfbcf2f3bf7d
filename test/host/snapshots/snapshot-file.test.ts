import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import { restoreLab } from '../../../src/host/snapshots/restore-lab.ts'
import { takeSnapshot } from '../../../src/host/snapshots/take-snapshot.ts'
import { readCard } from '../../../src/host/snapshots/snapshot-file.ts'
import { version } from '../../../src/host/version.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { usualHistoryBytes } from '../../../src/lab/snapshot/history.ts'
import { savable } from '../../../src/lab/snapshot/save-lab.ts'

const forever = 2 ** 52 as Instant
/** A machine leases and fetches; its lease is kept in a journal. */
const text = (message: string): string => `
name: lab
sim: { seed: 1, until: 30s }
networks:
  lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, boot: { file: motd }, leases: ./leases.journal }, tftp: { files: { motd: ./motd } } }
nodes:
  a: { program: hello, memory: 2M, networks: [lan] }
tests: { done: { node: a, console: "hello: done", within: 30s } }
# ${message}
`
let folder: string
let whole: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-snapshot-'))
  writeFileSync(join(folder, 'lab.yaml'), text('as it was'))
  writeFileSync(join(folder, 'motd'), 'hello\n')
  const read = readLab({ file: join(folder, 'lab.yaml') })
  const lab = await loadLab(read, { historyBytes: usualHistoryBytes })
  const saves: Promise<unknown>[] = []
  let steps = 0
  lab.run(forever, () => {
    if (++steps >= 10 && saves.length === 0 && savable(lab)) saves.push(takeSnapshot(lab, join(folder, 'lab.nlsnap'), version()))
    return true
  })
  whole = lab.digest
  expect(lab.verdicts.all.map(({ outcome }) => outcome)).toEqual(['passed'])
  expect(saves).toHaveLength(1)
  lab.close('it ended')
  await Promise.all(saves)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function finish(lab: Lab): string {
  lab.run(forever, () => true)
  lab.close('it ended')
  return lab.digest
}

/** The snapshot, changed by `edit`, brought back. */
async function back(edit: (bytes: Buffer) => Uint8Array): Promise<Lab> {
  const file = join(folder, 'edited.nlsnap')
  writeFileSync(file, edit(readFileSync(join(folder, 'lab.nlsnap'))))
  return (await restoreLab(file, {})).lab
}

describe('a snapshot in a file', () => {
  it('goes on with the hash of the run that was not interrupted, and its leases are where they were', async () => {
    const leases = readFileSync(join(folder, 'leases.journal'))
    const { lab } = await restoreLab(join(folder, 'lab.nlsnap'), {})
    expect(finish(lab)).toBe(whole)
    expect(readFileSync(join(folder, 'leases.journal'))).toEqual(leases)
  })

  it('runs under another name where one is given', async () => {
    const { lab, read } = await restoreLab(join(folder, 'lab.nlsnap'), { name: 'other' })
    expect([lab.topology.name, read.topology.name]).toEqual(['other', 'other'])
    expect(finish(lab)).toBe(whole)
  })

  it('as a fork can be saved and brought back like any other', async () => {
    const { lab } = await restoreLab(join(folder, 'lab.nlsnap'), { seed: '2', historyBytes: usualHistoryBytes })
    await takeSnapshot(lab, join(folder, 'fork.nlsnap'), version())
    const digest = finish(lab)
    expect(finish((await restoreLab(join(folder, 'fork.nlsnap'), {})).lab)).toBe(digest)
  })

  it('has no lab without a history', async () => {
    const lab = await loadLab(readLab({ file: join(folder, 'lab.yaml') }))
    expect(() => takeSnapshot(lab, join(folder, 'none.nlsnap'), version())).toThrow('keeps no history')
    lab.close('it was not run')
  })
})

describe('a snapshot is refused with a sentence', () => {
  it('when it is cut short, anywhere', async () => {
    for (const length of [10, 15, 300]) await expect(back((bytes) => bytes.subarray(0, length))).rejects.toThrow('is cut short')
    await expect(back((bytes) => bytes.subarray(0, bytes.length - 1))).rejects.toThrow(/is cut short: \d+ bytes are there, of \d+$/)
  })

  it('when it is damaged, or goes on behind its end', async () => {
    await expect(back((bytes) => bytes.fill(0x55, bytes.length - 40))).rejects.toThrow('is damaged: ')
    await expect(back((bytes) => Buffer.concat([bytes, Buffer.from('x')]))).rejects.toThrow('goes on behind its end, for 1 bytes')
  })

  it('when it is something else', async () => {
    await expect(back(() => Buffer.from('name: lab\n'))).rejects.toThrow('is no snapshot of a lab')
    await expect(restoreLab(join(folder, 'absent.nlsnap'), {})).rejects.toThrow('there is no snapshot')
  })

  it('when another version has written it', async () => {
    const file = join(folder, 'lab.nlsnap')
    expect(() => readCard(file, '99.0.0')).toThrow(`was written by netloom ${version()}; this is netloom 99.0.0`)
    await expect(back((bytes) => (bytes.writeUInt32LE(7, 8), bytes))).rejects.toThrow('was written in format 7')
  })

  it('when the lab file, or an image, has changed since', async () => {
    writeFileSync(join(folder, 'lab.yaml'), text('as it is now'))
    await expect(back((bytes) => bytes)).rejects.toThrow(/lab\.yaml has changed since .*edited\.nlsnap was saved/)
    writeFileSync(join(folder, 'lab.yaml'), text('as it was'))
    writeFileSync(join(folder, 'motd'), 'other\n')
    await expect(back((bytes) => bytes)).rejects.toThrow('the image ./motd is another than when')
    writeFileSync(join(folder, 'motd'), 'hello\n')
  })
})
