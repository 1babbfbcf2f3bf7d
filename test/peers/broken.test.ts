/** Labs that fail, with other people's firmware and kernels in them: each is explained with its cause. Those with a way out run in a namespace of their own. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { loadImages } from '../../src/host/load-images.ts'
import { readLab } from '../../src/host/open-lab.ts'
import { BenchFolder } from '../cli/bench-folder.ts'
import { brokenCopies } from '../lab/broken-copies.ts'
import { brokenLabs, explained } from '../lab/explained.ts'
import { selfContained, staysInside, topologies } from '../lab/run-topology.ts'
import { Netns } from './netns.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

/** The lab with its slip; nobody waits long for what will not come. */
function broken(file: string): { readonly text: string; readonly says: string } {
  const { slip: [right, wrong], says } = brokenCopies[file]
  const text = readFileSync(`topologies/${file}`, 'utf8')
  expect(text).toContain(right)
  // The copy lies elsewhere than the files that the lab names.
  return { text: text.replaceAll(right, wrong).replace(/within: \d+s/g, 'within: 8s').replaceAll('./hostfs,', `${resolve('topologies/hostfs')},`), says }
}

describe('a broken lab with a kernel in it is explained', () => {
  for (const { file, node, cause, says } of brokenLabs.filter((one) => !one.selfContained)) {
    it(`${basename(file)}: ${cause}`, { timeout: 120_000 }, async () => {
      const { finding, sentence } = await explained(file, node)
      expect({ cause: finding?.cause, sentence }).toEqual({ cause, sentence: expect.stringContaining(says) })
    })
  }
})

describe('a broken copy of a shipped lab fails, exits 1 and is explained', () => {
  it('and there is one of each', () => expect(topologies.filter((one) => brokenCopies[one] === undefined)).toEqual([]))

  for (const file of topologies.filter((one) => staysInside(one) && !selfContained(one) && brokenCopies[one] !== undefined)) {
    it(file, { timeout: 120_000 }, async () => {
      const { text, says } = broken(file)
      const { code, out } = await bench.call('test', bench.write(file, text), '--results', bench.file('left'))
      expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(says) })
    })
  }
})

describe('with a way out', () => {
  let netns: Netns
  // A namespace has no way to the archive.
  beforeAll(async () => {
    for (const file of topologies) await loadImages(readLab({ file: `topologies/${file}` }).topology, 'topologies', new ImageStore())
  }, 600_000)
  beforeEach(() => {
    netns = new Netns()
  })
  afterEach(() => netns.close())

  it.each(topologies.filter((one) => !staysInside(one)))('a broken copy of %s fails, exits 1 and is explained', { timeout: 120_000 }, async (file) => {
    netns.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    netns.run('ip', 'link', 'set', 'br0', 'up')
    const { text, says } = broken(file)
    const path = join(netns.folder, file)
    writeFileSync(path, text)
    const { status, text: out } = await netns.finish('node', '--import', 'tsx', 'src/cli/main.ts', 'test', path, '--results', join(netns.folder, 'left'))
    expect({ status, out }).toEqual({ status: 1, out: expect.stringContaining(says) })
  })

  it('all that ships passes with one command, and what this computer lacks is passed over with its reason', { timeout: 1_200_000 }, async () => {
    const { status, text } = await netns.finish('node', '--import', 'tsx', 'src/cli/main.ts', 'test', 'topologies/', '--junit', join(netns.folder, 'all.xml'), '--results', join(netns.folder, 'left'))
    expect({ status, text }).toEqual({ status: 0, text: expect.stringMatching(/skip {2}bridge: .*br0/) })
    for (const lab of topologies.filter((one) => one !== 'bridge.yaml')) expect(text).toMatch(new RegExp(`ok {4}${lab.replace('.yaml', '')}: \\d+ passed, 0 failed`))
    const xml = readFileSync(join(netns.folder, 'all.xml'), 'utf8')
    expect(xml.match(/<testsuite /g)).toHaveLength(topologies.length)
    expect(xml).toContain('<skipped message="')
  })
})
