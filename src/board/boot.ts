/** Boot planning: which bytes go where in RAM before the first instruction, and what the first program is told. The layout is QEMU `virt`'s. */
import { ConfigError } from '../base/errors.ts'
import type { Image, Load, Placed } from './image.ts'
import { placeImage, placeKernel } from './image.ts'
import { ramBase } from './memory-map.ts'
import type { DynamicInfo } from './rom.ts'

export type BootImages =
  /** Machine-mode firmware at RAM's start: U-Boot built for M-mode. */
  | { readonly kind: 'firmware'; readonly firmware: Image; readonly bootargs?: string }
  /** A supervisor program, U-Boot built for S-mode, over OpenSBI (fw_dynamic), or without it over our own SBI. */
  | { readonly kind: 'supervisor'; readonly opensbi?: Image; readonly payload: Image; readonly bootargs?: string }
  /** A Linux kernel, over OpenSBI or our own SBI. */
  | { readonly kind: 'kernel'; readonly opensbi?: Image; readonly kernel: Image; readonly initrd?: Image; readonly bootargs?: string }
  /** A bare program in M-mode, with no firmware under it. */
  | { readonly kind: 'program'; readonly program: Image; readonly bootargs?: string }

export interface BootPlan {
  readonly loads: readonly Load[]
  /** Where every hart begins, in M-mode; where `supervised`, hart 0 alone and in S-mode. */
  readonly entry: number
  /** Where the device tree goes; there is room for `treeRoom` bytes. */
  readonly treeAddress: number
  readonly initrd: { readonly start: number; readonly end: number } | undefined
  readonly bootargs: string | undefined
  /** Our own SBI answers; there is nothing in M-mode. */
  readonly supervised: boolean
  /** For OpenSBI's fw_dynamic. */
  readonly dynamic: DynamicInfo | undefined
}

/** OpenSBI and U-Boot add to the tree in place, so it gets more than it needs. */
export const treeRoom = 0x1_0000

const twoMiB = 0x20_0000
const page = 0x1000
const supervisorMode = 1
/** The tree lies below 3 GiB, where every kernel can see it early. */
const treeCeiling = 0xc000_0000
/** A kernel that unpacks itself should not run into its initrd: it is put this far off where there is room. */
const initrdDistance = 0x800_0000

const hex = (value: number): string => `0x${value.toString(16)}`
const up = (value: number, step: number): number => Math.ceil(value / step) * step
const down = (value: number, step: number): number => Math.floor(value / step) * step
const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 0x10_0000)}M`

/** @throws {ConfigError} when an image is not for this machine, is torn, or does not fit into RAM. */
export function planBoot(images: BootImages, ramBytes: number): BootPlan {
  const treeAddress = placeTree(ramBytes)
  const supervisorAt = ramBase + twoMiB
  const base = { treeAddress, initrd: undefined, bootargs: images.bootargs, supervised: false, dynamic: undefined }
  if (images.kind === 'firmware' || images.kind === 'program') {
    const first = placeImage(images.kind === 'firmware' ? images.firmware : images.program, ramBase, ramBase)
    checkFit([first], treeAddress, ramBytes)
    return { ...base, loads: first.loads, entry: first.entry }
  }
  const opensbi = images.opensbi === undefined ? undefined : placeImage(images.opensbi, ramBase, ramBase)
  const next = images.kind === 'kernel' ? placeKernel(images.kernel, ramBase) : placeImage(images.payload, ramBase, supervisorAt)
  checkFit(opensbi === undefined ? [next] : [opensbi, next], treeAddress, ramBytes)
  const initrdImage = images.kind === 'kernel' ? images.initrd : undefined
  const initrd = initrdImage === undefined ? undefined : placeInitrd(initrdImage, next, treeAddress, ramBytes)
  const loads = [...(opensbi?.loads ?? []), ...next.loads]
  if (initrd !== undefined && initrdImage !== undefined) loads.push({ address: initrd.start, bytes: initrdImage.bytes, zeros: 0 })
  if (opensbi === undefined) return { ...base, loads, entry: next.entry, initrd, supervised: true }
  const dynamic = { nextAddress: next.entry, nextMode: supervisorMode, options: 0, bootHart: 0 } as const
  return { ...base, loads, entry: opensbi.entry, initrd, dynamic }
}

/** As high as alignment to 2 MiB allows; in a very small RAM, to a page. */
function placeTree(ramBytes: number): number {
  const top = Math.min(ramBase + ramBytes, treeCeiling)
  const address = down(top - treeRoom, ramBytes >= 8 * twoMiB ? twoMiB : page)
  if (address <= ramBase) throw new ConfigError(`${ramBytes} bytes of memory are too few: the device tree alone wants ${treeRoom}`)
  return address
}

function checkFit(placed: readonly Placed[], treeAddress: number, ramBytes: number): void {
  const sorted = placed.toSorted((a, b) => a.start - b.start)
  sorted.forEach(({ name, start, end }, index) => {
    if (start < ramBase) throw new ConfigError(`${name} wants to be loaded at ${hex(start)}, below memory, which begins at ${hex(ramBase)}`)
    if (end > treeAddress) {
      const wanted = end - ramBase + twoMiB + treeRoom
      throw new ConfigError(`${name} does not fit into ${mebibytes(ramBytes)} of memory: it reaches up to ${hex(end)}, and the device tree is at ${hex(treeAddress)}`, undefined, `memory: ${mebibytes(wanted)}`)
    }
    const next = sorted[index + 1]
    if (next !== undefined && end > next.start) throw new ConfigError(`${name} (${hex(start)} to ${hex(end)}) runs into ${next.name} at ${hex(next.start)}`)
  })
}

function placeInitrd({ name, bytes }: Image, kernel: Placed, treeAddress: number, ramBytes: number): { start: number; end: number } {
  const preferred = kernel.start + Math.min(down(ramBytes / 2, page), initrdDistance)
  const nearest = up(kernel.end, twoMiB)
  const start = preferred >= nearest && preferred + bytes.length <= treeAddress ? preferred : nearest
  if (start + bytes.length > treeAddress) {
    const wanted = nearest + up(bytes.length, twoMiB) - ramBase + twoMiB + treeRoom
    throw new ConfigError(`${name} (${mebibytes(bytes.length)}) does not fit into ${mebibytes(ramBytes)} of memory above the kernel ${kernel.name}`, undefined, `memory: ${mebibytes(wanted)}`)
  }
  return { start, end: start + bytes.length }
}
