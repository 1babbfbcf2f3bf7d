import { describe, expect, it } from 'vitest'
import type { TreeNode } from '../../src/board/device-tree.ts'
import { memoryMap } from '../../src/board/memory-map.ts'
import { virtTree } from '../../src/board/virt-tree.ts'
import { profiles } from '../../src/cpu/isa/profile.ts'

const seeds = { rngSeed: new Uint8Array(32).fill(7), kaslrSeed: new Uint8Array(8).fill(9) }
const tree = virtTree({ harts: 2, ramBytes: 0x1_4000_0000, rows: memoryMap(10), chosen: { ...seeds, bootargs: 'quiet', initrd: { start: 0x8800_0000, end: 0x8800_1000 } } })

function node(path: string): TreeNode {
  let here = tree
  for (const name of path.split('/').slice(1)) {
    const child = here.children?.find((each) => each.name === name)
    if (child === undefined) throw new Error(`no ${name} in ${here.name}; there are ${here.children?.map((each) => each.name).join(' ')}`)
    here = child
  }
  return here
}

describe('the board’s tree', () => {
  it('tells memory in 64 bits', () => {
    expect(node('/memory@80000000').properties).toEqual({ device_type: 'memory', reg: [0, 0x8000_0000, 1, 0x4000_0000] })
  })

  it('tells each hart’s instruction set, paging and interrupt controller', () => {
    expect(node('/cpus/cpu@1').properties).toMatchObject({ reg: 1, 'riscv,isa': 'rv64imafdc_zicsr_zifencei', 'mmu-type': 'riscv,sv39', status: 'okay' })
    expect(node('/cpus').properties['timebase-frequency']).toBe(10_000_000)
    const intc = (hart: number) => node(`/cpus/cpu@${hart}/interrupt-controller`).properties['phandle']
    expect(node('/soc/plic@c000000').properties['interrupts-extended']).toEqual([intc(0), 11, intc(0), 9, intc(1), 11, intc(1), 9])
    expect(node('/soc/clint@2000000').properties['interrupts-extended']).toEqual([intc(0), 3, intc(0), 7, intc(1), 3, intc(1), 7])
  })

  it('tells the richer profile, z extensions by category before s', () => {
    const { children } = virtTree({ harts: 1, profile: profiles.rva22, ramBytes: 0x1000_0000, rows: memoryMap(0), chosen: seeds })
    const cpu = children?.find(({ name }) => name === 'cpus')?.children?.find(({ name }) => name === 'cpu@0')
    const before = ['zicbom', 'zicboz', 'zicntr', 'zicond', 'zicsr', 'zifencei', 'zihintpause', 'zihpm', 'zawrs', 'zba', 'zbb', 'zbc', 'zbkx', 'zbs']
    const supervisor = [...profiles.rva22.extensions].filter((name) => name.startsWith('s')).toSorted()
    expect(cpu?.properties).toMatchObject({
      'riscv,isa': ['rv64imafdc', ...before.filter((name) => name !== 'zicntr' && name !== 'zihpm'), ...supervisor].join('_'),
      'riscv,isa-extensions': ['i', 'm', 'a', 'f', 'd', 'c', ...before, ...supervisor],
      'riscv,cbom-block-size': 64,
      'riscv,cboz-block-size': 64,
      'mmu-type': 'riscv,sv57',
    })
  })

  it('tells eight virtio slots as QEMU does, and more behind them', () => {
    const plic = node('/soc/plic@c000000').properties['phandle']
    expect(node('/soc/virtio_mmio@10001000').properties).toEqual({ interrupts: 1, 'interrupt-parent': plic, reg: [0, 0x1000_1000, 0, 0x1000], compatible: 'virtio,mmio' })
    expect(node('/soc/virtio_mmio@10008000').properties['interrupts']).toBe(8)
    expect(node('/soc/virtio_mmio@10009000').properties['interrupts']).toBe(12)
    expect(node('/soc/virtio_mmio@1000a000').properties['interrupts']).toBe(13)
    expect(node('/soc').children?.filter((each) => each.name.startsWith('virtio'))).toHaveLength(10)
  })

  it('gives no interrupt twice', () => {
    const irqs = memoryMap(24).flatMap((row) => row.irq ?? [])
    expect(new Set(irqs).size).toBe(irqs.length)
  })

  it('chooses console, command line, initrd and seeds', () => {
    expect(node('/chosen').properties).toEqual({
      bootargs: 'quiet',
      'linux,initrd-start': Uint8Array.of(0, 0, 0, 0, 0x88, 0, 0, 0),
      'linux,initrd-end': Uint8Array.of(0, 0, 0, 0, 0x88, 0, 0x10, 0),
      'stdout-path': '/soc/serial@10000000',
      'rng-seed': seeds.rngSeed,
      'kaslr-seed': seeds.kaslrSeed,
    })
  })

  it('ends and restarts the machine through the test finisher', () => {
    const regmap = node('/soc/test@100000').properties['phandle']
    expect(node('/poweroff').properties).toEqual({ value: 0x5555, offset: 0, regmap, compatible: 'syscon-poweroff' })
    expect(node('/reboot').properties).toEqual({ value: 0x7777, offset: 0, regmap, compatible: 'syscon-reboot' })
  })
})
