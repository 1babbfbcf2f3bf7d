/**
 * The host's file at one end of a copy with a guest, read and written by the lab's own process in the middle of a run: what would go through
 * a socket and two turns of the event loop a megabyte doesn't have to.
 */
import { chmodSync, closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { type GuestMessageKind, guestPiece, guestWindow } from '../lab/magic/guest-link.ts'
import type { GuestFrame } from './guest-frames.ts'
import { HostError } from './host-error.ts'

type Send = (kind: GuestMessageKind, bytes: Uint8Array) => boolean

/** One end of a copy. */
export interface GuestFile {
  /** Bytes that have passed. */
  readonly count: number
  /** What the guest has said. @throws {Error} with Node's `code`, when the host refuses. */
  hear(frame: GuestFrame, send: Send): void
  /** @param whole all has come. @throws {Error} with Node's `code` */
  close(whole: boolean): void
}

const nothing = new Uint8Array(0)

/** A file that goes in. @throws {HostError} */
export function sourceFile(path: string): GuestFile & { begin(send: Send): void } {
  let fd = told(path, () => openSync(path, 'r'))
  let [count, underWay, ended] = [0, 0, false]
  const fill = (send: Send): void => {
    while (!ended && underWay + guestPiece <= guestWindow) {
      const piece = new Uint8Array(guestPiece)
      const got = readSync(fd, piece, 0, guestPiece, null)
      ended = got === 0
      send(ended ? 'end' : 'data', ended ? nothing : piece.subarray(0, got))
      underWay += got
      count += got
    }
  }
  return {
    get count() {
      return count
    },
    begin: fill,
    hear: ({ kind, bytes }, send) => {
      if (kind !== 'taken') return
      underWay -= numberIn(bytes)
      fill(send)
    },
    close: () => {
      ended = true
      if (fd >= 0) closeSync(fd)
      fd = -1
    },
  }
}

/** A file that comes out. What is there already stays until all has come. */
export function targetFile(path: string): GuestFile {
  const part = `${path}.part`
  let fd = told(path, () => openSync(part, 'w', 0o600))
  let [count, mode] = [0, 0o644]
  return {
    get count() {
      return count
    },
    hear: ({ kind, bytes }, send) => {
      if (kind === 'file') mode = numberIn(bytes) & 0o777
      if (kind !== 'data') return
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      count += bytes.length
      send('taken', bytesOf(bytes.length))
    },
    close: (whole) => {
      if (fd < 0) return
      closeSync(fd)
      fd = -1
      if (!whole) return rmSync(part, { force: true })
      chmodSync(part, mode & ~process.umask())
      renameSync(part, path)
    },
  }
}

const numberIn = (bytes: Uint8Array): number => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE(0)

function bytesOf(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value, 0)
  return bytes
}

function told(path: string, open: () => number): number {
  try {
    return open()
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, code === 'ENOENT' ? `there is no file ${path}` : `cannot open ${path}: ${message}`, 'name another one', error)
  }
}
