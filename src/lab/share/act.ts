/** What answering one kind of 9P request is: from its fields and the session to the answer's fields. */
import { FileError } from '../../stack/files.ts'
import { isName, longestName, type Volume } from '../../stack/volume.ts'
import type * as ninep from '../../wire/9p.ts'
import type { Fids } from './fids.ts'
import type { LockTable } from './locks.ts'

/** What an act works on. */
export interface Scene {
  readonly volume: Volume
  readonly readOnly: boolean
  readonly fids: Fids
  readonly locks: LockTable
  /** Agreed on, in bytes. */
  readonly messageBytes: number
  /** For the answer, in bytes. */
  readonly room: number
}

/** Answers with fields, or with data that stay where they are. */
export type Act<Name extends ninep.RequestName> = (request: ninep.Request<Name>, scene: Scene) => ninep.ReplyFields<Name> | Uint8Array

/** @throws {FileError} for what no file can be called. */
export function checked(name: string): string {
  if (!isName(name)) throw new FileError(name === '' ? 'ENOENT' : name === '..' || name === '.' ? 'EEXIST' : 'EINVAL', 'no name for a file')
  if (name.length > longestName) throw new FileError('ENAMETOOLONG', 'name')
  return name
}
