import { describe, expect, it } from 'vitest'
import { latin1, putU16le, putU32le, putU64le } from '../../src/base/bytes.ts'
import { placeImage, placeKernel } from '../../src/board/image.ts'
import { elf, linuxImage } from './images.ts'

const base = 0x8000_0000

describe('images', () => {
  it('puts raw bytes where they are wanted', () => {
    const bytes = Uint8Array.of(0x13, 0, 0, 0)
    expect(placeImage({ name: 'u-boot.bin', bytes }, base, base)).toEqual({ name: 'u-boot.bin', loads: [{ address: base, bytes, zeros: 0 }], entry: base, start: base, end: base + 4 })
  })

  it('puts a kernel at its text offset and keeps room for its BSS', () => {
    const placed = placeKernel({ name: 'Image', bytes: linuxImage(0x1000, 0x5000) }, base)
    expect([placed.entry, placed.start, placed.end]).toEqual([0x8020_0000, 0x8020_0000, 0x8020_5000])
  })

  it('loads the segments of an ELF file by their physical addresses, BSS included', () => {
    const bytes = elf({ entry: 0xffff_0010, virtual: 0xffff_0000, physical: 0x8000_1000, content: latin1('code'), memory: 0x20 })
    const placed = placeImage({ name: 'prog', bytes }, base, base)
    expect(placed.entry).toBe(0x8000_1010)
    expect(placed.loads).toEqual([{ address: 0x8000_1000, bytes: latin1('code'), zeros: 28 }])
    expect(placed.end).toBe(0x8000_1020)
  })

  it('puts a position-independent ELF file where a raw one would go', () => {
    const bytes = elf({ type: 3, entry: 4, virtual: 0, physical: 0, content: latin1('codecode'), memory: 8 })
    expect(placeImage({ name: 'fw', bytes }, base, base)).toMatchObject({ entry: base + 4, start: base, end: base + 8 })
  })

  it('names what it refuses, and why', () => {
    const arm = linuxImage(64, 64)
    putU32le(arm, 0x38, 0x644d_5241)
    const bz = new Uint8Array(0x300)
    putU16le(bz, 0x1fe, 0xaa55)
    bz.set(latin1('HdrS'), 0x202)
    const x86 = elf({ entry: base, virtual: base, physical: base, content: latin1('x'), memory: 1 })
    putU16le(x86, 18, 62)
    const narrow = x86.slice()
    narrow[4] = 1
    const lost = elf({ entry: 0x10, virtual: base, physical: base, content: latin1('x'), memory: 1 })
    const refusals: [Uint8Array, RegExp][] = [
      [new Uint8Array(0), /^k is empty/],
      [arm, /kernel for AArch64/],
      [bz, /kernel for x86 \(bzImage\)/],
      [x86, /built for x86-64; this machine is RISC-V/],
      [narrow, /not a 64-bit little-endian ELF/],
      [lost, /entry 0x10 is in none of its segments/],
      [Uint8Array.of(0x1f, 0x8b, 8), /compressed with gzip/],
      [latin1('hello, world'), /no Linux kernel for RISC-V/],
    ]
    for (const [bytes, reason] of refusals) expect(() => placeKernel({ name: 'k', bytes }, base)).toThrow(reason)
  })

  it('finds torn files', () => {
    const whole = elf({ entry: base, virtual: base, physical: base, content: latin1('content'), memory: 7 })
    expect(() => placeImage({ name: 'k', bytes: whole.subarray(0, whole.length - 1) }, base, base)).toThrow(/torn: 126 bytes, a segment ends at 127/)
    expect(() => placeImage({ name: 'k', bytes: whole.subarray(0, 100) }, base, base)).toThrow(/program headers end beyond/)
    expect(() => placeImage({ name: 'k', bytes: whole.subarray(0, 40) }, base, base)).toThrow(/ELF header of 40 bytes/)
    const stub = linuxImage(0x400, 0x1000)
    putU16le(stub, 0, 0x5a4d)
    putU32le(stub, 0x3c, 0x40)
    putU32le(stub, 0x40, 0x4550)
    putU16le(stub, 0x46, 1)
    putU32le(stub, 0x58 + 16, 0x200)
    putU32le(stub, 0x58 + 20, 0x200)
    expect(placeKernel({ name: 'k', bytes: stub }, base).entry).toBe(0x8020_0000)
    expect(() => placeKernel({ name: 'k', bytes: stub.subarray(0, 0x3ff) }, base)).toThrow(/k is torn: 1023 bytes of 1024/)
  })

  it('refuses a kernel that is not aligned to 2 MiB', () => {
    const bytes = linuxImage(64, 64)
    putU64le(bytes, 8, 0x1000n)
    expect(() => placeKernel({ name: 'k', bytes }, base)).toThrow(/at 0x80001000, which is not aligned/)
  })
})
