/** The DHCPv6 service and clients that we did not write: dhclient, dhcpcd, perfdhcp, through a TAP; tshark reads what was said. Needs root and /dev/net/tun. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Netns, type Started } from './netns.ts'

let netns: Netns
let up: Started
const at = (...parts: readonly string[]): string => join(netns.folder, ...parts)

async function lab(dhcp6: string): Promise<void> {
  writeFileSync(at('lab.yaml'), `name: out\nsim: { capture: ./out.pcapng }\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, ra: { autonomous: false, interval: 4s }, dhcp6: ${dhcp6} } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n`)
  up = netns.lab('up', at('lab.yaml'))
  // Past duplicate address detection.
  await up.until('no link-local address', () => netns.attempt('ip', '-6', 'addr', 'show', 'dev', 'nl0', 'scope', 'link', '-tentative').text.includes('fe80::'))
}

beforeEach(() => {
  netns = new Netns()
})
afterEach(() => netns.close())

const addresses = (): string => netns.run('ip', '-6', 'addr', 'show', 'dev', 'nl0', 'scope', 'global')
const inspect = (): { address: string; status: string }[] => JSON.parse(netns.run('node', '--import', 'tsx', 'src/cli/main.ts', 'inspect', 'leases', '--format', 'json')) as ReturnType<typeof inspect>

describe('dhclient -6', () => {
  it('gets an address, name servers, domains and a boot URL, renews nothing, gives it back', { timeout: 60_000 }, async () => {
    await lab('{ range: "fd00:1::1000-fd00:1::10ff", dns: ["fd00:1::53"], domains: [lab.example], boot: "tftp://[fd00:1::1]/boot.efi" }')
    writeFileSync(at('dhclient.conf'), 'option dhcp6.boot-url code 59 = text;\nrequest dhcp6.name-servers, dhcp6.domain-search, dhcp6.boot-url;\n')
    writeFileSync(at('script'), `#!/bin/sh\nenv >> ${at('env')}\n[ "$reason" = BOUND6 ] && ip -6 addr replace $new_ip6_address/64 dev $interface\n[ "$reason" = RELEASE6 ] && ip -6 addr del $old_ip6_address/64 dev $interface\nexit 0\n`, { mode: 0o755 })
    const words = ['-6', '-1', '-cf', at('dhclient.conf'), '-lf', at('leases'), '-pf', at('pid'), '-sf', at('script')]
    netns.run('timeout', '30', 'dhclient', ...words, 'nl0')
    expect(addresses()).toMatch(/inet6 fd00:1::10[\da-f]{2}\/64/)
    const told = readFileSync(at('env'), 'latin1')
    for (const line of ['new_dhcp6_name_servers=fd00:1::53', 'new_dhcp6_domain_search=lab.example.', 'new_dhcp6_boot_url=tftp://[fd00:1::1]/boot.efi']) expect(told).toContain(line)
    netns.run('timeout', '30', 'dhclient', ...words.filter((word) => word !== '-1'), '-r', 'nl0')
    expect(addresses()).not.toContain('fd00:1::10')
  })

  it('gets a prefix, too', { timeout: 60_000 }, async () => {
    await lab('{ delegate: { prefix: "fd00:100::/48", length: 56 } }')
    writeFileSync(at('script'), `#!/bin/sh\nenv >> ${at('env')}\nexit 0\n`, { mode: 0o755 })
    netns.run('timeout', '30', 'dhclient', '-6', '-1', '-P', '-N', '-lf', at('leases'), '-pf', at('pid'), '-sf', at('script'), 'nl0')
    netns.attempt('sh', '-c', `kill $(cat ${at('pid')})`)
    expect(readFileSync(at('env'), 'latin1')).toMatch(/new_ip6_prefix=fd00:100:0:[\da-f]+::\/56/)
  })
})

describe('other clients', () => {
  it('dhcpcd comes because the router advertisement says so', { timeout: 60_000 }, async () => {
    // What it remembers of another lab it would only have confirmed.
    const remembered = '/var/lib/dhcpcd/nl0.lease6'
    rmSync(remembered, { force: true })
    await lab('{ range: "fd00:1::2000-fd00:1::20ff" }')
    mkdirSync(at('dhcpcd'))
    writeFileSync(at('dhcpcd.conf'), 'ipv6only\nnohook resolv.conf, hostname, ntp\noption domain_name_servers\nduid ll\nia_na 1\nnoipv6rs\nipv6rs\n')
    const client = netns.start('dhcpcd', '-B', '-d', '-f', at('dhcpcd.conf'), 'nl0')
    await client.until('no address', () => addresses().includes('fd00:1::20'))
    expect(inspect().length).toBe(1)
    // It gives its lease back as it ends, or doesn't get to it.
    expect(await client.stop()).not.toBeNull()
    rmSync(remembered, { force: true })
  })

  it('perfdhcp: a hundred clients a second, none left without; tshark finds nothing wrong in what was said', { timeout: 60_000 }, async () => {
    await lab('{ range: "fd00:1::1:0-fd00:1::1:ffff" }')
    const report = netns.attempt('timeout', '30', 'perfdhcp', '-6', '-l', 'nl0', '-r', '100', '-R', '1000', '-p', '5', '-W', '1000000', 'all').text
    expect(report).toMatch(/SOLICIT-ADVERTISE[^]*drops: 0[^]*REQUEST-REPLY[^]*drops: 0/)
    await up.stop()
    expect(existsSync(at('out.pcapng'))).toBe(true)
    expect(netns.run('tshark', '-r', at('out.pcapng'), '-Y', '_ws.malformed || _ws.expert.severity == error').split('\n').filter((line) => line.includes('DHCPv6'))).toEqual([])
    expect(netns.run('tshark', '-r', at('out.pcapng'), '-Y', 'dhcpv6.msgtype == 7', '-T', 'fields', '-e', 'dhcpv6.iaaddr.ip').split('\n').filter((line) => line.startsWith('fd00:1::1:')).length).toBeGreaterThan(300)
  })
})
