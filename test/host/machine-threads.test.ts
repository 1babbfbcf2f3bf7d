import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import type { Lab } from '../../src/lab/lab.ts'

const forever = 2 ** 52 as Instant
const hello = readLab({ file: fileURLToPath(new URL('../../topologies/hello.yaml', import.meta.url)) })

async function run(workers: number): Promise<Lab> {
  const lab = await loadLab(hello, { workers })
  lab.endWithTests = true
  lab.run(forever, () => true)
  return lab
}

describe('threads with machines in them', () => {
  it('give the run of one thread, and are asked for what is rare', { timeout: 60_000 }, async () => {
    const alone = await run(1)
    const apart = await run(2)
    expect([apart.digest, apart.lanes]).toEqual([alone.digest, alone.lanes])
    const [island] = [...apart.machines.values()].filter(({ apart }) => apart)
    expect(island.machine.core.dump(0)).toContain('pc ')
    // Longer than a box: it comes by the port.
    const state = island.machine.save()
    island.machine.load(state)
    expect(island.machine.save()).toEqual(state)
    for (const lab of [alone, apart]) lab.close('the end')
    expect(() => island.machine.core.dump(0)).toThrow('the lab’s threads have ended')
  })
})
