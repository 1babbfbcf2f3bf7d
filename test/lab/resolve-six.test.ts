import { describe, expect, it } from 'vitest'
import type { NetworkPlan } from '../../src/lab/topology.ts'
import { read, refusal } from './dictionary.ts'

const of = (text: string): NetworkPlan => read(`name: t\nnetworks: { lan: { ${text} } }\n`).networks[0]
const refused = (text: string): string => refusal(`name: t\nnetworks: { lan: { ${text} } }\n`)

describe('IPv6 of a network', () => {
  it('is not there unless it is asked for, and leaves no trace', () => {
    const { networks, hosts } = read('name: t\nnetworks: { lan: { gateway: 10.0.0.1 } }\n')
    expect([Object.keys(networks[0]), Object.keys(hosts[0].nics[0])].flat()).not.toContain('six')
  })

  it('has RFC 4861’s defaults; a gateway that leads nowhere is nobody’s default router', () => {
    const advertising = { lifetimeSeconds: 0, intervalSeconds: 600, validSeconds: 2_592_000, preferredSeconds: 604_800, managed: false, other: false, autonomous: true, dns: [], mtu: undefined }
    expect(of('subnet6: fd00:1::/64').six).toEqual({ subnet: { network: 'fd00:1::', prefix: 64 }, gateway: 'fd00:1::1', advertising })
    expect(of('subnet6: fd00:1::/64, nat: true').six?.advertising?.lifetimeSeconds).toBe(1800)
    expect(of('subnet6: fd00:1::/64, nat: true').nat).toMatchObject({ gateway6: 'fd00:1::1' })
    expect(of('subnet6: fd00:1::/96').six?.advertising?.autonomous).toBe(false)
  })

  it('says that there is DHCPv6 where there is', () => {
    const flags = (text: string): unknown => {
      const { managed, other } = of(`subnet6: fd00:1::/64, ${text}`).six?.advertising ?? {}
      return [managed, other]
    }
    expect([flags('dhcp6: true'), flags('dhcp6: { range: none }'), flags('dhcp6: true, ra: { managed: false, other: false }')]).toEqual([[true, true], [false, true], [false, false]])
    expect(refused('dhcp6: true')).toContain('goes with subnet6 only')
  })

  it('takes what is written', () => {
    const six = of('subnet6: fd00:1::/64, gateway6: fd00:1::99, ra: { lifetime: 1h, interval: 4s, managed: true, other: true, autonomous: false, valid: 2h, preferred: 1h, dns: ["fd00:1::53"], mtu: 1400 }').six
    expect(six).toEqual({ subnet: { network: 'fd00:1::', prefix: 64 }, gateway: 'fd00:1::99', advertising: { lifetimeSeconds: 3600, intervalSeconds: 4, validSeconds: 7200, preferredSeconds: 3600, managed: true, other: true, autonomous: false, dns: ['fd00:1::53'], mtu: 1400 } })
    expect(of('subnet6: fd00:1::/64, ra: false').six?.advertising).toBeUndefined()
  })

  it('is made up under fd00::/8, the same each time, another for each network', () => {
    const networks = (): (string | undefined)[] => read('name: t\nnetworks: { a: { subnet6: auto }, b: { subnet6: auto } }\n').networks.map(({ six }) => six?.subnet.network)
    const [a, b] = networks()
    expect(networks()).toEqual([a, b])
    expect(a).toMatch(/^fd[0-9a-f:]+::$/)
    expect(b).not.toBe(a)
  })

  it.each([
    ['subnet6: fd00:1::/129', 'expected a subnet like fd00:1::/64'],
    ['subnet6: fd00:1::5/64', '"fd00:1::5/64" has host bits set | did you mean "fd00:1::/64"?'],
    ['subnet6: ff02::/64', 'is nobody\'s to give out'],
    ['gateway6: fd00:1::1', 'goes with subnet6 only'],
    ['ra: { managed: true }', 'goes with subnet6 only'],
    ['subnet6: fd00:1::/64, gateway6: fd00:2::1', 'fd00:2::1 is not in fd00:1::/64 | e.g. fd00:1::1'],
    ['subnet6: fd00:1::/64, ra: { interval: 1s }', 'advertisements come every 4s to 30m'],
    ['subnet6: fd00:1::/64, ra: { valid: 1h, preferred: 2h }', 'an address can not be preferred for longer than it is valid'],
    ['subnet6: fd00:1::/96, ra: { autonomous: true }', 'hosts make addresses in a /64'],
    ['subnet6: fd00:1::/64, ra: { manged: true }', 'did you mean "managed"?'],
  ])('refuses %s', (text, says) => {
    expect(refused(text)).toContain(says)
  })

  it('goes to service hosts with an address of their own, not to machines', () => {
    const nodes = (node: string): string => `name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, subnet6: fd00:1::/64 }, old: { subnet: 10.1.0.0/24 } }\nnodes: { n: { ${node} } }\n`
    expect(read(nodes('kind: service, networks: { lan: { address: 10.0.0.5, address6: "fd00:1::5" } }')).hosts.find(({ name }) => name === 'n')?.nics[0].six).toEqual([{ address: 'fd00:1::5', prefix: 64 }])
    expect(refusal(nodes('kind: service, networks: { lan: { address: 10.0.0.5, address6: "fd00:2::5" } }'))).toContain('fd00:2::5 is no host\'s address in fd00:1::/64')
    expect(refusal(nodes('kind: service, networks: { old: { address: 10.1.0.5, address6: "fd00:2::5" } }'))).toContain('old has no IPv6')
  })
})
