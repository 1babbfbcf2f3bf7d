import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/cpu/wasm/bytes.ts'
import { hex } from '../../../src/base/bytes.ts'

const written = (write: (out: ByteWriter) => void): string => {
  const out = new ByteWriter()
  write(out)
  return hex(out.take(), ' ')
}

describe('ByteWriter', () => {
  it.each([
    [0, '00'],
    [3, '03'],
    [127, '7f'],
    [128, '80 01'],
    [624485, 'e5 8e 26'],
    [0x7fff_ffff, 'ff ff ff ff 07'],
    [0xffff_ffff, 'ff ff ff ff 0f'],
  ])('writes %d as unsigned LEB128', (value, want) => {
    expect(written((out) => out.u32(value))).toBe(want)
  })

  it.each([
    [0, '00'],
    [63, '3f'],
    [64, 'c0 00'],
    [-1, '7f'],
    [-64, '40'],
    [-65, 'bf 7f'],
    [-123456, 'c0 bb 78'],
    [0x7fff_ffff, 'ff ff ff ff 07'],
    [-0x8000_0000, '80 80 80 80 78'],
  ])('writes %d as signed LEB128 of 32 bits, and the same of 64', (value, want) => {
    expect(written((out) => out.s32(value))).toBe(want)
    expect(written((out) => out.s64(BigInt(value)))).toBe(want)
  })

  it.each([
    [0x8000_0000n, '80 80 80 80 08'],
    [-0x8000_0001n, 'ff ff ff ff 77'],
    [0x7fff_ffff_ffff_ffffn, 'ff ff ff ff ff ff ff ff ff 00'],
    [-0x8000_0000_0000_0000n, '80 80 80 80 80 80 80 80 80 7f'],
    [0xffff_ffff_ffff_ffffn, '7f'],
  ])('writes %d as signed LEB128 of 64 bits', (value, want) => {
    expect(written((out) => out.s64(value))).toBe(want)
  })

  it('writes names with their length in bytes, not characters', () => {
    expect(written((out) => out.name('env'))).toBe('03 65 6e 76')
    expect(written((out) => out.name('é'))).toBe('02 c3 a9')
  })

  it('puts the length before what it measures, whatever its size', () => {
    expect(written((out) => out.sized(() => undefined))).toBe('00')
    const out = new ByteWriter()
    out.byte(0xaa)
    out.sized((inner) => inner.bytes(new Uint8Array(1000).fill(0xa5)))
    const bytes = out.take()
    expect(hex(bytes.subarray(0, 3))).toBe('aae807')
    expect(bytes.length).toBe(1003)
    expect(bytes.subarray(3).every((byte) => byte === 0xa5)).toBe(true)
  })

  it('hands out a copy', () => {
    const out = new ByteWriter()
    out.byte(1)
    out.take()[0] = 9
    out.byte(2)
    expect([...out.take()]).toEqual([1, 2])
    expect(out.length).toBe(2)
  })
})
