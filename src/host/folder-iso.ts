/** A folder of the host as a CD image. Links stay links; sockets, pipes and devices stay out. */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, renameSync, rmSync, type Stats } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { DiskError } from '../disk/block.ts'
import type { IsoEntry, IsoFolder } from '../disk/iso/tree.ts'
import { writeIso } from '../disk/iso/write.ts'
import { inWords } from './disks.ts'
import { HostError } from './host-error.ts'
import { openImageFile } from './image-file.ts'

export interface MakeIsoOptions {
  readonly volume?: string | undefined
  readonly overwrite?: boolean | undefined
  /** A file of the folder, by its path there: a FAT image that EFI boots from. */
  readonly efi?: string | undefined
}

const deepest = 64

/** @returns what was left out, as paths. @throws {HostError} */
export function makeIso(folder: string, path: string, options: MakeIsoOptions): readonly string[] {
  if (existsSync(path) && options.overwrite !== true) throw new HostError('EEXIST', `${path} is there already`, 'choose another name, or say --yes to write over it')
  const left: string[] = []
  const unfinished = `${path}.${process.pid}.new`
  inWords(path, () => {
    const root = read(resolve(folder), '', [resolve(unfinished), resolve(path)], left, 0)
    if (root?.kind !== 'folder') throw new HostError('ENOTDIR', `${folder} is not a folder`, 'name the folder that the CD is to hold')
    const file = openImageFile(unfinished, { writable: true, create: true })
    try {
      writeIso(file, { root, volume: options.volume ?? volumeOf(folder), seconds: root.seconds, efi: options.efi })
      renameSync(unfinished, path)
    } catch (error) {
      rmSync(unfinished, { force: true })
      throw error
    } finally {
      file.close()
    }
  })
  return left
}

const volumeOf = (folder: string): string => basename(resolve(folder)).replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 16) || 'CDROM'

function read(path: string, name: string, without: readonly string[], left: string[], depth: number): IsoEntry | undefined {
  const stats = statOf(path)
  const common = { name, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, seconds: Math.floor(stats.mtimeMs / 1000) }
  if (stats.isSymbolicLink()) return { ...common, kind: 'link', target: readlinkSync(path) }
  if (stats.isDirectory()) {
    if (depth > deepest) throw new HostError('ELOOP', `${path} lies deeper than ${deepest} folders`)
    const entries = readdirSync(path).sort().filter((one) => !without.includes(join(path, one)))
    return { ...common, kind: 'folder', entries: entries.map((one) => read(join(path, one), one, without, left, depth + 1)).filter((one) => one !== undefined) } satisfies IsoFolder
  }
  if (stats.isFile()) return { ...common, kind: 'file', sizeBytes: stats.size, read: (position, into) => fill(path, position, into) }
  left.push(path)
  return undefined
}

function statOf(path: string): Stats {
  try {
    return lstatSync(path)
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, `${path} can't be read: ${message}`, undefined, error)
  }
}

/** A file that became shorter meanwhile is an error: its length stands on the CD already. */
function fill(path: string, position: number, into: Uint8Array): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!fstatSync(descriptor).isFile()) throw new DiskError('EIO', `${path} is no file any more`)
    for (let done = 0; done < into.length; ) {
      const count = readSync(descriptor, into, done, into.length - done, position + done)
      if (count === 0) throw new DiskError('EIO', `${path} became shorter while it was read`)
      done += count
    }
  } finally {
    closeSync(descriptor)
  }
}
