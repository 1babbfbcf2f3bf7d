/** FTP through our NAT: clients behind a TAP, pyftpdlib on the host; and pyftpdlib behind a forwarded port. Needs root. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Netns } from './netns.ts'

let host: Netns
let client: Netns
const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 37 + (at >> 8)) & 0xff))

async function serve(where: Netns): Promise<void> {
  mkdirSync(join(where.folder, 'served'))
  writeFileSync(join(where.folder, 'served', 'large.bin'), large)
  // Debian's own Python has the package.
  const server = where.start('/usr/bin/python3', '-u', '-m', 'pyftpdlib', '-i', '0.0.0.0', '-p', '21', '-w', '-d', join(where.folder, 'served'))
  await server.says('starting FTP server')
}

beforeAll(async () => {
  host = new Netns()
  client = new Netns()
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, 'name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, nat: true, host_loopback: true } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n')
  host.run('ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo')
  const up = host.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'out.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
  host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
  client.run('ip', 'addr', 'add', '10.0.0.10/24', 'dev', 'nl0')
  client.run('ip', 'link', 'set', 'nl0', 'up')
  client.run('ip', 'route', 'add', 'default', 'via', '10.0.0.1')
  await serve(host)
  await serve(client)
}, 60_000)

afterAll(async () => {
  await client.close()
  await host.close()
})

describe.each([['a server beyond the gateway', '192.0.2.1'], ['a server on the host’s loopback', '10.0.0.1']])('%s', (_, address) => {
  it.each([['EPSV', []], ['PASV', ['--disable-epsv']], ['EPRT', ['-P', '-']], ['PORT', ['-P', '-', '--disable-eprt']]] as const)('curl fetches and uploads by %s', { timeout: 30_000 }, (name, words) => {
    const got = join(client.folder, 'got')
    client.run('curl', '-sS', '-m', '20', ...words, '-o', got, `ftp://${address}/large.bin`)
    expect(readFileSync(got).equals(large)).toBe(true)
    client.run('curl', '-sS', '-m', '20', ...words, '-u', 'anonymous:x', '-T', got, `ftp://${address}/up-${name}`)
    expect(readFileSync(join(host.folder, 'served', `up-${name}`)).equals(large)).toBe(true)
  })

  it('lftp mirrors by active connections, several at once', { timeout: 30_000 }, () => {
    const copy = join(client.folder, `copy-${address}`)
    client.run('lftp', '-c', `set ftp:passive-mode off; set net:max-retries 1; set net:timeout 5; open ftp://${address}; mirror --parallel=4 / ${copy}`)
    expect(readFileSync(join(copy, 'large.bin')).equals(large)).toBe(true)
  })
})

describe('a server of a guest behind a forwarded port', () => {
  it.each([['EPSV', []], ['PASV', ['--disable-epsv']]] as const)('is read by curl by %s', { timeout: 30_000 }, (name, words) => {
    host.attempt('node', '--import', 'tsx', 'src/cli/main.ts', 'forward', 'add', '10.0.0.10', '2121:21')
    const got = join(host.folder, `got-${name}`)
    host.run('curl', '-sS', '-m', '20', ...words, '-o', got, 'ftp://127.0.0.1:2121/large.bin')
    expect(readFileSync(got).equals(large)).toBe(true)
  })
})
