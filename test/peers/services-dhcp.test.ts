/** The DHCPv4 service and clients that we did not write: dhclient, udhcpc, dhcpcd, nmap, perfdhcp, through a TAP. Needs root and /dev/net/tun. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { debian, row } from './interop.ts'
import { TapLab } from './tap-lab.ts'

let lab: TapLab
beforeEach(() => {
  lab = new TapLab()
})
afterEach(() => lab.close())

const served = 'dhcp: { range: 10.0.0.100-10.0.0.199, lease: 2m, domain: lab, boot: { file: boot/start.img }, options: { ntp-server: 10.0.0.1, 42: 10.0.0.1 } }'

/** What a client hands to its script goes to a file, and to the computer goes nothing. */
function script(): string {
  writeFileSync(lab.at('script'), `#!/bin/sh\nenv >> ${lab.at('told')}\n`)
  chmodSync(lab.at('script'), 0o755)
  return lab.at('script')
}
const told = (): string => readFileSync(lab.at('told'), 'utf8')
const leases = (): { address: string; state: string }[] => lab.inspect('leases') as { address: string; state: string }[]

describe('DHCPv4', () => {
  it('dhclient leases, is given the same again, and gives it back', { timeout: 60_000 }, async () => {
    await lab.start(served, '', undefined)
    const dhclient = (...words: string[]): string => lab.netns.run('dhclient', '-4', '-1', '-sf', script(), '-lf', lab.at('leases'), '-pf', lab.at('pid'), ...words, 'nl0')
    const first = /bound to (10\.0\.0\.1\d\d)/.exec(dhclient('-v'))?.[1] as string
    expect(readFileSync(lab.at('leases'), 'utf8')).toMatch(/option domain-name "lab";[^]*option dhcp-lease-time 120;|option dhcp-lease-time 120;[^]*option domain-name "lab";/)
    expect(leases().map(({ address }) => address)).toEqual([first])
    lab.netns.run('kill', readFileSync(lab.at('pid'), 'utf8').trim())
    // With a lease of before it starts in INIT-REBOOT, without a DISCOVER.
    const again = dhclient('-v')
    expect(again).toContain(`bound to ${first}`)
    expect(again).not.toContain('DHCPDISCOVER')
    expect(dhclient('-v', '-r')).toContain(`DHCPRELEASE of ${first}`)
    row({ client: debian('dhclient', 'isc-dhcp-client'), service: 'DHCPv4', check: 'lease, INIT-REBOOT with the lease it has, RELEASE' })
  })

  it('udhcpc and busybox lease, renew when told to, and release', { timeout: 60_000 }, async () => {
    await lab.start(served, '', undefined)
    const child = lab.netns.start('udhcpc', '-f', '-R', '-i', 'nl0', '-s', script(), '-O', 'ntpsrv')
    await child.says('obtained from 10.0.0.1, lease time 120')
    const address = /lease of (10\.0\.0\.1\d\d) obtained/.exec(child.text)?.[1]
    for (const line of [`ip=${address}`, 'domain=lab', 'ntpsrv=10.0.0.1', 'boot_file=boot/start.img', 'router=10.0.0.1', 'mask=24', 'lease=120']) expect(told()).toContain(line)
    lab.netns.run('pkill', '-USR1', '-f', `udhcpc -f -R -i nl0 -s ${lab.at('script')}`)
    await child.until('not renewed', () => (child.text.match(new RegExp(`lease of ${address} obtained`, 'g'))?.length ?? 0) > 1)
    lab.netns.run('pkill', '-TERM', '-f', `udhcpc -f -R -i nl0 -s ${lab.at('script')}`)
    await child.says(`release of ${address} to 10.0.0.1`)
    // As another client: this one would be given what it had (RFC 2131 §4.3.1).
    expect(lab.netns.run('busybox', 'udhcpc', '-n', '-q', '-i', 'nl0', '-s', lab.at('script'), '-x', '0x3d:01020000000042', '-r', '10.0.0.150')).toContain('lease of 10.0.0.150 obtained')
    row({ client: debian('udhcpc'), service: 'DHCPv4', check: 'lease with options, RENEW, RELEASE' }, { client: debian('busybox udhcpc', 'busybox'), service: 'DHCPv4', check: 'lease of the address asked for (option 50)' })
  })

  it('dhcpcd finds nobody at the address that it is given, and takes it', { timeout: 60_000 }, async () => {
    await lab.start(served, '', undefined)
    const { text } = await lab.netns.finish('dhcpcd', '-4', '-1', '-B', '-d', '-t', '20', '-c', script(), 'nl0')
    expect(text).toMatch(/probing address 10\.0\.0\.1\d\d/)
    expect(text).toMatch(/leased 10\.0\.0\.1\d\d for 120 seconds/)
    row({ client: debian('dhcpcd', 'dhcpcd-base'), service: 'DHCPv4', check: 'lease, after its own probe of the address' })
  })

  it('nmap discovers by broadcast and asks by INFORM', { timeout: 60_000 }, async () => {
    await lab.start(served, '')
    const offer = lab.netns.run('nmap', '-n', '-Pn', '-e', 'nl0', '--script', 'broadcast-dhcp-discover')
    for (const line of ['DHCP Message Type: DHCPOFFER', 'Server Identifier: 10.0.0.1', 'Router: 10.0.0.1', 'Domain Name: lab']) expect(offer).toContain(line)
    expect(offer).toMatch(/IP Offered: 10\.0\.0\.1\d\d/)
    const ack = lab.netns.run('nmap', '-n', '-Pn', '-sU', '-p', '67', '-e', 'nl0', '--script', 'dhcp-discover', '--script-args', 'dhcp-discover.dhcptype=DHCPINFORM', '10.0.0.1')
    expect(ack).toContain('DHCP Message Type: DHCPACK')
    row({ client: debian('nmap'), service: 'DHCPv4', check: 'broadcast-dhcp-discover is offered an address; dhcp-discover is answered to INFORM' })
  })

  it('perfdhcp gets 1000 leases at 200 a second', { timeout: 60_000 }, async () => {
    await lab.start('dhcp: { range: 10.0.16.1-10.0.47.254, leases: ./leases.journal }', '', '10.0.0.2/16')
    const { text } = await lab.netns.finish('perfdhcp', '-4', '-l', 'nl0', '-r', '200', '-R', '2000', '-n', '1000', '-W', '500000', '10.0.0.1')
    // On a busy machine an answer may come after perfdhcp's half second.
    expect([...text.matchAll(/sent packets: (\d+)\nreceived packets: (\d+)/g)].map(([, sent, received]) => Number(received) >= 0.98 * Number(sent)), text).toEqual([true, true])
    expect(leases().length).toBeGreaterThan(900)
    row({ client: debian('perfdhcp', 'kea-admin'), service: 'DHCPv4', check: '1000 exchanges at 200 a second, leases on disk, 98 of 100 answered within half a second at least' })
  })
})
