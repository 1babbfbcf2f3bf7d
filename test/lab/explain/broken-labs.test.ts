import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { BenchFolder } from '../../cli/bench-folder.ts'
import { brokenCopies } from '../broken-copies.ts'
import { brokenLabs, explained } from '../explained.ts'
import { selfContained, topologies } from '../run-topology.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

// Those that need a kernel are for the peers' tests.
describe('a broken lab is explained with its cause and its fix', () => {
  for (const { file, node, cause, says } of brokenLabs.filter((one) => one.selfContained)) {
    it(`${basename(file)}: ${cause}`, async () => {
      const { finding, sentence, timeline, failed } = await explained(file, node)
      expect(failed.length).toBeGreaterThan(0)
      expect({ cause: finding?.cause, sentence }).toEqual({ cause, sentence: expect.stringContaining(says) })
      expect(timeline.map(({ time }) => time)).toEqual(timeline.map(({ time }) => time).sort((a, b) => a - b))
      expect(timeline.some(({ topic }) => topic === 'machine')).toBe(true)
    })
  }

  it('every cause of the doctor’s has one', () => {
    const wanted = ['no-link', 'wrong-vlan', 'no-dhcp-server', 'pool-exhausted', 'offer-ignored', 'no-boot-file', 'wrong-architecture', 'file-not-found', 'blksize-refused', 'blksize-above-mtu', 'counter-wrap', 'transfer-stalled', 'wrong-image',
      'nfs-export-missing', 'nfs-refused', 'nfs-version', 'nfs-stale', 'root-missing', 'kernel-panic', 'out-of-memory', 'gateway-wrong', 'dns-wrong', 'duplicate-address', 'lab-fault', 'no-tftp-server']
    expect(wanted.filter((cause) => !brokenLabs.some((one) => one.cause === cause))).toEqual([])
  })
})

describe('a broken copy of a shipped lab', () => {
  for (const file of topologies.filter((one) => selfContained(one) && brokenCopies[one] !== undefined)) {
    const { slip: [right, wrong], says, cause } = brokenCopies[file]
    it(`${file} fails, exits 1 and is explained: ${cause}`, async () => {
      const text = readFileSync(fileURLToPath(new URL(`../../../topologies/${file}`, import.meta.url)), 'utf8')
      expect(text).toContain(right)
      const { code, out } = await bench.call('test', bench.write(file, text.replaceAll(right, wrong)), '--results', bench.file('left'))
      expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(says) })
    })
  }
})
