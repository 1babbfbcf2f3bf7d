/** Where services are measured: a client's namespace, and at 10.9.0.1 either our lab behind a TAP or other servers behind a pair of virtual Ethernets. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Netns } from '../../test/peers/netns.ts'

export interface Competitor {
  readonly name: string
  /** Where the measuring program runs. */
  readonly client: Netns
  close(): Promise<void>
}

/** What is served, the same for all; `shared/rw-NAME` is each one's own. */
export interface Files {
  readonly folder: string
}

function wire(server: Netns, client: Netns): void {
  server.run('ip', 'link', 'add', 'bs0', 'type', 'veth', 'peer', 'name', 'bn0')
  server.run('ip', 'link', 'set', 'bn0', 'netns', client.name)
  server.run('ip', 'addr', 'add', '10.9.0.1/16', 'dev', 'bs0')
  server.run('ip', 'link', 'set', 'bs0', 'up')
}

function dress(client: Netns): void {
  client.attempt('sysctl', '-q', '-w', 'net.ipv4.tcp_congestion_control=cubic')
  client.run('ip', 'addr', 'add', '10.9.0.2/16', 'dev', 'bn0')
  client.run('ip', 'link', 'set', 'bn0', 'up')
}

export async function netloom({ folder }: Files): Promise<Competitor> {
  const [server, client] = [new Netns(), new Netns()]
  const file = join(server.folder, 'lab.yaml')
  mkdirSync(join(folder, 'rw-netloom'), { recursive: true })
  const services = [
    'dhcp: { range: 10.9.16.1-10.9.143.254, leases: ./leases.journal }',
    `tftp: { root: ${folder} }`,
    `ftp: { root: ${folder} }`,
    `http: { root: ${folder} }`,
    'dns: { records: { files.lab: 10.9.0.8 } }',
    `nfs: { exports: { /srv: { path: ${join(folder, 'rw-netloom')}, write: true, squash: none } } }`,
  ]
  writeFileSync(file, `name: bench\nnetworks: { lan: { subnet: 10.9.0.0/16, gateway: 10.9.0.1, ${services.join(', ')} } }\nuplinks: { home: { network: lan, type: tap, ifname: bn0 } }\n`)
  const profile = process.env['NETLOOM_PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['NETLOOM_PROFILE']}`]
  const up = existsSync('dist/src/cli/main.js') ? server.start('node', ...profile, 'dist/src/cli/main.js', 'up', file) : server.lab('up', file)
  await up.until('the lab is not up', () => existsSync(join(server.folder, 'run', 'bench.sock')) && /^\d+: bn0/.test(server.attempt('ip', 'link', 'show', 'up', 'dev', 'bn0').text))
  server.run('ip', 'link', 'set', 'bn0', 'netns', client.name)
  dress(client)
  return { name: 'netloom', client, close: async () => {
    await server.close()
    await client.close()
  } }
}

/** A server of Debian's: its command, and what shows that it is up. */
export async function other(name: string, command: (folder: string) => readonly string[], ready: readonly string[]): Promise<Competitor> {
  const [server, client] = [new Netns(), new Netns()]
  wire(server, client)
  dress(client)
  const started = server.start(...command(server.folder))
  await started.until(`${name} is not up`, () => client.attempt(...ready).status === 0, 30_000)
  return { name, client, close: async () => {
    await client.close()
    await server.close()
  } }
}
