import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, type ReadLab, readLab } from '../../../src/host/open-lab.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { History } from '../../../src/lab/snapshot/history.ts'
import { Restoration } from '../../../src/lab/snapshot/restore.ts'
import { type LabSnapshot, savable, saveLab } from '../../../src/lab/snapshot/save-lab.ts'
import { echoer } from '../../cli/tiny-guests.ts'
import { HallThread } from './hall-thread.ts'

const forever = 2 ** 52 as Instant
const folder = mkdtempSync(join(tmpdir(), 'netloom-threads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const hello = readLab({ file: fileURLToPath(new URL('../../../topologies/hello.yaml', import.meta.url)) })

function readText(name: string, text: string): ReadLab {
  const file = join(folder, name)
  writeFileSync(file, text)
  return readLab({ file })
}

/** Four that lease, fetch and ping each other, all at the same time. */
const four = (more = ''): string => `name: four
sim: { seed: 7, until: 20s }
networks:
  lan:
    subnet: 10.0.0.0/24
    gateway: 10.0.0.1
    dhcp:
      range: 10.0.0.100-10.0.0.199
      hosts:
        a: { address: 10.0.0.10, boot: { file: to-b } }
        b: { address: 10.0.0.11, boot: { file: to-c } }
        c: { address: 10.0.0.12, boot: { file: to-d } }
        d: { address: 10.0.0.13, boot: { file: rest } }
    tftp: { files: { to-b: to-b, to-c: to-c, to-d: to-d, rest: rest } }
defaults: { program: hello, memory: 2M, networks: [lan] }
nodes: { a: , b: , c: , d: }
images:
  to-b: { text: "ping 10.0.0.11\\n" }
  to-c: { text: "ping 10.0.0.12\\n" }
  to-d: { text: "ping 10.0.0.13\\n" }
  rest: { text: "${'0123456789abcdef'.repeat(200)}" }
tests:
  a: { node: a, console: "hello: done", within: 20s }
  b: { node: b, console: "hello: done", within: 20s }
  c: { node: c, console: "hello: done", within: 20s }
  d: { node: d, console: "hello: fetched rest", within: 20s }
${more}`

interface Told {
  readonly digest: string
  readonly lanes: Readonly<Record<string, string>>
  readonly verdicts: readonly string[]
  readonly consoles: readonly string[]
  readonly hits: readonly string[]
  readonly log: readonly string[]
}

const told = (lab: Lab): Told => ({
  digest: lab.digest,
  lanes: lab.lanes,
  verdicts: lab.verdicts.all.map(({ name, outcome }) => `${name} ${outcome}`),
  consoles: [...lab.machines.values()].map(({ transcript }) => transcript.text),
  hits: lab.hits.map(({ time, port, effect }) => `${time} ${port} ${effect}`).sort(),
  // Who of several islands is heard first within a window is another matter.
  log: lab.journal.entries.filter(({ event }) => event !== 'machine.thread').map(({ time, source, event, message }) => `${time} ${source} ${event} ${message}`).sort(),
})

type Act = (lab: Lab) => void

/** @param acts what is done when the lab has come to an instant, in nanoseconds. */
async function run(read: ReadLab, threads: readonly HallThread[], toTests = false, acts: readonly (readonly [number, Act])[] = []): Promise<Lab> {
  const lab = await loadLab(read, { threads })
  lab.endWithTests = toTests
  for (const [time, act] of acts) {
    lab.run(time as Instant, () => true)
    act(lab)
  }
  lab.run(forever, () => true)
  lab.close('the end')
  return lab
}

async function same(read: ReadLab, threads: number, toTests = false, acts: readonly (readonly [number, Act])[] = []): Promise<Lab> {
  const alone = await run(read, [], toTests, acts)
  const halls = Array.from({ length: threads }, () => new HallThread())
  const apart = await run(read, halls, toTests, acts)
  expect(told(apart)).toEqual(told(alone))
  for (const hall of halls) expect(hall.orders).toBeGreaterThan(0)
  expect(halls.every(({ closed }) => closed)).toBe(true)
  return apart
}

describe('a lab whose machines run in other threads is the lab in one', () => {
  it('hello.yaml, to its end and to its tests', async () => {
    expect((await same(hello, 1)).machines.get('node1')?.state).toBe('off')
    await same(hello, 2, true)
  })

  for (const [words, latency] of [['5 µs apart', ''], ['100 ns apart', '100ns'], ['1 ms apart', '1ms']]) {
    it(`four guests, ${words}`, async () => {
      const text = four().replace('seed: 7', latency === '' ? 'seed: 7' : `seed: 7, latency: ${latency}`)
      const lab = await same(readText(`four${latency}.yaml`, text), 3)
      expect(lab.verdicts.all.every(({ outcome }) => outcome === 'passed')).toBe(true)
    })
  }

  it('with links that lose, double, hold back and damage what passes, and one that is pulled', async () => {
    const faults = 'faults: [ { link: a, loss: 5%, duplicate: 10% }, { link: b, delay: 300us, jitter: 200us }, { link: c, corrupt: 3%, reorder: 20% }, { link: d, at: 1ms, down: 4ms } ]\n'
    const lab = await same(readText('faults.yaml', four(faults)), 3, true)
    expect(lab.hits.length).toBeGreaterThan(3)
  })

  it('with links that are changed live', async () => {
    await same(readText('live.yaml', four()), 3, false, [
      [400_000, (lab) => lab.setLink('a', { set: 'down' })],
      [900_000, (lab) => lab.setLink('a', { set: 'up' })],
    ])
  })

  it('with a dialogue, what is typed from outside, and a node that waits for what another says', async () => {
    writeFileSync(join(folder, 'echoer'), echoer('ready\n'))
    const text = `name: talk
sim: { until: 400ms }
defaults: { memory: 2M, kernel: ./echoer, firmware: none }
nodes: { a: , b: { depends_on: { a: { console: "pong" } } } }
tests: { talk: { node: a, dialogue: [ { send: "ping" }, { expect: "ping" }, { send: "pong" }, { expect: "pong" } ] } }
`
    const read = readText('talk.yaml', text)
    const lab = await same(read, 1, false, [[200_000_000, (one) => void one.door.type('a', latin1('x'.repeat(300)))], [300_000_000, (one) => void one.door.type('b', latin1('hello'))]])
    expect(lab.machines.get('b')?.transcript.text).toContain('hello')
  })

  it('is saved, and goes on in threads or without', async () => {
    const read = readText('saved.yaml', four())
    const whole = await run(read, [])
    let snapshot: LabSnapshot | undefined
    const saving = await loadLab(read, { threads: [new HallThread()] })
    saving.history = new History(saving)
    saving.run(1_000_000 as Instant, () => true)
    saving.run(forever, () => {
      if (snapshot === undefined && savable(saving)) snapshot = saveLab(saving)
      return true
    })
    expect(saving.digest).toBe(whole.digest)
    for (const threads of [[], [new HallThread(), new HallThread()]]) {
      const lab = await loadLab(read, { threads })
      lab.history = new History(lab)
      const restoration = new Restoration(lab, snapshot as LabSnapshot)
      while (!restoration.run(() => true));
      restoration.complete()
      lab.run(forever, () => true)
      expect(lab.digest).toBe(whole.digest)
    }
  })
})

describe('a machine in another thread', () => {
  it('can be looked at, and says what can’t be done with it', async () => {
    const thread = new HallThread()
    const lab = await loadLab(hello, { threads: [thread] })
    lab.run(250_000 as Instant, () => true)
    const [{ machine }] = [...lab.machines.values()].filter(({ apart }) => apart)
    expect(machine.core.retired).toBeGreaterThan(0)
    expect(machine.core.ram.length).toBe(2 << 20)
    expect(machine.core.dump(0)).toContain('pc ')
    expect(machine.core.statistics().decodedPages).toBeGreaterThan(0)
    expect(machine.nics[0].counters.sentFrames).toBeGreaterThan(0)
    expect(() => machine.core.breakpoints.set([])).toThrow('runs in a thread of its own, where breakpoints can’t be had')
    expect(() => machine.core.trace(undefined)).toThrow('where a trace can’t be had')
    lab.close('the end')
  })

  it('that doesn’t fit is refused as in one thread', async () => {
    writeFileSync(join(folder, 'large'), new Uint8Array(3 << 20))
    const read = readText('large.yaml', 'name: t\nnodes: { a: { kernel: ./large, firmware: none, memory: 2M }, b: { kernel: ./large, firmware: none, memory: 2M } }\n')
    const words = async (threads: readonly HallThread[]): Promise<string> => loadLab(read, { threads }).then(() => 'made', (error: Error) => error.message)
    const thread = new HallThread()
    expect(await words([thread])).toBe(await words([]))
    expect(thread.closed).toBe(true)
  })
})
