import { describe, expect, it } from 'vitest'
import { runTopology, selfContained, topologies, topology } from './run-topology.ts'

describe('the labs that ship', () => {
  for (const file of topologies) it(`${file} is read without complaint, and asserts something`, () => expect(topology(file).tests.length).toBeGreaterThan(0))
})

describe('the labs that ship and need no download', () => {
  for (const file of topologies.filter(selfContained)) {
    it(`${file} passes its tests and ends`, async () => expect(await runTopology(file, false)).toMatchObject({ failed: [], reason: 'off' }))
  }

  it('include hello.yaml', () => expect(selfContained('hello.yaml')).toBe(true))
})

const macs = (seed: string): string[] => topology('hello.yaml', seed).machines.flatMap((machine) => machine.nics.map((nic) => nic.mac))

describe('hello.yaml', () => {
  it('says what it did', async () => {
    const { consoles } = await runTopology('hello.yaml', false)
    const lines = (node: string): string[] => consoles[node].trim().split(/\r?\n/)
    expect(lines('node1')).toEqual(['hello: lease 10.0.0.10', 'hello: fetched orders 15 bytes crc32 ef93ecb8', 'hello: ping 10.0.0.11 ok', 'hello: done'])
    expect(lines('node2')).toEqual(['hello: lease 10.0.0.11', 'hello: fetched motd 42 bytes crc32 ad55d0be', 'hello: done'])
  })

  it('gives the same capture and consoles, byte for byte, for one seed', async () => {
    expect(await runTopology('hello.yaml', false)).toEqual(await runTopology('hello.yaml', false))
  })

  it('gives other MACs and other bytes for another seed', async () => {
    expect(macs('7')).not.toEqual(macs('8'))
    const [seven, eight] = [await runTopology('hello.yaml', false, '7'), await runTopology('hello.yaml', false, '8')]
    expect([seven.failed, eight.failed]).toEqual([[], []])
    expect(seven.capture).not.toBe(eight.capture)
    expect(seven.digest).not.toBe(eight.digest)
  })
})
