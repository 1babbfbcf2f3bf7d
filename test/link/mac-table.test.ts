import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { seconds } from '../../src/base/time.ts'
import type { Instant } from '../../src/base/time.ts'
import { MacTable } from '../../src/link/mac-table.ts'

const at = (time: number): Instant => seconds(time) as number as Instant
const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, last >> 8, last)

describe('a MAC table', () => {
  it('finds what it learnt, by address and VLAN', () => {
    const table = new MacTable(4, seconds(300))
    table.learn(mac(1), 0, 10, 3, at(0))
    expect(table.find(mac(1), 0, 10, at(1))).toBe(3)
    expect(table.find(mac(1), 0, 11, at(1))).toBe(-1)
    expect(table.find(mac(2), 0, 10, at(1))).toBe(-1)
  })

  it('moves a station that is heard elsewhere', () => {
    const table = new MacTable(4, seconds(300))
    table.learn(mac(1), 0, 0, 3, at(0))
    table.learn(mac(1), 0, 0, 5, at(1))
    expect(table.find(mac(1), 0, 0, at(1))).toBe(5)
    expect(table.entries(at(1)).length).toBe(1)
  })

  it('forgets after the ageing time, to the nanosecond', () => {
    const table = new MacTable(4, seconds(300))
    table.learn(mac(1), 0, 0, 3, at(0))
    expect(table.find(mac(1), 0, 0, (at(300) - 1) as Instant)).toBe(3)
    expect(table.find(mac(1), 0, 0, at(300))).toBe(-1)
    expect(table.entries(at(300))).toEqual([])
  })

  it('refuses when full, and takes new stations when old ones have aged', () => {
    const table = new MacTable(2, seconds(300))
    table.learn(mac(1), 0, 0, 1, at(0))
    table.learn(mac(2), 0, 0, 2, at(200))
    table.learn(mac(3), 0, 0, 3, at(250))
    expect(table.find(mac(3), 0, 0, at(250))).toBe(-1)
    expect(table.refused).toBe(1)
    table.learn(mac(1), 0, 0, 1, at(299))
    table.learn(mac(3), 0, 0, 3, at(301))
    expect(table.refused).toBe(2)
    table.learn(mac(3), 0, 0, 3, at(500))
    expect(table.find(mac(3), 0, 0, at(500))).toBe(3)
    expect(table.entries(at(500)).map((entry) => [hex(entry.mac), entry.port])).toEqual([['020000000001', 1], ['020000000003', 3]])
  })

  it('forgets a port', () => {
    const table = new MacTable(8, seconds(300))
    for (let station = 0; station < 8; station++) table.learn(mac(station), 0, 0, station % 2, at(0))
    table.forget(0)
    expect(table.entries(at(0)).map(({ port }) => port)).toEqual([1, 1, 1, 1])
  })

  it('is right for thousands of stations', () => {
    const table = new MacTable(8192, seconds(300))
    const random = new SeededRandom('macs')
    const macs = Array.from({ length: 8192 }, () => random.bytes(6))
    for (const [index, each] of macs.entries()) table.learn(each, 0, index & 0xfff, index % 100, at(0))
    for (const [index, each] of macs.entries()) expect(table.find(each, 0, index & 0xfff, at(1))).toBe(index % 100)
    expect(table.refused).toBe(0)
  })

  it('is saved and loaded', () => {
    const table = new MacTable(4, seconds(300))
    table.learn(mac(0xffff), 0, 4094, 3, at(7))
    const again = new MacTable(4, seconds(300))
    again.load(table.save())
    expect(again.entries(at(8))).toEqual([{ mac: mac(0xffff), vlan: 4094, port: 3, heard: at(7) }])
  })
})
