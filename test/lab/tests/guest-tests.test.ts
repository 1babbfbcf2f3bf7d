import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import { registerOf } from '../../../src/lab/tests/guest-tests.ts'
import { BenchFolder } from '../../cli/bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

const text = (test: string): string => `name: state
sim: { seed: 1, until: 40s }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, hosts: { node1: 10.0.0.10 } } } }
nodes: { node1: { program: script, memory: 2M, networks: [lan], steps: [ { lease: true }, { wait: 5s } ] } }
tests: { state: { node: node1, ${test} } }
`

async function verdict(test: string): Promise<string> {
  const lab = await loadLab(readLab({ file: bench.write('state.yaml', text(test)) }))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('it ended')
  const [{ outcome, message }] = lab.verdicts.all
  return `${outcome}: ${message}`
}

function refusal(test: string): string {
  try {
    readLab({ file: bench.write('refused.yaml', text(test)) })
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}

describe('a test of a guest’s state', () => {
  // The guest's own address stands at 0x80010028 (src/lab/hello/layout.ts), and gp points at 0x80010000.
  it('waits until its memory is as wanted', async () => {
    expect(await verdict('memory: { at: 0x80010028, bytes: "0a 00 00 0a" }, within: 10s')).toBe('passed: memory of node1 at 0x80010028 is 0a00000a')
    expect(await verdict('memory: { at: 0x80010028, equals: 0x0a00000a }')).toBe('passed: memory of node1 at 0x80010028 is 0x0a00000a')
    expect(await verdict('memory: { at: 0x80010028, equals: 0x0b00000a }, within: 2s')).toBe('failed: memory of node1 at 0x80010028 is 0x0a00000a, 0x0b00000a wanted (not within 2s)')
    expect(await verdict('memory: { at: 0x80010028, text: "no" }, within: 100ms')).toMatch(/^failed: memory of node1 at 0x80010028 is ".*", "no" wanted/)
  })

  it('waits until a register is as wanted', async () => {
    expect(await verdict('register: { name: gp, equals: 0x80010000 }')).toBe('passed: gp of node1 hart 0 is 0x80010000')
    expect(await verdict('register: { name: satp, equals: 1 }, within: 1s')).toBe('failed: satp of node1 hart 0 is 0x0, 0x1 wanted (not within 1s)')
  })

  it('is refused at its place when it can’t be met', () => {
    expect(refusal('memory: { at: 0x1000, equals: 1 }')).toContain('tests.state.memory.at: 0x1000 is not in its memory')
    expect(refusal('memory: { at: 0x801ffffe, equals: 1 }')).toContain('is not in its memory')
    expect(refusal('memory: { at: 0x80000000 }')).toContain('tests.state.memory: wants nothing')
    expect(refusal('memory: { at: 0x80000000, equals: 0x100, width: 1 }')).toContain('does not fit 1 bytes')
    expect(refusal('register: { name: a9, equals: 1 }')).toContain('there is no register "a9"')
    expect(refusal('register: { name: a0, equals: 1, hart: 1 }')).toContain('it has 1 hart, counted from 0')
  })

  it('finds a register by its whole name', () => {
    const dump = 'hart 0  pc 000000008000011c  M-mode\n  s1 0000000000000001   s10 00000000000000aa\n mstatus 0000000a00000000'
    expect([registerOf(dump, 's1'), registerOf(dump, 's10'), registerOf(dump, 'pc'), registerOf(dump, 's2')]).toEqual([1n, 0xaan, 0x8000_011cn, undefined])
  })
})
