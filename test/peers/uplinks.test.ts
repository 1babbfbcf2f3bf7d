/** A lab's ways out, each against who is there in earnest: Linux in a namespace, dnsmasq, tshark, QEMU. Needs root and /dev/net/tun. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { loadImages } from '../../src/host/load-images.ts'
import { readLab } from '../../src/host/open-lab.ts'
import { debian, row, versionOn } from './interop.ts'
import { Netns, type Started } from './netns.ts'

let netns: Netns

beforeEach(() => {
  netns = new Netns()
})

afterEach(() => netns.close())

function write(name: string, text: string): string {
  const path = join(netns.folder, name)
  writeFileSync(path, text)
  return path
}

const served = 'networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 }, tftp: { files: { motd: motd } } } }\nimages: { motd: { text: "hello outside\\n" } }\n'

/** A lab without machines: its gateway, our own stack, answers. */
async function lab(uplink: string, name = 'out'): Promise<Started> {
  const up = netns.lab('up', write('lab.yaml', `name: ${name}\n${served}uplinks: { home: { network: lan, ${uplink} } }\n`))
  const socket = join(netns.folder, 'run', `${name}.sock`)
  await up.until('the lab is not up', () => existsSync(socket))
  return up
}

const link = (started: Started, ifname: string): Promise<void> => started.until(`no ${ifname}`, () => netns.attempt('ip', '-o', 'link', 'show', 'up').text.includes(` ${ifname}: `))

describe('type: tap', () => {
  it('answers ping, ARP and TFTP, large and small, and tshark finds nothing wrong with it', { timeout: 60_000 }, async () => {
    const up = await lab('type: tap, ifname: nl0, host_address: 10.0.0.2/24')
    await link(up, 'nl0')
    const capture = join(netns.folder, 'wire.pcap')
    const dump = netns.start('tcpdump', '-U', '-i', 'nl0', '-w', capture)
    await dump.says('listening on')
    expect(netns.run('ping', '-c', '5', '-i', '0.1', '10.0.0.1')).toContain('5 received')
    expect(netns.run('ping', '-c', '2', '-i', '0.1', '-s', '5000', '10.0.0.1')).toContain('2 received')
    expect(netns.run('ping', '-q', '-f', '-c', '3000', '10.0.0.1')).toContain('3000 received')
    expect(netns.run('arping', '-c', '2', '-I', 'nl0', '10.0.0.1')).toContain('2 packets received')
    expect(netns.run('curl', '-s', 'tftp://10.0.0.1/motd')).toBe('hello outside\n')
    expect(netns.attempt('ping', '-c', '1', '-W', '1', '10.0.0.77').status).not.toBe(0)
    await dump.stop()
    // What Linux sends on a TAP has its sums still owed, so only what the lab sent is judged.
    const wrong = '(ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || icmp.checksum.status == "Bad" || _ws.malformed || _ws.expert.severity >= 0x800000)'
    const judged = netns.run('tshark', '-r', capture, '-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-Y', `ip.src == 10.0.0.1 && ${wrong}`)
    expect(judged.split('\n').filter((line) => /^\s*\d+ /.test(line))).toEqual([])
    expect(netns.run('tshark', '-r', capture, '-Y', 'ip.src == 10.0.0.1 && icmp.type == 0').split('\n').length).toBeGreaterThan(3000)
  })

  it('costs nothing while nothing happens, and is gone a moment after Ctrl-C', { timeout: 60_000 }, async () => {
    const up = await lab('type: tap, ifname: nl0, host_address: 10.0.0.2/24')
    await link(up, 'nl0')
    const pid = Number(netns.run('pgrep', '-f', `main.ts up ${join(netns.folder, 'lab.yaml')}`).split('\n')[0])
    const ticks = (): number => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((sum, word) => sum + Number(word), 0)
    // Its own start and the interface's first words (IPv6) are over by then.
    await new Promise((resolve) => setTimeout(resolve, 4000))
    const before = ticks()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    // A tick is 10 ms: 6 in three seconds are 2 % of a processor.
    expect(ticks() - before).toBeLessThanOrEqual(6)
    const started = performance.now()
    expect(await up.stop()).toBe(0)
    expect(performance.now() - started).toBeLessThan(3000)
    expect(netns.attempt('ip', 'link', 'show', 'nl0').status).not.toBe(0)
  })

  it('needs no root for an interface that was made for the user, and says how it is made where there is none', { timeout: 60_000 }, async () => {
    const file = write('lab.yaml', `name: out\n${served}uplinks: { home: { network: lan, type: tap, ifname: nl0 } }\n`)
    // A namespace of mounts with the device open to all, as udev has it; then nobody, without a single capability.
    const run = join(netns.folder, 'mine')
    const script = write('nobody.sh', `set -e\nmount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200\nchmod 755 ${netns.folder}; install -d -o 65534 -m 700 ${run}\nexport NETLOOM_RUNTIME_DIR=${run} HOME=${run} TMPDIR=${run}\nexec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all node --import tsx src/cli/main.ts up ${file}\n`)
    const refused = netns.attempt('unshare', '-m', 'sh', script)
    expect(refused.text).toContain('this user may not make or use the TAP nl0')
    expect(refused.text).toContain('sudo ip tuntap add dev nl0 mode tap user ')
    expect(refused.status).toBe(3)
    netns.run('ip', 'tuntap', 'add', 'dev', 'nl0', 'mode', 'tap', 'user', '65534')
    netns.run('ip', 'addr', 'add', '10.0.0.2/24', 'dev', 'nl0')
    netns.run('ip', 'link', 'set', 'nl0', 'up')
    const up = netns.start('unshare', '-m', 'sh', script)
    await up.until('the lab is not up', () => existsSync(join(run, 'out.sock')))
    await up.until('no carrier', () => netns.attempt('ip', 'link', 'show', 'nl0').text.includes('LOWER_UP'))
    expect(netns.run('ping', '-c', '3', '-i', '0.1', '10.0.0.1')).toContain('3 received')
    await up.stop()
    expect(netns.run('ip', 'link', 'show', 'nl0')).toContain('nl0')
  })

  it('carries super-frames between two interfaces, byte for byte', { timeout: 60_000 }, async () => {
    const other = new Netns()
    try {
      const up = netns.lab('up', write('lab.yaml', 'name: two\nnetworks: { lan: {} }\nuplinks: { a: { network: lan, type: tap, ifname: nla }, b: { network: lan, type: tap, ifname: nlb } }\n'))
      await link(up, 'nlb')
      netns.run('ip', 'link', 'set', 'nlb', 'netns', other.name)
      netns.run('ip', 'addr', 'add', '10.7.0.1/24', 'dev', 'nla')
      other.run('ip', 'addr', 'add', '10.7.0.2/24', 'dev', 'nlb')
      other.run('ip', 'link', 'set', 'nlb', 'up')
      const sum = netns.start('sh', '-c', 'socat -u TCP-LISTEN:7777 - | sha256sum')
      const blob = join(netns.folder, 'blob')
      netns.run('sh', '-c', `head -c 50000000 /dev/urandom > ${blob}`)
      expect((await other.finish('socat', '-u', `FILE:${blob}`, 'TCP:10.7.0.1:7777,retry=20,interval=0.2')).status).toBe(0)
      await sum.says('-')
      expect(sum.text.split(' ')[0]).toBe(netns.run('sha256sum', blob).split(' ')[0])
      // Fewer frames than packets of 1500 bytes would make: they crossed whole.
      const packets = Number(/RX:.*\n\s+\d+\s+(\d+)/.exec(netns.run('ip', '-s', 'link', 'show', 'nla'))?.[1])
      expect(packets).toBeLessThan(50_000_000 / 1500 / 2)
    } finally {
      await other.close()
    }
  })
})

describe('Tap', () => {
  it('is a stream that survives being ignored, knows its interface, and lets go of it at once', { timeout: 60_000 }, async () => {
    const { status, text } = await netns.finish('node', '--import', 'tsx', 'test/peers/tap-stream.ts')
    expect(text).toContain('{"name":"tap0","mac":true,"mtu":1400,"ipv4":"10.9.9.1/24","isUp":true,"lost":true,"gone":true,"quick":true}')
    expect(status).toBe(0)
  })
})

describe('the shipped labs with a way out', () => {
  it('bridge.yaml: the guest leases from a dnsmasq on the bridge', { timeout: 200_000 }, async () => {
    netns.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    netns.run('ip', 'addr', 'add', '192.168.77.1/24', 'dev', 'br0')
    netns.run('ip', 'link', 'set', 'br0', 'up')
    const leases = join(netns.folder, 'leases')
    const dnsmasq = netns.start('dnsmasq', '-k', '--conf-file=/dev/null', '--interface=br0', '--bind-interfaces', '--dhcp-range=192.168.77.50,192.168.77.99,1h', '--no-ping', '--port=0', `--dhcp-leasefile=${leases}`, `--pid-file=${join(netns.folder, 'pid')}`, '--user=root', '--log-facility=-', '--log-dhcp')
    await dnsmasq.says('started')
    const { status, text } = await netns.finish('node', '--import', 'tsx', 'src/cli/main.ts', 'test', 'topologies/bridge.yaml')
    expect(text).toContain('2 passed, 0 failed')
    expect(status).toBe(0)
    expect(readFileSync(leases, 'utf8')).toMatch(/ 02:[0-9a-f:]{14} 192\.168\.77\.\d+ /)
  })

  it('tunnel.yaml: the guest is pinged from here, and pings here', { timeout: 200_000 }, async () => {
    const up = netns.lab('up', 'topologies/tunnel.yaml')
    await up.says('3 packets received', 120_000)
    expect(netns.run('ping', '-c', '3', '-i', '0.2', '10.0.0.10')).toMatch(/3 received[^]*ttl=63|ttl=63[^]*3 received/)
    expect(netns.run('ping', '-c', '1', '-s', '4000', '10.0.0.10')).toContain('1 received')
    expect(netns.attempt('ping', '-c', '1', '-t', '1', '10.0.0.10').text).toContain('Time to live exceeded')
  })
})

/** A cable of the kernel's, one end in a namespace of its own with a client that wants an address. */
async function wired(act: (other: Netns) => Promise<void>): Promise<void> {
  const other = new Netns()
  try {
    netns.run('ip', 'link', 'add', 'nic0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', other.name)
    netns.run('ip', 'addr', 'add', '172.16.5.4/24', 'dev', 'nic0')
    netns.run('ip', 'link', 'set', 'nic0', 'up')
    netns.run('ip', 'route', 'add', '172.31.0.0/16', 'via', '172.16.5.1', 'dev', 'nic0', 'metric', '7')
    other.run('ip', 'link', 'set', 'far0', 'up')
    await act(other)
  } finally {
    await other.close()
  }
}

const settings = (): string => netns.run('ip', '-4', '-o', 'addr', 'show', 'dev', 'nic0') + netns.run('ip', 'route', 'show', 'dev', 'nic0')

describe('type: nic', () => {
  it('has the interface to itself, and gives back address and route', { timeout: 60_000 }, () =>
    wired(async (other) => {
      const before = settings()
      const up = await lab('type: nic, ifname: nic0')
      await up.until('the address is still there', () => !netns.run('ip', '-4', 'addr', 'show', 'dev', 'nic0').includes('172.16.5.4'))
      const lease = await other.finish('busybox', 'udhcpc', '-i', 'far0', '-n', '-q', '-f', '-s', '/bin/true')
      expect(lease.text).toMatch(/lease of 10\.0\.0\.1\d\d obtained/)
      other.run('ip', 'addr', 'add', '10.0.0.50/24', 'dev', 'far0')
      expect(other.run('ping', '-c', '3', '-i', '0.1', '10.0.0.1')).toContain('3 received')
      expect(other.run('curl', '-s', 'tftp://10.0.0.1/motd')).toBe('hello outside\n')
      await up.stop()
      expect(settings()).toBe(before)
    }))

  it('gives them back after a crash, too, with the next command', { timeout: 60_000 }, () =>
    wired(async () => {
      const before = settings()
      const up = await lab('type: nic, ifname: nic0')
      await up.until('the address is still there', () => !netns.run('ip', '-4', 'addr', 'show', 'dev', 'nic0').includes('172.16.5.4'))
      netns.run('pkill', '-KILL', '-f', `main.ts up ${join(netns.folder, 'lab.yaml')}`)
      await new Promise<void>((resolve) => (up.child.exitCode !== null || up.child.signalCode !== null ? resolve() : void up.child.once('exit', () => resolve())))
      expect(settings()).not.toBe(before)
      netns.run('node', '--import', 'tsx', 'src/cli/main.ts', 'down', '--all')
      expect(settings()).toBe(before)
    }))
})

async function firmware(): Promise<string> {
  // Any lab file that names it: what is wanted is the store's U-Boot.
  const { topology, source } = readLab({ file: write('firmware.yaml', 'name: f\nnodes: { n: { firmware: u-boot } }\n') })
  const images = await loadImages(topology, source.folder, new ImageStore())
  const path = join(netns.folder, 'u-boot.bin')
  writeFileSync(path, images.get('u-boot') as Uint8Array)
  return path
}

/** A stock QEMU outside of any namespace of ours' making: it needs none, and no root. */
function qemu(bios: string, netdev: string): { readonly console: () => string; readonly stop: () => Promise<void> } {
  const child = spawn('qemu-system-riscv64', ['-M', 'virt', '-m', '256M', '-nographic', '-bios', bios, '-netdev', netdev, '-device', 'virtio-net-device,netdev=n0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let console = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (console += bytes.toString('latin1')))
  const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  return { console: () => console, stop: () => (child.kill('SIGKILL'), gone) }
}

/** For at most a minute; what didn't come shows in what is expected next. */
async function until(holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 60_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 50))) if (performance.now() > deadline) return
}

describe('type: qemu', () => {
  const script = 'images: { hello-script: { script: "echo netloom: the script runs\\n" } }\n'
  const labText = (uplink: string): string => `name: q\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 }, tftp: { files: { boot.scr.uimg: hello-script } } } }\n${script}uplinks: { guest: { network: lan, ${uplink} } }\n`

  it.each([
    ['mode stream over a unix socket', (): [string, string] => ['type: qemu, listen: ./q.sock', `stream,id=n0,server=off,addr.type=unix,addr.path=${join(netns.folder, 'q.sock')}`]],
    ['mode stream over TCP, QEMU listening', (): [string, string] => ['type: qemu, connect: 127.0.0.1:15001', 'stream,id=n0,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=15001']],
    ['mode dgram', (): [string, string] => ['type: qemu, mode: dgram, local: 127.0.0.1:15002, remote: 127.0.0.1:15003', 'dgram,id=n0,remote.type=inet,remote.host=127.0.0.1,remote.port=15002,local.type=inet,local.host=127.0.0.1,local.port=15003']],
  ])('%s: a guest of QEMU leases from our DHCP and boots from our TFTP', { timeout: 120_000 }, async (_, plan) => {
    const [uplink, netdev] = plan()
    const bios = await firmware()
    const file = write('lab.yaml', labText(uplink))
    const up = spawn('node', ['--import', 'tsx', 'src/cli/main.ts', 'up', file], { env: { ...process.env, NETLOOM_RUNTIME_DIR: join(netns.folder, 'run') }, stdio: 'ignore' })
    const over = new Promise<number | null>((resolve) => void up.once('exit', resolve))
    await until(() => existsSync(join(netns.folder, uplink.includes('listen') ? 'q.sock' : 'run/q.sock')))
    const guest = qemu(bios, netdev)
    try {
      await until(() => guest.console().includes('netloom: the script runs'))
      expect(guest.console()).toMatch(/DHCP client bound to address 10\.0\.0\.1\d\d/)
      expect(guest.console()).toContain('netloom: the script runs')
      row({ client: `${versionOn(guest.console(), 'U-Boot')} in ${debian('QEMU', 'qemu-system-misc')}`, service: 'DHCPv4, TFTP', check: 'leases, fetches its boot script and runs it, by an uplink of type qemu' })
    } finally {
      await guest.stop()
      up.kill('SIGINT')
    }
    expect(await over).toBe(0)
  })
})
