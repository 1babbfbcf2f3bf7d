import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, type ReadLab, readLab } from '../../../src/host/open-lab.ts'
import { breakSignal } from '../../../src/lab/door.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { History } from '../../../src/lab/snapshot/history.ts'
import { Restoration } from '../../../src/lab/snapshot/restore.ts'
import { type LabSnapshot, savable, saveLab } from '../../../src/lab/snapshot/save-lab.ts'
import { parrot, talker } from './serial-guest.ts'

const forever = 2 ** 52 as Instant
const folder = mkdtempSync(join(tmpdir(), 'netloom-serial-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As many as a FIFO has room for: the talker listens when it has talked. */
const words = 'fifteen of them'
writeFileSync(join(folder, 'talker.bin'), talker(`${words}.`))
writeFileSync(join(folder, 'parrot.bin'), parrot())
writeFileSync(join(folder, 'console.bin'), parrot(0))

function lab(name: string, text: string): ReadLab {
  const file = join(folder, name)
  writeFileSync(file, `name: serial\nsim: { until: 1s }\ndefaults: { firmware: none, memory: 2M }\n${text}`)
  return readLab({ file })
}

async function fresh(read: ReadLab): Promise<Lab> {
  const made = await loadLab(read)
  made.history = new History(made)
  return made
}

const pair = 'nodes: { a: { kernel: ./talker.bin, serial: [null, { to: b }] }, b: { kernel: ./parrot.bin } }\n'
const told = (one: Lab): unknown => [one.digest, one.lanes, [...one.machines.values()].map(({ transcripts }) => transcripts.map(({ text }) => text))]

describe('a null modem', () => {
  it('carries words there and back at the guests’ rate', async () => {
    const one = await fresh(lab('pair.yaml', pair))
    const state = one.run(forever, () => true)
    expect(state).toMatchObject({ kind: 'ended', end: { reason: 'off' } })
    expect(one.machines.get('a')?.transcripts.map(({ text }) => text)).toEqual([`${words}.`, `${words}.`])
    expect(one.machines.get('b')?.transcripts.map(({ text }) => text)).toEqual(['', `${words}.`])
    // 16 characters there, and the last one back: 17 × 10 bits at 115,200 bit/s, and what little the guests add.
    const end = state.kind === 'ended' ? state.end.time : 0
    expect(end).toBeGreaterThan(17 * 86_805)
    expect(end).toBeLessThan(18.5 * 86_805)
  })

  it('is the same run however it is cut, and from wherever it was saved', async () => {
    const read = lab('pair.yaml', pair)
    const whole = await fresh(read)
    whole.run(forever, () => true)
    const saving = await fresh(read)
    const snapshots: LabSnapshot[] = []
    let step = 0
    for (let limit = 0; saving.run(limit as Instant, () => true).kind !== 'ended'; limit += 1000) if (step++ % 200 === 100 && savable(saving)) snapshots.push(saveLab(saving))
    expect(told(saving)).toEqual(told(whole))
    expect(snapshots.length).toBeGreaterThan(5)
    for (const snapshot of snapshots) {
      const back = await fresh(read)
      const restoration = new Restoration(back, snapshot)
      while (!restoration.run(() => true));
      restoration.complete()
      back.run(forever, () => true)
      expect(told(back)).toEqual(told(whole))
    }
  })

  it('loses nothing at rate: max, however fast they are', async () => {
    const long = words.repeat(600).slice(0, 8000)
    writeFileSync(join(folder, 'long.bin'), talker(`${long}.`))
    writeFileSync(join(folder, 'sink.bin'), talker(''))
    const one = await fresh(lab('max.yaml', 'nodes: { a: { kernel: ./long.bin, serial: [{}, { to: b, rate: max }] }, b: { kernel: ./sink.bin, serial: { port: 1, rate: 1000000 } } }\n'))
    one.run(forever, () => true)
    expect(one.machines.get('b')?.transcript.text === `${long}.`).toBe(true)
  })
})

describe('what comes from outside', () => {
  it('reaches a port by the recorded door, breaks in their place, and is the same played back', async () => {
    const read = lab('typed.yaml', 'nodes: { a: { kernel: ./parrot.bin, serial: [null, {}] } }\n')
    const first = await fresh(read)
    first.run(1_000_000 as Instant, () => true)
    first.door.type('a:serial1', utf8('ab'))
    first.door.signal('a:serial1', breakSignal)
    first.door.type('a:serial1', utf8('cd'))
    first.run(5_000_000 as Instant, () => true)
    first.door.type('a:serial1', utf8('.'))
    first.run(forever, () => true)
    expect(first.machines.get('a')?.transcripts[1].text).toBe('ab!cd.')
    const second = await fresh(read)
    for (const entry of first.door.entries) second.door.replay(entry)
    second.run(forever, () => true)
    expect(told(second)).toEqual(told(first))
  })

  it('gives the console a rate only where one is asked for', async () => {
    const ends: number[] = []
    for (const serial of ['', ', serial: { rate: guest }']) {
      const one = await fresh(lab('console.yaml', `nodes: { a: { kernel: ./console.bin${serial} } }\n`))
      one.run(50_000 as Instant, () => true)
      one.door.type('a', utf8('0123456789.'))
      const state = one.run(forever, () => true)
      expect(one.machines.get('a')?.transcript.text).toBe('0123456789.')
      ends.push(state.kind === 'ended' ? state.end.time : 0)
    }
    expect(ends[0]).toBeLessThan(100_000)
    expect(ends[1]).toBeGreaterThan(12 * 86_805)
  })
})

describe('serial: in a lab file', () => {
  it.each([
    ['serial: { port: 4 }', /port|expected/],
    ['serial: [{ port: 1 }, { port: 1 }]', /port 1 is there twice/],
    ['serial: { to: nobody }', /there is no machine "nobody"/],
    ['serial: { to: a }', /connected to itself/],
    ['serial: { buffer: 12B }', /out of range/],
    ['serial: { tcp: 99999 }', /ports are 1 to 65535/],
    ['serial: { pyt: true }', /pyt/],
  ])('refuses %s', (text, message) => {
    expect(() => lab('bad.yaml', `nodes: { a: { kernel: ./parrot.bin, ${text} } }\n`)).toThrow(message)
  })

  it('refuses a null modem with three ends', () => {
    expect(() => lab('three.yaml', 'nodes: { a: { kernel: ./parrot.bin, serial: { to: b } }, b: { kernel: ./parrot.bin }, c: { kernel: ./parrot.bin, serial: { to: b } } }\n')).toThrow(/a null modem has two ends|connected to port/)
  })
})
