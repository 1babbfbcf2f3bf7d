/** Debian's kernels saved in the middle of their boot, brought back from the file, and run to the end of the run that was not interrupted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { restoreLab } from '../../src/host/snapshots/restore-lab.ts'
import { type SavedLab, takeSnapshot } from '../../src/host/snapshots/take-snapshot.ts'
import { version } from '../../src/host/version.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { usualHistoryBytes } from '../../src/lab/snapshot/history.ts'
import { savable } from '../../src/lab/snapshot/save-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-snapshots-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const forever = 2 ** 52 as Instant

/** A card of each model, virtio over PCI, a virtio console and a balloon. */
const devices = `
name: devices
sim: { seed: 42 }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 } } }
images: { guest: { initramfs: { modules: [e1000, virtio_balloon] } } }
defaults: { boot: kernel, kernel: linux, initrd: guest, memory: 128M, balloon: 16M, console: { virtio: true }, cmdline: console=ttyS0 console=hvc0 cryptomgr.notests }
nodes: { a: { nic: e1000, networks: [lan] }, b: { virtio: pci, networks: [lan] } }
tests:
${['a', 'b'].map((node) => `  ${node}: { node: ${node}, console: "netloom: shell ready", within: 60s }`).join('\n')}
`

function finish(lab: Lab): string {
  lab.endWithTests = true
  lab.run(forever, () => true)
  expect(lab.verdicts.all.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  const { digest } = lab
  lab.close('it ended')
  return digest
}

/** Saved at each of these instants, in nanoseconds. */
async function saving(file: string, instants: readonly number[]): Promise<{ digest: string; saved: readonly SavedLab[] }> {
  const lab = await loadLab(readLab({ file }), { historyBytes: usualHistoryBytes })
  const saves: Promise<SavedLab>[] = []
  lab.endWithTests = true
  lab.run(forever, () => {
    const at = instants[saves.length]
    if (at !== undefined && (lab.next ?? 0) >= at && savable(lab)) saves.push(takeSnapshot(lab, join(folder, `${saves.length}.nlsnap`), version()))
    return true
  })
  return { digest: finish(lab), saved: await Promise.all(saves) }
}

describe('a boot that is saved and brought back', () => {
  it.each([
    ['kernel.yaml', 'topologies/kernel.yaml', [2e8, 1e9]],
    ['other devices', 'devices.yaml', [4e8, 1.05e9]],
  ])('%s has one hash', async (_, name, instants) => {
    const text = { 'devices.yaml': devices }[name]
    const file = text === undefined ? name : join(folder, name)
    if (text !== undefined) writeFileSync(file, text)
    const whole = finish(await loadLab(readLab({ file })))
    const { digest, saved } = await saving(file, instants)
    expect(digest).toBe(whole)
    expect(saved).toHaveLength(instants.length)
    for (const snapshot of saved) expect(finish((await restoreLab(snapshot.file, {})).lab)).toBe(whole)
  }, 300_000)
})
