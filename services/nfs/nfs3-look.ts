/** NFSv3 procedures that look: attributes, names, bytes, what the file system is like. RFC 1813 §3.3. */
import { access as bits, type Arguments } from '../../src/wire/nfs3.ts'
import { putAfter, putAttributes } from '../../src/wire/nfs3-results.ts'
import { largestFile, longestName } from '../../src/stack/volume.ts'
import { allowed, demand, demandOpen, want } from './identity.ts'
import type { Act, Scene } from './nfs3.ts'
import { Refused } from './refused.ts'
import { onWire, type Target } from './target.ts'

/** Bytes that one READ or WRITE may move. Datagrams of more than 64 KiB there are none; 32 KiB is what Linux takes. */
export const transferBytes = { udp: 32_768, tcp: 2 ** 20 } as const
/** FSF3_LINK, SYMLINK, HOMOGENEOUS, CANSETTIME (§3.3.19). */
const properties = 0x1b
/** Names that READDIR may take, in bytes: FSINFO's hint. */
const folderBytes = 65_536
export const mostLinks = 65_000

export const getattr: Act<'getattr'> = (_, target) => (xdr) => putAttributes(xdr, onWire(target.of, target.attributes))

export const lookup: Act<'lookup'> = ({ name }, folder, { exports }) => {
  const { of, volume } = folder.folder()
  demand(folder.who, folder.attributes, want.execute)
  const node = findName(folder, name)
  const found = onWire(of, volume.attributes(node))
  const handle = exports.seal(of, node)
  return (xdr) => putAfter(putAfter(xdr.opaque(handle), found), folder.after())
}

/** What `name` in a folder is; `..` of the export's root is the root. */
function findName({ volume, node }: Target, name: string): number {
  if (name === '.') return node
  if (name === '..') return volume.parent(node)
  checkText(name)
  return volume.lookup(node, name)
}

/** @throws {Refused} for what no name can be. */
export function checkText(name: string): void {
  if (name === '' || name.includes('/') || name.includes('\0')) throw new Refused('invalid', 'no name for a file')
  if (name.length > longestName) throw new Refused('nameTooLong', `a name of ${name.length} bytes`)
}

export const access: Act<'access'> = (call, target) => {
  const { attributes, who, of } = target
  const may = allowed(who, attributes)
  const has = (bit: number): boolean => (may & bit) !== 0
  const folder = attributes.kind === 'folder'
  // An owner opens his files whatever their mode says, but is told what the mode says.
  let granted = has(want.read) ? bits.read : 0
  if (has(want.execute)) granted |= folder ? bits.lookup : bits.execute
  if (has(want.write) && !of.readOnly) granted |= bits.modify | bits.extend | (folder ? bits.delete : 0)
  return (xdr) => putAfter(xdr, onWire(of, attributes)).u32(granted & call.bits)
}

export const readlink: Act<'readlink'> = (_, target) => {
  if (target.attributes.kind !== 'link') throw new Refused('invalid', 'not a symbolic link')
  const text = target.volume.target(target.node)
  return (xdr) => putAfter(xdr, onWire(target.of, target.attributes)).string(text)
}

export const read: Act<'read'> = ({ offset, count }, target, { caller }) => {
  demandFile(target)
  demandOpen(target.who, target.attributes, want.read)
  const { size } = target.attributes
  const length = Math.max(0, Math.min(count, transferBytes[caller.transport], size - offset))
  const bytes = length === 0 ? new Uint8Array(0) : target.volume.read(target.node, offset, length)
  return (xdr) => putAfter(xdr, onWire(target.of, target.attributes)).u32(bytes.length).bool(offset + bytes.length >= size).opaque(bytes)
}

/** @throws {Refused} for a thing without bytes. */
export function demandFile({ attributes: { kind } }: Target): void {
  if (kind === 'folder') throw new Refused('isDirectory', 'a folder')
  if (kind !== 'file') throw new Refused('invalid', 'not an ordinary file')
}

export const fsstat: Act<'fsstat'> = (_, target) => {
  const { totalBytes, freeBytes, totalNodes, freeNodes } = target.volume.space()
  return (xdr) => {
    putAfter(xdr, target.after()).offset(totalBytes).offset(freeBytes).offset(freeBytes)
    xdr.offset(totalNodes).offset(freeNodes).offset(freeNodes).u32(0)
  }
}

export const fsinfo: Act<'fsinfo'> = (_call: Arguments, target: Target, { caller }: Scene) => {
  const most = transferBytes[caller.transport]
  return (xdr) => {
    putAfter(xdr, target.after())
    for (let times = 0; times < 2; times++) xdr.u32(most).u32(most).u32(4096)
    xdr.u32(Math.min(most, folderBytes)).offset(largestFile)
    // time_delta: a nanosecond.
    xdr.u32(0).u32(1).u32(properties)
  }
}

export const pathconf: Act<'pathconf'> = (_, target) => (xdr) => {
  // no_trunc, chown_restricted, not case_insensitive, case_preserving.
  putAfter(xdr, target.after()).u32(mostLinks).u32(longestName).bool(true).bool(true).bool(false).bool(true)
}
