import { describe, expect, it } from 'vitest'
import { concat, latin1, putU32le, utf8 } from '../../../src/base/bytes.ts'
import { formatNamed } from '../../../src/disk/formats.ts'
import { putLittle } from '../../../src/disk/number.ts'
import { crc32c } from '../../../src/disk/vhdx/crc32c.ts'
import { readHeader, writeHeader } from '../../../src/disk/vhdx/header.ts'
import type { MemoryFile } from '../memory-file.ts'
import { create, open, readAll } from '../model.ts'

const megabyte = 1 << 20
const logId = new Uint8Array(16).fill(0x1d)

it('sums like RFC 3720 §B.4 says', () => {
  expect(crc32c(utf8('123456789'))).toBe(0xe306_9283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa)
})

/** One entry: a page to be put at `position`, or zeros when there is none. */
function entry(sequence: number, tail: number, position: number, page: Uint8Array | undefined, fileBytes: number): Uint8Array {
  const bytes = new Uint8Array(page === undefined ? 4096 : 8192)
  bytes.set(latin1('loge'))
  putU32le(bytes, 8, bytes.length)
  putU32le(bytes, 12, tail)
  putLittle(bytes, 16, sequence)
  putU32le(bytes, 24, 1)
  bytes.set(logId, 32)
  putLittle(bytes, 48, fileBytes)
  putLittle(bytes, 56, fileBytes)
  bytes.set(latin1(page === undefined ? 'zero' : 'desc'), 64)
  if (page === undefined) putLittle(bytes, 72, 4096)
  else bytes.set(concat(page.subarray(4092), page.subarray(0, 8)), 68)
  putLittle(bytes, 80, position)
  putLittle(bytes, 88, sequence)
  if (page !== undefined) {
    bytes.set(latin1('data'), 4096)
    bytes.set(page.subarray(8, 4092), 4104)
    putU32le(bytes, 4096 + 4092, sequence)
  }
  putU32le(bytes, 4, crc32c(bytes, 4))
  return bytes
}

/** An image whose block table was to point to a block at the end, and was not written yet. */
function interrupted(): { file: MemoryFile; content: Uint8Array } {
  const file = create(formatNamed('vhdx'), 4 * megabyte, { clusterBytes: megabyte })
  const place = file.size
  file.truncate(place + megabyte)
  const content = Uint8Array.from({ length: megabyte }, (_, at) => at % 251)
  file.write(place, content)
  const table = new Uint8Array(4096)
  putLittle(table, 8, place + 6)
  // Two entries that count, and an older one that doesn't; the ring wraps around.
  const log = new Uint8Array(megabyte)
  const first = entry(8, megabyte - 4096, 3 * megabyte, undefined, file.size)
  const second = entry(9, megabyte - 4096, 3 * megabyte, table, file.size)
  log.set(entry(3, 65_536, 3 * megabyte, new Uint8Array(4096).fill(0xee), file.size), 65_536)
  log.set(first, megabyte - 4096)
  log.set(second, 0)
  file.write(megabyte, log)
  writeHeader(file, readHeader(file), { logId })
  return { file, content }
}

describe('the log of a VHDX', () => {
  it('is replayed in memory for readers, who change nothing', () => {
    const { file, content } = interrupted()
    const before = file.content()
    const disk = open(file, 'vhdx', true)
    expect(Buffer.compare(readAll(disk).subarray(megabyte, 2 * megabyte), content)).toBe(0)
    expect(disk.facts().notes).toEqual(['was not closed in order: 2 changes of its log were replayed'])
    expect(Buffer.compare(before, file.content())).toBe(0)
  })

  it('is replayed into the file for writers, once', () => {
    const { file, content } = interrupted()
    const disk = open(file, 'vhdx')
    disk.write(0, new Uint8Array(512).fill(1))
    disk.close()
    const again = open(file, 'vhdx')
    expect(again.facts().notes).toEqual([])
    expect(Buffer.compare(readAll(again).subarray(megabyte, 2 * megabyte), content)).toBe(0)
    expect(readAll(again)[511]).toBe(1)
  })

  it('that is not whole is refused, rather than half believed', () => {
    const { file } = interrupted()
    file.write(megabyte + 5000, Uint8Array.of(0xff))
    file.write(megabyte + 65_536 + 100, Uint8Array.of(0xff))
    file.write(2 * megabyte - 4096 + 100, Uint8Array.of(0xff))
    expect(() => open(file, 'vhdx')).toThrow('nothing in its log is whole')
  })
})
