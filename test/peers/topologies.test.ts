/** The shipped labs that boot other people's firmware and kernels: fetched from Debian's archive, unmodified, run to their tests. */
import { describe, expect, it } from 'vitest'
import { runTopology, selfContained, staysInside, topologies } from '../lab/run-topology.ts'

describe('the labs that boot Debian', () => {
  for (const file of topologies.filter((one) => staysInside(one) && !selfContained(one))) {
    it(`${file} passes its tests`, async () => expect(await runTopology(file, true)).toMatchObject({ failed: [], reason: 'tests' }), 600_000)
  }

  it('netboot.yaml gives the same capture and console, byte for byte, for one seed, and another for another', async () => {
    const [first, second, other] = [await runTopology('netboot.yaml', true), await runTopology('netboot.yaml', true), await runTopology('netboot.yaml', true, '43')]
    expect(second).toEqual(first)
    expect(other.failed).toEqual([])
    expect(other.capture).not.toBe(first.capture)
  }, 600_000)
})
