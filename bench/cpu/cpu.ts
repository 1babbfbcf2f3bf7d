/**
 * The core beside qemu-system-riscv64 (TCG, one hart), plain and with -icount shift=0, and beside our interpreter alone.
 *
 *     npx tsx bench/cpu/cpu.ts [--runs 3] [integer sort … ./other.elf]
 *
 * Kernels are compiled here with Debian's riscv64-unknown-elf-gcc, -O2 -march=rv64gc. Each runs some rounds to warm up, says `begin`, runs
 * more, says `end` and its checksum of sixteen hexadecimal digits, which must be one for all. So may a program of your own, a bare M-mode ELF
 * for QEMU's virt board named by its path. Taken: CPU time of the process with all its threads between the lines.
 */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuSeconds } from '../process-time.ts'
import { summary } from '../summary.ts'

interface Kernel {
  readonly source: string
  readonly warm: number
  readonly rounds: number
  readonly flags: readonly string[]
}

const kernels: Readonly<Record<string, Kernel>> = {
  integer: { source: 'integer', warm: 500, rounds: 4000, flags: [] },
  sort: { source: 'sort', warm: 200, rounds: 1500, flags: [] },
  dispatch: { source: 'dispatch', warm: 500, rounds: 3000, flags: [] },
  calls: { source: 'calls', warm: 500, rounds: 4000, flags: [] },
  memory: { source: 'memory', warm: 100, rounds: 1000, flags: [] },
  float: { source: 'float', warm: 300, rounds: 2500, flags: ['-ffp-contract=off'] },
  fma: { source: 'float', warm: 300, rounds: 2500, flags: ['-ffp-contract=fast'] },
  traps: { source: 'traps', warm: 50, rounds: 500, flags: [] },
  modify: { source: 'modify', warm: 20, rounds: 300, flags: [] },
}

const here = import.meta.dirname

function build(name: string, folder: string): string {
  if (name.includes('/')) {
    const copy = join(folder, basename(name))
    copyFileSync(name, copy)
    execFileSync('riscv64-unknown-elf-objcopy', ['-O', 'binary', copy, `${copy}.bin`])
    return copy
  }
  const { source, warm, rounds, flags } = kernels[name]
  const elf = join(folder, `${name}.elf`)
  const options = ['-O2', '-march=rv64gc', '-mabi=lp64d', '-mcmodel=medany', '-nostdlib', '-ffreestanding', '-fno-builtin', '-fno-tree-loop-distribute-patterns']
  const [start, code, script] = ['start.S', `${source}.c`, 'link.ld'].map((file) => join(here, 'kernels', file))
  execFileSync('riscv64-unknown-elf-gcc', [...options, ...flags, `-DWARM=${warm}`, `-DROUNDS=${rounds}`, '-T', script, start, code, '-o', elf])
  execFileSync('riscv64-unknown-elf-objcopy', ['-O', 'binary', elf, `${elf}.bin`])
  return elf
}

/** @returns CPU seconds between the marks, and the checksum. */
function take(command: string, words: readonly string[]): Promise<{ seconds: number; sum: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = child.pid as number
    let said = ''
    let begin: number | undefined
    let taken: { seconds: number; sum: string } | undefined
    const watchdog = setTimeout(() => child.kill('SIGKILL'), 120_000)
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString('latin1')
      if (begin === undefined && said.includes('begin')) begin = cpuSeconds(pid)
      const end = /end ([0-9a-f]{16})/.exec(said)
      if (end === null || taken !== undefined || begin === undefined) return
      taken = { seconds: cpuSeconds(pid) - begin, sum: end[1] }
      child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(watchdog)
      if (taken === undefined) reject(new Error(`${command} ${words.join(' ')} ended early: ${said}`))
      else resolve(taken)
    })
  })
}

const tsx = ['--import', 'tsx', join(here, 'ours.ts')]
const rivals: Readonly<Record<string, (elf: string) => Promise<{ seconds: number; sum: string }>>> = {
  netloom: (elf) => take('node', [...tsx, `${elf}.bin`]),
  qemu: (elf) => take('qemu-system-riscv64', ['-M', 'virt', '-m', '64', '-display', 'none', '-serial', 'stdio', '-bios', elf]),
  icount: (elf) => take('qemu-system-riscv64', ['-M', 'virt', '-m', '64', '-display', 'none', '-serial', 'stdio', '-icount', 'shift=0', '-bios', elf]),
  interpreter: (elf) => take('node', [...tsx, `${elf}.bin`, '0']),
}

async function bench(name: string, runs: number, folder: string): Promise<void> {
  const elf = build(name, folder)
  const seconds = new Map(Object.keys(rivals).map((rival) => [rival, [] as number[]]))
  const sums = new Set<string>()
  for (let run = 0; run < runs; run++) {
    for (const [rival, start] of Object.entries(rivals)) {
      const taken = await start(elf)
      seconds.get(rival)?.push(taken.seconds)
      sums.add(taken.sum)
    }
  }
  const median = (rival: string): number => summary(seconds.get(rival) as number[]).median
  const { least, most } = summary(seconds.get('netloom') as number[])
  const ratio = (rival: string): string => (median(rival) / median('netloom')).toFixed(2)
  const agreed = sums.size === 1 ? 'equal' : 'DIFFERENT SUMS'
  process.stdout.write(`| ${basename(name)} | ${least.toFixed(2)} / ${median('netloom').toFixed(2)} / ${most.toFixed(2)} | ${median('qemu').toFixed(2)} | **${ratio('qemu')}** | ${ratio('icount')} | ${(median('qemu') / median('interpreter')).toFixed(2)} | ${agreed} |\n`)
}

const { values, positionals } = parseArgs({ options: { runs: { type: 'string', default: '3' } }, allowPositionals: true })
const folder = mkdtempSync(join(tmpdir(), 'netloom-cpu-'))
process.stdout.write('| kernel | Netloom CPU s least / median / most | QEMU CPU s | QEMU ÷ Netloom | QEMU -icount ÷ Netloom | QEMU ÷ interpreter | sums |\n| --- | --- | --- | --- | --- | --- | --- |\n')
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(kernels)) await bench(name, Number(values.runs), folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
