/**
 * What threads for machines are worth: the time in which a lab of four Linux guests is through its tests, with one thread and with two, taken in turns; and that all runs are one run.
 *
 *   npx tsc -b src/cli && npx tsx bench/workers/speed.ts [ROUNDS] [LATENCY…]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { summary } from '../summary.ts'

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const text = readFileSync(new URL('four.yaml', import.meta.url), 'utf8')
const [rounds = '3', ...given] = process.argv.slice(2)
const latencies = given.length > 0 ? given : ['5us', '100us', '1ms']
const workers = [1, 2]
const folder = mkdtempSync(join(tmpdir(), 'netloom-workers-'))

/** Of a run: seconds, the CPU's seconds over all threads, and the run's hash. */
function run(file: string, count: number): { seconds: number; cpu: number; hash: string } {
  const timed = 'TIMEFORMAT="cpu %U %S"; time "$@" 2>&1'
  const out = execFileSync('bash', ['-c', `exec 2>&1; ${timed}`, 'bash', process.execPath, main, 'test', file, '--workers', String(count)], { encoding: 'utf8' })
  const [, hash, seconds] = /run ([0-9a-f]{16}), ([0-9.]+) s/.exec(out) ?? []
  const [, user, system] = /cpu ([0-9.]+) ([0-9.]+)/.exec(out) ?? []
  return { seconds: Number(seconds), cpu: Number(user) + Number(system), hash }
}

try {
  for (const latency of latencies) {
    const file = join(folder, `${latency}.yaml`)
    writeFileSync(file, text.replace('seed: 42', `seed: 42, latency: ${latency}`))
    const times = new Map<number, number[]>(workers.map((count) => [count, []]))
    const cpus = new Map<number, number[]>(workers.map((count) => [count, []]))
    const hashes = new Set<string>()
    for (let round = 0; round < Number(rounds); round++) {
      for (const count of workers) {
        const { seconds, cpu, hash } = run(file, count)
        times.get(count)?.push(seconds)
        cpus.get(count)?.push(cpu)
        hashes.add(hash)
      }
    }
    const alone = summary(times.get(1) as number[]).median
    for (const [count, seconds] of times) {
      const { least, median, most } = summary(seconds)
      process.stdout.write(`${latency.padEnd(6)} ${count} thread${count === 1 ? ' ' : 's'}  ${median.toFixed(1)} s (${least.toFixed(1)} to ${most.toFixed(1)})  ${(alone / median).toFixed(2)} times as fast, ${summary(cpus.get(count) as number[]).median.toFixed(1)} s of CPU\n`)
    }
    process.stdout.write(`${latency.padEnd(6)} ${hashes.size === 1 ? 'one hash' : `${hashes.size} HASHES`}: ${[...hashes].join(' ')}\n`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
