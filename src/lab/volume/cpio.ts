/** A cpio archive ("newc", what an initramfs is) as a volume: owners, modes, devices and links as they stand in it. Its bytes are read in place. */
import { fromLatin1 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { isName, type NewNode, type NodeId, type NodeKind } from '../../stack/volume.ts'
import { MemoryVolume, type MemoryVolumeOptions } from './memory-volume.ts'

interface Member {
  readonly name: string
  readonly inode: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
  readonly seconds: number
  readonly major: number
  readonly minor: number
  readonly content: Uint8Array
}

const headBytes = 110
const folderMode = 0o040755
/** S_IFMT and what it names. */
const kinds = new Map<number, NodeKind>([[0o10, 'file'], [0o04, 'folder'], [0o12, 'link'], [0o06, 'block'], [0o02, 'character'], [0o14, 'socket'], [0o01, 'fifo']])

/** Whether bytes begin like such an archive. */
export const isCpio = (bytes: Uint8Array): boolean => ['070701', '070702'].includes(fromLatin1(bytes.subarray(0, 6)))

/** @param archive is kept. @throws {Malformed} */
export function cpioVolume(archive: Uint8Array, options: Omit<MemoryVolumeOptions, 'base'>): MemoryVolume {
  const volume = new MemoryVolume(options)
  const all = members(archive)
  // The bytes of a file with several names stand with the last one.
  const contents = new Map<string, Uint8Array>()
  for (const { inode, links, content } of all) if (links > 1 && content.length > 0) contents.set(inode, content)
  const known = new Map<string, NodeId>()
  for (const member of all) place(volume, member, contents, known)
  return volume
}

function place(volume: MemoryVolume, member: Member, contents: ReadonlyMap<string, Uint8Array>, known: Map<string, NodeId>): void {
  const parts = member.name.split('/').filter((part) => part !== '' && part !== '.')
  const kind = kinds.get(member.mode >>> 12)
  if (kind === undefined || parts.some((part) => !isName(part))) throw new Malformed(`cpio: "${member.name}" with mode ${member.mode.toString(8)} can't be a file`)
  const last = parts.pop()
  if (last === undefined) return void volume.change(volume.root, { mode: member.mode, uid: member.uid, gid: member.gid })
  const folder = parts.reduce((at, part) => find(volume, at, part) ?? volume.place(at, part, { kind: 'folder', mode: folderMode & 0o7777, uid: 0, gid: 0 }, undefined, 0n), volume.root)
  const there = find(volume, folder, last)
  if (there !== undefined && kind === 'folder') return void volume.change(there, { mode: member.mode, uid: member.uid, gid: member.gid })
  if (there !== undefined) volume.remove(folder, last)
  const first = member.links > 1 && kind !== 'folder' ? known.get(member.inode) : undefined
  if (first !== undefined) return volume.link(first, folder, last)
  const content = contents.get(member.inode) ?? member.content
  const node: NewNode = { kind, mode: member.mode & 0o7777, uid: member.uid, gid: member.gid, target: kind === 'link' ? fromLatin1(content) : '', major: member.major, minor: member.minor }
  const lower = { size: content.length, read: (offset: number, length: number) => content.subarray(offset, offset + length) }
  const id = volume.place(folder, last, node, kind === 'file' ? lower : undefined, BigInt(member.seconds) * 1_000_000_000n)
  if (member.links > 1) known.set(member.inode, id)
}

function find(volume: MemoryVolume, folder: NodeId, name: string): NodeId | undefined {
  try {
    return volume.lookup(folder, name)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}

function members(archive: Uint8Array): Member[] {
  const found: Member[] = []
  for (let at = 0; at + headBytes <= archive.length; ) {
    const head = fromLatin1(archive.subarray(at, at + headBytes))
    if (!/^07070[12][0-9a-fA-F]{104}$/.test(head)) throw new Malformed(`cpio: no header at ${at}`)
    const field = (index: number): number => Number.parseInt(head.slice(6 + 8 * index, 14 + 8 * index), 16)
    const [sizeBytes, nameBytes] = [field(6), field(11)]
    const start = up(at + headBytes + nameBytes)
    if (nameBytes === 0 || start + sizeBytes > archive.length) throw new Malformed(`cpio: cut short at ${at}`)
    const name = fromLatin1(archive.subarray(at + headBytes, at + headBytes + nameBytes - 1))
    if (name === 'TRAILER!!!') break
    const content = archive.subarray(start, start + sizeBytes)
    found.push({ name, inode: head.slice(6, 14) + head.slice(62, 78), mode: field(1), uid: field(2), gid: field(3), links: field(4), seconds: field(5), major: field(9), minor: field(10), content })
    at = up(start + sizeBytes)
  }
  return found
}

const up = (at: number): number => (at + 3) & ~3
