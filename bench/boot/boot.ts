/**
 * From start to a shell: the same firmware, kernel and initramfs here and under Debian's qemu-system-riscv64 (TCG, one hart), interleaved.
 *
 *     npx tsx bench/boot/boot.ts [--runs 5] [kernel netboot pxe efi forks]
 *
 * Each run is one process from its start until its console has said that the shell is there. Taken: wall time, and the CPU time of the
 * process with all its threads (V8's compilers are ours to pay). `forks` is 300 times fork and exec in a booted guest, from one line to another. The ratio is QEMU's over ours: above 1 we are faster.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { loadImages } from '../../src/host/load-images.ts'
import { readLab } from '../../src/host/open-lab.ts'
import { cpuSeconds } from '../process-time.ts'
import { type Summary, summary } from '../summary.ts'

const shell = 'netloom: shell ready'
/** Where a lab says this first, its boot doesn't count. */
const begin = 'netloom: begin'

const labFile = (name: string): string => (name === 'forks' ? 'bench/boot/forks.yaml' : `topologies/${name}.yaml`)

interface Taken {
  readonly wall: number
  readonly cpu: number
}

/** Runs a command until its output has the shell's line. */
function take(command: string, words: readonly string[]): Promise<Taken> {
  return new Promise((resolve, reject) => {
    let from: Taken = { wall: performance.now() / 1000, cpu: 0 }
    const child: ChildProcess = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    const now = (): Taken => ({ wall: performance.now() / 1000, cpu: cpuSeconds(child.pid as number) })
    let said = ''
    let begun = false
    let taken: Taken | undefined
    const watchdog = setTimeout(() => child.kill('SIGKILL'), 180_000)
    child.stdout?.on('data', (part: Buffer) => {
      said += part.toString('latin1')
      if (!begun && said.includes(begin)) {
        begun = true
        from = now()
      }
      if (taken !== undefined || !said.includes(shell)) return
      const { wall, cpu } = now()
      taken = { wall: wall - from.wall, cpu: cpu - from.cpu }
      child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(watchdog)
      if (taken === undefined) reject(new Error(`${command} ended without a shell:\n${said.slice(-2000)}`))
      else resolve(taken)
    })
  })
}

/** QEMU's command line for a lab file of ours, its images written into `folder`. */
async function qemuWords(name: string, folder: string): Promise<readonly string[]> {
  const { topology, source } = readLab({ file: labFile(name) })
  const images = await loadImages(topology, source.folder, new ImageStore())
  const [machine] = topology.machines
  if (machine.boot.kind !== 'firmware') throw new Error(`${labFile(name)} has no firmware`)
  const put = (path: string, bytes: Uint8Array): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
    return join(folder, path)
  }
  const image = (word: string): string => put(`image/${word}`, images.get(word) as Uint8Array)
  const { firmware, payload, kernel, initrd, cmdline } = machine.boot
  const services = topology.hosts.flatMap((host) => host.services)
  for (const [file, from] of Object.entries(services.find(({ kind }) => kind === 'tftp')?.files ?? {})) put(`tftp/${file}`, images.get(from) as Uint8Array)
  const efi = name === 'efi' ? ',bootfile=grubriscv64.efi' : ''
  const words = ['-M', 'virt', '-nographic', '-no-reboot', '-m', `${machine.memoryBytes >> 20}M`]
  words.push('-netdev', `user,id=n0,tftp=${join(folder, 'tftp')}${efi}`, '-device', 'virtio-net-device,netdev=n0')
  if (firmware !== undefined) words.push('-bios', image(firmware))
  for (const [option, word] of [['-kernel', payload ?? kernel], ['-initrd', initrd]] as const) if (word !== undefined) words.push(option, image(word))
  if (cmdline !== undefined) words.push('-append', cmdline)
  return words
}

const show = ({ least, median, most }: Summary): string => `${least.toFixed(2)} / ${median.toFixed(2)} / ${most.toFixed(2)}`

async function bench(name: string, runs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
  try {
    const words = await qemuWords(name, folder)
    const ours: Taken[] = []
    const theirs: Taken[] = []
    for (let run = 0; run < runs; run++) {
      ours.push(await take('node', ['dist/src/cli/main.js', 'up', labFile(name)]))
      theirs.push(await take('qemu-system-riscv64', words))
    }
    const row = (which: keyof Taken): string => {
      const [our, their] = [summary(ours.map((one) => one[which])), summary(theirs.map((one) => one[which]))]
      return `| ${name} | ${which} s | ${show(our)} | ${show(their)} | ${(their.median / our.median).toFixed(2)} |`
    }
    process.stdout.write(`${row('wall')}\n${row('cpu')}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({ options: { runs: { type: 'string', default: '5' } }, allowPositionals: true })
process.stdout.write('| lab | taken | Netloom least / median / most | QEMU least / median / most | QEMU ÷ Netloom |\n| --- | --- | --- | --- | --- |\n')
for (const name of positionals.length > 0 ? positionals : ['kernel', 'netboot', 'pxe', 'efi']) await bench(name, Number(values.runs))
