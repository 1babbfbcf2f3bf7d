import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import * as pcapng from '../../src/wire/pcapng.ts'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

const lab = (more: string): string => `name: netlab
sim: { seed: 1, until: 60s }
networks: { lan: { gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, boot: { file: motd } }, tftp: { files: { motd: motd } } } }
nodes: { node1: { program: hello, memory: 2M, networks: [lan] } }
images: { motd: { text: "hello" } }
tests: { fetched: { node: node1, console: "hello: fetched", within: 20s } }
${more}
`

describe('netloom test', () => {
  it('keeps console lines beside the frames', async () => {
    const file = bench.write('says.yaml', lab('faults: [ { match: "tftp.data to node1" } ]'))
    await bench.call('test', file, '--results', bench.file('said'))
    const { packets } = pcapng.parse(readFileSync(`${bench.file('said/netlab-1')}/flight.pcapng`))
    expect(packets.some(({ comment }) => comment?.startsWith('hello: lease 10.0.0.') === true)).toBe(true)
    expect(packets.some(({ comment }) => comment === 'dropped by f1; tftp block 1 to node1')).toBe(true)
    expect(packets.some(({ comment }) => comment?.endsWith('tftp read request motd octet from node1') === true)).toBe(true)
  })

  it('leaves hash, packets, consoles, events and an explanation of a run that failed, and says the cause', async () => {
    const file = bench.write('fails.yaml', lab('faults: [ { match: "dhcp.offer to node1" } ]'))
    const { code, out } = await bench.call('test', file, '--results', bench.file('left'))
    expect(code).toBe(1)
    expect(out).toContain('the lab file’s own fault f1 took 5 packets, the first "dhcp offer')
    const folder = bench.file('left/netlab-1')
    expect(out).toContain(`hash, packets, consoles and explanation: ${folder}\n`)
    for (const name of ['run.json', 'flight.pcapng', 'consoles/node1.log', 'events.jsonl', 'explain.txt']) expect(existsSync(`${folder}/${name}`)).toBe(true)
    const flight = pcapng.parse(readFileSync(`${folder}/flight.pcapng`))
    expect(flight.packets.filter(({ comment }) => comment === 'dropped by f1')).toHaveLength(5)
    expect(readFileSync(`${folder}/explain.txt`, 'utf8')).toContain('dhcp discover')
  })

  it('runs all labs of a folder, and says of each how it went', async () => {
    mkdirSync(bench.file('labs'), { recursive: true })
    bench.write('labs/a.yaml', lab(''))
    bench.write('labs/b.yaml', lab('uplinks: { home: { network: lan, type: udp, local: 40001, remote: 40002 } }').replace('netlab', 'outside'))
    const { code, out } = await bench.call('test', bench.file('labs'))
    expect(out).toMatch(/ok {4}netlab: 1 passed, 0 failed \(seed 1, run [0-9a-f]{16}/)
    expect(out).toContain('skip  outside: its uplink home waits for another program; test it by its name')
    expect(code).toBe(0)
    expect((await bench.call('test', bench.file('labs'), '--tap')).out).toContain('ok 2 - outside # SKIP its uplink home waits')
    await bench.call('test', bench.file('labs'), '--quiet', '--junit', bench.file('labs.xml'))
    expect(readFileSync(bench.file('labs.xml'), 'utf8')).toContain('<skipped message="its uplink home waits')
  })

  it('speaks TAP', async () => {
    const file = bench.write('tap.yaml', lab(''))
    expect((await bench.call('test', file, '--tap')).out).toBe('TAP version 14\n1..1\nok 1 - netlab: fetched\n')
  })

  it('sweeps seeds, and shrinks the first failure to the packets that matter', async () => {
    const file = bench.write('sweep.yaml', lab('faults: [ { name: calm, link: node1, delay: 1us }, { name: rain, link: lan, loss: 45% } ]').replace('within: 20s', 'within: 5s'))
    const { code, out } = await bench.call('test', file, '--seeds', '1..40')
    expect(code).toBe(1)
    const shrunk = /still fails with these faults alone \(\d+ runs\):\n((?: {2}- .*\n)+)/.exec(out)?.[1] ?? ''
    expect(shrunk).toContain('do: drop } # of rain')
    expect(shrunk).not.toContain('calm')
    // The list is a lab file's own: with it in place of the chance the same seed fails the same way.
    const faults = [...shrunk.matchAll(/- (\{.*\}) #/g)].map(([, fault]) => fault)
    const seed = /seed (\d+) still fails/.exec(out)?.[1] ?? ''
    const again = bench.write('again.yaml', lab(`faults: [ ${faults.join(', ')} ]`).replace('within: 20s', 'within: 5s'))
    expect((await bench.call('test', again, '--seed', seed)).code).toBe(1)
  })

  it('refuses a range that is none', async () => expect(await bench.call('test', bench.file('tap.yaml'), '--seeds', '5..1')).toMatchObject({ code: 2, err: expect.stringContaining('expected a range') }))
})
