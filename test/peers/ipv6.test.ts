/** IPv6 between who is there in earnest: Linux on a TAP configures itself from our gateway, its clients meet our services, and leave by our NAT. Needs root. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { debian, row } from './interop.ts'
import { Netns, type Started } from './netns.ts'

/** Where the lab runs and the servers are, and where the client is. */
let host: Netns
let client: Netns

beforeEach(() => {
  host = new Netns()
  client = new Netns()
})

afterEach(async () => {
  await client.close()
  await host.close()
})

const gateway = 'fd00:1::1'

/** A lab without machines, the client on its TAP past duplicate address detection. */
async function lab(network = ''): Promise<Started> {
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, `name: six\nnetworks: { lan: { subnet: 10.0.0.0/24, subnet6: fd00:1::/64, ra: { interval: 4s, lifetime: 30m }, ${network} } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n`)
  host.run('sysctl', '-q', '-w', 'net.ipv4.ping_group_range=0 2147483647')
  const up = host.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'six.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
  host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
  client.run('ip', 'link', 'set', 'nl0', 'up')
  await up.until('no address was made of our prefix', () => /inet6 fd00:1::(?!.*tentative)/.test(client.run('ip', '-6', 'addr', 'show', 'dev', 'nl0')) && client.run('ip', '-6', 'route').includes('default'))
  return up
}

function served(bytes: number): string {
  const content = randomBytes(bytes)
  writeFileSync(join(host.folder, 'web.bin'), content)
  return createHash('md5').update(content).digest('hex')
}

const sum = (url: string): string => client.run('sh', '-c', `curl -g -6 -s -m 60 "${url}" | md5sum`)
const own = (): string => /inet6 (fd00:1::[0-9a-f:]+)/.exec(client.run('ip', '-6', 'addr', 'show', 'dev', 'nl0'))?.[1] as string

describe('Linux on a network with IPv6', () => {
  it('configures itself, pings, resolves, and fetches by HTTP, TFTP and FTP byte for byte', { timeout: 90_000 }, async () => {
    const md5 = served(5 << 20)
    await lab(`http: { root: ${host.folder} }, tftp: { root: ${host.folder} }, ftp: { root: ${host.folder} }, dns: {}`)
    expect(client.run('ping', '-6', '-c', '3', '-i', '0.2', gateway)).toContain('3 received')
    expect(client.run('ping', '-6', '-c', '2', '-i', '0.2', '-s', '6000', gateway)).toContain('2 received')
    expect(client.run('sh', '-c', `ping -6 -c 1 $(ip -6 route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')%nl0`)).toContain('1 received')
    for (const scheme of ['http', 'tftp', 'ftp']) expect(sum(`${scheme}://[${gateway}]/web.bin`)).toContain(md5)
    expect(client.run('dig', '+short', `@${gateway}`, 'AAAA', 'lan.lab')).toContain(gateway)
    expect(client.run('dig', '+short', `@${gateway}`, '-x', gateway)).toContain('lan.lab.')
    expect(client.run('ndisc6', '-1', gateway, 'nl0')).toContain('Target link-layer address')
    const said = client.run('rdisc6', '-1', 'nl0')
    for (const line of ['fd00:1::/64', `Recursive DNS server     : ${gateway}`, 'Stateful address conf.    :           No']) expect(said).toContain(line)
    expect(client.run('rltraceroute6', '-n', '-q', '1', '-w', '1', gateway)).toMatch(/ 1 {2}fd00:1::1 /)
    const rows = JSON.parse(host.run('node', '--import', 'tsx', 'src/cli/main.ts', 'inspect', 'neighbours', '--format', 'json')) as { address: string }[]
    expect(rows.map(({ address }) => address)).toContain(own())
    for (const service of ['HTTP', 'TFTP', 'FTP']) row({ client: debian('curl'), service, check: '5 MB over IPv6' })
    row({ client: debian('dig', 'bind9-dnsutils'), service: 'DNS', check: 'AAAA and PTR over IPv6' })
  })

  it('outlives what thc-ipv6 sends at implementations and at reassembly, and tshark finds nothing malformed in what we sent', { timeout: 120_000 }, async () => {
    await lab('http: {}')
    const capture = join(host.folder, 'sent.pcap')
    const mac = /lladdr ([0-9a-f:]+)/.exec(client.run('sh', '-c', `ping -6 -c 1 ${gateway} > /dev/null; ip -6 neigh show ${gateway}`))?.[1] as string
    const dump = client.start('tcpdump', '-U', '-i', 'nl0', '-w', capture, 'ether', 'src', mac)
    await dump.says('listening on')
    expect(client.attempt('timeout', '20', 'atk6-implementation6', 'nl0', gateway).text).toMatch(/normal ping6\s+PASSED/)
    client.attempt('timeout', '8', 'atk6-fragmentation6', '-fn', 'nl0', gateway)
    client.attempt('timeout', '3', 'atk6-flood_solicitate6', 'nl0', gateway)
    expect(client.run('ping', '-6', '-c', '3', '-i', '0.2', gateway)).toContain('3 received')
    await dump.stop()
    expect(host.run('sh', '-c', `tshark -r ${capture} 2> /dev/null | wc -l`).trim()).not.toBe('0')
    // What an error quotes is the attacker's own, and as broken as it was.
    expect(host.run('sh', '-c', `tshark -r ${capture} -Y '_ws.malformed and not (icmpv6.type < 128)' 2> /dev/null`)).toBe('')
  })
})

describe('a Linux client behind NAT, over IPv6', () => {
  const beyond = '2001:db8:7::1'

  it('fetches byte for byte beyond the gateway and from the host’s loopback, uploads, and is refused as the host is itself', { timeout: 120_000 }, async () => {
    await lab('nat: true, host_loopback: true')
    host.run('ip', 'addr', 'add', `${beyond}/128`, 'dev', 'lo')
    host.run('ip', '-6', 'route', 'add', 'unreachable', '2001:db8:8::/48')
    const md5 = served(32 << 20)
    const server = host.start('python3', '-u', '-m', 'http.server', '8000', '--bind', '::', '--directory', host.folder)
    await server.says('Serving')
    expect(sum(`http://[${beyond}]:8000/web.bin`)).toContain(md5)
    expect(sum(`http://[${gateway}]:8000/web.bin`)).toContain(md5)
    const listener = host.start('sh', '-c', 'socat -u TCP6-LISTEN:9000,reuseaddr STDOUT | md5sum')
    await listener.until('nobody listens', () => host.run('ss', '-ltn').includes(':9000'))
    client.run('socat', '-u', `FILE:${join(host.folder, 'web.bin')}`, `TCP6:[${beyond}]:9000`)
    await listener.says(md5)
    const said = (to: string, port: number): string => client.attempt('python3', '-c', `import socket; socket.create_connection(("${to}", ${port}), 3)`).text
    expect(said(beyond, 1)).toContain('Connection refused')
    expect(said('2001:db8:8::1', 80)).toMatch(/No route to host|Permission denied|unreachable/)
  })

  it('pings who is there and nobody else, and speaks UDP with iperf3', { timeout: 60_000 }, async () => {
    await lab('nat: true')
    host.run('ip', 'addr', 'add', `${beyond}/128`, 'dev', 'lo')
    host.run('ip', '-6', 'route', 'add', 'blackhole', '2001:db8:9::/48')
    expect(client.run('ping', '-6', '-c', '3', '-i', '0.2', beyond)).toContain('3 received')
    expect(client.run('ping', '-6', '-c', '2', '-i', '0.2', '-s', '4000', beyond)).toContain('2 received')
    expect(client.attempt('ping', '-6', '-c', '1', '-W', '1', '2001:db8:9::1').text).toContain('0 received')
    expect(client.attempt('ping', '-6', '-c', '1', '-W', '1', '-t', '1', beyond).text).toContain('Time exceeded')
    const server = host.start('iperf3', '-s')
    await server.until('nobody listens', () => host.run('ss', '-ltn').includes(':5201'))
    const { end } = JSON.parse(client.run('iperf3', '-6', '-c', beyond, '-u', '-b', '20M', '-t', '2', '-J')) as { end: { sum: { lost_percent: number } } }
    expect(end.sum.lost_percent).toBeLessThan(5)
    expect(client.attempt('python3', '-c', `import socket\ns = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(3); s.connect(("${beyond}", 9)); s.send(b"x"); s.recv(1)`).text).toContain('Connection refused')
  })

  it('reaches neither the host’s loopback nor IPv4 in disguise', { timeout: 60_000 }, async () => {
    await lab('nat: true')
    const server = host.start('python3', '-u', '-m', 'http.server', '8000', '--bind', '::')
    await server.says('Serving')
    for (const address of [gateway, '::127.0.0.1', '::ffff:0:127.0.0.1']) expect(client.attempt('curl', '-g', '-s', '-m', '2', `http://[${address}]:8000/`).status).not.toBe(0)
    const rows = JSON.parse(host.run('node', '--import', 'tsx', 'src/cli/main.ts', 'inspect', 'nat', '--format', 'json')) as { state: string }[]
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.every(({ state }) => state === 'refused')).toBe(true)
  })
})
