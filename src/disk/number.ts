/** 64-bit fields as numbers: positions and sizes in image files. What is beyond 2^53 comes back as a number too large for any file. */
import { putU32be, putU32le, u32be, u32le } from '../base/bytes.ts'

export const big = (bytes: Uint8Array, at: number): number => u32be(bytes, at) * 2 ** 32 + u32be(bytes, at + 4)
export const little = (bytes: Uint8Array, at: number): number => u32le(bytes, at + 4) * 2 ** 32 + u32le(bytes, at)

/** @param value a whole number below 2^53. */
export function putBig(bytes: Uint8Array, at: number, value: number): void {
  putU32be(bytes, at, Math.floor(value / 2 ** 32))
  putU32be(bytes, at + 4, value % 2 ** 32)
}

/** @param value a whole number below 2^53. */
export function putLittle(bytes: Uint8Array, at: number, value: number): void {
  putU32le(bytes, at, value % 2 ** 32)
  putU32le(bytes, at + 4, Math.floor(value / 2 ** 32))
}

/** The next multiple of `unit`, or `value` where it is one. */
export const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit
