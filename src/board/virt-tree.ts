/** The device tree of the board: what OpenSBI, U-Boot and Linux are told about it. Devicetree Specification v0.4; bindings as in Linux. */
import type { Property, TreeNode } from './device-tree.ts'
import { cells64, quad } from './device-tree.ts'
import type { Row } from './memory-map.ts'
import { consolePath, phandles, ramBase, timebaseHz } from './memory-map.ts'

export interface Chosen {
  /** Kernel command line. */
  readonly bootargs?: string | undefined
  /** Guest-physical addresses; `end` is the byte after. */
  readonly initrd?: { readonly start: number; readonly end: number } | undefined
  /** 32 bytes of entropy, from the lab's seed. */
  readonly rngSeed: Uint8Array
  /** 8 bytes, for the kernel's own placement. */
  readonly kaslrSeed: Uint8Array
}

export interface VirtTree {
  readonly harts: number
  readonly ramBytes: number
  readonly rows: readonly Row[]
  readonly chosen: Chosen
}

/** The old way to tell the instruction set, and the new one that Linux 6.5 and later prefer. */
const isa = 'rv64imafdc_zicsr_zifencei'
const extensions = ['i', 'm', 'a', 'f', 'd', 'c', 'zicntr', 'zicsr', 'zifencei']

export function virtTree({ harts, ramBytes, rows, chosen }: VirtTree): TreeNode {
  return {
    name: '',
    properties: { '#address-cells': 2, '#size-cells': 2, compatible: 'riscv-virtio', model: 'riscv-virtio,netloom' },
    children: [
      { name: 'chosen', properties: chosenProperties(chosen) },
      { name: 'aliases', properties: { serial0: consolePath } },
      { name: `memory@${ramBase.toString(16)}`, properties: { device_type: 'memory', reg: cells64(ramBase, ramBytes) } },
      cpus(harts),
      ...rows.flatMap((row) => row.root?.() ?? []),
      {
        name: 'soc',
        properties: { '#address-cells': 2, '#size-cells': 2, compatible: 'simple-bus', ranges: true },
        children: rows.flatMap((row) => row.soc?.(row, harts) ?? []),
      },
    ],
  }
}

function chosenProperties({ bootargs, initrd, rngSeed, kaslrSeed }: Chosen): Record<string, Property> {
  return {
    ...(bootargs === undefined ? {} : { bootargs }),
    ...(initrd === undefined ? {} : { 'linux,initrd-start': quad(BigInt(initrd.start)), 'linux,initrd-end': quad(BigInt(initrd.end)) }),
    'stdout-path': consolePath,
    'rng-seed': rngSeed,
    'kaslr-seed': kaslrSeed,
  }
}

function cpus(harts: number): TreeNode {
  const numbers = Array.from({ length: harts }, (_, hart) => hart)
  const cores = numbers.map((hart) => ({ name: `core${hart}`, properties: { cpu: phandles.cpu(hart) } }))
  return {
    name: 'cpus',
    properties: { '#address-cells': 1, '#size-cells': 0, 'timebase-frequency': timebaseHz },
    children: [...numbers.map(cpu), { name: 'cpu-map', properties: {}, children: [{ name: 'cluster0', properties: {}, children: cores }] }],
  }
}

function cpu(hart: number): TreeNode {
  return {
    name: `cpu@${hart.toString(16)}`,
    properties: {
      phandle: phandles.cpu(hart),
      device_type: 'cpu',
      reg: hart,
      status: 'okay',
      compatible: 'riscv',
      'riscv,isa': isa,
      'riscv,isa-base': 'rv64i',
      'riscv,isa-extensions': extensions,
      'mmu-type': 'riscv,sv39',
    },
    children: [
      {
        name: 'interrupt-controller',
        properties: {
          '#address-cells': 0,
          '#interrupt-cells': 1,
          'interrupt-controller': true,
          compatible: 'riscv,cpu-intc',
          phandle: phandles.interruptController(hart),
        },
      },
    ],
  }
}
