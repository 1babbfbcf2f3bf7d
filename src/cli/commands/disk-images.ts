/** `netloom images info|check|create|convert|snapshot|mkiso|serve`: disk images of every format. */
import { basename } from 'node:path'
import { checkImage, convertImage, createImage, describeImage, formatOf, snapshotImage } from '../../host/disk-images.ts'
import { openDiskImage } from '../../host/disks.ts'
import { makeIso } from '../../host/folder-iso.ts'
import { HostError } from '../../host/host-error.ts'
import { NbdServer } from '../../host/nbd-server.ts'
import { formatSize, size } from '../../lab/units.ts'
import { exitCodes, printable } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { stopOnSignals } from '../signals.ts'
import { show, table } from '../table.ts'

/** IANA's for nbd. */
const usualPort = 10_809

export interface DiskOptions extends GlobalOptions {
  /** Of the image that is read. */
  readonly from?: string
  /** Of the image that is written. */
  readonly to?: string
  readonly uses?: readonly string[]
  readonly repair?: boolean
  readonly compress?: boolean
  readonly variant?: string
  /** Of a CD: the file in its folder that EFI boots from. */
  readonly efi?: string
  readonly cluster?: string
  readonly base?: string
  readonly baseFormat?: string
  readonly create?: string
  readonly apply?: string
  readonly remove?: string
  readonly volume?: string
  readonly unix?: string
  readonly port?: string
  readonly readOnly?: boolean
}

export function info(path: string, options: DiskOptions): number {
  const report = describeImage(path, { format: options.from, listed: options.uses })
  if (options.format === 'json') return json(report)
  const rows = [
    { what: 'format', is: [report.format, report.variant].filter((word) => word !== undefined).join(' ') },
    { what: 'disk', is: `${formatSize(report.sizeBytes)} (${report.sizeBytes} bytes)` },
    { what: 'taken', is: `${(report.takenBytes / 2 ** 20).toFixed(1)}M` },
    ...(report.clusterBytes === undefined ? [] : [{ what: 'cluster', is: formatSize(report.clusterBytes) }]),
    ...report.notes.map((note) => ({ what: 'note', is: note })),
  ]
  for (let base = report.base; base !== undefined; base = base.base) rows.push({ what: 'base', is: `${base.file} (${base.format}, ${formatSize(base.sizeBytes)})` })
  process.stdout.write(table(rows))
  if (report.snapshots.length > 0) process.stdout.write(`\n${table(report.snapshots.map(({ id, name, seconds }) => ({ snapshot: id, name, taken: new Date(seconds * 1000).toISOString() })))}`)
  return exitCodes.ok
}

/** Exit code 1 when the image is damaged. */
export function check(path: string, options: DiskOptions): number {
  const result = checkImage(path, { format: options.from, listed: options.uses, repair: options.repair })
  if (options.format === 'json') json(result ?? null)
  else if (result === undefined) process.stdout.write('this format has no tables that could be wrong\n')
  else {
    for (const error of result.errors) process.stdout.write(`${printable(error)}\n`)
    const parts = [result.errors.length === 0 ? 'no errors' : 'damaged', ...(result.leaks > 0 ? [`${result.leaks} clusters taken for nothing`] : []), ...(result.repaired > 0 ? [`${result.repaired} mended`] : [])]
    process.stdout.write(`${parts.join(', ')}\n`)
  }
  return result === undefined || result.errors.length === 0 ? exitCodes.ok : exitCodes.testFailed
}

export function create(path: string, wanted: string | undefined, options: DiskOptions): number {
  const facts = createImage(path, wanted === undefined ? undefined : bytesOf(wanted), { ...making(options), base: options.base, baseFormat: options.baseFormat })
  return said(options, facts, `${path}: ${facts.format}, ${formatSize(facts.sizeBytes)}${facts.backing === undefined ? '' : ` over ${facts.backing}`}`)
}

export function convert(from: string, to: string, options: DiskOptions): number {
  const shown = process.stderr.isTTY === true && options.quiet !== true
  const hear = shown ? (done: number, whole: number): void => void process.stderr.write(`\r${Math.floor((done / whole) * 100)} %`) : undefined
  const facts = convertImage(from, to, { ...making(options), from: options.from, compress: options.compress, hear })
  if (shown) process.stderr.write('\r\x1b[K')
  return said(options, facts, `${to}: ${facts.format}, ${formatSize(facts.sizeBytes)}`)
}

/** Lists when it is told to do nothing else. */
export function snapshot(path: string, options: DiskOptions): number {
  const acts = (['create', 'apply', 'remove'] as const).filter((act) => options[act] !== undefined)
  if (acts.length > 1) throw new HostError('EINVAL', 'one thing at a time', `netloom images snapshot ${path} --${acts[0]} NAME`)
  const [act] = acts
  const rows = snapshotImage(path, act ?? 'list', act === undefined ? '' : (options[act] as string), { format: options.from, listed: options.uses })
  if (options.format === 'json') return json(rows)
  show(rows.map(({ id, name, seconds, sizeBytes }) => ({ id, name, taken: new Date(seconds * 1000).toISOString(), size: formatSize(sizeBytes) })), 'table', 'there are no snapshots')
  return exitCodes.ok
}

export function mkiso(folder: string, path: string, options: DiskOptions): number {
  const left = makeIso(folder, path, { volume: options.volume, efi: options.efi, overwrite: options.yes })
  for (const one of left) process.stderr.write(`left out: ${printable(one)}, which is no file, folder or link\n`)
  return said(options, { file: path, left }, `${path}: a CD of ${folder}`)
}

/** Until a signal comes. */
export async function serve(path: string, options: DiskOptions): Promise<number> {
  const port = options.port === undefined ? usualPort : Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new HostError('EINVAL', `"${options.port}" is no port`, 'ports are 1 to 65535; 0 is any that is free')
  const image = openDiskImage(path, { readOnly: options.readOnly === true, format: formatOf(options.from), listed: options.uses ?? [] })
  const server = new NbdServer(image, basename(path))
  const ended = new AbortController()
  const signals = stopOnSignals(() => ended.abort())
  try {
    const address = await server.open(options.unix === undefined ? { host: '127.0.0.1', port } : { unix: options.unix })
    said(options, { address }, address)
    if (!ended.signal.aborted) await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()))
    return exitCodes.ok
  } finally {
    server.close()
    image.close()
    signals.release()
  }
}

function making(options: DiskOptions): { format: string | undefined; listed: readonly string[] | undefined; variant: string | undefined; clusterBytes: number | undefined; overwrite: boolean | undefined } {
  return { format: options.to, listed: options.uses, variant: options.variant, clusterBytes: options.cluster === undefined ? undefined : bytesOf(options.cluster), overwrite: options.yes }
}

function bytesOf(text: string): number {
  if (!size.pattern.test(text)) throw new HostError('EINVAL', `"${text}" is no size`, `write it with its unit, like ${size.example}`)
  return size.read(text)
}

function said(options: DiskOptions, facts: unknown, sentence: string): number {
  if (options.format === 'json') return json(facts)
  if (options.quiet !== true) process.stdout.write(`${printable(sentence)}\n`)
  return exitCodes.ok
}

function json(value: unknown): number {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  return exitCodes.ok
}
