import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { BenchFolder } from '../cli/bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

async function run(steps: string): Promise<string[]> {
  const file = bench.write('script.yaml', `name: t
sim: { seed: 1, until: 40s }
networks:
  lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, hosts: { node1: 10.0.0.10 }, boot: { file: small } }, tftp: { files: { big: big, small: small } }, dns: { records: { a.lab: 10.0.0.7 } } }
nodes: { node1: { program: script, memory: 2M, networks: [lan], steps: ${steps} } }
images: { big: { size: 100K }, small: { text: "0123456789" } }
tests: { done: { node: node1, console: "script: done" } }
`)
  const lab = await loadLab(readLab({ file }))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('it ended')
  return [...lab.machines.values()][0].transcript.text.split('\r\n').slice(0, -1)
}

describe('a scripted client', () => {
  it('does its steps in their order, each with a line', async () => {
    expect(await run('[ { say: "good morning" }, { lease: true }, { fetch: true }, { fetch: big, blksize: 1468 }, { fetch: nope }, { ask: a.lab }, { ask: a.lab, server: 10.0.0.1 }, { mount: /srv, server: 10.0.0.1 }, { send: "00 11", to: 10.0.0.9, port: 99 }, { ping: 10.0.0.1 }, { wait: 500ms } ]')).toEqual([
      'good morning',
      'script: lease 10.0.0.10',
      'script: fetched small 10 bytes',
      'script: fetched big 102400 bytes',
      'script: cannot fetch nope: no such file',
      'script: 10.0.0.1 port 53 answers with 39 bytes',
      'script: 10.0.0.1 port 53 answers with 39 bytes',
      'script: 10.0.0.1 port 20048 does not answer',
      'script: 10.0.0.9 port 99 does not answer',
      'script: ping 10.0.0.1 ok',
      'script: done',
    ])
  })

  it('hangs where it is told to, and refuses what it is told to', async () => {
    expect(await run('[ { lease: PXEClient }, { fetch: big, blksize: 1000, exact: true }, { fetch: big, hangs_after: 2 } ]')).toEqual(['script: lease 10.0.0.10', 'script: fetched big 102400 bytes'])
  })

  it('says at its place what a step lacks', () => {
    const refused = (steps: string): string => {
      try {
        readLab({ file: bench.write('refused.yaml', `name: t\nnodes: { node1: { program: script, steps: ${steps} } }\n`) })
      } catch (error) {
        return (error as Error).message
      }
      return 'nothing'
    }
    expect(refused('[ { blksize: 512 } ]')).toContain('nodes.node1.steps[0]: this step does nothing')
    expect(refused('[ { ping: 10.0.0.1, server: 10.0.0.2 } ]')).toContain('nodes.node1.steps[0].server: does not go with ping')
    expect(refused('[ { lease: true }, { lease: true } ]')).toContain('a script leases once')
    expect(refused('[ { mount: /srv } ]')).toContain('needs "server"')
    expect(refused('[ { send: "0" } ]')).toContain('expected bytes in hexadecimal')
  })
})
