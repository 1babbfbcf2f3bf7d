import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { LeaseTable } from '../../../services/dhcp/lease-table.ts'

const claim = (client: string): { client: string; mac: string; name: string } => ({ client, mac: client, name: '' })

function table(first: number, last: number, kept: readonly number[] = []): { leases: LeaseTable; clock: { now: Instant } } {
  const clock = { now: 0 as Instant }
  return { leases: new LeaseTable([{ first, last }], new Set(kept), clock), clock }
}

describe('lease table', () => {
  it('never gives a kept address, and gives all others', () => {
    const { leases } = table(10, 19, [12, 15, 99])
    const given = Array.from({ length: 8 }, (_, at) => {
      const address = leases.choose(`c${at}`, undefined) as number
      leases.put(address, claim(`c${at}`), 'bound', 1000)
      return address
    })
    expect([...given].sort()).toEqual([10, 11, 13, 14, 16, 17, 18, 19])
    expect(leases.choose('late', undefined)).toBeUndefined()
    expect(leases.choose('late', 12)).toBeUndefined()
  })

  it('prefers what the client had, then what it wants, then an address never used', () => {
    const { leases, clock } = table(10, 13)
    leases.put(11, claim('a'), 'bound', 100)
    clock.now = 200 as Instant
    expect(leases.choose('a', 12)).toBe(11)
    expect(leases.choose('b', 12)).toBe(12)
    for (let at = 0; at < 3; at++) {
      const address = leases.choose(`n${at}`, undefined) as number
      expect(address).not.toBe(11)
      leases.put(address, claim(`n${at}`), 'bound', 500 + at)
    }
    expect(leases.choose('c', undefined)).toBe(11)
  })

  it('takes the lease that ended longest ago when all were used', () => {
    const { leases, clock } = table(10, 12)
    leases.put(10, claim('a'), 'bound', 300)
    leases.put(11, claim('b'), 'bound', 100)
    leases.put(12, claim('c'), 'bound', 200)
    expect(leases.choose('d', undefined)).toBeUndefined()
    clock.now = 250 as Instant
    expect(leases.choose('d', undefined)).toBe(11)
    leases.put(11, claim('d'), 'bound', 900)
    expect(leases.of('b')).toBeUndefined()
    expect(leases.choose('b', undefined)).toBe(12)
  })

  it('moves a client: one lease each', () => {
    const { leases } = table(10, 12)
    leases.put(10, claim('a'), 'bound', 100)
    leases.put(11, claim('a'), 'bound', 100)
    expect(leases.leases.map((lease) => lease.address)).toEqual([11])
    expect(leases.at(10)).toBeUndefined()
  })

  it('saves and loads', () => {
    const { leases } = table(10, 12)
    leases.put(10, claim('a'), 'bound', 100)
    leases.put(11, claim('b'), 'bound', 100)
    leases.decline(leases.at(11) as never)
    const other = table(10, 12).leases
    other.load(structuredClone(leases.save()))
    expect(other.save()).toEqual(leases.save())
    expect(other.of('a')?.address).toBe(10)
    expect(other.free(11, 'b')).toBe(false)
  })
})
