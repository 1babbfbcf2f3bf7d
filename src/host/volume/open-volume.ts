/** Volumes as the lab file names them: a folder written in place, a folder under an overlay, an archive in memory. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Malformed } from '../../base/errors.ts'
import { cpioVolume, isCpio } from '../../lab/volume/cpio.ts'
import { MemoryVolume } from '../../lab/volume/memory-volume.ts'
import type { WallClock } from '../../lab/volume/stamps.ts'
import type { Volume, VolumeSource } from '../../stack/volume.ts'
import { HostError } from '../host-error.ts'
import { HostVolume } from './host-volume.ts'

/** Unpacked. */
const largestArchive = 2 ** 31

export interface OpenVolumeOptions {
  readonly clock: WallClock
  /** Absolute path of what the lab file names. */
  readonly resolve: (path: string) => string
  readonly image: (name: string) => Uint8Array
  /** Folders that something in the lab writes to in place; grows. */
  readonly written?: Set<string>
}

/** @throws {HostError} */
export function openVolume({ path, image, write, limitBytes }: VolumeSource, { clock, resolve, image: imageOf, written = new Set() }: OpenVolumeOptions): Volume {
  if (path === undefined) return archive(image as string, imageOf(image as string), clock, limitBytes)
  const root = found(path, resolve(path))
  if (!statSync(root).isDirectory()) {
    if (write === true) throw new HostError('ENOTDIR', `${path} is an archive, which can't be written to`, 'write: overlay keeps what guests write in memory')
    return archive(path, readFileSync(root), clock, limitBytes)
  }
  if (write === true) {
    // Each would keep its own ledger of owners, and machines are not at one instant.
    if (written.has(root)) throw new HostError('EBUSY', `two parts of the lab would write to ${path}`, 'write: overlay for one of them, or let guests meet at one nfs export')
    written.add(root)
  }
  const base = new HostVolume({ root, write: write === true, clock })
  return write === 'overlay' ? new MemoryVolume({ clock, base, limitBytes }) : base
}

function found(path: string, root: string): string {
  try {
    return realpathSync(root)
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, code === 'ENOENT' ? `there is no folder ${path} to export` : `${path} can't be exported: ${message}`, `make it: mkdir -p ${root}`, error)
  }
}

function archive(name: string, bytes: Uint8Array, clock: WallClock, limitBytes: number): Volume {
  try {
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: largestArchive }) : bytes
    if (!isCpio(plain)) throw new Malformed('it is no cpio archive in the newc form')
    return cpioVolume(plain, { clock, limitBytes })
  } catch (error) {
    if (!(error instanceof Malformed) && (error as NodeJS.ErrnoException).code === undefined) throw error
    throw new HostError('EIMAGE', `${name} can't be exported: ${(error as Error).message}`, 'an initramfs image, a folder, or what `cpio -o -H newc` makes', error)
  }
}
