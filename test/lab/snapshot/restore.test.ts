import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import type { Duration, Instant } from '../../../src/base/time.ts'
import { loadLab, type ReadLab, readLab } from '../../../src/host/open-lab.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { History, reseed, usualHistory } from '../../../src/lab/snapshot/history.ts'
import { Restoration } from '../../../src/lab/snapshot/restore.ts'
import { type LabSnapshot, savable, saveLab } from '../../../src/lab/snapshot/save-lab.ts'
import { echoer } from '../../cli/tiny-guests.ts'

const forever = 2 ** 52 as Instant
const folder = mkdtempSync(join(tmpdir(), 'netloom-restore-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function readText(name: string, text: string): ReadLab {
  const file = join(folder, name)
  writeFileSync(file, text)
  return readLab({ file })
}

async function fresh(read: ReadLab, limitBytes?: number): Promise<Lab> {
  const lab = await loadLab(read)
  lab.history = new History(lab, limitBytes)
  return lab
}

async function restored(read: ReadLab, snapshot: LabSnapshot): Promise<Lab> {
  const lab = await fresh(read)
  const restoration = new Restoration(lab, snapshot)
  // In pieces, as a host does it.
  while (!restoration.run(() => false)) if (lab.holds.any) await new Promise((resolve) => void setImmediate(resolve))
  restoration.complete()
  return lab
}

/** Runs to the end. @param act told of every step. */
function run(lab: Lab, act: (step: number) => void = () => undefined): void {
  let step = 0
  lab.run(forever, () => {
    act(step++)
    return true
  })
}

const told = (lab: Lab): unknown => [lab.digest, lab.verdicts.all, lab.journal.entries, lab.hits, lab.door.entries, [...lab.machines.values()].map(({ transcript }) => transcript.text)]

/** Saves at every so many steps, and goes on from each. */
async function everywhere(read: ReadLab, every: number, act: (lab: Lab, step: number) => void = () => undefined): Promise<number> {
  const whole = await fresh(read)
  run(whole, (step) => act(whole, step))
  const saving = await fresh(read)
  const saved: { readonly snapshot: LabSnapshot; readonly step: number }[] = []
  run(saving, (step) => {
    act(saving, step)
    if (step % every === 0 && savable(saving)) saved.push({ snapshot: saveLab(saving), step })
  })
  expect(told(saving)).toEqual(told(whole))
  for (const { snapshot, step } of saved) {
    const lab = await restored(read, snapshot)
    run(lab, (more) => act(lab, step + 1 + more))
    expect(told(lab)).toEqual(told(whole))
  }
  return saved.length
}

const hello = fileURLToPath(new URL('../../../topologies/hello.yaml', import.meta.url))
const boot = (name: string, more: string): string => `
name: ${name}
sim: { seed: 3, until: 30s }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, boot: { file: motd } }, tftp: { files: { motd: motd } } } }
nodes: { a: { program: hello, memory: 2M, networks: [lan] }, b: { program: hello, memory: 2M, networks: [lan], depends_on: { a: off } } }
images: { motd: { text: "${'Every byte here came over a virtual wire. '.repeat(150)}" } }
tests: { leased: { node: a, memory: { at: 0x80010028, bytes: "0a 00 00" }, within: 30s }, a: { node: a, console: "hello: fetched", within: 30s }, b: { node: b, console: "hello: fetched", within: 30s } }
${more}
`

describe('a lab that is brought back goes on as it would have gone on', () => {
  it('hello.yaml, from everywhere', async () => expect(await everywhere(readLab({ file: hello }), 4)).toBeGreaterThan(10))

  it('with links that lose, double, delay and damage what passes', async () => {
    const faults = `
faults:
  - { link: "a:eth0", loss: 10%, delay: 2ms, jitter: 1ms }
  - { link: "b:eth0", duplicate: 20%, corrupt: 3%, reorder: 20% }
  - { match: "tftp.data to a", nth: 3, do: drop }
`
    const read = readText('faults.yaml', boot('faults', faults))
    expect(await everywhere(read, 25)).toBeGreaterThan(5)
    const lab = await fresh(read)
    run(lab)
    expect(lab.verdicts.all.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed'])
  })

  it('with links that were changed live, and given back', async () => {
    const read = readText('links.yaml', boot('links', ''))
    const loss = { set: { loss: 0.2, delay: 300_000 as Duration } }
    const act = (lab: Lab, step: number): void => {
      if (step === 12) lab.setLink('a:eth0', loss)
      if (step === 60) lab.setLink('a:eth0', { set: { loss: 0.05 } })
      if (step === 100) lab.setLink('lan', { set: 'down' })
      if (step === 103) lab.setLink('lan', { set: 'up' })
      if (step === 130) lab.setLink('a:eth0', { set: 'reset' })
    }
    expect(await everywhere(read, 20, act)).toBeGreaterThan(5)
  })

  it('with what was typed and had not reached its guest', async () => {
    writeFileSync(join(folder, 'echo.bin'), echoer('ready\n'))
    const read = readText('echo.yaml', 'name: echo\nnodes: { a: { kernel: ./echo.bin, firmware: none, memory: 2M } }\nsim: { until: 40ms }\n')
    const act = (lab: Lab, step: number): void => {
      if (step === 3) lab.door.type('a', latin1('one two three '.repeat(40)))
      if (step === 7) lab.door.type('a', latin1('q'))
    }
    expect(await everywhere(read, 1, act)).toBeGreaterThan(5)
  })
})

describe('a lab that is brought back', () => {
  it('is saved and brought back again, and given other chance in between', async () => {
    const read = readText('again.yaml', boot('again', 'faults: [ { link: "a:eth0", loss: 10%, delay: 1ms, jitter: 1ms } ]'))
    const first = await fresh(read)
    let snapshot: LabSnapshot | undefined
    run(first, (step) => void (step === 30 && savable(first) && (snapshot = saveLab(first))))
    const fork = await restored(read, snapshot as LabSnapshot)
    reseed(fork, 'another')
    let second: LabSnapshot | undefined
    run(fork, (step) => void (second === undefined && step >= 30 && savable(fork) && (second = saveLab(fork))))
    expect(fork.digest).not.toBe(first.digest)
    const again = await restored(read, second as LabSnapshot)
    run(again)
    expect(told(again)).toEqual(told(fork))
  })

  it('is refused when it has become another', async () => {
    const lab = await fresh(readText('before.yaml', boot('one', '')))
    let snapshot: LabSnapshot | undefined
    run(lab, (step) => void (snapshot === undefined && step > 30 && savable(lab) && (snapshot = saveLab(lab))))
    const other = readText('after.yaml', boot('one', '').replaceAll('Every byte', 'No byte'))
    await expect(restored(other, snapshot as LabSnapshot)).rejects.toThrow(/^the lab did not come back as it was saved: (a:eth0|lan:eth0) (in|out) differs$/)
  })

  it('was not saved without a history, or beyond its bound', async () => {
    const read = readLab({ file: hello })
    const bare = await loadLab(read)
    expect(() => saveLab(bare)).toThrow('keeps no history')
    const small = await fresh(read, 10)
    run(small)
    expect(() => saveLab(small)).toThrow(/^at \d+\.\d+s more had come in and gone out than the 0M that are kept of it, so the lab can’t be saved any more$/)
  })

  it('keeps less where bytes come from outside', () => {
    const kept = (rest: string): number => usualHistory(readText('kept.yaml', `name: kept\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1${rest}\n`).topology)
    expect(kept(' } }')).toBe(256 << 20)
    expect(kept(', nat: true } }')).toBe(16 << 20)
    expect(kept(' } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }')).toBe(16 << 20)
  })
})
