/** NFSv4 READ, WRITE and COMMIT. RFC 7530 §16.23, §16.36, §16.3. */
import type { Act4 } from './compound.ts'
import { largestFile } from '../../../src/stack/volume.ts'
import { stability } from '../../../src/wire/nfs3.ts'
import { share } from '../../../src/wire/nfs4.ts'
import { demandOpen, isRoot, stripped, want } from '../identity.ts'
import { transferBytes } from '../nfs3-look.ts'
import { Refused } from '../refused.ts'
import type { Target } from '../target.ts'
import { Failure } from './failure.ts'
import { accessBy } from './reach.ts'

/** Of READ's result beside the bytes, and what may stand behind it. */
const readHead = 64

export const read: Act4<'read'> = ({ state, offset, count }, at, xdr) => {
  const target = at.target()
  demandFile4(target, at.minor)
  if (!accessBy(at, state, target, share.read)) demandOpen(target.who, target.attributes, want.read)
  const { size } = target.attributes
  const room = at.mostBytes - xdr.length - readHead
  if (room <= 0 && count > 0) throw new Failure(at.overflow, 'the reply is full')
  const length = Math.max(0, Math.min(count, transferBytes.tcp, room & ~3, size - offset))
  const bytes = length === 0 ? new Uint8Array(0) : target.volume.read(target.node, offset, length)
  xdr.bool(offset + bytes.length >= size).opaque(bytes)
}

export const write: Act4<'write'> = ({ state, offset, stable, data }, at, xdr) => {
  const target = at.target()
  target.writable()
  demandFile4(target, at.minor)
  if (!accessBy(at, state, target, share.write)) demandOpen(target.who, target.attributes, want.write)
  if (offset + data.length > largestFile) throw new Refused('tooLarge', 'past the largest file')
  const bytes = data.subarray(0, transferBytes.tcp)
  at.changed = true
  target.volume.write(target.node, offset, bytes)
  const mode = stripped(target.attributes.mode)
  if (!isRoot(target.who) && mode !== target.attributes.mode) target.volume.change(target.node, { mode })
  if (stable !== stability.unstable) target.volume.settle(target.node)
  xdr.u32(bytes.length).u32(stable === stability.unstable ? stability.unstable : stability.file).fixed(at.scene.verifier)
}

export const commit: Act4<'commit'> = (_, at, xdr) => {
  const target = at.target().writable()
  demandFile4(target, at.minor)
  target.volume.settle(target.node)
  xdr.fixed(at.scene.verifier)
}

/** @throws {Failure | Refused} for a thing without bytes. */
export function demandFile4({ attributes: { kind } }: Target, minor: number): void {
  if (kind === 'file') return
  if (kind === 'folder') throw new Refused('isDirectory', 'a folder')
  if (kind === 'link' && minor > 0) throw new Failure('symlink', 'a symbolic link')
  throw new Failure(minor > 0 ? 'wrongType' : 'invalid', 'not an ordinary file')
}
