import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import * as pcapng from '../../../src/wire/pcapng.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-faults-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const text = (faults: string): string => `name: faulty
sim: { seed: 3, until: 60s }
networks: { lan: { gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, boot: { file: motd } }, tftp: { files: { motd: motd } } } }
nodes: { node1: { program: hello, memory: 2M, networks: [lan] } }
images: { motd: { text: "${'0123456789abcdef'.repeat(80)}" } }
tests: { done: { node: node1, console: "hello: done" } }
faults: ${faults}
`

let count = 0
async function run(faults: string, seed?: string): Promise<{ lab: Lab; capture: pcapng.Capture }> {
  const file = join(folder, `lab${count++}.yaml`)
  writeFileSync(file, text(faults))
  const lab = await loadLab(readLab({ file, seed }))
  const parts: Uint8Array[] = []
  const stop = lab.record(() => true, 'both', (bytes) => parts.push(bytes.slice()))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('the end')
  stop()
  return { lab, capture: pcapng.parse(Buffer.concat(parts)) }
}
const outcome = (lab: Lab): string => lab.verdicts.all[0].outcome

describe('a lab with faults', () => {
  it('gets over a lost TFTP block, and the capture says where it was lost', async () => {
    const { lab, capture } = await run('[ { match: "tftp.data to node1", nth: 2 } ]')
    expect(outcome(lab)).toBe('passed')
    expect(lab.hits).toMatchObject([{ fault: 'f1', port: 'node1:eth0', way: 'in', effect: 'drop' }])
    const marked = capture.packets.filter((packet) => packet.comment !== undefined)
    expect(marked.map((packet) => [capture.interfaces[packet.interface].name, packet.comment])).toEqual([['node1:eth0', 'dropped by f1']])
    expect(lab.journal.entries.filter(({ event }) => event.startsWith('fault.')).map(({ message }) => message)).toEqual([expect.stringMatching(/^node1:eth0 in: .*: dropped by f1$/)])
  })

  it('is without a carrier for as long as the cable is pulled, by the file and live', async () => {
    const { lab } = await run('[ { link: node1, at: 10ms, down: 20ms }, { link: lan, at: 25ms, down: 10ms } ]')
    const file = join(folder, 'carrier.yaml')
    writeFileSync(file, text('[ { link: node1, at: 10ms, down: 20ms }, { link: lan, at: 25ms, down: 10ms } ]'))
    const again = await loadLab(readLab({ file }))
    const told: (readonly [number, boolean])[] = []
    const [tap] = again.taps.filter(({ place }) => place.node === 'node1')
    tap.watchCarrier((carrier) => told.push([tap.scheduler.now, carrier]))
    again.run(100e6 as Instant, () => true)
    expect(told).toEqual([[10e6, false], [35e6, true]])
    again.setLink('node1', { set: 'down' })
    again.run(200e6 as Instant, () => true)
    expect(tap.carrier).toBe(false)
    again.setLink('node1', { set: 'up' })
    again.run(300e6 as Instant, () => true)
    expect(tap.carrier).toBe(true)
    again.close('the end')
    expect(outcome(lab)).toBe('passed')
  })

  it('fails when nothing comes through', async () => expect(outcome((await run('[ { link: node1, down: true } ]')).lab)).toBe('failed'))

  it('gives the same run for the same seed, another for another', async () => {
    const faults = '[ { link: lan, loss: 20%, delay: 3ms, jitter: 1ms, duplicate: 5% } ]'
    const [one, two, other] = [await run(faults), await run(faults), await run(faults, '4')]
    expect(one.lab.hits.length).toBeGreaterThan(0)
    expect(two.lab.hits).toEqual(one.lab.hits)
    expect(two.lab.digest).toBe(one.lab.digest)
    expect(other.lab.digest).not.toBe(one.lab.digest)
  })

  it('is late by what the link is late', async () => {
    const time = async (faults: string): Promise<number> => (await run(faults)).lab.verdicts.all[0].time ?? 0
    expect((await time('[ { link: node1, delay: 50ms } ]')) - (await time('[]'))).toBeGreaterThan(4 * 50e6)
  })
})
