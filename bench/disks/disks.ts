/**
 * What each disk format does, tried and measured: `npx tsx bench/disks/disks.ts [--kills N] [--headers N] [--only FORMAT,…] [--write]`
 * prints the table of docs/disk-formats.md; `--write` puts it there, and leaves the rows of formats that were not run. Needs qemu-img.
 * Kills: how often a writer of each format is killed with SIGKILL; headers: how many broken ones of each are opened.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SeededRandom } from '../../src/base/random.ts'
import type { Format } from '../../src/disk/format.ts'
import { formats } from '../../src/disk/formats.ts'
import { createImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'
import { breakHeaders } from './broken.ts'
import { tryFeatures } from './features.ts'
import { buildWriter, survive } from './kills.ts'

const { values: options } = parseArgs({ options: { kills: { type: 'string', default: '100' }, headers: { type: 'string', default: '1000000' }, only: { type: 'string' }, write: { type: 'boolean', default: false } } })
const page = fileURLToPath(new URL('../../docs/disk-formats.md', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'netloom-bench-'))
const sizeBytes = 64 << 20
/** The law of hostile images. */
const mostMs = 1000
const mostGrownBytes = 256 << 20

/** Megabytes a second. */
const rate = (work: () => void, bytes: number): number => {
  const start = performance.now()
  work()
  return Math.round(bytes / 1e6 / ((performance.now() - start) / 1000))
}

/** Sequential megabytes and scattered 4 KiB, through the format, without the host's disk having to follow. */
function speed(format: Format): string {
  if (format.create === undefined) return '–'
  const path = join(folder, `s${format.endings[0]}`)
  createImage(path, sizeBytes, { format: format.name, overwrite: true })
  const image = openDiskImage(path, { readOnly: false, format: format.name })
  const chunk = new Uint8Array(1 << 20).fill(7)
  const each = (work: (at: number) => void) => (): void => {
    for (let at = 0; at < sizeBytes; at += chunk.length) work(at)
  }
  const write = rate(each((at) => image.write(at, chunk)), sizeBytes)
  const read = rate(each((at) => image.read(at, chunk)), sizeBytes)
  const random = new SeededRandom('speed')
  const block = new Uint8Array(4096)
  const start = performance.now()
  for (let count = 0; count < 5000; count++) image.read(random.below(sizeBytes / 4096) * 4096, block)
  const perSecond = Math.round(5000 / ((performance.now() - start) / 1000) / 1000)
  image.close()
  return `${write} MB/s, ${read} MB/s, ${perSecond} k/s, file ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`
}

async function fuzz(format: Format): Promise<string> {
  if (format.name === 'raw') return 'no header to break'
  const { headers, opened, crashes, outside, slowestMs, grownBytes, left, hung } = await breakHeaders(format.name, Number(options.headers))
  const law = (kept: boolean, words: string): string => (kept ? words : `**${words}**`)
  return [
    `${headers.toLocaleString('en')} opened or refused (${Math.round((100 * opened) / headers)} % opened)`,
    law(crashes === 0, `${crashes} crashes`),
    hung ? '**hung**' : law(slowestMs < mostMs, `slowest ${slowestMs.toFixed(0)} ms`),
    law(grownBytes < mostGrownBytes, `+${Math.max(0, Math.round(grownBytes / 2 ** 20))} MB`),
    law(outside === 0, `${outside} opens outside`),
    ...(left > 0 ? [`**${left} descriptors left**`] : []),
  ].join(', ')
}

async function row(format: Format, writer: string): Promise<string> {
  const { read, write, overlay, snapshot, check } = tryFeatures(format.name, folder)
  const killed = format.create === undefined ? 'never written' : await survive(format, Number(options.kills), folder, writer)
  return `| ${[format.name, read, write, overlay, snapshot, check, killed, await fuzz(format), speed(format)].join(' | ')} |`
}

/** The new text, with the old rows of formats that were not run. */
function merged(old: string, text: string): string {
  const rowOf = (within: string, name: string): string | undefined => within.split('\n').find((line) => line.startsWith(`| ${name} |`))
  const [head, rule] = text.split('\n')
  const rows = formats.map(({ name }) => rowOf(text, name) ?? rowOf(old, name)).filter((line) => line !== undefined)
  return [head, rule, ...rows, text.slice(text.indexOf('\n\n') + 1)].join('\n')
}

async function table(): Promise<string> {
  const writer = await buildWriter(folder)
  const lines = [
    '| Format | QEMU’s variants read the same | written by us, compare equal | overlay | snapshots inside | `qemu-img check` of ours: no errors | kill -9 | broken headers | written, read, 4 KiB reads |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const format of formats.filter((one) => options.only === undefined || options.only.split(',').includes(one.name))) {
    lines.push(await row(format, writer))
    process.stderr.write(`${lines.at(-1)}\n`)
  }
  const version = /version (\S+)/.exec(execFileSync('qemu-img', ['--version'], { encoding: 'utf8' }))?.[1]
  return `${lines.join('\n')}\n\nRun by \`npx tsx bench/disks/disks.ts --kills ${options.kills} --headers ${options.headers}\` beside qemu-img ${version}, on ${cpus().length} shared cores, Node ${process.versions.node}.\n`
}

try {
  const text = await table()
  process.stdout.write(text)
  if (options.write) {
    const [begin, end] = ['<!-- bench/disks: from here -->\n', '<!-- bench/disks: to here -->\n']
    const old = readFileSync(page, 'utf8')
    const [from, to] = [old.indexOf(begin), old.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${page} has no place for the table`)
    writeFileSync(page, `${old.slice(0, from + begin.length)}${merged(old.slice(from + begin.length, to), text)}${old.slice(to)}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
