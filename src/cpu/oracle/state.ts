/** What the oracle works on: a hart as user mode sees it, and memory as bytes. */
import type { Extensions } from '../isa/profile.ts'
import type { MemoryWidth } from '../isa/row.ts'

export interface OracleState {
  /** x[0] stays 0. */
  readonly x: BigUint64Array
  /** Raw; singles NaN-boxed. */
  readonly f: BigUint64Array
  /** Unsigned. */
  pc: bigint
  /** NV 16, DZ 8, OF 4, UF 2, NX 1. */
  fflags: number
  /** 0–7. */
  frm: number
  /** mstatus.FS isn't off. */
  floatOn: boolean
  /** mstatus.FS would be dirty. */
  floatDirty: boolean
  /** The address that LR has reserved. A caller that takes a trap clears it. */
  reservation: bigint | undefined
  /** What the hart has beyond RV64GC. */
  extensions: Extensions
}

/** Memory by virtual address, unsigned; accesses may be misaligned. Values are unsigned and fit the width. */
export interface OracleMemory {
  /** undefined: access fault. */
  read(address: bigint, width: MemoryWidth): bigint | undefined
  /** false: access fault, and nothing was written. */
  write(address: bigint, width: MemoryWidth, value: bigint): boolean
}

/** A hart with all registers 0 and floating point on. */
export function oracleState(pc: number | bigint): OracleState {
  return {
    x: new BigUint64Array(32), f: new BigUint64Array(32), pc: BigInt.asUintN(64, BigInt(pc)),
    fflags: 0, frm: 0, floatOn: true, floatDirty: false, reservation: undefined, extensions: new Set(),
  }
}

/** Memory that is one window; everything else faults. `bytes` is used, not copied. */
export function oracleMemory(base: number | bigint, bytes: Uint8Array): OracleMemory {
  const start = BigInt(base)
  const within = (address: bigint, width: number): boolean => address >= start && address - start + BigInt(width) <= BigInt(bytes.length)
  return {
    read(address, width) {
      if (!within(address, width)) return undefined
      const at = Number(address - start)
      let value = 0n
      for (let index = width - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[at + index])
      return value
    },
    write(address, width, value) {
      if (!within(address, width)) return false
      const at = Number(address - start)
      for (let index = 0; index < width; index++) bytes[at + index] = Number((value >> BigInt(8 * index)) & 0xffn)
      return true
    },
  }
}
