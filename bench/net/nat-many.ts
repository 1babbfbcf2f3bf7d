/**
 * Ten thousand flows at once through NAT: opened from a namespace, each echoed a byte, all held, each echoed another. Needs root.
 *
 *   npx tsx bench/net/nat-many.ts [flows] [netloom|slirp4netns|pasta]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Netns, type Started } from '../../test/peers/netns.ts'

const flows = Number(process.argv[2] ?? 10_000)
const which = process.argv[3] ?? 'netloom'
const [host, client] = [new Netns(), new Netns()]

async function start(): Promise<{ readonly started: Started; readonly address: string }> {
  if (which === 'slirp4netns') {
    const started = host.start('slirp4netns', '--configure', '--mtu=1500', '--netns-type=path', `/run/netns/${client.name}`, 'tap0')
    await started.until('slirp4netns is not up', () => client.attempt('ip', 'route').text.includes('default'))
    return { started, address: '10.0.2.2' }
  }
  const file = join(host.folder, 'lab.yaml')
  writeFileSync(file, 'name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, nat: true, host_loopback: true } }\nuplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n')
  const started = existsSync('dist/src/cli/main.js') ? host.start('node', 'dist/src/cli/main.js', 'up', file) : host.lab('up', file)
  await started.until('the lab is not up', () => existsSync(join(host.folder, 'run', 'out.sock')) && host.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').status === 0)
  host.run('ip', 'link', 'set', 'nl0', 'netns', client.name)
  client.run('ip', 'addr', 'add', '10.0.0.10/24', 'dev', 'nl0')
  client.run('ip', 'link', 'set', 'nl0', 'up')
  return { started, address: '10.0.0.1' }
}

/** `ip netns exec` becomes the command itself, and so does slirp4netns. */
function residentMegabytes({ child }: Started): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

try {
  const { started, address } = await start()
  const server = host.start('node', '--import', 'tsx', 'bench/net/nat-server.ts')
  await server.says('}')
  const { echo } = JSON.parse(server.text) as { echo: number }
  const before = residentMegabytes(started)
  const clients = client.start('node', '--import', 'tsx', 'bench/net/nat-many-client.ts', address, String(echo), String(flows))
  await clients.until('the client is not done', () => clients.text.includes('held'), 180_000)
  const during = residentMegabytes(started)
  clients.child.stdin?.end('go on\n')
  await new Promise((resolve) => void clients.child.once('close', resolve))
  process.stdout.write(`${which}: ${clients.text.trim().replaceAll('\n', '; ')}; resident ${before.toFixed(0)} MB before, ${during.toFixed(0)} MB with all\n`)
} finally {
  await client.close()
  await host.close()
}
