/**
 * A share's throughput: dd in a Debian guest writes and reads 256 MB in pieces of 1 MB on a folder of this computer over virtio-9p, here and in QEMU (-fsdev local,
 * mapped-xattr), the same kernel and initramfs, interleaved. `npx tsx bench/share/share.ts [--runs N]`. Needs qemu-system-riscv64.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { loadImages } from '../../src/host/load-images.ts'
import { openLab, readLab } from '../../src/host/open-lab.ts'
import type { Instant } from '../../src/base/time.ts'
import { cpuSeconds } from '../process-time.ts'

const megabytes = 256
const cmdline = 'console=ttyS0 cryptomgr.notests netloom.dhcp=no'
const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-share-'))
const file = join(folder, 'lab.yaml')
const shared = join(folder, 'dir')
mkdirSync(shared)
writeFileSync(file, `name: share
nodes:
  node1: { kernel: linux, initrd: tool, cmdline: ${cmdline}, memory: 256M, share: { host: ./dir, tag: dir, write: true } }
images:
  tool:
    initramfs:
      modules: [9p, 9pnet_virtio]
      init: |
        #!/bin/busybox sh
        . /etc/netloom/setup
        mkdir /d; mount -t 9p -o trans=virtio,version=9p2000.L,msize=500000 dir /d
        echo "bench: write"
        dd if=/dev/zero of=/d/f bs=1M count=${megabytes} conv=notrunc 2>/dev/null
        echo "bench: read"
        dd if=/d/f of=/dev/null bs=1M 2>/dev/null
        echo "bench: end"
        poweroff -f
`)

/** CPU seconds at each mark, in their order. */
type Marks = readonly number[]
const marks = /bench: (?:write|read|end)/g

async function ours(): Promise<Marks> {
  const { lab } = await openLab({ file })
  const found: number[] = []
  const used = (): number => cpuSeconds(process.pid)
  let text = ''
  lab.machines.get('node1')?.machine.console.listen((bytes) => {
    const before = text.match(marks)?.length ?? 0
    text += String.fromCharCode(...bytes)
    if ((text.match(marks)?.length ?? 0) > before) found.push(used())
  })
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('done')
  return found
}

async function qemu(): Promise<Marks> {
  const child = spawn('qemu-system-riscv64', [
    '-M', 'virt', '-m', '256M', '-nographic', '-kernel', join(folder, 'linux'), '-initrd', join(folder, 'tool'), '-append', cmdline,
    '-fsdev', `local,id=d,path=${shared},security_model=mapped-xattr`, '-device', 'virtio-9p-device,fsdev=d,mount_tag=dir',
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  const found: number[] = []
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    for (const seen = text.match(marks)?.length ?? 0; found.length < seen; ) found.push(cpuSeconds(child.pid as number))
  })
  await new Promise((resolve) => child.once('exit', resolve))
  return found
}

const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 3
const { topology } = readLab({ file })
for (const [name, bytes] of await loadImages(topology, folder, new ImageStore())) writeFileSync(join(folder, name), bytes)
for (let run = 0; run < runs; run++) {
  for (const [side, measure] of [['Netloom', ours], ['QEMU', qemu]] as const) {
    rmSync(join(shared, 'f'), { force: true })
    const [write, read, end] = await measure()
    console.log(`${side}: write ${(megabytes / (read - write)).toFixed(0)}, read ${(megabytes / (end - read)).toFixed(0)} MB per CPU second`)
  }
}
rmSync(folder, { recursive: true, force: true })
