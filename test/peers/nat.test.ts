/** NAT between who is there in earnest: a Linux client behind a TAP in one namespace, Linux' servers in another, a Linux guest in the lab. Needs root. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

/** A lab without machines: the client's frames come by a TAP, and leave by NAT. */
async function lab(nat = 'nat: true, host_loopback: true'): Promise<Started> {
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, `name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, ${nat} } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n`)
  // A host that pings without root, as most are.
  host.run('sysctl', '-q', '-w', 'net.ipv4.ping_group_range=0 2147483647')
  const up = host.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'out.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
  host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
  client.run('ip', 'addr', 'add', '10.0.0.10/24', 'dev', 'nl0')
  client.run('ip', 'link', 'set', 'nl0', 'up')
  client.run('ip', 'route', 'add', 'default', 'via', '10.0.0.1')
  return up
}

/** Another address of the host's, beyond the gateway. */
function beyond(): string {
  host.run('ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo')
  return '192.0.2.1'
}

function file(bytes: number): { readonly name: string; readonly md5: string } {
  const content = randomBytes(bytes)
  const name = join(host.folder, 'web.bin')
  writeFileSync(name, content)
  return { name, md5: createHash('md5').update(content).digest('hex') }
}

async function server(says: string, ...command: readonly string[]): Promise<Started> {
  const started = host.start(...command)
  await started.says(says)
  return started
}

const inspect = (): { state: string; protocol: string; reason: string; outside: string; sent: number; received: number }[] => JSON.parse(host.run('node', '--import', 'tsx', 'src/cli/main.ts', 'inspect', 'nat', '--format', 'json')) as ReturnType<typeof inspect>

const sum = (address: string): string => client.run('sh', '-c', `curl -s -m 60 http://${address}:8000/web.bin | md5sum`)
const said = (to: string, port: number): string => client.attempt('python3', '-c', `import socket; socket.create_connection(("${to}", ${port}), 3)`).text

describe('a Linux client behind NAT', () => {
  it('fetches by curl what Python serves on the host’s loopback, byte for byte, and one beyond the gateway', { timeout: 120_000 }, async () => {
    await lab()
    const { md5 } = file(64 << 20)
    await server('Serving', 'python3', '-u', '-m', 'http.server', '8000', '--directory', host.folder)
    expect(sum('10.0.0.1')).toContain(md5)
    expect(sum(beyond())).toContain(md5)
  })

  it('uploads byte for byte, with a FIN before the answer', { timeout: 120_000 }, async () => {
    await lab()
    const { name, md5 } = file(64 << 20)
    const listener = host.start('sh', '-c', 'socat -u TCP-LISTEN:9000,reuseaddr STDOUT | md5sum')
    await listener.until('nobody listens', () => host.run('ss', '-ltn').includes(':9000'))
    client.run('socat', '-u', `FILE:${name}`, 'TCP:10.0.0.1:9000')
    await listener.says(md5)
  })

  it('is refused, unreachable or left without an answer as the host is itself', { timeout: 60_000 }, async () => {
    await lab()
    const address = beyond()
    host.run('ip', 'route', 'add', 'unreachable', '198.51.100.0/24')
    expect(said(address, 1)).toContain('Connection refused')
    expect(said('198.51.100.1', 80)).toContain('No route to host')
    expect(inspect().map(({ state, reason }) => [state, reason.replace(/ \(.*/, '')])).toEqual([['refused', 'refused there'], ['refused', 'that host is unreachable from this computer']])
  })

  it('reaches neither the host’s loopback nor link-local addresses without host_loopback', { timeout: 60_000 }, async () => {
    await lab('nat: true')
    await server('Serving', 'python3', '-u', '-m', 'http.server', '8000', '--bind', '127.0.0.1')
    host.run('ip', 'addr', 'add', '169.254.169.254/32', 'dev', 'lo')
    for (const address of ['10.0.0.1', '169.254.169.254']) expect(client.attempt('curl', '-s', '-m', '2', `http://${address}:8000/`).status).toBe(7)
    expect(inspect().every(({ state, reason }) => state === 'refused' && reason.includes('host_loopback: true'))).toBe(true)
  })

  it('pings who is there and nobody else, and hears from routers on the way', { timeout: 60_000 }, async () => {
    await lab()
    const address = beyond()
    host.run('ip', 'route', 'add', 'blackhole', '203.0.113.0/24')
    expect(client.run('ping', '-c', '3', '-i', '0.2', address)).toContain('3 received')
    expect(client.run('ping', '-c', '2', '-i', '0.2', '-s', '4000', address)).toContain('2 received')
    expect(client.attempt('ping', '-c', '1', '-W', '1', '203.0.113.1').text).toContain('0 received')
    expect(client.attempt('ping', '-c', '1', '-W', '1', '-t', '1', address).text).toContain('Time to live exceeded')
  })

  it('speaks UDP: iperf3 without loss, and a closed port is said to be closed', { timeout: 60_000 }, async () => {
    await lab()
    await server('listening', 'iperf3', '-s', '--forceflush')
    const report = JSON.parse(client.run('iperf3', '-c', '10.0.0.1', '-u', '-b', '20M', '-l', '1200', '-t', '2', '-J')) as { end: { sum: { lost_percent: number; packets: number } } }
    expect(report.end.sum.packets).toBeGreaterThan(3000)
    expect(report.end.sum.lost_percent).toBeLessThan(0.5)
    expect(client.attempt('python3', '-c', 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); s.connect(("10.0.0.1", 9)); s.send(b"x"); s.recv(1)').text).toContain('Connection refused')
  })

  it('moves TCP in bulk, both ways', { timeout: 60_000 }, async () => {
    await lab()
    await server('listening', 'iperf3', '-s', '--forceflush')
    for (const words of [[], ['-R'], ['-P', '4']]) {
      const { end } = JSON.parse(client.run('iperf3', '-c', '10.0.0.1', '-t', '2', '-J', ...words)) as { end: { sum_received: { bits_per_second: number } } }
      expect(end.sum_received.bits_per_second).toBeGreaterThan(1e8)
    }
  })

  it('has its own ports forwarded by TCP and UDP while the lab runs', { timeout: 60_000 }, async () => {
    await lab()
    const web = client.start('python3', '-u', '-m', 'http.server', '80', '--directory', client.folder)
    await web.says('Serving')
    const echo = client.start('socat', 'UDP-LISTEN:7,fork', 'EXEC:cat')
    await echo.until('nobody listens', () => client.run('ss', '-lun').includes(':7 '))
    const netloom = (...words: string[]): string => host.attempt('node', '--import', 'tsx', 'src/cli/main.ts', ...words).text
    expect(netloom('forward', 'add', '10.0.0.10', '8080:80')).toContain('127.0.0.1:8080 is 10.0.0.10:80 until out is down')
    expect(netloom('forward', 'add', '10.0.0.10', '7007:7/udp')).toContain('127.0.0.1:7007/udp is 10.0.0.10:7')
    expect(netloom('forward', 'add', '10.0.0.10', `${join(host.folder, 'web.sock')}:80`)).toContain('web.sock is 10.0.0.10:80')
    expect(host.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:8080/')).toBe('200')
    expect(host.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', join(host.folder, 'web.sock'), 'http://guest/')).toBe('200')
    expect(host.run('sh', '-c', 'echo hi | socat -t 1 - UDP:127.0.0.1:7007')).toBe('hi\n')
    expect(netloom('forward', 'add', '10.0.0.10', '8080:81')).toContain('127.0.0.1:8080 is forwarded to 10.0.0.10:80 already')
    netloom('forward', 'rm', '8080')
    expect(host.attempt('curl', '-s', '-m', '2', 'http://127.0.0.1:8080/').status).toBe(7)
  })

  it('asks the host’s name server by the gateway', { timeout: 60_000 }, async () => {
    await lab()
    // The namespace's own resolv.conf is the computer's; dnsmasq need not run for a sentence about who is asked.
    const answer = client.attempt('python3', '-c', 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); s.connect(("10.0.0.1", 53)); s.send(bytes.fromhex("000101000001000000000000076578616d706c6503636f6d0000010001")); print(len(s.recv(512)))')
    expect(answer.text).toMatch(/^\d+\n$|timed out|refused/i)
    expect(inspect().some(({ outside, protocol }) => protocol === 'udp' && outside.startsWith('resolver:53'))).toBe(true)
  })
})

describe('internet.yaml', () => {
  it('fetches from a server on the host, is refused without host_loopback, and is reached by its port', { timeout: 300_000 }, async () => {
    const page = randomBytes(200_000)
    const web = createServer((_, response) => void response.end(page))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    // The lab runs beside the test: the server is on this namespace's loopback.
    const run = join(host.folder, 'run')
    const port = 20_000 + (process.pid % 10_000)
    const child = spawn('node', ['--import', 'tsx', 'src/cli/main.ts', 'up', 'topologies/internet.yaml', '--logs', host.folder], { env: { ...process.env, NETLOOM_RUNTIME_DIR: run, WEB: String((web.address() as AddressInfo).port), FORWARD: String(port) }, stdio: 'ignore' })
    try {
      const log = join(host.folder, 'node1.log')
      const said = (): string => (existsSync(log) ? readFileSync(log, 'latin1') : '')
      while (!said().includes('netloom: shell ready') && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 200))
      expect(said()).toContain(`fetched 200000 bytes, md5 ${createHash('md5').update(page).digest('hex')}`)
      expect(said()).toContain('refused without host_loopback')
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("netloom: a guest's page\n")
    } finally {
      child.kill('SIGINT')
      web.close()
    }
  })
})
