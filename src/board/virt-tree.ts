/** The device tree of the board: what OpenSBI, U-Boot and Linux are told about it. Devicetree Specification v0.4; bindings as in Linux. */
import { longExtensions, type Profile, profiles } from '../cpu/isa/profile.ts'
import type { Property, TreeNode } from './device-tree.ts'
import { cells64, quad } from './device-tree.ts'
import type { Row } from './memory-map.ts'
import { consolePath, phandles, ramBase, serialAliases, timebaseHz } from './memory-map.ts'

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
  /** What the harts can do; rv64gc when left out. */
  readonly profile?: Profile
  readonly ramBytes: number
  readonly rows: readonly Row[]
  readonly chosen: Chosen
}

const letters = ['i', 'm', 'a', 'f', 'd', 'c']
/** What the old ISA string takes for granted (bindings, riscv/extensions.yaml). */
const implied = new Set(['zicntr', 'zihpm'])
/** Bytes that the cache-block instructions work on. */
const blockBytes = 64
const mmuTypes = { 1: 'riscv,sv39', 2: 'riscv,sv48', 3: 'riscv,sv57' } as const

export function virtTree({ harts, profile = profiles.rv64gc, ramBytes, rows, chosen }: VirtTree): TreeNode {
  return {
    name: '',
    properties: { '#address-cells': 2, '#size-cells': 2, compatible: 'riscv-virtio', model: 'riscv-virtio,netloom' },
    children: [
      { name: 'chosen', properties: chosenProperties(chosen) },
      { name: 'aliases', properties: serialAliases(rows) },
      { name: `memory@${ramBase.toString(16)}`, properties: { device_type: 'memory', reg: cells64(ramBase, ramBytes) } },
      cpus(harts, profile),
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

function cpus(harts: number, profile: Profile): TreeNode {
  const numbers = Array.from({ length: harts }, (_, hart) => hart)
  const cores = numbers.map((hart) => ({ name: `core${hart}`, properties: { cpu: phandles.cpu(hart) } }))
  return {
    name: 'cpus',
    properties: { '#address-cells': 1, '#size-cells': 0, 'timebase-frequency': timebaseHz },
    children: [...numbers.map((hart) => cpu(hart, profile)), { name: 'cpu-map', properties: {}, children: [{ name: 'cluster0', properties: {}, children: cores }] }],
  }
}

/** The instruction set is told in the old way and in the one that Linux 6.5 and later prefer. */
function cpu(hart: number, profile: Profile): TreeNode {
  const names = longExtensions(profile)
  const has = (name: string): boolean => names.includes(name)
  return {
    name: `cpu@${hart.toString(16)}`,
    properties: {
      phandle: phandles.cpu(hart),
      device_type: 'cpu',
      reg: hart,
      status: 'okay',
      compatible: 'riscv',
      'riscv,isa': [`rv64${letters.join('')}`, ...names.filter((name) => !implied.has(name))].join('_'),
      'riscv,isa-base': 'rv64i',
      'riscv,isa-extensions': [...letters, ...names],
      ...(has('zicbom') ? { 'riscv,cbom-block-size': blockBytes } : {}),
      ...(has('zicboz') ? { 'riscv,cboz-block-size': blockBytes } : {}),
      'mmu-type': mmuTypes[profile.pageModes],
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
