import { describe, expect, it } from 'vitest'
import type { Interface } from '../../src/stack/interface.ts'
import { RouteTable } from '../../src/stack/routes.ts'
import { parseIpv4, parseSubnet4 } from '../../src/wire/address.ts'

const [first, second] = [{ name: 'eth0' }, { name: 'eth1' }] as unknown as [Interface, Interface]
const add = (table: RouteTable, to: string, by: Interface, via?: string, metric = 0): void => table.add({ to: parseSubnet4(to), via: via === undefined ? undefined : parseIpv4(via), interface: by, metric })

describe('routes', () => {
  it('takes the longest prefix, then the lower metric, then the older', () => {
    const table = new RouteTable()
    add(table, '0.0.0.0/0', first, '10.0.0.254')
    add(table, '10.0.0.0/8', first)
    add(table, '10.1.0.0/16', first, '10.0.0.1', 5)
    add(table, '10.1.0.0/16', second, '10.0.0.2', 1)
    add(table, '10.1.0.0/16', first, '10.0.0.3', 1)
    const via = (address: string, by?: Interface): number | undefined => table.find(parseIpv4(address), by)?.via
    expect(via('10.1.2.3')).toBe(parseIpv4('10.0.0.2'))
    expect(via('10.1.2.3', first)).toBe(parseIpv4('10.0.0.3'))
    expect(via('10.2.2.3')).toBeUndefined()
    expect(via('192.0.2.1')).toBe(parseIpv4('10.0.0.254'))
    expect(table.find(parseIpv4('192.0.2.1'), second)).toBeUndefined()
    table.remove((route) => route.interface === first)
    expect(table.all).toHaveLength(1)
  })
})
