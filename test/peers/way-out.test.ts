/** Other people's network tools behind our NAT and against our gateway, over both versions of IP. Needs root and /dev/net/tun. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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

interface Family {
  readonly name: string
  readonly flag: '-4' | '-6'
  readonly gateway: string
  /** The host's own, beyond the gateway. */
  readonly beyond: string
  readonly socat: 'TCP4' | 'TCP6'
  readonly url: (address: string) => string
}

const four: Family = { name: 'IPv4', flag: '-4', gateway: '10.0.0.1', beyond: '192.0.2.1', socat: 'TCP4', url: (address) => address }
const six: Family = { name: 'IPv6', flag: '-6', gateway: 'fd00:1::1', beyond: '2001:db8:7::1', socat: 'TCP6', url: (address) => `[${address}]` }

/** A lab without machines whose gateway answers by HTTP and leads out, and a client with addresses of both versions. */
async function lab(): Promise<Started> {
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, 'name: way\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, nat: true, http: { files: { motd: motd } } } }\nimages: { motd: { text: "still here\\n" } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n')
  host.run('sysctl', '-q', '-w', 'net.ipv4.ping_group_range=0 2147483647')
  for (const { beyond } of [four, six]) host.run('ip', 'addr', 'add', `${beyond}/${beyond.includes(':') ? 128 : 32}`, 'dev', 'lo')
  const up = host.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'way.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
  host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
  client.run('sysctl', '-q', '-w', 'net.ipv6.conf.nl0.accept_dad=0', 'net.ipv6.conf.nl0.accept_ra=0')
  client.run('ip', 'link', 'set', 'nl0', 'up')
  client.run('ip', 'addr', 'add', '10.0.0.10/24', 'dev', 'nl0')
  client.run('ip', 'addr', 'add', 'fd00:1::10/64', 'dev', 'nl0', 'nodad')
  for (const { flag, gateway } of [four, six]) client.run('ip', flag, 'route', 'add', 'default', 'via', gateway)
  await up.until('the gateway does not answer', () => [four, six].every(({ gateway }) => client.attempt('ping', '-c', '1', '-W', '1', gateway).status === 0))
  return up
}

const listens = (started: Started, port: number): Promise<void> => started.until('nobody listens', () => host.run('ss', '-ltn').includes(`:${port}`))
const served = ({ url, gateway }: Family): string => client.run('curl', '-g', '-s', '-m', '5', `http://${url(gateway)}/motd`)

describe.each([four, six])('behind our NAT, by $name', (family) => {
  const { flag, gateway, beyond, socat, url } = family

  it('iperf3 moves TCP both ways and at once, and UDP without loss', { timeout: 60_000 }, async () => {
    await lab()
    await listens(host.start('iperf3', '-s'), 5201)
    const iperf = (...words: string[]): { end: { sum_received: { bits_per_second: number }; sum: { lost_percent: number; packets: number } } } => JSON.parse(client.run('iperf3', flag, '-c', beyond, '-J', ...words)) as ReturnType<typeof iperf>
    for (const words of [[], ['-R'], ['-P', '4'], ['--bidir']]) expect(iperf('-t', '1', ...words).end.sum_received.bits_per_second).toBeGreaterThan(5e7)
    for (const words of [[], ['-R']]) {
      const { sum } = iperf('-u', '-b', '10M', '-l', '1000', '-t', '2', ...words).end
      expect(sum.packets).toBeGreaterThan(2000)
      expect(sum.lost_percent).toBeLessThan(5)
    }
  })

  it('curl, wget and socat carry bytes there and back exactly', { timeout: 60_000 }, async () => {
    await lab()
    const content = randomBytes(8 << 20)
    const md5 = createHash('md5').update(content).digest('hex')
    const name = join(host.folder, 'web.bin')
    writeFileSync(name, content)
    await host.start('python3', '-u', '-m', 'http.server', '8000', '--bind', '::', '--directory', host.folder).says('Serving')
    await listens(host.start('socat', `${socat}-LISTEN:9000,reuseaddr,fork`, 'EXEC:cat'), 9000)
    const page = `http://${url(beyond)}:8000/web.bin`
    for (const fetched of [`curl -g -s ${flag} '${page}'`, `wget -q ${flag} -O - '${page}'`]) {
      expect(client.run('sh', '-c', `${fetched} | md5sum`)).toContain(md5)
    }

    expect(client.run('sh', '-c', `socat -t 10 - ${socat}:${url(beyond)}:9000 < ${name} | md5sum`)).toContain(md5)
  })

  it('ping, traceroute and tracepath see the gateway, and then who is there', { timeout: 60_000 }, async () => {
    await lab()
    expect(client.run('ping', flag, '-c', '3', '-i', '0.2', beyond)).toContain('3 received')
    expect(client.run('ping', flag, '-c', '2', '-i', '0.2', '-s', '3000', beyond)).toContain('2 received')
    for (const way of [['-U'], ['-I'], ['-T', '-p', '9']]) {
      const said = client.run('traceroute', flag, '-n', '-q', '1', '-w', '2', '-m', '4', ...way, beyond)
      expect(said).toMatch(new RegExp(` 1 {2}${gateway} `))
      expect(said).toContain(`  ${beyond} `)
    }
    const path = client.run('tracepath', flag, '-n', '-m', '4', beyond)
    expect(path).toContain(`${gateway} `)
    expect(path).toContain('pmtu 1500')
    expect(path).toContain('reached')
  })

  it('nmap scans the ports of who is beyond, and finds those that are open and no others', { timeout: 60_000 }, async () => {
    await lab()
    await host.start('python3', '-u', '-m', 'http.server', '8000', '--bind', '::').says('Serving')
    for (const way of ['-sT', '-sS']) {
      const said = client.run('nmap', ...(flag === '-6' ? ['-6'] : []), '-n', '-Pn', way, '-p', '7980-8020', '--max-retries', '2', '--host-timeout', '20s', beyond)
      expect(said).toContain('8000/tcp open')
      expect(said).toMatch(/Not shown: 40 closed/)
    }
    expect(served(family)).toBe('still here\n')
  })
})

describe.each([four, six])('our gateway, by $name', (family) => {
  const { flag, gateway } = family

  it('outlives nmap’s port, protocol and OS scans, and serves as before', { timeout: 90_000 }, async () => {
    const up = await lab()
    const nmap = (...words: string[]): string => client.attempt('nmap', ...(flag === '-6' ? ['-6'] : []), '-n', '-Pn', '--max-retries', '1', '--host-timeout', '10s', ...words, gateway).text
    const said = nmap('-sS', '-O', '--max-os-tries', '1', '-p', '1-1000')
    expect(said).toContain('80/tcp open')
    for (const way of ['-sF', '-sX', '-sN', '-sA', '-sM'].slice(0, flag === '-6' ? 2 : 5)) nmap(way, '-p', '70-90')
    nmap('-sU', '-p', '53,67-69', '--min-rate', '200')
    nmap('-sV', '--version-light', '-p', '80')
    expect(served(family)).toBe('still here\n')
    expect(up.child.exitCode).toBe(null)
    expect(up.text).not.toMatch(/Error|assert/)
  })
})

describe('an address of IPv6 behind our NAT', () => {
  it('has ports forwarded by TCP and UDP, to it and from addresses of both versions', { timeout: 60_000 }, async () => {
    await lab()
    await client.start('python3', '-u', '-m', 'http.server', '80', '--bind', 'fd00:1::10', '--directory', client.folder).says('Serving')
    const echo = client.start('socat', 'UDP6-LISTEN:7,fork', 'EXEC:cat')
    await echo.until('nobody listens', () => client.run('ss', '-lun').includes(':7 '))
    const netloom = (...words: string[]): string => host.attempt('node', '--import', 'tsx', 'src/cli/main.ts', ...words).text
    expect(netloom('forward', 'add', 'fd00:1::10', '8080:80')).toContain('127.0.0.1:8080 is fd00:1::10:80 until way is down')
    expect(netloom('forward', 'add', 'fd00:1::10', '[::1]:8080:80')).toContain('[::1]:8080 is')
    expect(netloom('forward', 'add', 'fd00:1::10', '[::1]:7007:7/udp')).toContain('[::1]:7007/udp is')
    expect(netloom('forward', 'add', 'fd00:2::10', '8081:80')).toContain('fd00:2::10 is on no network with NAT and IPv6')
    for (const at of ['127.0.0.1', '[::1]']) expect(host.run('curl', '-g', '-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', `http://${at}:8080/`)).toBe('200')
    expect(host.run('sh', '-c', 'echo hi | socat -t 1 - UDP6:[::1]:7007')).toBe('hi\n')
    netloom('forward', 'rm', '[::1]:8080')
    expect(host.attempt('curl', '-g', '-s', '-m', '2', 'http://[::1]:8080/').status).toBe(7)
  })
})

describe('type: tun with IPv6', () => {
  it('carries pings, pages and what is too big both ways between this computer and a guest of the lab', { timeout: 60_000 }, async () => {
    const file = join(host.folder, 'tun.yaml')
    writeFileSync(file, `name: tun6
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, http: { files: { motd: motd } } } }
images: { motd: { text: "through the tunnel\\n" } }
uplinks: { out: { network: lan, type: tun, ifname: nt0, address: 10.99.0.2/30, host_address: 10.99.0.1/30, address6: fd00:99::2/64, host_address6: fd00:99::1/64 }, tap: { network: lan, type: tap, ifname: nl0 } }
`)
    const up = host.lab('up', file)
    await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'tun6.sock')) && ['nt0', 'nl0'].every((name) => host.attempt('ip', 'link', 'show', 'up', 'dev', name).status === 0))
    host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
    client.run('ip', 'link', 'set', 'nl0', 'up')
    // Told by the gateway: prefix and default router.
    await up.until('no route was advertised', () => client.run('ip', '-6', 'route').includes('default') && /inet6 fd00:1::(?!.*tentative)/.test(client.run('ip', '-6', 'addr', 'show', 'dev', 'nl0')))
    const guest = /inet6 (fd00:1::[0-9a-f:]+)/.exec(client.run('ip', '-6', 'addr', 'show', 'dev', 'nl0'))?.[1] as string
    expect(client.run('ping', '-6', '-c', '3', '-i', '0.2', 'fd00:99::1')).toMatch(/ttl=63[^]*3 received/)
    expect(host.run('ping', '-6', '-c', '3', '-i', '0.2', guest)).toMatch(/ttl=63[^]*3 received/)
    expect(host.run('ping', '-6', '-c', '1', '-s', '4000', guest)).toContain('1 received')
    expect(host.attempt('ping', '-6', '-c', '1', '-W', '2', '-t', '1', guest).text).toContain('Time exceeded')
    expect(host.run('curl', '-g', '-s', '-m', '5', 'http://[fd00:1::1]/motd')).toBe('through the tunnel\n')
    const content = randomBytes(4 << 20)
    writeFileSync(join(host.folder, 'web.bin'), content)
    await host.start('python3', '-u', '-m', 'http.server', '8000', '--bind', 'fd00:99::1', '--directory', host.folder).says('Serving')
    expect(client.run('sh', '-c', "curl -g -s -m 20 'http://[fd00:99::1]:8000/web.bin' | md5sum")).toContain(createHash('md5').update(content).digest('hex'))
  })
})

describe('where koffi does not load', () => {
  it('a TAP and a TUN are held by socat: ping, TFTP, HTTP and large packets pass, and the interfaces go with the lab', { timeout: 60_000 }, async () => {
    const preload = join(host.folder, 'without-koffi.cjs')
    writeFileSync(preload, "const Module = require('node:module'); const load = Module._load; Module._load = function (name, ...rest) { if (name === 'koffi') throw new Error('no binary'); return load.call(this, name, ...rest) }\n")
    const file = join(host.folder, 'helped.yaml')
    writeFileSync(file, `name: helped
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, tftp: { files: { motd: motd } }, http: { files: { motd: motd } } } }
images: { motd: { text: "by socat\\n" } }
uplinks: { out: { network: lan, type: tun, ifname: nt0, address: 10.99.0.2/30, host_address: 10.99.0.1/30 }, home: { network: lan, type: tap, ifname: nl0, host_address: 10.0.0.2/24, host_address6: fd00:1::2/64 } }
`)
    const up = host.start('node', '--require', preload, '--import', 'tsx', 'src/cli/main.ts', 'up', file)
    await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'helped.sock')) && ['nt0', 'nl0'].every((name) => host.attempt('ip', 'link', 'show', 'up', 'dev', name).status === 0))
    for (const address of ['10.0.0.1', 'fd00:1::1', '10.99.0.2']) expect(host.run('ping', '-c', '3', '-i', '0.2', address)).toContain('3 received')
    expect(host.run('ping', '-c', '1', '-s', '5000', '10.0.0.1')).toContain('1 received')
    expect(host.run('curl', '-s', '-m', '5', 'tftp://10.0.0.1/motd')).toBe('by socat\n')
    for (const at of ['10.0.0.1', '[fd00:1::1]', '10.99.0.2']) expect(host.run('curl', '-g', '-s', '-m', '5', `http://${at}/motd`)).toBe('by socat\n')
    expect(await up.stop()).toBe(0)
    // socat has been told, and ends a moment later.
    const there = (): boolean => ['nl0', 'nt0'].some((name) => host.attempt('ip', 'link', 'show', name).status === 0)
    for (let tries = 0; tries < 100 && there(); tries++) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(there()).toBe(false)
  })
})
