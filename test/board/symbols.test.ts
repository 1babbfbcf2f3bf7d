import { describe, expect, it } from 'vitest'
import { concat, latin1, putU16le, putU32le, putU64le, utf8 } from '../../src/base/bytes.ts'
import { Symbols } from '../../src/board/symbols.ts'

/** An ELF file of a symbol table and its strings alone: [name, address, type, section]. */
function elf(symbols: readonly (readonly [string, bigint, number, number])[]): Uint8Array {
  const strings = latin1(`\0${symbols.map(([name]) => `${name}\0`).join('')}`)
  const table = new Uint8Array(24 * symbols.length)
  let at = 1
  symbols.forEach(([name, address, type, section], index) => {
    putU32le(table, 24 * index, at)
    table[24 * index + 4] = 0x10 | type
    putU16le(table, 24 * index + 6, section)
    putU64le(table, 24 * index + 8, address)
    at += name.length + 1
  })
  const header = new Uint8Array(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  putU64le(header, 40, BigInt(64 + table.length + strings.length))
  putU16le(header, 58, 64)
  putU16le(header, 60, 2)
  const sections = new Uint8Array(128)
  const section = (index: number, type: number, offset: number, length: number, link: number): void => {
    putU32le(sections, 64 * index + 4, type)
    putU64le(sections, 64 * index + 24, BigInt(offset))
    putU64le(sections, 64 * index + 32, BigInt(length))
    putU32le(sections, 64 * index + 40, link)
  }
  section(0, 2, 64, table.length, 1)
  section(1, 3, 64 + table.length, strings.length, 0)
  return concat(header, table, strings, sections)
}

const from = (bytes: Uint8Array, bias = 0n): Symbols => Symbols.from([{ name: 'x', bytes, bias }])

describe('symbols', () => {
  const file = elf([['late', 0x9000n, 2, 1], ['early', 0x8000n, 2, 1], ['$x', 0x8004n, 0, 1], ['.L1', 0x8008n, 0, 1], ['missing', 0x8010n, 2, 0], ['file.c', 0x8020n, 4, 1], ['end', 0xffff_ffff_8000_0000n, 0, 3]])

  it('finds the name in front of an address, with the distance', () => {
    const symbols = from(file)
    expect([0x7fffn, 0x8000n, 0x8021n, 0x8fffn, 0x9000n, 0xffff_ffff_8000_0002n].map((address) => symbols.at(address))).toEqual([undefined, 'early', 'early+0x21', 'early+0xfff', 'late', 'end+0x2'])
    expect([symbols.count, symbols.at(0x5000_0000n)]).toEqual([3, undefined])
  })

  it('moves names by a bias, and puts several files together', () => {
    const symbols = Symbols.from([{ name: 'a', bytes: file, bias: -0x1000n }, { name: 'map', bytes: utf8('ffffffff80200000 T _start\nffffffff80200010 t local\njunk\n'), bias: 0n }])
    expect([symbols.at(0x7004n), symbols.at(0xffff_ffff_8020_0011n)]).toEqual(['early+0x4', 'local+0x1'])
  })

  it('refuses what has no names or is torn, at every length, and never throws anything else', () => {
    expect(() => from(utf8('hello'))).toThrow('x names no address')
    for (let length = 0; length < file.length; length++) expect(() => from(file.subarray(0, length))).toThrow(/^x (?:is torn|names no address)/)
  })
})
