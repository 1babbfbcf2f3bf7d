/**
 * `npx tsx bench/magic/magic.ts [--runs 3]`: a file of 64 MB into Debian's guest and out of it by magic instructions, in MB/s of this process's CPU time
 * and of the clock; the first run of each kind also compiles the guest's code.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Instant } from '../../src/base/time.ts'
import { serveGuest } from '../../src/host/guest-server.ts'
import { openLab } from '../../src/host/open-lab.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { GuestJob } from '../../src/lab/magic/guest-link.ts'

const megabytes = 64
const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 3
const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
const big = join(folder, 'big')
writeFileSync(big, new Uint8Array(megabytes << 20).map((_, at) => (at * 2_654_435_761) >>> 24))
writeFileSync(join(folder, 'lab.yaml'), 'name: bench\nsim: { seed: 42 }\nnodes:\n  node1: { boot: kernel, kernel: linux, initrd: initramfs, cmdline: console=ttyS0 cryptomgr.notests quiet, memory: 512M, magic: true }\n')

const { lab } = await openLab({ file: join(folder, 'lab.yaml') })
runUntil(lab, () => lab.machines.get('node1')?.transcript.text.includes('shell ready') === true)
for (let run = 0; run < runs; run++) {
  measure('in ', { do: 'put', path: '/big', name: 'big', mode: 0o644 }, big)
  measure('out', { do: 'get', path: '/big' }, join(folder, 'back'))
}
lab.close('done')
rmSync(folder, { recursive: true, force: true })

function runUntil(one: Lab, so: () => boolean): void {
  while (!so()) one.run((Math.max(one.now, one.next ?? 0) + 10_000_000) as Instant, () => true)
}

function measure(name: string, job: GuestJob, file: string): void {
  let over = false
  const [wall, cpu, virtual] = [performance.now(), process.cpuUsage(), lab.now]
  const { stream } = serveGuest(lab, { node: 'node1', job, file }, () => undefined)
  stream?.({ destroyed: false, on: () => undefined, write: () => (over = true), end: () => undefined, destroy: () => undefined } as never, new Uint8Array(0))
  runUntil(lab, () => over)
  const { user, system } = process.cpuUsage(cpu)
  const rate = (milliseconds: number): string => (megabytes / (milliseconds / 1000)).toFixed(0).padStart(5)
  console.log(`${name} ${rate((user + system) / 1000)} MB/s of CPU time, ${rate(performance.now() - wall)} MB/s of the clock, ${rate((lab.now - virtual) / 1e6)} MB/s of virtual time`)
}
