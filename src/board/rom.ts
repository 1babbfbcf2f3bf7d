/** The reset ROM: the jump to the first program, and what OpenSBI's fw_dynamic asks to be told in a2. */
import { concat, putU32le, putU64le } from '../base/bytes.ts'
import type { Width } from './bus.ts'
import type { Model } from './model.ts'

/** `struct fw_dynamic_info`, OpenSBI docs/firmware/fw_dynamic.md: six 64-bit words. */
export interface DynamicInfo {
  readonly nextAddress: number
  /** Privilege of the next stage: 1 is supervisor. */
  readonly nextMode: 0 | 1 | 3
  /** Bit 0: print nothing during boot. */
  readonly options: number
  readonly bootHart: number
}

const dynamicMagic = 0x4942_534f
const dynamicVersion = 2

export function buildDynamicInfo(info: DynamicInfo): Uint8Array {
  const bytes = new Uint8Array(48)
  const fields = [dynamicMagic, dynamicVersion, info.nextAddress, info.nextMode, info.options, info.bootHart]
  fields.forEach((field, index) => putU64le(bytes, 8 * index, BigInt(field)))
  return bytes
}

/** Where the information stands in the ROM, from its start. */
export const dynamicInfoAt = 0x40

/**
 * What the machine itself does at power-on, as code, for a guest that jumps to the reset vector: a0 = hart id, a1 = device tree,
 * a2 = `struct fw_dynamic_info`, then the jump.
 */
export function buildRom(entry: number, treeAddress: number, info: DynamicInfo | undefined): Uint8Array {
  const code = new Uint8Array(dynamicInfoAt)
  const instructions = [
    0x0000_0617, // auipc a2, 0
    0x0206_3583, // ld a1, 32(a2)
    0x0286_3283, // ld t0, 40(a2)
    0x0406_0613, // addi a2, a2, 64
    0xf140_2573, // csrr a0, mhartid
    0x0002_8067, // jr t0
  ]
  instructions.forEach((word, index) => putU32le(code, 4 * index, word))
  putU64le(code, 0x20, BigInt(treeAddress))
  putU64le(code, 0x28, BigInt(entry))
  return info === undefined ? code : concat(code, buildDynamicInfo(info))
}

/** Read-only memory on the bus. */
export class Rom implements Model {
  readonly name = 'rom'
  readonly span: number
  readonly #bytes: Uint8Array

  constructor(span: number) {
    this.span = span
    this.#bytes = new Uint8Array(span)
  }

  /** Replaces what stands in it, from its start. */
  burn(bytes: Uint8Array): void {
    this.#bytes.fill(0)
    this.#bytes.set(bytes.subarray(0, this.span))
  }

  read(offset: number, width: Width): number {
    let value = 0
    for (let lane = width - 1; lane >= 0; lane--) value = value * 256 + this.#bytes[offset + lane]
    return value
  }

  write(): void {}

  reset(): void {}

  save(): Uint8Array {
    return this.#bytes.slice()
  }

  load(bytes: Uint8Array): void {
    this.burn(bytes)
  }
}
