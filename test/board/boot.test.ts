import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { planBoot } from '../../src/board/boot.ts'
import { elf, linuxImage } from './images.ts'

const mib = 0x10_0000
const image = (name: string, size: number) => ({ name, bytes: new Uint8Array(size).fill(1) })
const opensbi = image('fw_dynamic.bin', 270_000)

const refusal = (work: () => unknown): ConfigError => {
  try {
    work()
  } catch (error) {
    return error as ConfigError
  }
  throw new Error('nothing was refused')
}

describe('boot plan', () => {
  it('starts M-mode firmware at RAM’s start, with the tree in the last 2 MiB', () => {
    const firmware = image('u-boot.bin', 1000)
    expect(planBoot({ kind: 'firmware', firmware }, 256 * mib)).toEqual({
      loads: [{ address: 0x8000_0000, bytes: firmware.bytes, zeros: 0 }],
      entry: 0x8000_0000,
      treeAddress: 0x8fe0_0000,
      initrd: undefined,
      bootargs: undefined,
      supervised: false,
      dynamic: undefined,
    })
  })

  it('puts a supervisor program at 0x80200000 behind OpenSBI', () => {
    const plan = planBoot({ kind: 'supervisor', opensbi, payload: image('u-boot.bin', 1000) }, 256 * mib)
    expect(plan.entry).toBe(0x8000_0000)
    expect(plan.loads.map((load) => load.address)).toEqual([0x8000_0000, 0x8020_0000])
    expect(plan.dynamic).toEqual({ nextAddress: 0x8020_0000, nextMode: 1, options: 0, bootHart: 0 })
  })

  it('begins at the kernel itself where our own SBI is below it', () => {
    const plan = planBoot({ kind: 'kernel', kernel: { name: 'Image', bytes: linuxImage(4096, 40 * mib) }, bootargs: 'quiet' }, 256 * mib)
    expect(plan).toMatchObject({ entry: 0x8020_0000, treeAddress: 0x8fe0_0000, bootargs: 'quiet', supervised: true, dynamic: undefined })
    expect(plan.loads.map((load) => load.address)).toEqual([0x8020_0000])
    expect(planBoot({ kind: 'supervisor', payload: image('u-boot.bin', 1000) }, 256 * mib)).toMatchObject({ entry: 0x8020_0000, supervised: true })
  })

  it('puts an initrd 128 MiB above the kernel, or half of RAM', () => {
    const kernel = { name: 'Image', bytes: linuxImage(4096, 40 * mib) }
    const at = (ram: number) => planBoot({ kind: 'kernel', opensbi, kernel, initrd: image('initrd', 5 * mib), bootargs: 'quiet' }, ram)
    expect(at(1024 * mib).initrd).toEqual({ start: 0x8820_0000, end: 0x8870_0000 })
    expect(at(128 * mib).initrd).toEqual({ start: 0x8420_0000, end: 0x8470_0000 })
    expect(at(128 * mib).bootargs).toBe('quiet')
  })

  it('puts the initrd right behind the kernel when there is no more room than that', () => {
    const kernel = { name: 'Image', bytes: linuxImage(4096, 40 * mib) }
    expect(planBoot({ kind: 'kernel', opensbi, kernel, initrd: image('initrd', 5 * mib) }, 64 * mib).initrd?.start).toBe(0x82a0_0000)
  })

  it('keeps the tree below 3 GiB', () => {
    expect(planBoot({ kind: 'firmware', firmware: image('fw', 4) }, 3072 * mib).treeAddress).toBe(0xbfe0_0000)
  })

  it('runs a bare program in one MiB', () => {
    expect(planBoot({ kind: 'program', program: image('hello', 4096) }, mib)).toMatchObject({ entry: 0x8000_0000, treeAddress: 0x800f_0000 })
  })

  it('says how much memory would do', () => {
    const kernel = { name: 'Image', bytes: linuxImage(4096, 40 * mib) }
    const small = refusal(() => planBoot({ kind: 'kernel', opensbi, kernel }, 32 * mib))
    expect(small).toBeInstanceOf(ConfigError)
    expect(small.message).toBe('Image does not fit into 32M of memory: it reaches up to 0x82a00000, and the device tree is at 0x81e00000')
    expect(small.hint).toBe('memory: 45M')
    const tight = refusal(() => planBoot({ kind: 'kernel', opensbi, kernel, initrd: image('initrd.gz', 50 * mib) }, 64 * mib))
    expect(tight.message).toBe('initrd.gz (50M) does not fit into 64M of memory above the kernel Image')
    expect(tight.hint).toBe('memory: 95M')
    const hinted = planBoot({ kind: 'kernel', opensbi, kernel, initrd: image('initrd.gz', 50 * mib) }, 95 * mib)
    expect(hinted.initrd?.start).toBe(0x82a0_0000)
  })

  it('refuses images that overlap or lie below memory, and too little memory', () => {
    expect(() => planBoot({ kind: 'supervisor', opensbi: image('fw', 3 * mib), payload: image('u-boot', 4) }, 64 * mib)).toThrow('fw (0x80000000 to 0x80300000) runs into u-boot at 0x80200000')
    const low = { name: 'low.elf', bytes: elf({ entry: 0x1000, virtual: 0x1000, physical: 0x1000, content: Uint8Array.of(1), memory: 1 }) }
    expect(() => planBoot({ kind: 'program', program: low }, mib)).toThrow('low.elf wants to be loaded at 0x1000, below memory')
    expect(() => planBoot({ kind: 'program', program: low }, 0x1_0000)).toThrow('65536 bytes of memory are too few')
  })
})
