import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'

const folder = fileURLToPath(new URL('../../../topologies/broken/', import.meta.url))
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml')).sort()

describe('a broken lab is explained with its cause and its fix', () => {
  for (const file of files) {
    const { 'x-explains': { node, cause, says } } = parse(readFileSync(join(folder, file), 'utf8')) as { 'x-explains': { node: string; cause: string; says: string } }
    const read = readLab({ file: join(folder, file) })
    // Those that need a kernel are for the peers' tests.
    if (read.topology.machines.some(({ boot }) => boot.kind !== 'program')) continue
    it(`${file}: ${cause}`, async () => {
      const lab = await loadLab(read)
      lab.endWithTests = true
      lab.run(2 ** 52 as Instant, () => true)
      lab.close('it ended')
      expect(lab.verdicts.all.some(({ outcome }) => outcome === 'failed')).toBe(true)
      const { finding, sentence, timeline } = lab.doctor.explain(node)
      expect({ cause: finding?.cause, sentence }).toEqual({ cause, sentence: expect.stringContaining(says) })
      expect(timeline.map(({ time }) => time)).toEqual(timeline.map(({ time }) => time).sort((a, b) => a - b))
      expect(timeline.some(({ topic }) => topic === 'machine')).toBe(true)
    })
  }
})
