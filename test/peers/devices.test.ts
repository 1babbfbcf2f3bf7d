/** Devices beyond the usual ones, and drivers that we did not write: Linux' and U-Boot's, over MMIO and over PCI. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { openLab } from '../../src/host/open-lab.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'netloom-devices-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a lab of one Linux guest until its shell has answered. @returns tests that failed. */
async function ask(node: readonly string[], modules: string, command: string, answer: string): Promise<string[]> {
  const settings = ['boot: kernel', 'kernel: linux', 'initrd: guest', 'memory: 160M', ...node].map((line) => `    ${line}`).join('\n')
  const test = `{ node: node1, within: 120s, dialogue: [{ expect: "netloom:~# " }, { send: ${JSON.stringify(`${command}\n`)} }, { expect: ${JSON.stringify(answer)} }] }`
  const networks = 'networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 } } }'
  writeFileSync(join(folder, 'lab.yaml'), `name: devices\nsim: { seed: 1 }\n${networks}\nimages:\n  guest: { initramfs: { modules: [${modules}] } }\nnodes:\n  node1:\n${settings}\ntests:\n  answer: ${test}\n`)
  writeFileSync(join(folder, 'disk.raw'), '')
  truncateSync(join(folder, 'disk.raw'), 16 << 20)
  const { lab } = await openLab({ file: join(folder, 'lab.yaml') })
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('done')
  return lab.verdicts.all.filter(({ outcome }) => outcome !== 'passed').map(({ message }) => message)
}

const cmdline = 'cmdline: console=ttyS0 cryptomgr.notests'
const hvc = 'cmdline: console=ttyS0 console=hvc0 cryptomgr.notests netloom.dhcp=no'

describe('Linux', { timeout: 300_000 }, () => {
  it('finds all virtio devices on PCI, gets its lease there, and discards and zeroes on a disk', async () => {
    const command = 'test $(ls /sys/bus/pci/devices | wc -l) = 3 && test $(head -c 4 /dev/hwrng | wc -c) = 4 && test $(cat /sys/block/vda/queue/discard_max_bytes) -gt 0 && ip -4 -o addr show eth0 | grep "inet 10.0.0" && blkdiscard /dev/vda && echo d""one'
    expect(await ask([cmdline, 'virtio: pci', 'networks: [lan]', 'disks: [{ file: ./disk.raw, format: raw }]'], 'virtio_blk, virtio_rng', command, '\ndone')).toEqual([])
  })

  it('drives an e1000 and a virtio card over PCI beside each other', async () => {
    const command = 'cat /sys/class/net/*/device/device; ip -4 -o addr show | grep -c "inet 10.0.0" | sed s/^/addresses:/'
    expect(await ask([cmdline, 'networks: { lan: { model: e1000 } }', 'virtio: pci'], 'e1000, virtio_rng', command, 'addresses:1')).toEqual([])
  })

  it('talks by a virtio console, and gives memory back by a balloon', async () => {
    const command = 'cat /sys/class/tty/console/active; sleep 1; grep balloon_inflate /proc/vmstat'
    expect(await ask([hvc, 'balloon: 32M', 'console: { virtio: true }', 'cpus: 2'], 'virtio_balloon', command, 'balloon_inflate 8192')).toEqual([])
  })
})
