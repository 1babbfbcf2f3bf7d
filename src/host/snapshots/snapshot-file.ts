/**
 * A saved lab as one file: magic, format and length of the header (u32, little-endian), the header (JSON), then its sections, each one zlib stream
 * (RFC 1950, whose Adler-32 tells a damaged one): the lab's state, that of its files on this computer, and the pages of the machines' RAM in pieces.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { deflate, inflate, inflateSync } from 'node:zlib'
import { concat, equal, putU32le, u32le, utf8 } from '../../base/bytes.ts'
import { ConfigError, Malformed } from '../../base/errors.ts'
import { packSnapshot, type UnpackedSnapshot, unpackSnapshot } from '../../lab/snapshot/packed.ts'
import type { LabSnapshot } from '../../lab/snapshot/save-lab.ts'
import { decodePlain, encodePlain } from '../../lab/snapshot/plain-bytes.ts'
import { HostError } from '../host-error.ts'
import type { FilesState } from './lab-files.ts'

/** The first byte is no text's, the line ends show what a transfer in text mode has done. */
const magic = Uint8Array.of(0x89, 0x4e, 0x4c, 0x53, 0x0d, 0x0a, 0x1a, 0x0a)
const format = 1
/** Sections in front of those with pages. */
const firstPages = 2
const fixedBytes = magic.length + 8
/** No section of ours is larger unpacked. */
const largestSection = 2 ** 31 - 1

/** What a snapshot is of. A stable contract, as far as it is printed. */
export interface SnapshotCard {
  /** Version of netloom that wrote it. */
  readonly netloom: string
  /** The name under which the lab ran. */
  readonly lab: string
  /** Absolute path of its lab file, and what stood in it. */
  readonly file: string
  readonly text: string
  /** What the file was read with: the name and the seed of the command line. */
  readonly given: { readonly name?: string | undefined; readonly seed?: string | undefined }
  /** SHA-256 of what the lab file, with all it includes, was resolved to. */
  readonly topology: string
  /** SHA-256 of each image. */
  readonly images: Readonly<Record<string, string>>
  /** Virtual nanoseconds. */
  readonly instant: number
}

interface Header extends SnapshotCard {
  readonly sections: readonly { readonly stored: number; readonly plain: number }[]
}

export interface OpenedSnapshot {
  readonly card: SnapshotCard
  readonly unpacked: UnpackedSnapshot
  readonly files: FilesState
  /** The pieces of RAM, for `unpacked.fill`; unpacked by other threads meanwhile. @throws {ConfigError} when they are damaged. */
  pages(): Promise<readonly Uint8Array[]>
}

interface InflateOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

/** One chunk for the whole: zlib's threads come back to this one for each. */
const chunkFor = (plainBytes: number): number => Math.max(4096, plainBytes + 64)

const deflateLater = promisify(deflate) as (bytes: Uint8Array, options: { level: number; chunkSize: number }) => Promise<Buffer>
const inflateLater = promisify(inflate) as (bytes: Uint8Array, options: InflateOptions) => Promise<Buffer>

/** The file is there all at once or not at all. @returns its size in bytes. @throws {HostError} */
export async function writeSnapshot(path: string, card: SnapshotCard, snapshot: LabSnapshot, files: FilesState): Promise<number> {
  const { state, pages } = packSnapshot(snapshot)
  const plain = [state, encodePlain(files), ...pages]
  const stored = await Promise.all(plain.map((bytes) => deflateLater(bytes, { level: 1, chunkSize: chunkFor(bytes.length) })))
  const header: Header = { ...card, sections: stored.map(({ length }, index) => ({ stored: length, plain: plain[index].length })) }
  const text = utf8(JSON.stringify(header))
  const fixed = new Uint8Array(8)
  putU32le(fixed, 0, format)
  putU32le(fixed, 4, text.length)
  const whole = concat(magic, fixed, text, ...stored)
  const unfinished = `${path}.${process.pid}.new`
  try {
    writeFileSync(unfinished, whole)
    renameSync(unfinished, path)
  } catch (error) {
    rmSync(unfinished, { force: true })
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, `cannot write the snapshot ${path}: ${message}`, 'name another file', error)
  }
  return whole.length
}

/** @param version of this netloom. @throws {ConfigError} when it is no snapshot, of another version, cut short or damaged. */
export function readSnapshot(path: string, version: string): OpenedSnapshot {
  const bytes = read(path)
  const { header, at } = readHeader(path, bytes, version)
  const ends = header.sections.reduce<number[]>((sums, { stored }) => [...sums, (sums.at(-1) ?? at) + stored], [])
  const wanted = ends.at(-1) ?? at
  if (bytes.length !== wanted) throw torn(path, bytes.length < wanted ? `is cut short: ${bytes.length} bytes are there, of ${wanted}` : `goes on behind its end, for ${bytes.length - wanted} bytes`)
  const section = (index: number): Uint8Array => bytes.subarray(ends[index] - header.sections[index].stored, ends[index])
  const options = (index: number): InflateOptions => ({ maxOutputLength: Math.max(1, header.sections[index].plain), chunkSize: chunkFor(header.sections[index].plain) })
  const { sections, ...card } = header
  const pages = Promise.all(sections.slice(firstPages).map((_, index) => inflateLater(section(index + firstPages), options(index + firstPages)).catch((error: Error) => Promise.reject(damaged(path, error)))))
  // Asked for later, or never; a failure is told then.
  pages.catch(() => undefined)
  const plain = (index: number): Uint8Array => new Uint8Array(inflateSync(section(index), options(index)))
  return told(path, () => ({ card, unpacked: unpackSnapshot(plain(0)), files: decodePlain(plain(1)) as FilesState, pages: () => pages }))
}

/** Its card alone. @throws {ConfigError} */
export function readCard(path: string, version: string): SnapshotCard {
  const { header } = readHeader(path, read(path), version)
  const { sections: _, ...card } = header
  return card
}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ConfigError(code === 'ENOENT' ? `there is no snapshot ${path}` : `cannot read ${path}: ${message}`, undefined, 'netloom save FILE makes one of a running lab')
  }
}

function readHeader(path: string, bytes: Uint8Array, version: string): { header: Header; at: number } {
  if (!equal(bytes.subarray(0, magic.length), magic)) throw new ConfigError(`${path} is no snapshot of a lab`, undefined, 'netloom save FILE makes one of a running lab')
  if (bytes.length < fixedBytes) throw torn(path, 'is cut short in its first line')
  const written = u32le(bytes, magic.length)
  if (written !== format) throw foreign(path, `in format ${written}`, version)
  const at = fixedBytes + u32le(bytes, magic.length + 4)
  if (at > bytes.length) throw torn(path, 'is cut short in its header')
  const header = told(path, () => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(fixedBytes, at))) as Header)
  if (header.netloom !== version) throw foreign(path, `by netloom ${header.netloom}`, version)
  const sound = Array.isArray(header.sections) && header.sections.length >= firstPages && header.sections.every(({ stored, plain }) => Number.isSafeInteger(stored) && stored >= 0 && plain >= 0 && plain <= largestSection)
  if (!sound) throw torn(path, 'is damaged in its header')
  return { header, at }
}

function told<Value>(path: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (error instanceof Malformed || error instanceof SyntaxError || error instanceof TypeError || (error as NodeJS.ErrnoException).code !== undefined) throw damaged(path, error as Error)
    throw error
  }
}

const damaged = (path: string, error: Error): ConfigError => torn(path, `is damaged: ${error.message}`)
const torn = (path: string, how: string): ConfigError => new ConfigError(`the snapshot ${path} ${how}`, undefined, 'save the lab anew')
const foreign = (path: string, how: string, version: string): ConfigError => new ConfigError(`the snapshot ${path} was written ${how}; this is netloom ${version}`, undefined, 'run the lab with this version and save it anew')
