/**
 * A booted lab saved and brought back, beside QEMU's savevm and loadvm of the same kernel and initramfs (TCG, one hart, one empty qcow2 disk).
 *
 *     npx tsx bench/snapshots/snapshots.ts [--runs 3] [kernel netboot]
 *
 * Taken: how long the lab stands still, how long until the file is there, the file's size, how long until the lab stands where it stood (in a process that
 * has its modules); of QEMU, savevm from the monitor's line to its next prompt, what the disk has grown by, and a start with -loadvm up to the prompt.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Instant } from '../../src/base/time.ts'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { loadImages } from '../../src/host/load-images.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { restoreLab } from '../../src/host/snapshots/restore-lab.ts'
import { takeSnapshot } from '../../src/host/snapshots/take-snapshot.ts'
import { version } from '../../src/host/version.ts'
import { usualHistoryBytes } from '../../src/lab/snapshot/history.ts'
import { savable } from '../../src/lab/snapshot/save-lab.ts'
import { summary } from '../summary.ts'

const shell = 'netloom: shell ready'
const forever = 2 ** 52 as Instant

interface Taken {
  readonly still: number
  readonly saved: number
  readonly bytes: number
  readonly back: number
}

async function ours(name: string, folder: string): Promise<Taken> {
  const lab = await loadLab(readLab({ file: `topologies/${name}.yaml` }), { historyBytes: usualHistoryBytes })
  lab.run(forever, () => ![...lab.machines.values()].every(({ transcript }) => transcript.text.includes(shell)) || !savable(lab))
  const file = join(folder, `${name}.nlsnap`)
  const begun = performance.now()
  const saving = takeSnapshot(lab, file, version())
  const still = performance.now() - begun
  const { bytes } = await saving
  const saved = performance.now() - begun
  const again = performance.now()
  await restoreLab(file, { historyBytes: usualHistoryBytes })
  return { still, saved, bytes, back: performance.now() - again }
}

/** QEMU with its monitor on standard input; `say` resolves with how long it was until the next prompt. */
class Qemu {
  readonly #child
  #heard = ''
  #hear: () => void = () => undefined

  constructor(words: readonly string[]) {
    this.#child = spawn('qemu-system-riscv64', [...words, '-monitor', 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (part: Buffer) => {
      this.#heard += part.toString('latin1')
      this.#hear()
    })
  }

  async prompt(): Promise<void> {
    while (!this.#heard.endsWith('(qemu) ')) await new Promise<void>((resolve) => (this.#hear = resolve))
    this.#heard = ''
  }

  async say(line: string): Promise<number> {
    const begun = performance.now()
    this.#child.stdin.write(`${line}\n`)
    await this.prompt()
    return performance.now() - begun
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.on('close', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }
}

/** The kernel of kernel.yaml at its shell, with that much memory. */
async function qemus(memory: string, folder: string): Promise<Taken> {
  const { topology, source } = readLab({ file: 'topologies/kernel.yaml' })
  const images = await loadImages(topology, source.folder, new ImageStore())
  for (const image of ['linux', 'initramfs']) writeFileSync(join(folder, image), images.get(image) as Uint8Array)
  const [disk, console] = [join(folder, 'disk.qcow2'), join(folder, 'console')]
  rmSync(console, { force: true })
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '64M'])
  const empty = statSync(disk).size
  const words = ['-M', 'virt', '-m', memory, '-display', 'none', '-serial', `file:${console}`, '-kernel', join(folder, 'linux'), '-initrd', join(folder, 'initramfs'), '-append', 'console=ttyS0 cryptomgr.notests', '-netdev', 'user,id=n0', '-device', 'virtio-net-device,netdev=n0', '-drive', `file=${disk},format=qcow2,if=none,id=d0`, '-device', 'virtio-blk-device,drive=d0']
  const first = new Qemu(words)
  await first.prompt()
  while (!existsSync(console) || !readFileSync(console, 'latin1').includes(shell)) await new Promise((resolve) => setTimeout(resolve, 50))
  const saved = await first.say('savevm a')
  await first.kill()
  const bytes = statSync(disk).size - empty
  const again = performance.now()
  const second = new Qemu([...words, '-loadvm', 'a'])
  await second.prompt()
  const back = performance.now() - again
  await second.kill()
  return { still: saved, saved, bytes, back }
}

const { values, positionals } = parseArgs({ options: { runs: { type: 'string', default: '3' } }, allowPositionals: true })
const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
const rows = new Map<string, Taken[]>()
const add = (row: string, taken: Taken): void => void rows.set(row, [...(rows.get(row) ?? []), taken])
try {
  for (let run = 0; run < Number(values.runs); run++) {
    for (const name of positionals.length > 0 ? positionals : ['kernel', 'netboot']) {
      add(`${name}: Netloom`, await ours(name, folder))
      const memory = `${(readLab({ file: `topologies/${name}.yaml` }).topology.machines[0].memoryBytes >> 20).toString()}M`
      add(`${name}: QEMU, ${memory}`, await qemus(memory, folder))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write('| lab | stands still, ms | file is there, ms | size, MB | back, ms (least / median / most) |\n| --- | --- | --- | --- | --- |\n')
for (const [row, taken] of rows) {
  const of = (pick: (one: Taken) => number): string => summary(taken.map(pick)).median.toFixed(0)
  const back = summary(taken.map((one) => one.back))
  process.stdout.write(`| ${row} | ${of(({ still }) => still)} | ${of(({ saved }) => saved)} | ${(taken[0].bytes / 1e6).toFixed(1)} | ${[back.least, back.median, back.most].map((ms) => ms.toFixed(0)).join(' / ')} |\n`)
}
process.exit(0)
