/**
 * Our service points behind a TAP, beside Debian's servers behind a pair of virtual Ethernets: the same client, the same files, in turns. Needs root and what servers.ts names.
 *
 *   npm run build && npx tsx bench/services/services.ts [rounds] [part of a measure's name]
 *
 * All servers stand at once, so they are warm; the first round of each measure is not counted. Medians, least and most; the ratio is ours to theirs, above 1 ours is faster.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { summary } from '../summary.ts'
import { largeBytes, measures, tftpBytes, type Measure } from './measures.ts'
import { servers } from './servers.ts'
import { netloom, type Competitor, type Files } from './world.ts'

const rounds = Number(process.argv[2] ?? 3)
const chosen = measures.filter(({ name }) => name.includes(process.argv[3] ?? ''))
const error = (name: string, reason: unknown): void => void process.stderr.write(`${name}: ${(reason as Error).message.replaceAll('\n', ' ').slice(0, 600)}\n`)

function files(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
  // vsftpd reads it as another user.
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'tftp.bin'), Buffer.alloc(tftpBytes, 'netloom'), { mode: 0o644 })
  writeFileSync(join(folder, 'large.bin'), Buffer.alloc(largeBytes, 'netloom'), { mode: 0o644 })
  writeFileSync(join(folder, 'questions'), 'files.lab A\n')
  return { folder }
}

/** Takes a measure in turns. @returns figures by competitor. */
function inTurns({ name, take }: Measure, all: readonly Competitor[], folder: string): Map<string, number[]> {
  const taken = new Map<string, number[]>()
  for (let round = 0; round <= rounds; round++) {
    for (const each of all) {
      try {
        const figure = take(each.client, each.name, folder)
        if (round > 0) taken.set(each.name, [...(taken.get(each.name) ?? []), figure])
      } catch (reason) {
        error(`${name}, ${each.name}`, reason)
      }
    }
  }
  return taken
}

const figures = (values: readonly number[]): string => {
  const { least, median, most } = summary(values)
  return `${median.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})`
}

async function main(): Promise<void> {
  const shared = files()
  const standing: Competitor[] = []
  try {
    standing.push(await netloom(shared))
    for (const name of new Set(chosen.flatMap((measure) => measure.servers))) {
      try {
        standing.push(await servers[name](shared))
      } catch (reason) {
        error(name, reason)
      }
    }
    for (const measure of chosen) {
      const taken = inTurns(measure, standing.filter(({ name }) => name === 'netloom' || measure.servers.includes(name)), shared.folder)
      const ours = taken.get('netloom') ?? []
      const beside = [...taken].filter(([name]) => name !== 'netloom')
      process.stdout.write(`| ${measure.name}, ${measure.unit} | ${ours.length === 0 ? 'none' : figures(ours)} | ${beside.map(([name, values]) => `${name} ${figures(values)}`).join('; ')} | ${beside.map(([name, values]) => `${(summary(ours).median / summary(values).median).toFixed(2)} ${name}`).join(', ')} |\n`)
    }
  } finally {
    for (const each of standing) await each.close()
    rmSync(shared.folder, { recursive: true, force: true })
  }
}

await main()
